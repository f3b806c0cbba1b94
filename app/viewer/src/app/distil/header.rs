//! The strip above the results: how far the run is, how long it still takes, and what can be done with it.

use egui::{Align, Button, Color32, CornerRadius, Layout, Rect, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use fovea_distill::Ending;

use super::foot::place;
use super::pace::duration;
use super::run::{Run, Stage};
use super::{Distil, Wish, Wishes};
use crate::app::theme;

impl Distil {
    /// Lays the strip out.
    pub(super) fn header(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        let Some(run) = &self.run else { return };
        ui.horizontal(|ui| {
            if matches!(run.stage, Stage::Opening | Stage::Pausing | Stage::Stopping) {
                ui.add(egui::Spinner::new().size(16.0).color(theme::ACCENT));
            }
            ui.label(RichText::new(title(run)).size(17.0).strong().color(Color32::WHITE));
            ui.add(egui::Label::new(RichText::new(detail(run, &self.preparing)).size(12.5).color(theme::WEAK)).truncate());
        });
        bar(ui, run);
        if let Stage::Failed(reason) = &run.stage {
            ui.add(egui::Label::new(RichText::new(reason).color(theme::ERROR)).wrap());
        }
        ui.add_space(2.0);
        ui.horizontal(|ui| self.buttons(ui, wishes));
    }

    fn buttons(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        let Some(run) = &self.run else { return };
        let (alive, resumable) = (self.alive(), self.resumable() && self.same_folder());
        let mut wish = |ui: &mut Ui, button: Button<'_>, name: &str, wish: Wish| {
            let response = ui.add(button);
            self.places.push((name.into(), place(response.rect)));
            if response.clicked() {
                wishes.push(wish);
            }
        };
        match &run.stage {
            Stage::Opening => wish(ui, Button::new("Cancel"), "cancel", Wish::Cancel),
            Stage::Running => {
                wish(ui, Button::new("Pause"), "pause", Wish::Pause);
                wish(ui, Button::new("Cancel"), "cancel", Wish::Cancel);
            }
            Stage::Paused => {
                wish(ui, primary("Resume"), "resume", Wish::Resume);
                wish(ui, Button::new("Cancel"), "cancel", Wish::Cancel);
            }
            Stage::Pausing | Stage::Stopping => drop(ui.label(theme::caption("after the step that is under way"))),
            // What was not the data's or the settings' fault may have been put right meanwhile.
            Stage::Failed(_) if run.opened() && alive => wish(ui, Button::new("Try again"), "go", Wish::Go),
            // Its thread or Worker is gone, what it kept is not.
            Stage::Failed(_) if resumable => wish(ui, Button::new("Resume"), "resume", Wish::Resume),
            Stage::Failed(_) | Stage::Stopped | Stage::Finished(_) => {}
        }
        if let Some((best, _)) = run.best.as_ref().filter(|_| !run.stage.under_way() || run.stage == Stage::Paused) {
            let sealed = self.sealer.done.as_ref().and_then(|done| done.as_ref().ok());
            let student = sealed.map_or_else(|| best.clone(), |s| s.student.clone());
            wish(ui, primary("Use this Student"), "use", Wish::Use(student));
            if let Some(sealed) = sealed {
                let name = format!("{}.safetensors", file_name(&sealed.student.card.name));
                wish(ui, Button::new("Export…"), "export", Wish::Export(name, sealed.bytes.clone()));
            }
            match &self.sealer.done {
                Some(Err(reason)) => drop(ui.label(RichText::new(reason).size(theme::SMALL).color(theme::ERROR))),
                None if self.sealer.busy() => {
                    ui.add(egui::Spinner::new().size(14.0).color(theme::ACCENT));
                    ui.label(theme::caption("measuring its self-check"));
                }
                _ => {}
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            if !run.device.is_empty() {
                ui.label(theme::caption(format!("trains on the {}", run.device)));
            }
        });
    }
}

fn primary(text: &str) -> Button<'_> {
    Button::new(RichText::new(text).color(Color32::from_gray(14)).strong()).fill(theme::ACCENT)
}

fn title(run: &Run) -> &'static str {
    match run.stage {
        Stage::Opening => "Opening the run",
        Stage::Running if run.judging.is_some() => "Validating",
        Stage::Running => "Training",
        Stage::Pausing => "Pausing",
        Stage::Paused => "Paused",
        Stage::Stopping => "Ending",
        Stage::Stopped => "Cancelled",
        Stage::Finished(_) => "Finished",
        Stage::Failed(_) => "The run cannot go on",
    }
}

fn detail(run: &Run, preparing: &str) -> String {
    let epochs = run.settings.epochs;
    let at = || match run.judging {
        Some((done, of)) => format!("epoch {} of {epochs}, patch {done} of {of}", (run.epoch + 1).min(epochs)),
        None => format!("epoch {} of {epochs}, step {} of {}", (run.epoch + 1).min(epochs), run.step, run.steps),
    };
    match &run.stage {
        Stage::Opening => preparing.to_owned(),
        Stage::Running => match run.left() {
            Some(left) => format!("{}   about {} left", at(), duration(left)),
            None => at(),
        },
        Stage::Pausing | Stage::Paused | Stage::Stopping => at(),
        Stage::Stopped => match (&run.best, cfg!(target_arch = "wasm32")) {
            (Some((_, Some(epoch))), _) => format!("the Student of epoch {} is kept; the run can be resumed", epoch + 1),
            (Some(_), _) => "in the first epoch; the Student as it stands is kept".into(),
            (None, _) => "before the first step".into(),
        },
        Stage::Finished(ending) => {
            let why = match ending {
                Ending::Epochs if epochs == 1 => "1 epoch".into(),
                Ending::Epochs => format!("{epochs} epochs"),
                Ending::Patience => "κ did not rise any more".into(),
            };
            let best = run.best_epoch().map(|e| format!(", best in epoch {} with κ {:.3}", e.epoch + 1, e.validation.kappa));
            why + &best.unwrap_or_default()
        }
        Stage::Failed(_) if run.history.epochs.is_empty() => String::new(),
        Stage::Failed(_) => "what was kept so far is unharmed".into(),
    }
}

fn bar(ui: &mut Ui, run: &Run) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 5.0), Sense::hover());
    let share = if matches!(run.stage, Stage::Finished(_)) { 1.0 } else { run.share() as f32 };
    let done = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
    let colour = match run.stage {
        Stage::Failed(_) => theme::ERROR,
        Stage::Paused | Stage::Stopped => theme::WEAK,
        _ => theme::ACCENT,
    };
    ui.painter().rect_filled(rect, CornerRadius::same(2), theme::BUTTON);
    ui.painter().rect_filled(done, CornerRadius::same(2), colour);
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{:.0} % of the run", 100.0 * share)));
}

/// A Student's name as a file's.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|w| !w.is_empty()).collect();
    if words.is_empty() { "student".into() } else { words.join("-").to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_files() {
        assert_eq!(file_name("VGG16, widths ÷ 8"), "vgg16-widths-8");
        assert_eq!(file_name("÷"), "student");
    }
}
