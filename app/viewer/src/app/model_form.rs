//! The form for a bare checkpoint: what the file does not say, the user says. Nothing is assumed silently.

use egui::{Color32, Margin, RichText, TextEdit, Ui};
use fovea_student::{BareInfo, Checkpoint, Student};

use super::theme;

/// A checkpoint that waits for facts.
pub struct ModelForm {
    checkpoint: Checkpoint,
    classes: String,
    input: String,
    um: String,
    /// What the loader said to the last attempt.
    refusal: Option<String>,
    fresh: bool,
}

/// How a frame of the form ended.
pub enum Answer {
    /// Still open.
    Open,
    /// Closed without a model.
    Cancelled,
    /// The model.
    Ready(Box<Student>),
}

impl ModelForm {
    /// Asks about `checkpoint`.
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, classes: String::new(), input: String::new(), um: String::new(), refusal: None, fresh: true }
    }

    /// The file in question.
    pub fn file_name(&self) -> &str {
        &self.checkpoint.file_name
    }

    /// Lays the form out over everything else.
    pub fn show(&mut self, ctx: &egui::Context) -> Answer {
        let mut answer = Answer::Open;
        let frame = egui::Frame::window(&ctx.global_style()).inner_margin(Margin::same(22));
        let modal = egui::Modal::new(egui::Id::unique("model form")).frame(frame).backdrop_color(Color32::from_black_alpha(150));
        let response = modal.show(ctx, |ui| {
            ui.set_width(440.0);
            if let Some(done) = self.body(ui) {
                answer = done;
            }
        });
        if response.should_close() && matches!(answer, Answer::Open) {
            return Answer::Cancelled;
        }
        answer
    }

    fn body(&mut self, ui: &mut Ui) -> Option<Answer> {
        ui.label(RichText::new("This checkpoint needs a few facts").heading());
        ui.add(
            egui::Label::new(theme::caption(format!("{} · {}", self.checkpoint.file_name, self.checkpoint.architecture))).wrap(),
        );
        ui.add_space(12.0);
        let count = self.checkpoint.class_count();
        let input = parse_input(&self.input);
        let classes = parse_classes(&self.classes, count);
        let um = parse_um(&self.um);
        let first = field(
            ui,
            "Input size in px",
            "e.g. 128, the side of the image the network was trained on",
            &mut self.input,
            &input,
            true,
        );
        if std::mem::take(&mut self.fresh) {
            first.request_focus();
        }
        let hint = count.map_or_else(
            || "in the order of the scores, e.g. NC, G3, G4, G5".into(),
            |n| format!("{n} names, separated by commas"),
        );
        field(ui, "Class names", &hint, &mut self.classes, &classes, false);
        field(ui, "Micrometres per px", "of the input image, e.g. 4.0; leave empty if unknown", &mut self.um, &um, false);
        if let Some(refusal) = &self.refusal {
            ui.add_space(4.0);
            ui.add(egui::Label::new(RichText::new(refusal).color(theme::ERROR)).wrap());
        }
        ui.add_space(12.0);
        let complete = matches!(input, Ok(Some(_))) && classes.is_ok() && um.is_ok();
        let entered = complete && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let mut answer = None;
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let load =
                    egui::Button::new(RichText::new("Load the model").color(Color32::from_gray(14)).strong()).fill(theme::ACCENT);
                if ui.add_enabled(complete, load).clicked() || entered {
                    answer = self.submit(&classes, &input, &um);
                }
                if ui.button("Cancel").clicked() {
                    answer = Some(Answer::Cancelled);
                }
            });
        });
        answer
    }

    fn submit(&mut self, classes: &Parsed<Vec<String>>, input: &Parsed<usize>, um: &Parsed<f64>) -> Option<Answer> {
        let info = BareInfo {
            classes: classes.clone().ok().flatten(),
            input_px: input.clone().ok().flatten(),
            um_per_px: um.clone().ok().flatten(),
            ..BareInfo::default()
        };
        match self.checkpoint.clone().into_student(&info) {
            Ok(student) => Some(Answer::Ready(Box::new(student))),
            Err(e) => {
                self.refusal = Some(e.reason.to_string());
                None
            }
        }
    }
}

/// Nothing typed, a value, or what is wrong.
type Parsed<T> = Result<Option<T>, String>;

fn field<T>(ui: &mut Ui, label: &str, hint: &str, text: &mut String, parsed: &Parsed<T>, required: bool) -> egui::Response {
    let title = if required { RichText::new(label).strong() } else { RichText::new(format!("{label} (optional)")) };
    let name = ui.label(title);
    let edit = TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY).margin(Margin::symmetric(8, 6));
    let response = ui.add(edit).labelled_by(name.id);
    let below = match parsed {
        Err(why) => RichText::new(why).size(theme::SMALL).color(theme::ERROR),
        Ok(None) if required => theme::caption("required"),
        Ok(_) => theme::caption(" "),
    };
    ui.label(below);
    ui.add_space(2.0);
    response
}

fn parse_input(text: &str) -> Parsed<usize> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(px) if (1..=8192).contains(&px) => Ok(Some(px)),
            _ => Err("a whole number from 1 to 8192".into()),
        },
    }
}

fn parse_um(text: &str) -> Parsed<f64> {
    match text.trim().replace(',', ".") {
        text if text.is_empty() => Ok(None),
        text => match text.parse::<f64>() {
            Ok(um) if um.is_finite() && um > 0.0 => Ok(Some(um)),
            _ => Err("a positive number".into()),
        },
    }
}

fn parse_classes(text: &str, count: Option<usize>) -> Parsed<Vec<String>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = text.split(',').map(|n| n.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err("a name is empty".into());
    }
    match count {
        Some(n) if n != names.len() => Err(format!("{} names, but the network scores {n} classes", names.len())),
        _ => Ok(Some(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_checked_as_they_are_typed() {
        assert_eq!((parse_input(" 128 "), parse_input("")), (Ok(Some(128)), Ok(None)));
        assert!(parse_input("0").is_err() && parse_input("9000").is_err() && parse_input("a").is_err());
        assert_eq!(parse_um("0,5"), Ok(Some(0.5)));
        assert!(parse_um("-1").is_err() && parse_um("inf").is_err());
        assert_eq!(parse_classes("a, b", Some(2)), Ok(Some(vec!["a".into(), "b".into()])));
        assert!(parse_classes("a,b", Some(3)).is_err() && parse_classes("a,,b", None).is_err());
    }
}
