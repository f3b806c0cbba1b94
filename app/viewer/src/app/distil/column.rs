//! The set-up column: Student, data, Teacher, terms, training, and the button that starts it all.

use egui::{DragValue, RichText, TextEdit, Ui};
use fovea_student::Student;
use fovea_student::card::Grid;

use super::data::{Data, DrawnSet};
use super::form::{DataKind, StudentKind, TeacherFacts};
use super::rows::{choice, count, line, name, problem, real, remark};
use super::{Distil, Wish, Wishes, foot, summary, terms, training};
use crate::app::canvas_marks::trimmed;
use crate::app::theme;

impl Distil {
    /// Lays the column out.
    pub(super) fn column(&mut self, ui: &mut Ui, loaded: Option<&Student>, wishes: &mut Wishes) {
        let height = ui.available_height() - foot::HEIGHT;
        egui::ScrollArea::vertical().auto_shrink(false).max_height(height).id_salt("distil column").show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 10.0);
            ui.add_enabled_ui(!self.training(), |ui| {
                self.student(ui, loaded);
                self.data_section(ui, wishes);
                self.teacher(ui, wishes);
                let bare = matches!(self.form.facts(), Some(TeacherFacts::Targets(own, _)) if own.features.is_empty());
                terms::show(ui, &mut self.form.train.terms, bare);
                problem(ui, self.problems.terms.as_ref());
                training::show(ui, &mut self.form, &self.problems);
                self.folder(ui, wishes);
            });
            ui.add_space(10.0);
        });
        self.foot(ui, wishes);
    }

    fn student(&mut self, ui: &mut Ui, loaded: Option<&Student>) {
        let form = &mut self.form;
        theme::section(ui, "Student");
        let own = loaded.map_or("The loaded model", |s| if s.card.name.is_empty() { &s.file_name } else { &s.card.name });
        ui.add_enabled_ui(loaded.is_some(), |ui| {
            ui.radio_value(&mut form.student, StudentKind::Loaded, own).on_hover_text("Goes on from the model in the window");
        });
        ui.radio_value(&mut form.student, StudentKind::Fresh, "A fresh VGG16")
            .on_hover_text("Random weights. The method's authors start from ImageNet's: a fresh network needs more epochs");
        if form.student == StudentKind::Fresh {
            let widths = [(1, "all of VGG16"), (2, "half"), (4, "a quarter"), (8, "an eighth"), (16, "a sixteenth")];
            line(ui, "Widths", |ui| choice(ui, "Widths", &mut form.divisor, &widths));
            count(ui, "Input, px", &mut form.input_px, 32..=2048);
            line(ui, "Scale, µm/px", |ui| {
                let shown = |v: f64, _: std::ops::RangeInclusive<usize>| if v > 0.0 { trimmed(v) } else { "unknown".into() };
                name(ui.add(DragValue::new(&mut form.um_per_px).range(0.0..=100.0).speed(0.01).custom_formatter(shown)), "µm/px")
            });
        }
        reduction(ui, &mut form.factor, &mut form.grid, loaded.filter(|_| form.student == StudentKind::Loaded));
        problem(ui, self.problems.student.as_ref());
    }

    fn data_section(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        theme::section(ui, "Data");
        let form = &mut self.form;
        let before = form.data;
        ui.radio_value(&mut form.data, DataKind::Drawn, "Drawn examples")
            .on_hover_text("Tissue-like drawings of four grades, for trials");
        ui.radio_value(&mut form.data, DataKind::Own, "Your patches");
        // Choosing one's own is asking for them.
        let asked = before == DataKind::Drawn && form.data == DataKind::Own && self.place.is_none();
        match form.data {
            DataKind::Drawn => drawn(ui, &mut form.drawn),
            DataKind::Own => {
                ui.horizontal(|ui| {
                    if cfg!(not(target_arch = "wasm32")) {
                        if ui.button("Folder…").on_hover_text("SICAPv2 layout, or folders named like the classes").clicked() {
                            wishes.push(Wish::PickFolder);
                        }
                        if ui.button("Table…").on_hover_text("CSV or XLSX that names files and classes").clicked() {
                            wishes.push(Wish::PickFiles);
                        }
                    } else if ui.button("Choose files…").clicked() || asked {
                        wishes.push(Wish::PickFiles);
                    }
                    remark(ui, "or drop them on the page");
                });
                if cfg!(target_arch = "wasm32") {
                    remark(ui, "The patches together with a CSV or XLSX table that names files and classes.");
                }
            }
        }
        match self.data() {
            Data::Ready(set) => summary::show(ui, &set),
            Data::Reading => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(14.0).color(theme::ACCENT));
                    remark(ui, "Reading the data set");
                });
            }
            Data::None | Data::Failed(_) => {}
        }
        problem(ui, self.problems.data.as_ref());
    }

    fn teacher(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        theme::section(ui, "Teacher");
        let mut forget = false;
        ui.horizontal(|ui| {
            let text = if self.form.teacher.is_some() { "Another…" } else { "Choose…" };
            if ui.button(text).on_hover_text("Exported attention targets, or the Teacher network itself").clicked() {
                wishes.push(Wish::PickTeacher);
            }
            match &self.form.teacher {
                Some(teacher) => {
                    forget = ui.button("None").on_hover_text("Cross entropy alone needs no Teacher").clicked();
                    ui.add(egui::Label::new(&teacher.file.name).truncate()).on_hover_text(&teacher.file.name);
                }
                None => remark(ui, "None: labels alone. Or drop its file here."),
            }
        });
        if forget {
            self.form.teacher = None;
        }
        let reading = self.form.teacher.as_ref().is_some_and(|t| t.facts.is_none());
        match self.form.facts() {
            Some(TeacherFacts::Targets(own, pictures)) => {
                let maps: Vec<String> =
                    own.attention.iter().map(|a| a.level.map_or_else(|| a.layer.clone(), |l| l.to_string())).collect();
                remark(ui, format!("Targets of {} for {pictures} pictures, views {}", own.teacher.name, own.views));
                remark(
                    ui,
                    format!(
                        "Attention of layer {}{}",
                        maps.join(", "),
                        if own.features.is_empty() { "" } else { "; feature maps" }
                    ),
                );
            }
            Some(TeacherFacts::Live(own)) => {
                remark(ui, format!("{} runs along: slower, but every augmentation is new", own.card.name));
            }
            None if reading => drop(ui.add(egui::Spinner::new().size(14.0).color(theme::ACCENT))),
            None => {}
        }
        problem(ui, self.problems.teacher.as_ref());
    }

    fn folder(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        if cfg!(target_arch = "wasm32") {
            return;
        }
        theme::section(ui, "Folder of the run");
        ui.horizontal(|ui| {
            let edit = TextEdit::singleline(&mut self.form.out)
                .id_salt("folder of the run")
                .hint_text("checkpoints, record, Student")
                .desired_width(ui.available_width() - 92.0);
            name(ui.add(edit), "Folder of the run");
            if ui.button("Choose…").clicked() {
                wishes.push(Wish::PickOut);
            }
        });
        problem(ui, self.problems.out.as_ref());
        if let (Some(found), false) = (&self.form.found, self.training()) {
            remark(ui, format!("Holds a run already: {found}. It can go on; starting anew writes over it."));
        }
    }
}

