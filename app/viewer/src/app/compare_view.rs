//! The comparison on screen: a grid of pictures, each with its own layer and method.

use egui::{Align2, Color32, CornerRadius, Painter, Rect, RichText, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use fovea_student::Request;

use super::canvas_marks::{gradient_bar, value};
use super::compare::{Compare, FEWEST, MOST, Made};
use super::look::Shown;
use super::model::Model;
use super::overlay_paint::Draw;
use super::state::{Display, Open};
use super::{inspector, layer_picker, method_picker, theme};

/// First view of the window that the tiles use; the canvas and the ladder have those before.
const VIEW: u32 = 32;
/// Between tiles.
const GAP: f32 = 8.0;
/// Height of a tile that is not picture: its two lists and the line below.
const AROUND: f32 = 68.0;

/// What the panel shows besides the comparison itself.
pub struct CompareView<'a> {
    /// The patch on the canvas.
    pub open: &'a Open,
    /// The model.
    pub model: &'a Model,
    /// How maps are shown.
    pub display: &'a Display,
    /// Class whose evidence is shown.
    pub class: usize,
}

impl CompareView<'_> {
    /// Lays the tiles out over everything that is left.
    pub fn show(&self, ui: &mut Ui, compare: &mut Compare) {
        let ground = ui.available_rect_before_wrap();
        ui.painter().rect_filled(ground, CornerRadius::ZERO, theme::CANVAS);
        ui.scope_builder(UiBuilder::new().max_rect(ground.shrink(10.0)), |ui| {
            self.heading(ui, compare);
            let grid = ui.available_rect_before_wrap();
            let cells = cells(grid, compare.wanted.len());
            let mut removed = None;
            for (i, cell) in cells.into_iter().enumerate() {
                if self.tile(ui, compare, i, cell) {
                    removed = Some(i);
                }
            }
            if let Some(i) = removed {
                compare.wanted.remove(i);
            }
            ui.advance_cursor_after_rect(grid);
        });
    }

    fn heading(&self, ui: &mut Ui, compare: &mut Compare) {
        ui.horizontal(|ui| {
            let title = format!("Evidence for {}, side by side", self.model.name(self.class));
            let room = (ui.available_width() - 120.0).max(60.0);
            ui.scope(|ui| {
                ui.set_max_width(room);
                ui.add(egui::Label::new(RichText::new(title).strong().color(Color32::WHITE)).truncate());
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let add = ui.add_enabled(compare.wanted.len() < MOST, egui::Button::new("Add a map"));
                if add.on_hover_text(format!("Up to {MOST} side by side")).clicked() {
                    compare.add();
                }
                let note = RichText::new("Each has its own range").size(theme::SMALL).color(Color32::from_gray(205));
                if ui.available_width() > 150.0 {
                    ui.label(note);
                }
            });
        });
        ui.add_space(2.0);
    }

    /// One tile; true when it is to go.
    fn tile(&self, ui: &mut Ui, compare: &mut Compare, index: usize, cell: Rect) -> bool {
        ui.painter().rect_filled(cell, CornerRadius::same(6), theme::PANEL);
        let inner = cell.shrink(8.0);
        let removable = compare.wanted.len() > FEWEST;
        let Some(request) = compare.wanted.get_mut(index) else { return false };
        let top = Rect::from_min_size(inner.min, vec2(inner.width(), 24.0));
        let header = UiBuilder::new().max_rect(top).id_salt(("compare", index));
        let removed = ui.scope_builder(header, |ui| header_row(ui, request, index, self.model, removable)).inner;
        let request = request.clone();
        let (made, failure) = (compare.made(&request), compare.failure(&request));
        let picture = Rect::from_min_max(inner.min + vec2(0.0, 30.0), inner.max - vec2(0.0, 22.0));
        self.describe(ui, index, picture, &request, made.is_some(), failure);
        let shown = made.map(|m| m.look.maps.shown(self.class, self.display.range, self.display.fixed));
        self.draw(ui, index, picture, made, shown.filter(|s| s.evidence));
        if made.is_none() && failure.is_none() {
            let middle = Rect::from_center_size(picture.center(), Vec2::splat(20.0));
            egui::Spinner::new().size(20.0).color(theme::ACCENT).paint_at(ui, middle);
        }
        self.foot(ui, Rect::from_min_max(pos2(inner.left(), picture.bottom()), inner.max), made.zip(shown), failure);
        removed
    }

    /// The tile in words, for screen readers and tests; a failure's full text under the pointer.
    fn describe(&self, ui: &Ui, index: usize, at: Rect, request: &Request, made: bool, failure: Option<&str>) {
        let method = method_picker::label_of(request.method, request.relu);
        let label = format!("compared map {}: {} · {method}", index + 1, self.model.layer_label(&request.layer));
        let state = match failure {
            Some(why) => format!(", {why}"),
            None if made => String::new(),
            None => ", being made".into(),
        };
        let response = ui.interact(at, ui.scope_id().with(("compared", index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{label}{state}")));
        if let Some(why) = failure {
            response.on_hover_text(why);
        }
    }

    fn draw(&self, ui: &Ui, index: usize, canvas: Rect, made: Option<&Made>, shown: Option<Shown>) {
        let (open, display) = (self.open, self.display);
        let (w, h) = (open.patch.width.max(1) as f32, open.patch.height.max(1) as f32);
        let scale = (canvas.width() / w).min(canvas.height() / h).max(0.001);
        let shown = shown.filter(|_| display.heatmap);
        Draw {
            view: VIEW + index as u32,
            picture: open.picture,
            map: made.and_then(|m| m.map).filter(|_| shown.is_some()),
            class: self.class,
            colormap: display.colormap,
            nearest: false,
            image: Rect::from_center_size(canvas.center(), vec2(w, h) * scale),
            opacity: display.opacity,
            range: shown.map_or((0.0, 0.0), |s| (s.lo, s.hi)),
            contour: if display.contour { display.level } else { 0.0 },
            fade: display.fade,
        }
        .paint(&ui.painter().with_clip_rect(canvas.intersect(ui.clip_rect())), canvas);
    }

    /// The line below: colour bar with the values of its ends and the map's size, or what there is instead.
    fn foot(&self, ui: &Ui, row: Rect, made: Option<(&Made, Shown)>, failure: Option<&str>) {
        let row = Rect::from_min_max(row.min + vec2(0.0, 4.0), row.max);
        let painter = ui.painter().with_clip_rect(row.intersect(ui.clip_rect()));
        match (made, failure) {
            (None, Some(why)) => short_text(&painter, row, why, theme::ERROR),
            (None, None) => short_text(&painter, row, "being made", theme::WEAK),
            (Some((made, shown)), _) => {
                let cells = format!("{} × {} cells", made.look.maps.w, made.look.maps.h);
                let font = theme::words(theme::SMALL);
                let cells = painter.text(row.right_center(), Align2::RIGHT_CENTER, cells, font, theme::WEAK);
                let rest = row.with_max_x(cells.left() - 14.0);
                match shown.evidence {
                    true => self.bar(&painter, rest, shown),
                    false => {
                        let text = format!("no positive evidence for {}", self.model.name(self.class));
                        short_text(&painter, rest, &text, theme::TEXT);
                    }
                }
            }
        }
    }

    fn bar(&self, painter: &Painter, row: Rect, shown: Shown) {
        let y = row.center().y;
        let low = painter.text(row.left_center(), Align2::LEFT_CENTER, value(shown.lo), theme::digits(11.0), theme::TEXT);
        let high = painter.layout_no_wrap(value(shown.hi), theme::digits(11.0), theme::TEXT);
        let left = low.right() + 8.0;
        let right = (row.right() - high.size().x - 8.0).min(left + 140.0);
        if right - left > 16.0 {
            gradient_bar(painter, Rect::from_min_max(pos2(left, y - 4.0), pos2(right, y + 4.0)), self.display);
        }
        painter.galley(pos2(right.max(left) + 8.0, y - high.size().y / 2.0), high, theme::TEXT);
    }
}

/// Text at the left of a row, cut where the row ends.
fn short_text(painter: &Painter, row: Rect, text: &str, color: Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::words(theme::SMALL), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(row.width().max(0.0));
    let galley = painter.layout_job(job);
    painter.galley(row.left_center() - vec2(0.0, galley.size().y / 2.0), galley, color);
}

/// Lists of layer and method; true when the tile is to go.
fn header_row(ui: &mut Ui, request: &mut Request, index: usize, model: &Model, removable: bool) -> bool {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let room = if removable { 24.0 } else { 0.0 };
        // Names of methods are longer than those of blocks.
        let both = (ui.available_width() - room - 4.0).max(80.0);
        let name = format!("Layer of map {}", index + 1);
        if let Some(layer) = layer_picker::show(ui, model, &request.layer, &name, both * 0.45) {
            request.layer = layer;
        }
        let name = format!("Method of map {}", index + 1);
        method_picker::show(ui, &mut request.method, &mut request.relu, &name, both * 0.55);
        let cross = egui::Button::new(RichText::new("×").size(17.0)).frame(false);
        let name = format!("Take map {} away", index + 1);
        removable && inspector::name(ui.add(cross), &name).on_hover_text(name).clicked()
    })
    .inner
}

