//! The form for a bare checkpoint: what the file does not say, the user says. Nothing is assumed silently.

use egui::{Color32, Margin, RichText, TextEdit, Ui};
use fovea_student::card::View;
use fovea_student::{BareInfo, Checkpoint};

use super::facts::Facts;
use super::model_fields::{IMAGENET, Norm, Parsed, parse_classes, parse_input, parse_norm, parse_um, typed};
use super::theme;

/// A checkpoint that waits for facts.
pub struct ModelForm {
    checkpoint: Checkpoint,
    classes: String,
    input: String,
    um: String,
    norm: Norm,
    mean: String,
    std: String,
    licence: String,
    /// What a card said beyond the fields.
    facts: Facts,
    /// Size that the file itself says.
    fixed: Option<usize>,
    /// What the loader said to the last attempt.
    refusal: Option<String>,
    /// The model is being made.
    busy: bool,
    fresh: bool,
}

/// How a frame of the form ended.
pub enum Answer {
    /// Still open.
    Open,
    /// Closed without a model.
    Cancelled,
    /// Fill it from a card.json or config.json.
    FromFile,
    /// Make the model.
    Submit(Box<Facts>),
}

impl ModelForm {
    /// Asks about `checkpoint`.
    pub fn new(checkpoint: Checkpoint) -> Self {
        let fixed = checkpoint.fixed_px();
        Self {
            checkpoint,
            classes: String::new(),
            input: fixed.map_or_else(String::new, |px| px.to_string()),
            um: String::new(),
            norm: Norm::None,
            mean: typed(IMAGENET.mean),
            std: typed(IMAGENET.std),
            licence: String::new(),
            facts: Facts::default(),
            fixed,
            refusal: None,
            busy: false,
            fresh: true,
        }
    }

    /// The file in question.
    pub fn file_name(&self) -> &str {
        &self.checkpoint.file_name
    }

