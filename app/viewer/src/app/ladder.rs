//! The magnification ladder: the same patch at lower and lower magnification, each with prediction and map.

use std::sync::Arc;

use egui::{Align2, Color32, CornerRadius, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::look::Look;
use super::model::Model;
use super::overlay_paint::{Draw, TextureKey};
use super::state::{Display, ItemId};
use super::{canvas_marks, theme};

/// Longest side of a rung's picture; it is never shown larger.
pub const LARGEST: usize = 1024;
/// Height of the panel.
pub const HEIGHT: f32 = 268.0;

/// One rung.
pub struct Step {
    /// Reduction.
    pub factor: usize,
    /// The reduced picture on the device.
    pub picture: TextureKey,
    /// Its size in reduced pixels.
    pub size: [usize; 2],
    /// Result, once there.
    pub look: Option<Arc<Look>>,
    /// Its map on the device.
    pub map: Option<TextureKey>,
    /// Why there is none.
    pub error: Option<String>,
}

/// The rungs of one patch.
pub struct Steps {
    /// Whose.
    pub item: ItemId,
    /// Micrometres per input pixel at factor 1, where known.
    pub um_per_px: Option<f64>,
    /// All rungs that the model's input can be reduced by.
    pub steps: Vec<Step>,
}

/// Lays the rungs out side by side.
pub fn show(ui: &mut Ui, ladder: Option<&Steps>, model: Option<&Model>, display: &Display, class: usize) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Magnification ladder").strong());
        ui.add(egui::Label::new(theme::caption("the same field, averaged down before the model sees it")).truncate());
    });
    let (Some(ladder), Some(model)) = (ladder, model) else {
        ui.centered_and_justified(|ui| ui.label(theme::caption("Follows when the patch is analysed")));
        return;
    };
    let count = ladder.steps.len().max(1) as f32;
    let gap = 12.0;
    let width = (ui.available_width() - gap * (count - 1.0)) / count;
    let height = ui.available_height();
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    for (i, step) in ladder.steps.iter().enumerate() {
        let left = area.left() + i as f32 * (width + gap);
        let cell = Rect::from_min_size(pos2(left, area.top()), vec2(width, height));
        rung(ui, cell, ladder, step, model, display, class, i);
    }
}

/// "5×" where the scale is known (10× is 1 µm/px), else the reduction.
fn magnification(um_per_px: Option<f64>, factor: usize) -> (String, String) {
    match um_per_px {
        Some(um) => {
            let um = um * factor as f64;
            (format!("{}×", canvas_marks::trimmed((1000.0 / um).round() / 100.0)), format!("{} µm/px", canvas_marks::trimmed(um)))
        }
        None if factor == 1 => ("as given".into(), "µm/px unknown".into()),
        None => (format!("1 : {factor}"), "µm/px unknown".into()),
    }
}

