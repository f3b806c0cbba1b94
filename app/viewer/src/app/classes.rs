//! Class probabilities as bars; a click chooses the class whose evidence is shown.

use egui::{Align2, CornerRadius, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::actions::{Action, Actions};
use super::model::Model;
use super::theme;

const ROW: f32 = 30.0;

/// The bars. `chosen` is shown; `pinned` tells that the user chose it (else it follows the prediction).
pub fn show(ui: &mut Ui, model: &Model, probabilities: Option<&[f32]>, chosen: usize, pinned: bool, actions: &mut Actions) {
    ui.spacing_mut().item_spacing.y = 2.0;
    for class in 0..model.names().len() {
        let p = probabilities.and_then(|p| p.get(class)).copied();
        if bar(ui, model, class, p, class == chosen).clicked() {
            actions.push(Action::Class(Some(class)));
        }
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        if pinned {
            if ui.small_button("Follow the prediction").on_hover_text("Show each patch's predicted class (0)").clicked() {
                actions.push(Action::Class(None));
            }
        } else {
            ui.label(theme::caption("Shows the predicted class. Keys 1–9 choose one."));
        }
    });
}

fn bar(ui: &mut Ui, model: &Model, class: usize, p: Option<f32>, chosen: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let name = model.name(class);
    let label = p.map_or_else(|| name.to_owned(), |p| format!("{name} {p:.3}"));
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("class {label}")));
    let painter = ui.painter();
    if chosen || response.hovered() {
        painter.rect_filled(rect, CornerRadius::same(5), if chosen { egui::Color32::from_gray(52) } else { theme::RAISED });
    }
    if response.has_focus() {
        painter.rect_stroke(rect, CornerRadius::same(5), (1.0, theme::ACCENT), egui::StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let text_y = rect.top() + 11.0;
    let ink = if chosen { egui::Color32::WHITE } else { theme::TEXT };
    if class < 9 {
        painter.text(pos2(inner.left(), text_y), Align2::LEFT_CENTER, class + 1, theme::digits(11.0), theme::WEAK);
    }
    let mut job = egui::text::LayoutJob::simple_singleline(name.to_owned(), theme::words(theme::BODY), ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(inner.width() - 80.0);
    let galley = painter.layout_job(job);
    painter.galley(pos2(inner.left() + 18.0, text_y - galley.size().y / 2.0), galley, ink);
    let number = p.map_or_else(|| "–".to_owned(), |p| format!("{p:.3}"));
    painter.text(pos2(inner.right(), text_y), Align2::RIGHT_CENTER, number, theme::digits(12.0), ink);
    let track = Rect::from_min_max(pos2(inner.left() + 18.0, rect.bottom() - 9.0), pos2(inner.right(), rect.bottom() - 5.0));
    painter.rect_filled(track, CornerRadius::same(2), egui::Color32::from_gray(72));
    let width = track.width() * p.unwrap_or_default().clamp(0.0, 1.0);
    painter.rect_filled(Rect::from_min_size(track.min, vec2(width, track.height())), CornerRadius::same(2), model.color(class));
    response
}

/// The class's name on its colour.
fn chip(ui: &mut Ui, model: &Model, class: usize) {
    let (fill, name) = (model.color(class), model.name(class));
    let width = ui.painter().layout_no_wrap(name.to_owned(), theme::words(theme::SMALL), theme::TEXT).size().x + 12.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    theme::pill(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, name, fill, theme::ink_on(fill));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("predicted {name}")));
}

/// Heading over the bars: what was predicted.
pub fn verdict(ui: &mut Ui, model: &Model, predicted: Option<usize>, tiles: usize) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Prediction").strong());
        let Some(class) = predicted else {
            return;
        };
        let text = if tiles > 1 { format!("mean of {tiles} tiles") } else { String::new() };
        chip(ui, model, class);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(theme::caption(text)));
    });
    ui.add_space(4.0);
}