/// The places of so many tiles.
fn cells(grid: Rect, count: usize) -> Vec<Rect> {
    let columns = columns(count, grid.size());
    let rows = count.div_ceil(columns).max(1);
    let side = |room: f32, n: usize| ((room - GAP * (n - 1) as f32) / n as f32).max(1.0);
    let size = vec2(side(grid.width(), columns), side(grid.height(), rows));
    let place = |i: usize| vec2((i % columns) as f32 * (size.x + GAP), (i / columns) as f32 * (size.y + GAP));
    (0..count).map(|i| Rect::from_min_size(grid.min + place(i), size)).collect()
}

/// Columns that make the pictures largest.
fn columns(count: usize, room: Vec2) -> usize {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        (room.x / columns as f32 - 16.0).min(room.y / rows as f32 - AROUND)
    };
    (1..=count.max(1)).max_by(|a, b| side(*a).total_cmp(&side(*b))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fill_the_room() {
        assert_eq!([2, 3, 4, 6].map(|n| columns(n, vec2(840.0, 780.0))), [2, 2, 2, 3]);
        assert_eq!(columns(4, vec2(1600.0, 400.0)), 4);
        let grid = Rect::from_min_size(pos2(10.0, 20.0), vec2(840.0, 780.0));
        let cells = cells(grid, 3);
        assert!(cells.iter().all(|c| grid.expand(0.5).contains_rect(*c)), "{cells:?}");
        assert!(!cells.iter().enumerate().any(|(i, a)| cells.iter().skip(i + 1).any(|b| a.intersects(*b))), "{cells:?}");
    }
}
