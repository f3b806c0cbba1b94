//! The set-up column: Student, data, Teacher, terms, training, and the button that starts it all.

use egui::{Align2, Button, Color32, CornerRadius, DragValue, Rect, RichText, Sense, TextEdit, Ui, vec2};
use fovea_student::Student;
use fovea_student::card::Grid;

use super::data::{Data, DrawnSet, Set};
use super::form::{DataKind, StudentKind, TeacherFacts};
use super::rows::{choice, count, line, name, problem, real, remark};
use super::{Distil, Stage, Wish, Wishes, terms, training};
use crate::app::canvas_marks::trimmed;
use crate::app::theme;

/// Height of the part with the button, which does not scroll.
const FOOT: f32 = 92.0;

impl Distil {
    /// Lays the column out.
    pub(super) fn column(&mut self, ui: &mut Ui, loaded: Option<&Student>, wishes: &mut Wishes) {
        let height = ui.available_height() - FOOT;
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
            Data::Ready(set) => summary(ui, &set),
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

    /// The button, and the first thing that keeps it from being pressed.
    fn foot(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        ui.add_space(8.0);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 1.0), Sense::hover());
        ui.painter().rect_filled(rect, CornerRadius::ZERO, theme::LINE);
        ui.add_space(6.0);
        self.places.clear();
        if self.training() {
            remark(ui, "The set-up is fixed while a run is under way.");
            return;
        }
        let ready = self.problems.first().is_none() && !self.problems.waiting;
        let again =
            self.run.as_ref().is_some_and(|run| !matches!(run.stage, Stage::Finished(_)) && resumable(run, &self.form.found));
        let found = self.run.is_none() && self.form.found.is_some();
        let width = ui.available_width() - 8.0;
        let text = if again || found || self.run.is_some() { "Start anew" } else { "Start training" };
        let start = |ui: &mut Ui, width: f32, fill: bool| ui.add_enabled(ready, button(text, fill, width));
        let (started, resumed) = match again || found {
            true => {
                let half = (width - 8.0) / 2.0;
                let pair = ui.horizontal(|ui| (start(ui, half, false), ui.add(button("Resume the run", true, half)).clicked()));
                pair.inner
            }
            false => (start(ui, width, true), false),
        };
        self.places.push(("start".into(), place(started.rect)));
        wishes.extend(started.clicked().then_some(Wish::Start));
        wishes.extend(resumed.then_some(Wish::Resume));
        match (self.problems.first(), &self.refusal) {
            (_, Some((file, reason))) => drop(ui.add(small_error(&format!("{file}: {reason}")))),
            (Some(problem), None) => drop(ui.add(egui::Label::new(theme::caption(problem)).truncate())),
            (None, None) => remark(ui, "Everything stays on this device."),
        }
    }
}

/// Can the run on screen go on?
fn resumable(run: &super::Run, found: &Option<String>) -> bool {
    if cfg!(target_arch = "wasm32") { run.checkpoint.is_some() } else { found.is_some() }
}

/// The page's large button.
fn button(text: &str, fill: bool, width: f32) -> Button<'_> {
    match fill {
        true => Button::new(RichText::new(text).color(Color32::from_gray(14)).strong()).fill(theme::ACCENT),
        false => Button::new(text),
    }
    .min_size(vec2(width, 32.0))
}

fn small_error(text: &str) -> egui::Label {
    egui::Label::new(RichText::new(text).size(theme::SMALL).color(theme::ERROR)).truncate()
}

/// A rectangle in points.
pub(super) fn place(rect: Rect) -> [f32; 4] {
    [rect.left(), rect.top(), rect.width(), rect.height()]
}

/// At what magnification the Student looks.
fn reduction(ui: &mut Ui, factor: &mut Option<usize>, grid: &mut Option<Grid>, loaded: Option<&Student>) {
    let view = loaded.map(|s| &s.card.view);
    let mut now = factor.or(view.map(|v| v.factor)).unwrap_or(1);
    line(ui, "Sees", |ui| {
        let all = [(1, "every pixel"), (2, "half of them a side"), (4, "a quarter a side"), (8, "an eighth a side")];
        choice(ui, "Sees", &mut now, &all);
    });
    *factor = (Some(now) != view.map(|v| v.factor)).then_some(now);
    if now > 1 {
        let mut own = grid.or(view.map(|v| v.grid)).unwrap_or_default();
        line(ui, "Computes", |ui| {
            let all = [(Grid::Teacher, "on the Teacher's grid"), (Grid::Native, "on the reduced pixels")];
            choice(ui, "Computes", &mut own, &all);
        });
        *grid = Some(own);
    }
}

fn drawn(ui: &mut Ui, drawn: &mut DrawnSet) {
    count(ui, "For training", &mut drawn.train, 4..=DrawnSet::MOST);
    count(ui, "For validation", &mut drawn.validation, 4..=DrawnSet::MOST);
    line(ui, "Seed", |ui| name(ui.add(DragValue::new(&mut drawn.seed)), "Seed of the drawings"));
}

/// One bar per class, and what the reader had to say.
fn summary(ui: &mut Ui, set: &Set) {
    ui.add_space(2.0);
    let mut text = format!("{}: {} to train, {} to validate", set.origin, set.len(0), set.len(1));
    if set.len(2) > 0 {
        text.push_str(&format!(", {} to test", set.len(2)));
    }
    remark(ui, text);
    let most = set.counts[0].iter().copied().max().unwrap_or(1).max(1);
    for (class, title) in set.classes.iter().enumerate().take(12) {
        let count = |part: usize| set.counts[part].get(class).copied().unwrap_or_default();
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
        let painter = ui.painter();
        painter.text(rect.left_center(), Align2::LEFT_CENTER, title, theme::words(theme::SMALL), theme::TEXT);
        let bar = Rect::from_min_max(rect.left_top() + vec2(64.0, 5.0), rect.right_bottom() - vec2(44.0, 5.0));
        let full = Rect::from_min_size(bar.min, vec2(bar.width() * count(0) as f32 / most as f32, bar.height()));
        painter.rect_filled(bar, CornerRadius::same(2), theme::RAISED);
        painter.rect_filled(full, CornerRadius::same(2), theme::class_color(class));
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, count(0).to_string(), theme::digits(11.0), theme::WEAK);
        response.on_hover_text(format!("{title}: {} to train, {} to validate, {} to test", count(0), count(1), count(2)));
    }
    if set.classes.len() > 12 {
        remark(ui, format!("and {} more classes", set.classes.len() - 12));
    }
    for note in set.notes.iter().take(4) {
        remark(ui, note);
    }
}

/// A number with its caption beside another one, for the terms.
pub(super) fn pair(ui: &mut Ui, caption: &str, value: &mut f64, label: &str) {
    ui.label(RichText::new(caption).size(12.0).color(theme::WEAK));
    real(ui, label, value);
}
