//! The part of the column that does not scroll: the button that starts it all.

use egui::{Button, Color32, CornerRadius, Rect, RichText, Sense, Ui, vec2};

use super::rows::remark;
use super::{Distil, Wish, Wishes};
use crate::app::theme;

/// Its height.
pub const HEIGHT: f32 = 92.0;
/// What resuming a run means that is only in its folder.
const FOUND: &str = "Goes on as its run.toml says";
/// What resuming the run on screen means.
const RESUME: &str = "Goes on as it was set up; of the form only Epochs, Stop early and the learning rate count";

impl Distil {
    /// The button, and the first thing that keeps it from being pressed.
    pub(super) fn foot(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        ui.add_space(8.0);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 1.0), Sense::hover());
        ui.painter().rect_filled(rect, CornerRadius::ZERO, theme::LINE);
        ui.add_space(6.0);
        self.places.clear();
        if self.training() {
            remark(ui, "The set-up is fixed while a run is under way.");
            return;
        }
        let ready = self.problems.first().is_none();
        let again = self.resumable();
        let found = self.run.is_none() && self.form.found.is_some();
        let width = ui.available_width() - 8.0;
        let text = if again || found || self.run.is_some() { "Start anew" } else { "Start training" };
        let start = |ui: &mut Ui, width: f32, fill: bool| ui.add_enabled_ui(ready, |ui| button(ui, text, fill, width)).inner;
        let (started, resumed) = match again || found {
            true => {
                let half = (width - 8.0) / 2.0;
                let pair = ui.horizontal(|ui| {
                    let resume = |ui: &mut Ui| {
                        button(ui, "Resume the run", true, half).on_hover_text(if found { FOUND } else { RESUME }).clicked()
                    };
                    (start(ui, half, false), resume(ui))
                });
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
            (None, None) => match &self.form.found {
                Some(found) => remark(ui, format!("The folder holds a run: {found}.")),
                None => remark(ui, "Everything stays on this device."),
            },
        }
    }
}

/// The page's large button.
fn button(ui: &mut Ui, text: &str, fill: bool, width: f32) -> egui::Response {
    let button = match fill {
        true => Button::new(RichText::new(text).color(Color32::from_gray(14)).strong()).fill(theme::ACCENT),
        false => Button::new(text),
    };
    ui.add_sized(vec2(width, 32.0), button)
}

fn small_error(text: &str) -> egui::Label {
    egui::Label::new(RichText::new(text).size(theme::SMALL).color(theme::ERROR)).truncate()
}

/// A rectangle in points.
pub fn place(rect: Rect) -> [f32; 4] {
    [rect.left(), rect.top(), rect.width(), rect.height()]
}