#[allow(clippy::too_many_arguments)] // one cell of the panel
fn rung(ui: &mut Ui, cell: Rect, ladder: &Steps, step: &Step, model: &Model, display: &Display, class: usize, index: usize) {
    let (title, detail) = magnification(ladder.um_per_px, step.factor);
    let response = ui.interact(cell, ui.scope_id().with(("rung", step.factor)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken(&title, step, model)));
    let painter = ui.painter().with_clip_rect(cell);
    painter.rect_filled(cell, CornerRadius::same(6), Color32::from_gray(36));
    let own = own(step, model);
    if own {
        painter.rect_stroke(cell, CornerRadius::same(6), Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
        response.on_hover_text("The magnification that this model is made for");
    }
    let inner = cell.shrink(10.0);
    let heading = painter.text(inner.left_top(), Align2::LEFT_TOP, title, theme::words(theme::BODY), theme::TEXT);
    if inner.width() > 130.0 {
        painter.text(
            pos2(heading.right() + 8.0, heading.center().y),
            Align2::LEFT_CENTER,
            detail,
            theme::words(theme::SMALL),
            theme::WEAK,
        );
    }
    if own && inner.width() > 220.0 {
        let at = pos2(inner.right(), heading.center().y);
        painter.text(at, Align2::RIGHT_CENTER, "the model's own", theme::words(theme::SMALL), theme::ACCENT);
    }
    let canvas = Rect::from_min_max(inner.min + vec2(0.0, 22.0), inner.max - vec2(0.0, 26.0));
    painter.rect_filled(canvas, CornerRadius::ZERO, theme::CANVAS);
    let [w, h] = step.size.map(|n| n.max(1) as f32);
    let scale = ((canvas.width() - 8.0) / w).min((canvas.height() - 8.0) / h).max(0.01);
    let image = Rect::from_center_size(canvas.center(), vec2(w, h) * scale);
    let shown =
        step.look.as_deref().map(|l| l.maps.shown(class, display.range, display.fixed)).filter(|s| s.evidence && display.heatmap);
    Draw {
        view: 1 + index as u32,
        picture: step.picture,
        map: step.map.filter(|_| shown.is_some()),
        class,
        colormap: display.colormap,
        nearest: true,
        image,
        opacity: display.opacity,
        range: shown.map_or((0.0, 0.0), |s| (s.lo, s.hi)),
        contour: if display.contour { display.level } else { 0.0 },
        fade: display.fade,
    }
    .paint(&painter, canvas);
    outcome(ui, &painter, Rect::from_min_max(pos2(inner.left(), canvas.bottom() + 6.0), inner.max), step, model, class, display);
}

/// The line under the picture.
fn outcome(ui: &Ui, painter: &egui::Painter, row: Rect, step: &Step, model: &Model, class: usize, display: &Display) {
    let middle = row.left_center();
    let quiet = |text: &str, color| painter.text(middle, Align2::LEFT_CENTER, text, theme::words(theme::SMALL), color);
    let Some(look) = &step.look else {
        match &step.error {
            Some(error) => quiet(error, theme::ERROR),
            None => {
                egui::Spinner::new()
                    .size(12.0)
                    .color(theme::ACCENT)
                    .paint_at(ui, Rect::from_center_size(middle + vec2(7.0, 0.0), vec2(12.0, 12.0)));
                painter.text(middle + vec2(20.0, 0.0), Align2::LEFT_CENTER, "analysing", theme::words(theme::SMALL), theme::WEAK)
            }
        };
        return;
    };
    let predicted = look.result.predicted;
    let fill = model.color(predicted);
    let size = theme::pill(painter, middle, Align2::LEFT_CENTER, model.name(predicted), fill, theme::ink_on(fill));
    let p = look.result.probabilities.get(predicted).copied().unwrap_or_default();
    let number =
        painter.text(middle + vec2(size.x + 7.0, 0.0), Align2::LEFT_CENTER, format!("{p:.2}"), theme::digits(11.5), theme::TEXT);
    let evidence = look.maps.shown(class, display.range, display.fixed).evidence;
    let note = match (evidence, look.result.probabilities.get(class)) {
        (false, _) => format!("no evidence for {}", model.name(class)),
        (true, Some(p)) if class != predicted => format!("{} {p:.2}", model.name(class)),
        _ => return,
    };
    if row.right() - number.right() > 100.0 {
        painter.text(row.right_center(), Align2::RIGHT_CENTER, note, theme::words(theme::SMALL), theme::WEAK);
    }
}

/// Whether the model itself looks at this magnification.
fn own(step: &Step, model: &Model) -> bool {
    step.factor == model.student.card.view.factor
}

fn spoken(title: &str, step: &Step, model: &Model) -> String {
    let own = if own(step, model) { ", the model's own magnification" } else { "" };
    match &step.look {
        Some(look) => format!("at {title}: {}{own}", model.name(look.result.predicted)),
        None => format!("at {title}: {}{own}", step.error.as_deref().unwrap_or("being analysed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnifications_follow_the_scale() {
        let titles = [1, 2, 4, 8].map(|k| magnification(Some(1.0), k).0);
        assert_eq!(titles, ["10×", "5×", "2.5×", "1.25×"]);
        assert_eq!(magnification(None, 4).0, "1 : 4");
    }
}
