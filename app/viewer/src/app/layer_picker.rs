//! The list of layers behind a button: grouped by size, searchable, the default marked.

use egui::{Align, Button, Id, Layout, Popup, PopupCloseBehavior, Rect, RichText, Shape, TextEdit, Ui, vec2};

use super::layers::{Layer, groups};
use super::model::Model;
use super::theme;

/// Of the list, points.
const WIDTH: f32 = 340.0;
const HEIGHT: f32 = 340.0;
/// Of the button, points.
const HIGH: f32 = 24.0;

/// A button with the current layer; the one that was chosen in its list.
pub fn show(ui: &mut Ui, model: &Model, current: &str, label: &str, width: f32) -> Option<String> {
    // The blank at the right keeps the name on the left, and clear of the triangle.
    let button = Button::new(model.layer_label(current)).truncate().right_text("   ").min_size(vec2(width, HIGH));
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
    let edit = TextEdit::singleline(&mut typed).hint_text("Search by name or size").desired_width(f32::INFINITY);
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
    if chosen.is_some() {
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
    let spoken = format!("{name}, {c} × {h} × {w}{}", if layer.default { ", default" } else { "" });
    let size = vec2(ui.available_width(), 22.0);
    let right = if layer.default { 118.0 } else { 74.0 };
    let response = ui.add_sized(size, Button::new("").selected(current).frame_when_inactive(false));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListBoxOption, true, current, &spoken));
    let inner = response.rect.shrink2(vec2(8.0, 0.0));
    let mut job = egui::text::LayoutJob::simple_singleline(name, theme::words(12.5), theme::TEXT);
    job.wrap = egui::text::TextWrapping::truncate_at_width(inner.width() - right);
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(inner.left_center() - vec2(0.0, galley.size().y / 2.0), galley, theme::TEXT);
    let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    beside.label(theme::caption(format!("{c} channels")));
    if layer.default {
        beside.label(RichText::new("default").size(theme::SMALL).color(theme::ACCENT));
    }
    response.on_hover_text(format!("{}\n{c} × {h} × {w}", layer.value)).clicked()
}
