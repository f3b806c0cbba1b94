//! The canvas: pan, zoom, the patch with its heatmap, and what belongs on top of it.

use egui::{Color32, CornerRadius, Key, PointerButton, Pos2, Rect, Response, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};

use super::canvas_marks as marks;
use super::look::{Look, Shown};
use super::model::Model;
use super::overlay_paint::Draw;
use super::state::{Display, Open};
use super::theme;

/// Zoomed in further than this, pixels are squares.
const SQUARES_FROM: f32 = 3.0;
const MOST_ZOOM: f32 = 64.0;

/// Where the user has moved the patch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Camera {
    /// Screen points per image pixel; `None` fits the patch into the canvas.
    zoom: Option<f32>,
    /// Image pixel in the middle of the canvas.
    centre: Pos2,
}

impl Camera {
    /// Fits the patch into the canvas again.
    pub fn fit(&mut self) {
        self.zoom = None;
    }

    fn fitting(canvas: Rect, image: Vec2) -> f32 {
        let room = (canvas.size() - vec2(40.0, 40.0)).max(vec2(16.0, 16.0));
        (room.x / image.x).min(room.y / image.y)
    }

    /// Points per pixel, now.
    fn scale(&self, canvas: Rect, image: Vec2) -> f32 {
        self.zoom.unwrap_or_else(|| Self::fitting(canvas, image))
    }

    /// Where the image lies on screen.
    fn place(&self, canvas: Rect, image: Vec2) -> Rect {
        let scale = self.scale(canvas, image);
        let centre = if self.zoom.is_some() { self.centre } else { (image / 2.0).to_pos2() };
        let min = canvas.center() - centre.to_vec2() * scale;
        Rect::from_min_size(min, image * scale)
    }

    fn freeze(&mut self, canvas: Rect, image: Vec2) -> f32 {
        if self.zoom.is_none() {
            self.zoom = Some(Self::fitting(canvas, image));
            self.centre = (image / 2.0).to_pos2();
        }
        self.scale(canvas, image)
    }

    fn pan(&mut self, canvas: Rect, image: Vec2, by: Vec2) {
        let scale = self.freeze(canvas, image);
        // The middle of the canvas stays on the patch, so that it cannot be lost.
        self.centre = (self.centre - by / scale).clamp(Pos2::ZERO, image.to_pos2());
    }

    fn zoom_about(&mut self, canvas: Rect, image: Vec2, at: Pos2, factor: f32) {
        let old = self.freeze(canvas, image);
        let least = (Self::fitting(canvas, image) * 0.5).min(1.0);
        let new = (old * factor).clamp(least, MOST_ZOOM);
        let offset = at - canvas.center();
        self.centre = (self.centre + offset / old - offset / new).clamp(Pos2::ZERO, image.to_pos2());
        self.zoom = Some(new);
    }
}

/// What the canvas shows.
pub struct PatchView<'a> {
    /// Camera of the canvas.
    pub camera: &'a mut Camera,
    /// The patch.
    pub open: &'a Open,
    /// How maps are shown.
    pub display: &'a Display,
    /// Names and colours.
    pub model: Option<&'a Model>,
    /// Chosen class.
    pub class: usize,
    /// A run is under way; its share done where known.
    pub running: Option<f32>,
}

