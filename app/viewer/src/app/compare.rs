//! Several layers or methods side by side on the patch of the canvas.

use std::sync::Arc;

use egui::{Align2, Color32, CornerRadius, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use fovea_student::Request;

use super::canvas_marks::value;
use super::inspector;
use super::jobs::Revision;
use super::look::Look;
use super::model::Model;
use super::overlay_paint::{Draw, TextureKey};
use super::state::{Attention, Display, ItemId, Open};
use super::{layer_picker, layers, theme};

/// Fewest maps side by side.
const FEWEST: usize = 2;
/// Most of them.
const MOST: usize = 6;
/// First view of the window that the tiles use; the canvas and the ladder have those before.
const VIEW: u32 = 32;

/// A map that was made.
pub struct Made {
    /// What it is.
    pub request: Request,
    /// The result.
    pub look: Arc<Look>,
    /// The map on the device.
    pub map: Option<TextureKey>,
}

/// What was asked for last.
#[derive(Clone, PartialEq)]
pub struct Asked {
    /// Model and settings.
    pub revision: Revision,
    /// The patch.
    pub item: ItemId,
    /// The maps.
    pub requests: Vec<Request>,
}

/// The comparison: what is to be seen, and what is there.
#[derive(Default)]
pub struct Compare {
    /// The tiles, as chosen.
    pub wanted: Vec<Request>,
    /// The patch of [`Compare::made`].
    pub item: ItemId,
    /// Finished maps.
    pub made: Vec<Made>,
    /// Under way or done.
    pub asked: Option<Asked>,
    /// Why there is none.
    pub error: Option<String>,
}

impl Compare {
    /// Forgets what was made, for example for another model.
    pub fn forget(&mut self) {
        (self.made, self.asked, self.error) = (vec![], None, None);
    }

    /// Begins with the current map at the default layer and the deepest layer of the sizes before it.
    pub fn begin(&mut self, model: &Model, attention: &Attention) {
        if !self.wanted.is_empty() {
            return;
        }
        let request = |layer: &str| Request { layer: layer.to_owned(), method: attention.method, relu: attention.relu };
        let blocks: Vec<&layers::Layer> = model.layers().iter().filter(|l| l.block.is_some()).collect();
        let deepest = || layers::groups(model.layers()).into_iter().filter_map(|(_, group)| group.first().copied());
        let candidates = if blocks.is_empty() { deepest().collect() } else { blocks };
        self.wanted.push(request(&attention.layer));
        let others = candidates.iter().filter(|l| l.value != attention.layer).take(3);
        self.wanted.extend(others.map(|l| request(&l.value)));
        while self.wanted.len() < FEWEST {
            self.wanted.push(self.further());
        }
    }

    /// A map like the last one, by a method that is not shown yet.
    fn further(&self) -> Request {
        let last = self.wanted.last().cloned().unwrap_or_else(|| Request {
            layer: String::new(),
            method: Default::default(),
            relu: false,
        });
        let other = fovea_student::Method::ALL.into_iter().map(|method| Request { method, relu: false, ..last.clone() });
        other.into_iter().find(|r| !self.wanted.contains(r)).unwrap_or(last)
    }

    /// The finished map of a request on a patch.
    fn made(&self, item: ItemId, request: &Request) -> Option<&Made> {
        self.made.iter().find(|m| self.item == item && m.request == *request)
    }

    /// Is everything that is wanted there?
    pub fn complete(&self, item: ItemId) -> bool {
        self.wanted.iter().all(|r| self.made(item, r).is_some())
    }

    /// Lays the tiles out over everything that is left.
    pub fn show(&mut self, ui: &mut Ui, open: &Open, model: &Model, display: &Display, class: usize) {
        let ground = ui.available_rect_before_wrap();
        ui.painter().rect_filled(ground, CornerRadius::ZERO, theme::CANVAS);
        let area = ground.shrink(10.0);
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
            self.heading(ui, model, class);
            let grid = ui.available_rect_before_wrap();
            let count = self.wanted.len().max(1);
            let columns = columns(count, grid.size());
            let rows = count.div_ceil(columns);
            let gap = 8.0;
            let size = vec2(
                (grid.width() - gap * (columns - 1) as f32) / columns as f32,
                (grid.height() - gap * (rows - 1) as f32) / rows as f32,
            );
            let mut removed = None;
            for i in 0..count {
                let at = vec2((i % columns) as f32 * (size.x + gap), (i / columns) as f32 * (size.y + gap));
                let cell = Rect::from_min_size(grid.min + at, size);
                if self.tile(ui, cell, i, open, model, display, class) {
                    removed = Some(i);
                }
            }
            if let Some(i) = removed {
                self.wanted.remove(i);
            }
            ui.allocate_rect(grid, Sense::hover());
        });
    }

    fn heading(&mut self, ui: &mut Ui, model: &Model, class: usize) {
        ui.horizontal(|ui| {
            ui.label(RichText::new(format!("Compare maps for {}", model.name(class))).strong().color(Color32::WHITE));
            let room = self.wanted.len() < MOST;
            if ui.add_enabled(room, egui::Button::new("Add a map")).on_hover_text("Up to 6 side by side").clicked() {
                self.wanted.push(self.further());
            }
            if let Some(error) = &self.error {
                ui.add(egui::Label::new(RichText::new(error).color(theme::ERROR)).truncate());
            } else {
                let note = "each with its own range; the same patch and class";
                ui.add(egui::Label::new(RichText::new(note).size(theme::SMALL).color(Color32::from_gray(205))).truncate());
            }
        });
        ui.add_space(2.0);
    }

    /// One tile; true when it is to go.
    #[allow(clippy::too_many_arguments)] // one cell of the panel
    fn tile(
        &mut self,
        ui: &mut Ui,
        cell: Rect,
        index: usize,
        open: &Open,
        model: &Model,
        display: &Display,
        class: usize,
    ) -> bool {
        ui.painter().rect_filled(cell, CornerRadius::same(6), theme::PANEL);
        let inner = cell.shrink(8.0);
        let removable = self.wanted.len() > FEWEST;
        let Some(request) = self.wanted.get_mut(index) else { return false };
        let top = Rect::from_min_size(inner.min, vec2(inner.width(), 24.0));
        let removed = ui.scope_builder(egui::UiBuilder::new().max_rect(top).id_salt(("compare", index)), |ui| {
            header(ui, request, index, model, removable)
        });
        let request = request.clone();
        let made = self.made(open.id, &request);
        let picture = Rect::from_min_max(inner.min + vec2(0.0, 30.0), inner.max - vec2(0.0, 22.0));
        let label = format!("{} · {}", model.layer_label(&request.layer), inspector::label_of(request.method, request.relu));
        let response = ui.interact(picture, ui.scope_id().with(("compared", index)), Sense::hover());
        let state = if made.is_some() { "" } else { ", being made" };
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("compared map {}: {label}{state}", index + 1)));
        let range = made.map(|m| m.look.maps.shown(class, display.range, display.fixed));
        draw(ui, picture, index, open, made, display, class, range.filter(|s| s.evidence).map(|s| (s.lo, s.hi)));
        let foot = Rect::from_min_max(pos2(inner.left(), picture.bottom()), inner.max);
        let text = match range {
            Some(s) if s.evidence => format!("{} to {}", value(s.lo), value(s.hi)),
            Some(_) => format!("no positive evidence for {}", model.name(class)),
            None if self.error.is_some() => "not made".into(),
            None => "being made".into(),
        };
        let painter = ui.painter().with_clip_rect(foot);
        let y = foot.center().y + 2.0;
        painter.text(pos2(foot.left(), y), Align2::LEFT_CENTER, text, theme::digits(11.0), theme::TEXT);
        if let Some(made) = made {
            let cells = format!("{} × {} cells", made.look.result.map_w, made.look.result.map_h);
            painter.text(pos2(foot.right(), y), Align2::RIGHT_CENTER, cells, theme::words(theme::SMALL), theme::WEAK);
        }
        removed.inner
    }
}

