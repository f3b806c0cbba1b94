//! The list of layers behind a button: grouped by size, searchable, the default marked.

use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, Button, CornerRadius, Id, Margin, Popup, PopupCloseBehavior, Rect, Role, Sense, Shape, TextEdit, Ui, WidgetInfo,
    pos2, vec2,
};

use super::layers::{Layer, groups};
use super::model::Model;
use super::theme;

/// Of the list, points.
const WIDTH: f32 = 340.0;
const HEIGHT: f32 = 340.0;
/// A button below this width has no room for the size.
const NARROW: f32 = 140.0;
/// Of the button, points.
const HIGH: f32 = 24.0;

/// A button with the current layer; the one that was chosen in its list.
pub fn show(ui: &mut Ui, model: &Model, current: &str, label: &str, width: f32) -> Option<String> {
    // The blank at the right keeps the name on the left, and clear of the triangle.
    let text = if width < NARROW { model.layer_name(current) } else { model.layer_label(current) };
    let button = Button::new(text).truncate().right_text("   ").min_size(vec2(width, HIGH));
    let response = ui.add_sized([width, HIGH], button);
    let place = Rect::from_center_size(response.rect.right_center() - vec2(17.0, 0.0), vec2(9.8, 6.3));
    let ink = ui.style().interact(&response).fg_stroke.color;
    ui.painter().add(Shape::rotated_triangle(place, 0.0, ink));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(label));
    let id = response.id.with("typed");
    let opened = response.clicked();
    let response = response.on_hover_text(current);
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(WIDTH);
    popup.show(|ui| list(ui, model, current, id, opened)).and_then(|shown| shown.inner)
}

fn list(ui: &mut Ui, model: &Model, current: &str, id: Id, opened: bool) -> Option<String> {
    let mut typed: String = if opened { String::new() } else { ui.data(|d| d.get_temp(id)).unwrap_or_default() };
    ui.set_width(WIDTH);
    let edit = TextEdit::singleline(&mut typed)
        .hint_text("Search by name or size")
        .desired_width(f32::INFINITY)
        .margin(Margin::symmetric(8, 5));
    let search = ui.add(edit);
    search.ctx.accesskit_node_builder(search.id, |node| node.set_label("Search layers"));
    if opened {
        search.request_focus();
    }
    let found: Vec<Layer> = model.layers().iter().filter(|l| l.matches(&typed)).cloned().collect();
    let mut chosen = None;
    egui::ScrollArea::vertical().max_height(HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        if found.is_empty() {
            ui.label(theme::caption("No layer has such a name or size"));
        }
        for (size, layers) in groups(&found) {
            ui.add_space(6.0);
            ui.label(theme::caption(format!("{size} cells")));
            for layer in layers {
                if row(ui, layer, layer.value == current) {
                    chosen = Some(layer.value.clone());
                }
            }
        }
    });
    // Enter takes the only one, or the first of those found.
    if search.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter)) && !typed.trim().is_empty() {
        chosen = chosen.or_else(|| found.first().map(|l| l.value.clone()));
    }
    ui.data_mut(|d| d.insert_temp(id, typed));
    // Otherwise the first Escape would only leave the field.
    if chosen.is_some() || ui.input(|i| i.key_pressed(egui::Key::Escape)) {
        ui.close();
    }
    chosen
}

fn row(ui: &mut Ui, layer: &Layer, current: bool) -> bool {
    let name = match layer.block {
        Some(_) => format!("{}  {}", layer.name(), layer.short),
        None => layer.short.clone(),
    };
    let [c, h, w] = layer.shape;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HIGH), Sense::click());
    let spoken = format!("{name}, {c} × {h} × {w}{}", if layer.default { ", default" } else { "" });
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, current, &spoken));
    let painter = ui.painter();
    if current || response.hovered() || response.has_focus() {
        let fill = if current { ui.visuals().selection.bg_fill } else { theme::RAISED };
        painter.rect_filled(rect, CornerRadius::same(4), fill);
    }
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let quiet = |at, text: String, color| painter.text(at, Align2::RIGHT_CENTER, text, theme::words(theme::SMALL), color);
    let mut left = quiet(inner.right_center(), format!("{c} channels"), theme::WEAK).left();
    if layer.default {
        left = quiet(pos2(left - 10.0, inner.center().y), "default".into(), if current { theme::TEXT } else { theme::ACCENT })
            .left();
    }
    let mut job = LayoutJob::simple_singleline(name, theme::words(12.5), theme::TEXT);
    job.wrap = TextWrapping::truncate_at_width((left - inner.left() - 10.0).max(0.0));
    let galley = painter.layout_job(job);
    painter.galley(inner.left_center() - vec2(0.0, galley.size().y / 2.0), galley, theme::TEXT);
    response.on_hover_text(format!("{}\n{c} × {h} × {w}", layer.value)).clicked()
}
