//! The network as a list: every node in order with operation, name and shape; layers a map can look at are clickable.

use egui::{Align2, CornerRadius, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::actions::{Action, Actions};
use super::layers::NodeRow;
use super::model::Model;
use super::state::Attention;
use super::theme;

const ROW: f32 = 22.0;

/// Lays the drawer out; true closes it.
pub fn show(ui: &mut Ui, model: Option<&Model>, attention: &Attention, actions: &mut Actions) -> bool {
    let closed = ui
        .horizontal(|ui| {
            ui.label(egui::RichText::new("Network").strong());
            let button = |ui: &mut Ui| ui.small_button("Close").on_hover_text("N").clicked();
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), button).inner
        })
        .inner;
    let Some(model) = model else {
        ui.label(theme::caption("No model is loaded"));
        return closed;
    };
    let input = model.student.graph.input_shape().iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
    ui.add(
        egui::Label::new(theme::caption(format!(
            "From the image, {input}, down to the scores. Bright rows are layers a heatmap can look at; a click chooses one."
        )))
        .wrap(),
    );
    ui.add_space(4.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("network");
    if let Some(row) = to_reveal(ui, model, attention) {
        area = area.vertical_scroll_offset((row as f32 * ROW - ui.available_height() / 2.0).max(0.0));
    }
    let nodes = model.nodes();
    area.show_rows(ui, ROW, nodes.len(), |ui, rows| {
        for node in nodes.get(rows).unwrap_or_default() {
            let layer = node.layer.and_then(|i| model.layers().get(i));
            let chosen = layer.is_some_and(|l| l.value == attention.layer);
            if row(ui, node, layer.is_some_and(|l| l.default), chosen)
                && let Some(layer) = layer
            {
                remember(ui, &layer.value);
                actions.push(Action::Attention(Attention { layer: layer.value.clone(), ..attention.clone() }));
            }
        }
    });
    closed
}

/// The row of the current layer, when the list has not shown it yet: at first, and when it was chosen elsewhere.
fn to_reveal(ui: &Ui, model: &Model, attention: &Attention) -> Option<usize> {
    let seen: Option<String> = ui.data(|d| d.get_temp(egui::Id::unique("network layer")));
    if seen.as_ref() == Some(&attention.layer) {
        return None;
    }
    remember(ui, &attention.layer);
    let layer = model.layers().iter().position(|l| l.value == attention.layer)?;
    model.nodes().iter().position(|n| n.layer == Some(layer))
}

fn remember(ui: &Ui, layer: &str) {
    ui.data_mut(|d| d.insert_temp(egui::Id::unique("network layer"), layer.to_owned()));
}

fn row(ui: &mut Ui, node: &NodeRow, default: bool, chosen: bool) -> bool {
    let candidate = node.layer.is_some();
    let sense = if candidate { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
    let spoken = format!("{} {}, {}{}", node.op, node.name, node.shape, if default { ", default layer" } else { "" });
    response.widget_info(|| match candidate {
        true => WidgetInfo::selected(Role::ListBoxOption, true, chosen, &spoken),
        false => WidgetInfo::labeled(Role::Label, true, &spoken),
    });
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if chosen || (candidate && (response.hovered() || response.has_focus())) {
        let fill = if chosen { egui::Color32::from_rgb(44, 74, 118) } else { theme::RAISED };
        painter.rect_filled(rect, CornerRadius::same(4), fill);
    }
    // The spine: a line through all nodes, a dot where a map can look.
    let x = rect.left() + 8.0;
    painter.vline(x, rect.y_range(), (1.0, theme::LINE));
    if candidate {
        painter.circle_filled(pos2(x, rect.center().y), 3.0, if default { theme::ACCENT } else { theme::WEAK });
    }
    let ink = if candidate { theme::TEXT } else { theme::WEAK };
    let y = rect.center().y;
    let op = painter.text(pos2(x + 12.0, y), Align2::LEFT_CENTER, &node.op, theme::words(12.0), ink);
    let right = rect.right() - 10.0;
    let shape = painter.text(pos2(right, y), Align2::RIGHT_CENTER, &node.shape, theme::digits(11.0), theme::WEAK);
    let from = (op.right() + 10.0).max(x + 92.0);
    let mut job = egui::text::LayoutJob::simple_singleline(node.name.clone(), theme::words(theme::SMALL), theme::WEAK);
    job.wrap = egui::text::TextWrapping::truncate_at_width((shape.left() - from - 8.0).max(0.0));
    let galley = painter.layout_job(job);
    painter.galley(pos2(from, y - galley.size().y / 2.0), galley, theme::WEAK);
    let from = if node.from.is_empty() { "weights" } else { &node.from };
    response.on_hover_text(format!("{spoken}\nfrom {from}")).clicked()
}
