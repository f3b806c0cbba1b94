//! The line at the top: what can be done with files, and the two views.

use egui::{Align, Button, Layout, RichText, Ui};

use super::actions::{Action, Actions};
use super::model::Model;
use super::pages::Pages;
use super::state::{Display, Page};
use super::theme;

/// Lays the line out.
pub fn show(ui: &mut Ui, pages: Pages, display: &mut Display, model: Option<&Model>, exportable: bool, actions: &mut Actions) {
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Fovea").size(17.0).strong().color(egui::Color32::WHITE));
        ui.add_space(10.0);
        pages.show(ui, actions);
        ui.add_space(10.0);
        if pages.shown == Page::Analyse {
            files(ui, display, exportable, actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new("Files never leave this device").size(12.5).color(theme::TEXT));
            ui.add_space(8.0);
            if let Some(model) = model.filter(|_| ui.available_width() > 220.0) {
                let mut text = model.title.clone();
                if model.student.card.synthetic {
                    text.push_str(" · synthetic");
                }
                ui.add(egui::Label::new(RichText::new(text).size(12.5).color(theme::WEAK)).truncate());
            }
        });
    });
}

/// What can be done with files, and what is shown of them.
fn files(ui: &mut Ui, display: &mut Display, exportable: bool, actions: &mut Actions) {
    if ui.button("Open…").on_hover_text("PNG, JPEG or TIFF patches, or a model (Ctrl+O); or drop them on the window").clicked()
    {
        actions.push(Action::OpenFiles);
    }
    if cfg!(not(target_arch = "wasm32")) && ui.button("Folder…").on_hover_text("All patches of a folder, at any depth").clicked()
    {
        actions.push(Action::OpenFolder);
    }
    let export = ui.add_enabled(exportable, Button::new("Export…"));
    if export.on_hover_text("Overlays, raw maps, tables, QuPath (Ctrl+E)").clicked() {
        actions.push(Action::AskExport);
    }
    ui.add_space(6.0);
    ui.add(egui::Separator::default().vertical().shrink(9.0));
    ui.add_space(6.0);
    toggle(ui, &mut display.heatmap, "Heatmap", "Heatmap on or off (H)");
    toggle(ui, &mut display.compare, "Compare", "Several layers or methods side by side (M)");
    toggle(ui, &mut display.ladder, "Ladder", "The same patch at lower magnifications (L)");
}

fn toggle(ui: &mut Ui, on: &mut bool, text: &str, help: &str) {
    if ui.add(Button::new(text).selected(*on).frame_when_inactive(true)).on_hover_text(help).clicked() {
        *on = !*on;
    }
}