impl PatchView<'_> {
    /// Lays the canvas out over everything that is left, with its strip at the bottom.
    pub fn show(self, ui: &mut Ui) {
        let room = ui.available_size() - vec2(0.0, marks::STRIP);
        let (canvas, response) = ui.allocate_exact_size(room.max(vec2(1.0, 1.0)), Sense::click_and_drag());
        let strip = Rect::from_min_size(canvas.left_bottom(), vec2(canvas.width(), marks::STRIP));
        ui.painter().rect_filled(strip, CornerRadius::ZERO, theme::PANEL);
        let image = vec2(self.open.patch.width as f32, self.open.patch.height as f32);
        moved(ui, self.camera, canvas, image, &response);
        let place = self.camera.place(canvas, image);
        let look = self.open.look.as_deref();
        let shown = look.map(|l| l.maps.shown(self.class, self.display.range, self.display.fixed));
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken(self.open, look, self.model, self.class, shown)));
        let painter = ui.painter().with_clip_rect(canvas);
        painter.rect_filled(canvas, CornerRadius::ZERO, theme::CANVAS);
        let scale = place.width() / image.x;
        self.draw(shown, place, scale * ui.ctx().pixels_per_point()).paint(&painter, canvas);
        painter.rect_stroke(
            place,
            CornerRadius::ZERO,
            Stroke::new(1.0, Color32::from_black_alpha(90)),
            egui::StrokeKind::Outside,
        );
        if let Some(look) = look.filter(|l| l.result.tiles.len() > 1 && self.display.grid) {
            marks::grid(&painter, look, place, scale);
        }
        self.marks(&painter, canvas, shown, scale);
        self.strip(&ui.painter().with_clip_rect(strip), strip, place, scale, shown, &response);
    }

    fn draw(&self, shown: Option<Shown>, image: Rect, px_per_px: f32) -> Draw {
        let evidence = shown.filter(|s| s.evidence && self.display.heatmap);
        Draw {
            view: 0,
            picture: self.open.picture,
            map: self.open.map.filter(|_| evidence.is_some()),
            class: self.class,
            colormap: self.display.colormap,
            nearest: px_per_px >= SQUARES_FROM,
            image,
            opacity: self.display.opacity,
            range: evidence.map_or((0.0, 0.0), |s| (s.lo, s.hi)),
            contour: if self.display.contour { self.display.level } else { 0.0 },
            fade: self.display.fade,
        }
    }

    /// What lies over the patch.
    fn marks(&self, painter: &egui::Painter, canvas: Rect, shown: Option<Shown>, scale: f32) {
        if self.display.heatmap && shown.is_some_and(|s| !s.evidence) {
            let name = self.model.map_or("this class", |m| m.name(self.class));
            marks::banner(painter, canvas, &format!("No positive evidence for {name}"));
        }
        if let Some(um) = self.open.patch.um_per_px {
            marks::scale_bar(painter, canvas, scale, um);
        }
        if let Some(error) = &self.open.error {
            marks::banner(painter, canvas, error);
        }
        if let Some(share) = self.running {
            marks::progress(painter, canvas, share);
        }
    }

    fn strip(&self, painter: &egui::Painter, strip: Rect, place: Rect, scale: f32, shown: Option<Shown>, response: &Response) {
        if let Some(shown) = shown.filter(|_| self.display.heatmap) {
            let name = self.model.map_or("", |m| m.name(self.class));
            marks::colour_bar(painter, strip, self.display, name, shown);
        }
        let at = response.hover_pos().filter(|p| place.contains(*p)).map(|p| ((p - place.min) / scale).to_pos2());
        let zoom = scale * painter.ctx().pixels_per_point();
        marks::readout(painter, strip, at, zoom, self.open, self.model, self.class);
    }
}

fn moved(ui: &Ui, camera: &mut Camera, canvas: Rect, image: Vec2, response: &Response) {
    let space = ui.input(|i| i.key_down(Key::Space));
    let grabbed = response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle);
    if grabbed {
        camera.pan(canvas, image, response.drag_delta());
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
    } else if space && response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grab);
    }
    if response.double_clicked() {
        camera.fit();
    }
    let Some(pointer) = response.hover_pos() else { return };
    let (scroll, pinch, shift) = ui.input(|i| (i.smooth_scroll_delta(), i.zoom_delta(), i.modifiers.shift));
    if shift && scroll != Vec2::ZERO {
        camera.pan(canvas, image, scroll);
        return;
    }
    let factor = pinch * (scroll.y / 240.0).exp2();
    if (factor - 1.0).abs() > 1e-4 {
        camera.zoom_about(canvas, image, pointer, factor);
    }
}

/// The canvas in words.
fn spoken(open: &Open, look: Option<&Look>, model: Option<&Model>, class: usize, shown: Option<Shown>) -> String {
    let name = &open.patch.name;
    let (Some(look), Some(model), Some(shown)) = (look, model, shown) else { return format!("patch {name}") };
    let predicted = model.name(look.result.predicted);
    let map = match shown.evidence {
        true => format!("evidence for {}, {} to {}", model.name(class), marks::value(shown.lo), marks::value(shown.hi)),
        false => format!("no positive evidence for {}", model.name(class)),
    };
    format!("patch {name}, predicted {predicted}; {map}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Rect = Rect { min: Pos2::ZERO, max: Pos2 { x: 840.0, y: 440.0 } };

    #[test]
    fn fits_with_a_margin_and_zooms_about_the_pointer() {
        let image = vec2(200.0, 200.0);
        let mut camera = Camera::default();
        assert_eq!(camera.place(CANVAS, image), Rect::from_center_size(CANVAS.center(), vec2(400.0, 400.0)));
        let at = Pos2::new(300.0, 100.0);
        let under = |c: &Camera| (at - c.place(CANVAS, image).min) / c.scale(CANVAS, image);
        let before = under(&camera);
        camera.zoom_about(CANVAS, image, at, 2.0);
        assert!((under(&camera) - before).length() < 1e-3);
        camera.pan(CANVAS, image, vec2(1e6, -1e6));
        assert!(camera.place(CANVAS, image).contains(CANVAS.center()));
        camera.fit();
        assert_eq!(camera.place(CANVAS, image).size(), vec2(400.0, 400.0));
    }
}
