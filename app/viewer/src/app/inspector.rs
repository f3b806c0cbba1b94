//! The panel on the right: prediction, how the map is shown, what the map is, and facts on patch and model.

use egui::{ComboBox, DragValue, Slider, Ui};
use fovea_patch::Colormap;

use super::actions::{Action, Actions};
use super::canvas_marks::{trimmed, value};
use super::classes;
use super::look::Look;
use super::model::Model;
use super::state::{Attention, Display, Open, RangeMode};
use super::{layer_picker, method_picker, model_facts, theme};

/// What the panel shows and changes.
pub struct Inspector<'a> {
    /// The model, once loaded.
    pub model: Option<&'a Model>,
    /// The patch on the canvas.
    pub open: Option<&'a Open>,
    /// How maps are shown.
    pub display: &'a mut Display,
    /// What maps are.
    pub attention: &'a Attention,
    /// Chosen class.
    pub class: usize,
}

impl Inspector<'_> {
    /// Lays the panel out.
    pub fn show(self, ui: &mut Ui, actions: &mut Actions) {
        let Self { model, open, display, attention, class } = self;
        let look = open.and_then(|o| o.look.as_deref());
        egui::ScrollArea::vertical().auto_shrink(false).id_salt("inspector").show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 6.0);
            let Some(model) = model else {
                ui.label(egui::RichText::new("No model is loaded").strong());
                ui.add(egui::Label::new(theme::caption("Patches are shown; predictions and heatmaps need a model.")).wrap());
                if ui.button("Load a model…").clicked() {
                    actions.push(Action::OpenModel);
                }
                return;
            };
            let result = look.map(|l| &l.result);
            let probabilities = result.map(|r| &r.probabilities[..]);
            classes::verdict(ui, model, result.map(|r| r.predicted), result.map_or(0, |r| r.tiles.len()));
            classes::show(ui, model, probabilities, class, display.class.is_some(), actions);
            heatmap(ui, display, look, class);
            attention_section(ui, model, attention, &mut display.network, actions);
            patch_section(ui, open, look);
            model_facts::show(ui, model, actions);
            ui.add_space(12.0);
        });
    }
}

/// A caption on the left, a widget on the right, in one grid for the whole panel.
pub fn line<R>(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    captioned(ui, 84.0, label, add)
}

/// A caption of some width on the left, a widget on the right.
pub fn captioned<R>(ui: &mut Ui, width: f32, label: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(width, 24.0), egui::Sense::hover());
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, label, theme::words(12.5), theme::WEAK);
        add(ui)
    })
    .inner
}

fn heatmap(ui: &mut Ui, display: &mut Display, look: Option<&Look>, class: usize) {
    theme::section(ui, "Heatmap");
    ui.horizontal(|ui| {
        ui.checkbox(&mut display.heatmap, "Show").on_hover_text("Heatmap on or off (H)");
        ui.checkbox(&mut display.fade, "Fade").on_hover_text("The less evidence, the more tissue shows through");
        ui.checkbox(&mut display.contour, "Contour").on_hover_text("Outline the region above a level (C)");
    });
    let width = ui.available_width() - 84.0 - 66.0;
    ui.spacing_mut().slider_width = width.max(60.0);
    line(ui, "Opacity", |ui| {
        let slider =
            Slider::new(&mut display.opacity, 0.0..=1.0).fixed_decimals(2).handle_shape(egui::style::HandleShape::Circle);
        name(ui.add(slider), "Opacity").on_hover_text("[ and ]")
    });
    if display.contour {
        line(ui, "Level", |ui| {
            let slider =
                Slider::new(&mut display.level, 0.02..=0.98).fixed_decimals(2).handle_shape(egui::style::HandleShape::Circle);
            name(ui.add(slider), "Contour level").on_hover_text("Share of the colour bar")
        });
    }
    line(ui, "Colours", |ui| colours(ui, &mut display.colormap));
    line(ui, "Range", |ui| range(ui, display, look, class));
    if display.range == RangeMode::Fixed {
        line(ui, "", |ui| fixed_range(ui, display));
    }
    if look.is_some_and(|l| l.result.tiles.len() > 1) {
        ui.checkbox(&mut display.grid, "Lines between tiles");
    }
}

/// Gives a widget the name that stands beside it.
pub fn name(response: egui::Response, label: &str) -> egui::Response {
    response.ctx.accesskit_node_builder(response.id, |node| node.set_label(label));
    response
}

