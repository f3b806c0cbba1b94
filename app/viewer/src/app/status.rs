//! The line at the bottom: what computes, how long it took, and the sentence that is always there.

use egui::{Align, Layout, RichText, Ui};
use fovea_patch::NOTICE;

use super::look::Look;
use super::theme;

/// What the line tells.
pub struct Status<'a> {
    /// What computes, and why.
    pub executor: &'a str,
    /// Does the GPU compute?
    pub gpu: bool,
    /// The result on the canvas.
    pub look: Option<&'a Look>,
    /// Bytes of the compiled model, once known.
    pub memory: Option<u64>,
}

impl Status<'_> {
    /// Lays the line out.
    pub fn show(self, ui: &mut Ui) {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 14.0;
            let (dot, _) = ui.allocate_exact_size(egui::vec2(7.0, 7.0), egui::Sense::hover());
            ui.painter().circle_filled(dot.center(), 3.5, if self.gpu { theme::FINE } else { theme::WARN });
            ui.spacing_mut().item_spacing.x = 14.0;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(sentence()).size(theme::SMALL).color(theme::TEXT));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| self.left(ui));
            });
        });
    }

    fn left(&self, ui: &mut Ui) {
        if let Some(look) = self.look {
            let total = format!("{:.0} ms", look.result.total_ms);
            let stages = look.result.stages.iter().map(|(stage, ms)| format!("{stage} {ms:.1} ms"));
            let stages: Vec<_> = stages.collect();
            let device = egui::Label::new(RichText::new(self.executor).size(theme::SMALL).color(theme::WEAK)).truncate();
            let room = ui.available_width();
            let text = if room > 620.0 { stages.join(" · ") } else { total };
            let memory = self.memory.map(|bytes| format!("{:.0} MB", bytes as f64 / 1e6));
            let galley = ui.painter().layout_no_wrap(text.clone(), theme::digits(11.0), theme::WEAK);
            let rest = galley.size().x + 28.0 + if memory.is_some() { 70.0 } else { 0.0 };
            ui.scope(|ui| {
                ui.set_max_width((room - rest).max(60.0));
                ui.add(device).on_hover_text(self.executor);
            });
            ui.label(RichText::new(text).font(theme::digits(11.0)).color(theme::WEAK)).on_hover_text(stages.join("\n"));
            if let Some(memory) = memory {
                ui.label(RichText::new(memory).font(theme::digits(11.0)).color(theme::WEAK))
                    .on_hover_text("Weights and working memory");
            }
        } else {
            ui.add(egui::Label::new(RichText::new(self.executor).size(theme::SMALL).color(theme::WEAK)).truncate());
        }
    }
}

fn sentence() -> String {
    let mut letters = NOTICE.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
