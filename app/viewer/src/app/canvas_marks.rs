//! What is drawn over the patch: colour bar, scale bar, readout, tile grid, banners.

use egui::{Align2, Color32, CornerRadius, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::look::{Look, Shown};
use super::model::Model;
use super::state::{Display, Open, RangeMode};
use super::theme;

const MARGIN: f32 = 12.0;
const GROUND: Color32 = Color32::from_rgba_premultiplied(20, 20, 20, 225);

/// Three significant digits; powers of ten where zeros would hide them.
pub fn value(v: f32) -> String {
    let size = v.abs();
    if v == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e4).contains(&size) {
        return format!("{v:.2e}");
    }
    let decimals = if size < 1.0 { 4 } else { 2_usize.saturating_sub(size.log10() as usize) };
    let text = format!("{v:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Height of the strip under the patch that holds readout, scale bar and colour bar.
pub const STRIP: f32 = 34.0;

/// Width of the colour bar with its words.
fn legend_width(strip: Rect) -> f32 {
    (strip.width() * 0.5).clamp(150.0, 430.0)
}

/// Colour bar with the values of its ends, at the right of the strip.
pub fn colour_bar(painter: &Painter, strip: Rect, display: &Display, class: &str, shown: Shown) {
    let right = strip.right() - MARGIN;
    let left = strip.right() - legend_width(strip);
    let y = strip.center().y;
    if !shown.evidence {
        let text = format!("{class}: no positive evidence");
        painter.text(pos2(right, y), Align2::RIGHT_CENTER, text, theme::words(theme::SMALL), theme::TEXT);
        return;
    }
    let unit = match display.range {
        RangeMode::PerImage => "evidence, raw",
        RangeMode::AllClasses => "min–max",
        RangeMode::Fixed => "evidence, fixed",
    };
    let (low, high) = match display.range {
        RangeMode::AllClasses => ("0".to_owned(), format!("1 = {}", value(shown.hi))),
        _ => (value(shown.lo), value(shown.hi)),
    };
    let high = painter.text(pos2(right, y), Align2::RIGHT_CENTER, high, theme::digits(11.0), theme::TEXT);
    let bar_right = high.left() - 8.0;
    let room = bar_right - left;
    let title = format!("{class} · {unit}");
    let title = painter.layout_no_wrap(title, theme::words(theme::SMALL), theme::TEXT);
    let low = painter.layout_no_wrap(low, theme::digits(11.0), theme::TEXT);
    let words = title.size().x + 12.0;
    let titled = room - words - low.size().x > 70.0;
    let low_left = left + if titled { words } else { 0.0 };
    if titled {
        painter.galley(pos2(left, y - title.size().y / 2.0), title, theme::TEXT);
    }
    let bar_left = low_left + low.size().x + 8.0;
    painter.galley(pos2(low_left, y - low.size().y / 2.0), low, theme::TEXT);
    let bar = Rect::from_min_max(pos2(bar_left, y - 5.0), pos2(bar_right, y + 5.0));
    gradient_bar(painter, bar, display);
}

/// The colours from lowest to highest, with a tick at the contour's level.
pub fn gradient_bar(painter: &Painter, bar: Rect, display: &Display) {
    painter.add(Shape::mesh(gradient(bar, display)));
    if display.contour {
        let x = bar.left() + bar.width() * display.level;
        painter.line_segment([pos2(x, bar.top() - 3.0), pos2(x, bar.bottom() + 3.0)], Stroke::new(1.5, Color32::WHITE));
    }
}

fn gradient(bar: Rect, display: &Display) -> Mesh {
    const STEPS: u32 = 64;
    let mut mesh = Mesh::default();
    for i in 0..=STEPS {
        let t = i as f32 / STEPS as f32;
        let [r, g, b] = display.colormap.rgb(t);
        let x = bar.left() + bar.width() * t;
        mesh.colored_vertex(pos2(x, bar.top()), Color32::from_rgb(r, g, b));
        mesh.colored_vertex(pos2(x, bar.bottom()), Color32::from_rgb(r, g, b));
        if i > 0 {
            let n = 2 * i;
            mesh.add_triangle(n - 2, n - 1, n);
            mesh.add_triangle(n - 1, n, n + 1);
        }
    }
    mesh
}

/// A round length in micrometres, on the patch, bottom left of the canvas.
pub fn scale_bar(painter: &Painter, canvas: Rect, points_per_px: f32, um_per_px: f64) {
    let points_per_um = f64::from(points_per_px) / um_per_px;
    let Some(um) = round_length(120.0 / points_per_um) else { return };
    let width = (um * points_per_um) as f32;
    let text = if um >= 1000.0 { format!("{} mm", um / 1000.0) } else { format!("{um} µm") };
    let card = Align2::LEFT_BOTTOM.anchor_size(canvas.left_bottom() + vec2(MARGIN, -MARGIN), vec2(width + 24.0, 32.0));
    painter.rect_filled(card, CornerRadius::same(6), GROUND);
    let y = card.bottom() - 8.0;
    let (from, to) = (card.left() + 12.0, card.left() + 12.0 + width);
    painter.rect_filled(Rect::from_min_max(pos2(from, y - 2.0), pos2(to, y + 1.0)), CornerRadius::ZERO, Color32::WHITE);
    painter.text(pos2(card.center().x, card.top() + 4.0), Align2::CENTER_TOP, text, theme::digits(11.0), theme::TEXT);
}

/// The largest 1, 2 or 5 times a power of ten up to `most`.
fn round_length(most: f64) -> Option<f64> {
    if !(most.is_finite() && most > 0.0) {
        return None;
    }
    let power = 10f64.powf(most.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|v| *v <= most * 1.000_001)
}

/// Where the pointer is and what is there, at the left of the strip. What does not fit beside the colour bar is left out.
pub fn readout(painter: &Painter, strip: Rect, at: Option<Pos2>, zoom: f32, open: &Open, model: Option<&Model>, class: usize) {
    let parts = readout_parts(at, zoom, open, model, class);
    let room = strip.width() - legend_width(strip) - 3.0 * MARGIN;
    let mut x = strip.left() + MARGIN;
    for part in parts {
        let galley = painter.layout_no_wrap(part, theme::digits(11.0), theme::TEXT);
        let size = galley.size();
        if x + size.x > strip.left() + MARGIN + room {
            return;
        }
        painter.galley(pos2(x, strip.center().y - size.y / 2.0), galley, theme::TEXT);
        // In steps, so that what follows does not tremble with every digit.
        x += (size.x / 16.0).ceil() * 16.0 + 10.0;
    }
}

fn readout_parts(at: Option<Pos2>, zoom: f32, open: &Open, model: Option<&Model>, class: usize) -> Vec<String> {
    let patch = &open.patch;
    let mut parts = vec![format!("{:.0} %", zoom * 100.0)];
    let Some(p) = at else {
        parts.push(format!("{} × {} px", patch.width, patch.height));
        parts.extend(patch.um_per_px.map(|um| format!("{} µm/px", trimmed(um))));
        return parts;
    };
    parts.push(format!("x {:.0}, y {:.0} px", p.x.floor(), p.y.floor()));
    parts.extend(patch.um_per_px.map(|um| format!("{:.1}, {:.1} µm", f64::from(p.x) * um, f64::from(p.y) * um)));
    let Some(look) = &open.look else { return parts };
    let sample = look.maps.sample(class, p.x / patch.width as f32, p.y / patch.height as f32);
    parts.extend(sample.map(|v| format!("evidence {}", value(v))));
    if let (Some(model), true) = (model, look.result.tiles.len() > 1)
        && let Some(tile) = look.result.tiles.iter().find(|t| inside(&t.tile, p))
    {
        let p = tile.probabilities.get(tile.predicted).copied().unwrap_or_default();
        parts.push(format!("tile {} {p:.2}", model.name(tile.predicted)));
    }
    parts
}

/// Up to four decimals, without trailing zeros.
pub fn trimmed(v: f64) -> String {
    format!("{v:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn inside(tile: &fovea_patch::Tile, p: Pos2) -> bool {
    let across = tile.x as f32..(tile.x + tile.width) as f32;
    let down = tile.y as f32..(tile.y + tile.height) as f32;
    across.contains(&p.x) && down.contains(&p.y)
}

/// Lines between tiles.
pub fn grid(painter: &Painter, look: &Look, place: Rect, scale: f32) {
    let plan = &look.result.plan;
    let step = plan.tile_px as f32 * scale;
    if step < 6.0 {
        return;
    }
    let stroke = Stroke::new(1.0, Color32::from_rgba_premultiplied(12, 12, 12, 110));
    for col in 1..plan.cols {
        painter.vline(place.left() + col as f32 * step, place.y_range(), stroke);
    }
    for row in 1..plan.rows {
        painter.hline(place.x_range(), place.top() + row as f32 * step, stroke);
    }
}

/// One sentence over the canvas, top middle.
pub fn banner(painter: &Painter, canvas: Rect, text: &str) {
    let galley =
        painter.layout(text.to_owned(), theme::words(theme::BODY), theme::TEXT, (canvas.width() - 80.0).clamp(80.0, 560.0));
    let size = galley.size() + vec2(28.0, 14.0);
    let card = Align2::CENTER_TOP.anchor_size(pos2(canvas.center().x, canvas.top() + 14.0), size);
    painter.rect_filled(card, CornerRadius::same(6), GROUND);
    painter.galley(card.min + vec2(14.0, 7.0), galley, theme::TEXT);
}

/// A thin line along the top while a run is under way.
pub fn progress(painter: &Painter, canvas: Rect, share: f32) {
    let full = Rect::from_min_size(canvas.min, vec2(canvas.width() * share.clamp(0.03, 1.0), 2.0));
    painter.rect_filled(full, CornerRadius::ZERO, theme::ACCENT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        let texts = [0.0, 0.5, 12.34, 123.4, 9999.0, 0.000_12, 1e9, 0.012_34].map(value);
        assert_eq!(texts, ["0", "0.5", "12.3", "123", "9999", "1.20e-4", "1.00e9", "0.0123"]);
    }

    #[test]
    fn scale_bars_are_round() {
        assert_eq!([130.0, 99.0, 5.0, 0.3].map(round_length), [Some(100.0), Some(50.0), Some(5.0), Some(0.2)]);
        assert_eq!([0.0, f64::NAN, f64::INFINITY].map(round_length), [None; 3]);
    }
}