fn colours(ui: &mut Ui, colormap: &mut Colormap) {
    let width = ui.available_width();
    let combo = ComboBox::from_id_salt("colours").width(width).selected_text(colormap.label());
    let response = combo.show_ui(ui, |ui| {
        for map in Colormap::ALL {
            ui.selectable_value(colormap, map, map.label());
        }
    });
    name(response.response, "Colours");
}

fn range(ui: &mut Ui, display: &mut Display, look: Option<&Look>, class: usize) {
    let label = |mode| match mode {
        RangeMode::PerImage => "This patch and class",
        RangeMode::AllClasses => "This patch, all classes",
        RangeMode::Fixed => "Fixed",
    };
    let before = display.range;
    let combo = ComboBox::from_id_salt("range").width(ui.available_width()).selected_text(label(display.range));
    let response = combo.show_ui(ui, |ui| {
        for (mode, help) in [
            (RangeMode::PerImage, "Colours of two patches cannot be compared"),
            (RangeMode::AllClasses, "Min–max over all classes: classes can be compared"),
            (RangeMode::Fixed, "The same values for every patch: patches can be compared"),
        ] {
            ui.selectable_value(&mut display.range, mode, label(mode)).on_hover_text(help);
        }
    });
    name(response.response, "Range");
    // A fixed range starts from what is on screen, so that the picture does not jump.
    if display.range == RangeMode::Fixed && before != RangeMode::Fixed {
        let shown = look.map(|l| l.maps.shown(class, before, display.fixed)).filter(|s| s.evidence);
        display.fixed = shown.map_or(display.fixed, |s| (s.lo, s.hi));
    }
}

fn fixed_range(ui: &mut Ui, display: &mut Display) {
    let (lo, hi) = &mut display.fixed;
    let speed = f64::from((*hi - *lo).abs().max(1e-6)) / 100.0;
    let (low, high) = (*lo, *hi);
    let drag = |v, range| DragValue::new(v).speed(speed).range(range).custom_formatter(|v, _| value(v as f32));
    name(ui.add(drag(lo, f32::MIN..=high)), "Lowest value");
    ui.label(theme::caption("to"));
    name(ui.add(drag(hi, low..=f32::MAX)), "Highest value");
}

fn attention_section(ui: &mut Ui, model: &Model, attention: &Attention, network: &mut bool, actions: &mut Actions) {
    theme::section(ui, "Attention");
    let mut wanted = attention.clone();
    line(ui, "Method", |ui| {
        let width = ui.available_width();
        method_picker::show(ui, &mut wanted.method, &mut wanted.relu, "Method", width);
    });
    line(ui, "Layer", |ui| {
        let width = ui.available_width();
        if let Some(layer) = layer_picker::show(ui, model, &wanted.layer, "Layer", width) {
            wanted.layer = layer;
        }
    });
    ui.horizontal(|ui| {
        ui.checkbox(&mut wanted.smooth, "Aug-smooth")
            .on_hover_text("Mean over the eight flips and rotations: smoother, eight times the work");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let help = "Every node of the network; layers can be chosen there (N)";
            if ui.add(egui::Button::new("Network").selected(*network).frame_when_inactive(true)).on_hover_text(help).clicked() {
                *network = !*network;
            }
        });
    });
    if wanted != *attention {
        actions.push(Action::Attention(wanted));
    }
}

fn patch_section(ui: &mut Ui, open: Option<&Open>, look: Option<&Look>) {
    let Some(open) = open else { return };
    theme::section(ui, "Patch");
    let patch = &open.patch;
    fact(ui, "Size", &format!("{} × {} px", patch.width, patch.height));
    fact(ui, "Scale", &patch.um_per_px.map_or("unknown".into(), |um| format!("{} µm/px", trimmed(um))));
    if let Some((x, y)) = patch.position {
        fact(ui, "On the slide", &format!("{x}, {y}"));
    }
    if let Some(plan) = look.map(|l| &l.result.plan).filter(|p| p.tiles.len() > 1) {
        fact(ui, "Tiles", &format!("{} × {} of {} px", plan.cols, plan.rows, plan.tile_px));
    }
    for note in look.iter().flat_map(|l| &l.result.notes) {
        ui.add(egui::Label::new(theme::caption(note)).wrap());
    }
}

pub fn fact(ui: &mut Ui, label: &str, text: &str) {
    line(ui, label, |ui| ui.add(egui::Label::new(egui::RichText::new(text).size(12.5)).truncate()));
}