/// At what magnification the Student looks. Only what the user changes is written down: the rest stays the start's own, whichever
/// start is chosen.
fn reduction(ui: &mut Ui, factor: &mut Option<usize>, grid: &mut Option<Grid>, loaded: Option<&Student>) {
    let (own_factor, own_grid) = loaded.map_or((1, Grid::default()), |s| (s.card.view.factor, s.card.view.grid));
    let before = factor.unwrap_or(own_factor);
    let mut now = before;
    line(ui, "Sees", |ui| {
        let all = [(1, "every pixel"), (2, "half of them a side"), (4, "a quarter a side"), (8, "an eighth a side")];
        choice(ui, "Sees", &mut now, &all);
    });
    if now != before {
        *factor = (now != own_factor).then_some(now);
    }
    if now > 1 {
        let before = grid.unwrap_or(own_grid);
        let mut now = before;
        line(ui, "Computes", |ui| {
            let all = [(Grid::Teacher, "on the Teacher's grid"), (Grid::Native, "on the reduced pixels")];
            choice(ui, "Computes", &mut now, &all);
        });
        if now != before {
            *grid = (now != own_grid).then_some(now);
        }
    }
}

fn drawn(ui: &mut Ui, drawn: &mut DrawnSet) {
    count(ui, "For training", &mut drawn.train, 4..=DrawnSet::MOST);
    count(ui, "For validation", &mut drawn.validation, 4..=DrawnSet::MOST);
    line(ui, "Seed", |ui| name(ui.add(DragValue::new(&mut drawn.seed)), "Seed of the drawings"));
}

/// A number with its caption beside another one, for the terms.
pub(super) fn pair(ui: &mut Ui, caption: &str, value: &mut f64, label: &str) {
    ui.label(RichText::new(caption).size(12.0).color(theme::WEAK));
    real(ui, label, value);
}