fn header(ui: &mut Ui, request: &mut Request, index: usize, model: &Model, removable: bool) -> bool {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let cross = if removable { 26.0 } else { 0.0 };
        let width = ((ui.available_width() - cross - 8.0) / 2.0).max(40.0);
        let name = format!("Layer of map {}", index + 1);
        if let Some(layer) = layer_picker::show(ui, model, &request.layer, &name, width) {
            request.layer = layer;
        }
        inspector::method_list(ui, &mut request.method, &mut request.relu, &format!("Method of map {}", index + 1), width);
        removable && ui.add(egui::Button::new("×").frame(false)).on_hover_text(format!("Take map {} away", index + 1)).clicked()
    })
    .inner
}

#[allow(clippy::too_many_arguments)] // one picture
fn draw(
    ui: &Ui,
    canvas: Rect,
    index: usize,
    open: &Open,
    made: Option<&Made>,
    display: &Display,
    class: usize,
    range: Option<(f32, f32)>,
) {
    let painter = ui.painter().with_clip_rect(canvas);
    let (w, h) = (open.patch.width.max(1) as f32, open.patch.height.max(1) as f32);
    let scale = (canvas.width() / w).min(canvas.height() / h).max(0.01);
    let range = range.filter(|_| display.heatmap);
    Draw {
        view: VIEW + index as u32,
        picture: open.picture,
        map: made.and_then(|m| m.map).filter(|_| range.is_some()),
        class,
        colormap: display.colormap,
        nearest: false,
        image: Rect::from_center_size(canvas.center(), vec2(w, h) * scale),
        opacity: display.opacity,
        range: range.unwrap_or_default(),
        contour: if display.contour { display.level } else { 0.0 },
        fade: display.fade,
    }
    .paint(&painter, canvas);
    if made.is_none() {
        egui::Spinner::new()
            .size(18.0)
            .color(theme::ACCENT)
            .paint_at(ui, Rect::from_center_size(canvas.center(), vec2(18.0, 18.0)));
    }
}

/// Columns that make the tiles largest.
fn columns(count: usize, room: egui::Vec2) -> usize {
    let side = |columns: usize| {
        let rows = count.div_ceil(columns);
        (room.x / columns as f32).min(room.y / rows as f32 - 60.0)
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
    }
}