    /// The checkpoint; its weights are shared.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint.clone()
    }

    /// Fills the fields with what a card says.
    pub fn fill(&mut self, facts: Facts) {
        let info = &facts.info;
        let set = |field: &mut String, text: Option<String>| *field = text.unwrap_or_else(|| field.clone());
        set(&mut self.classes, info.classes.as_ref().map(|c| c.join(", ")));
        set(&mut self.input, info.input_px.map(|px| px.to_string()));
        set(&mut self.um, info.um_per_px.map(|um| um.to_string()));
        set(&mut self.licence, info.licence.clone());
        if let Some(view) = &info.view {
            self.norm = match view.normalisation {
                None => Norm::None,
                Some(n) if n == IMAGENET => Norm::ImageNet,
                Some(_) => Norm::Custom,
            };
            if let Some(n) = view.normalisation {
                (self.mean, self.std) = (typed(n.mean), typed(n.std));
            }
        }
        (self.facts, self.refusal) = (facts, None);
    }

    /// Is the model being made?
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Why the model could not be made.
    pub fn refuse(&mut self, reason: String) {
        (self.refusal, self.busy) = (Some(reason), false);
    }

    /// Lays the form out over everything else.
    pub fn show(&mut self, ctx: &egui::Context) -> Answer {
        let mut answer = Answer::Open;
        let frame = egui::Frame::window(&ctx.global_style()).inner_margin(Margin::same(22));
        let modal = egui::Modal::new(egui::Id::unique("model form")).frame(frame).backdrop_color(Color32::from_black_alpha(150));
        modal.show(ctx, |ui| {
            ui.set_width(480.0);
            answer = self.body(ui);
        });
        // A click beside the form must not lose what was typed.
        match answer {
            Answer::Open if ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) => Answer::Cancelled,
            answer => answer,
        }
    }

    fn body(&mut self, ui: &mut Ui) -> Answer {
        ui.label(RichText::new("This model needs a few facts").heading());
        let what = format!("{} · {}", self.checkpoint.file_name, self.checkpoint.architecture);
        ui.add(egui::Label::new(theme::caption(what)).wrap());
        ui.add_space(12.0);
        // The buttons stay in sight, however low the window is.
        let room = (ui.ctx().content_rect().height() - 250.0).max(120.0);
        let area = egui::ScrollArea::vertical().max_height(room).min_scrolled_height(room);
        let entered = area.show(ui, |ui| self.fields(ui)).inner;
        if let Some(refusal) = &self.refusal {
            ui.add(egui::Label::new(RichText::new(refusal).color(theme::ERROR)).wrap());
        }
        ui.add_space(10.0);
        let complete = entered.is_some() && !self.busy;
        let by_key = complete && ui.input(|i| i.key_pressed(egui::Key::Enter));
        let pressed = self.buttons(ui, complete);
        match (pressed, entered) {
            (Answer::Submit(_), Some(info)) => self.submit(info),
            (Answer::Open, Some(info)) if by_key => self.submit(info),
            (other, _) => other,
        }
    }

    fn submit(&mut self, info: BareInfo) -> Answer {
        (self.busy, self.refusal) = (true, None);
        Answer::Submit(Box::new(Facts { info, card: self.facts.card.clone() }))
    }

    /// The fields; what they say, when that is enough.
    fn fields(&mut self, ui: &mut Ui) -> Option<BareInfo> {
        let (input, um) = (parse_input(&self.input), parse_um(&self.um));
        let said = self.fixed.map_or_else(|| "required".into(), |px| format!("the file says {px}"));
        let first = ui.columns_const(|[left, right]| {
            let first = field(left, "Input size in px", "e.g. 128", &mut self.input, &input, Some(&said));
            field(right, "Micrometres per px", "of the input, if known", &mut self.um, &um, None);
            first
        });
        if std::mem::take(&mut self.fresh) {
            first.request_focus();
        }
        let count = self.checkpoint.class_count();
        let classes = parse_classes(&self.classes, count);
        let hint = count.map_or_else(
            || "in the order of the scores, e.g. NC, G3, G4, G5".into(),
            |n| format!("{n} names, separated by commas"),
        );
        field(ui, "Class names", &hint, &mut self.classes, &classes, None);
        let norm = self.normalisation(ui);
        field(ui, "Licence", "of the weights, e.g. CC BY 4.0", &mut self.licence, &Ok::<_, String>(None::<()>), None);
        let view = View { normalisation: norm.ok()?, ..self.facts.info.view.clone().unwrap_or_default() };
        let licence = Some(self.licence.trim().to_owned()).filter(|l| !l.is_empty());
        let input_px = Some(input.ok()??);
        let (classes, um_per_px) = (classes.ok()?, um.ok()?);
        Some(BareInfo { classes, input_px, um_per_px, view: Some(view), licence, ..BareInfo::default() })
    }

    fn normalisation(&mut self, ui: &mut Ui) -> Parsed<fovea_student::card::Normalisation> {
        ui.label("Normalisation of RGB values in [0, 1]");
        ui.horizontal(|ui| {
            ui.radio_value(&mut self.norm, Norm::None, "None");
            ui.radio_value(&mut self.norm, Norm::ImageNet, "ImageNet").on_hover_text("As torchvision's networks are trained");
            ui.radio_value(&mut self.norm, Norm::Custom, "Custom");
        });
        if self.norm == Norm::Custom {
            ui.horizontal(|ui| {
                for (label, text) in [("Mean", &mut self.mean), ("Deviation", &mut self.std)] {
                    let name = ui.label(theme::caption(label));
                    ui.add(TextEdit::singleline(text).desired_width(140.0)).labelled_by(name.id);
                }
            });
        }
        let norm = parse_norm(self.norm, &self.mean, &self.std);
        let below = norm.as_ref().err().map_or_else(|| theme::caption(" "), |why| theme::caption(why).color(theme::ERROR));
        ui.label(below);
        norm
    }

    fn buttons(&self, ui: &mut Ui, complete: bool) -> Answer {
        let mut answer = Answer::Open;
        ui.horizontal(|ui| {
            if ui.button("Fill from a card…").on_hover_text("card.json or WSInfer's config.json; or drop it here").clicked() {
                answer = Answer::FromFile;
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let text = if self.busy { "Building the network…" } else { "Load the model" };
                let load = egui::Button::new(RichText::new(text).color(Color32::from_gray(14)).strong()).fill(theme::ACCENT);
                if ui.add_enabled(complete, load).clicked() {
                    answer = Answer::Submit(Box::default());
                }
                if ui.button("Cancel").clicked() {
                    answer = Answer::Cancelled;
                }
            });
        });
        answer
    }
}

/// A line of text; `below` stands under a required one.
fn field<T>(ui: &mut Ui, label: &str, hint: &str, text: &mut String, parsed: &Parsed<T>, below: Option<&str>) -> egui::Response {
    let title = if below.is_some() { RichText::new(label).strong() } else { RichText::new(format!("{label} (optional)")) };
    let name = ui.label(title);
    let edit = TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY).margin(Margin::symmetric(8, 6));
    let response = ui.add(edit).labelled_by(name.id);
    let line = match (parsed, below) {
        (Err(why), _) => theme::caption(why).color(theme::ERROR),
        (Ok(_), below) => theme::caption(below.unwrap_or(" ")),
    };
    ui.label(line);
    ui.add_space(2.0);
    response
}
