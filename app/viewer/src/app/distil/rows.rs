//! The lines of the set-up column: a caption on the left, widgets on the right, and what is wrong beneath.

use egui::{Align2, ComboBox, DragValue, Response, RichText, Sense, Ui, vec2};

use crate::app::theme;

/// Width of the captions.
const CAPTION: f32 = 96.0;

/// A caption on the left, widgets on the right.
pub fn line<R>(ui: &mut Ui, caption: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(CAPTION, 24.0), Sense::hover());
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, caption, theme::words(12.5), theme::WEAK);
        add(ui)
    })
    .inner
}

/// What is wrong with the line above; nothing where nothing is.
pub fn problem(ui: &mut Ui, text: Option<&String>) {
    if let Some(text) = text {
        ui.add(egui::Label::new(RichText::new(text).size(theme::SMALL).color(theme::ERROR)).wrap());
        ui.add_space(2.0);
    }
}

/// A quiet remark.
pub fn remark(ui: &mut Ui, text: impl Into<String>) {
    ui.add(egui::Label::new(theme::caption(text)).wrap());
}

/// Gives a widget the name that stands beside it.
pub fn name(response: Response, label: &str) -> Response {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(label));
    response
}

/// A whole number.
pub fn count(ui: &mut Ui, caption: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) -> Response {
    line(ui, caption, |ui| name(ui.add(DragValue::new(value).range(range).speed(0.2)), caption))
}

/// A weight, temperature or the like: finite and not below 0.
pub fn real(ui: &mut Ui, label: &str, value: &mut f64) -> Response {
    let speed = (value.abs() / 50.0).max(0.001);
    name(ui.add(DragValue::new(value).range(0.0..=1e6).speed(speed).max_decimals(6)), label)
}

/// A choice of few.
pub fn choice<T: PartialEq + Copy>(ui: &mut Ui, label: &str, value: &mut T, all: &[(T, &str)]) {
    let shown = all.iter().find(|(v, _)| v == value).map_or("", |(_, text)| text);
    let salt = ui.scope_id().with(label);
    let combo = ComboBox::from_id_salt(salt).width(ui.available_width()).selected_text(shown).truncate();
    let response = combo.show_ui(ui, |ui| {
        for (each, text) in all {
            ui.selectable_value(value, *each, *text);
        }
    });
    name(response.response, label);
}
