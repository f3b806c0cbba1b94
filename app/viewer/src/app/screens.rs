//! What the canvas shows when there is no patch on it: nothing loaded yet, waiting, failed, or files hovering.

use egui::{Align2, Color32, CornerRadius, Rect, RichText, Stroke, StrokeKind, Ui, vec2};

use super::actions::{Action, Actions};
use super::theme;

/// No patches.
pub fn empty(ui: &mut Ui, actions: &mut Actions) {
    card(ui, |ui| {
        ui.label(RichText::new("Drop patches here").size(22.0).color(Color32::WHITE));
        ui.add_space(4.0);
        ui.label(RichText::new("PNG, JPEG or TIFF, one or many").color(theme::TEXT));
        ui.add_space(16.0);
        if ui.add(egui::Button::new(RichText::new("Open files…").size(14.0)).min_size(vec2(160.0, 32.0))).clicked() {
            actions.push(Action::OpenFiles);
        }
        if ui.add(egui::Button::new("Show the sample drawings").frame(false)).clicked() {
            actions.push(Action::AddSamples);
        }
        ui.add_space(14.0);
        ui.label(
            RichText::new("Everything is computed on this device; nothing is uploaded.")
                .size(12.0)
                .color(Color32::from_gray(190)),
        );
    });
}

/// Something is being read or computed.
pub fn waiting(ui: &mut Ui, what: &str) {
    card(ui, |ui| {
        ui.add(egui::Spinner::new().size(26.0).color(theme::ACCENT));
        ui.add_space(8.0);
        ui.label(RichText::new(what).color(theme::TEXT));
    });
}

/// The chosen patch cannot be shown.
pub fn failed(ui: &mut Ui, name: &str, reason: &str, actions: &mut Actions) {
    card(ui, |ui| {
        ui.label(RichText::new("This file cannot be shown").size(20.0).color(Color32::WHITE));
        ui.add_space(4.0);
        ui.label(RichText::new(name).strong().color(theme::TEXT));
        ui.add(egui::Label::new(RichText::new(super::error::without_name(reason, name)).color(theme::ERROR)).wrap());
        ui.add_space(12.0);
        if ui.button("Try again").clicked() {
            actions.push(Action::Retry);
        }
    });
}

/// The window has no graphics device at all.
pub fn no_graphics(ui: &mut Ui) {
    card(ui, |ui| {
        ui.label(RichText::new("No graphics device").size(20.0).color(Color32::WHITE));
        ui.label("Patches are analysed, but cannot be drawn: the list and the exports work.");
    });
}

/// A centred column on the canvas's grey.
fn card(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let rect = ui.available_rect_before_wrap();
    ui.painter().rect_filled(rect, CornerRadius::ZERO, theme::CANVAS);
    let middle = Align2::CENTER_CENTER.anchor_size(rect.center(), vec2(420.0_f32.min(rect.width()), 220.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle).layout(egui::Layout::top_down(egui::Align::Center)), content);
    ui.advance_cursor_after_rect(rect);
}

/// Files hover over the window.
pub fn hovering(ctx: &egui::Context, files: usize) {
    let rect = ctx.content_rect();
    let painter = ctx.layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("hovering")));
    painter.rect_filled(rect, CornerRadius::ZERO, Color32::from_black_alpha(205));
    let frame = rect.shrink(14.0);
    painter.rect_stroke(frame, CornerRadius::same(10), Stroke::new(2.0, theme::ACCENT), StrokeKind::Inside);
    let text = match files {
        0 | 1 => "Drop the file: a patch, a folder or a model".to_owned(),
        n => format!("Drop {n} files"),
    };
    painter.text(rect.center(), Align2::CENTER_CENTER, text, theme::words(22.0), Color32::WHITE);
    let below = Rect::from_center_size(rect.center() + vec2(0.0, 30.0), vec2(1.0, 1.0));
    painter.text(below.center(), Align2::CENTER_CENTER, "It stays on this device", theme::words(theme::BODY), theme::TEXT);
}
