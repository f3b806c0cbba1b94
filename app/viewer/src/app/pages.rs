//! The switch between the window's pages.

use egui::{Button, Ui, vec2};

use super::actions::{Action, Actions};
use super::state::Page;
use super::theme;

/// Which page is shown, and whether a Student trains.
#[derive(Clone, Copy)]
pub struct Pages {
    /// The page.
    pub shown: Page,
    /// A run is under way.
    pub training: bool,
}

impl Pages {
    /// Lays the switch out.
    pub fn show(self, ui: &mut Ui, actions: &mut Actions) {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (page, text, help) in [
            (Page::Analyse, "Analyse", "Patches, grades, and where the model looks (D)"),
            (Page::Distil, "Distil", "Train a Student by distillation (D)"),
        ] {
            let chosen = page == self.shown;
            let response = ui.add(Button::new(text).selected(chosen).frame_when_inactive(false)).on_hover_text(help);
            if page == Page::Distil && self.training {
                // Training goes on whichever page is shown.
                ui.painter().circle_filled(response.rect.right_top() + vec2(-4.0, 4.0), 3.0, theme::ACCENT);
            }
            if response.clicked() && !chosen {
                actions.push(Action::Page(page));
            }
        }
        ui.spacing_mut().item_spacing.x = 8.0;
    }
}
