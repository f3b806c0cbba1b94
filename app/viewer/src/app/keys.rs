//! The keyboard. Nothing here acts while text is being typed.

use egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::actions::{Action, Actions};
use super::state::{Display, Page};

const OPEN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);
const EXPORT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::E);

const DIGITS: [Key; 9] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// Reads the key that changes pages.
pub fn pages(ctx: &Context, shown: Page, actions: &mut Actions) {
    if !ctx.text_edit_focused() && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::D)) {
        actions.push(Action::Page(shown.other()));
    }
}

/// Reads the key that puts messages away, on every page.
pub fn dismiss(ctx: &Context, actions: &mut Actions) {
    if !ctx.text_edit_focused() && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
        actions.push(Action::DismissAll);
    }
}

/// Reads this frame's keys.
pub fn read(ctx: &Context, display: &mut Display, classes: usize, actions: &mut Actions) {
    ctx.input_mut(|i| {
        if i.consume_shortcut(&OPEN) {
            actions.push(Action::OpenFiles);
        }
        if i.consume_shortcut(&EXPORT) {
            actions.push(Action::AskExport);
        }
    });
    if ctx.text_edit_focused() {
        return;
    }
    // A focused slider or list keeps its arrows.
    let arrows = ctx.memory(|m| m.focused().is_none());
    ctx.input_mut(|i| {
        let mut pressed = |key| i.consume_key(Modifiers::NONE, key);
        if pressed(Key::H) {
            display.heatmap = !display.heatmap;
        }
        if pressed(Key::C) {
            display.contour = !display.contour;
        }
        if pressed(Key::L) {
            display.ladder = !display.ladder;
        }
        if pressed(Key::M) {
            display.compare = !display.compare;
        }
        if pressed(Key::N) {
            display.network = !display.network;
        }
        if pressed(Key::F) {
            actions.push(Action::Fit);
        }
        if pressed(Key::OpenBracket) {
            display.opacity = (display.opacity - 0.1).max(0.0);
        }
        if pressed(Key::CloseBracket) {
            display.opacity = (display.opacity + 0.1).min(1.0);
        }
        if pressed(Key::Num0) {
            actions.push(Action::Class(None));
        }
        for (class, key) in DIGITS.into_iter().enumerate().take(classes) {
            if pressed(key) {
                actions.push(Action::Class(Some(class)));
            }
        }
        if arrows {
            for (key, step) in [(Key::ArrowDown, 1), (Key::ArrowRight, 1), (Key::ArrowUp, -1), (Key::ArrowLeft, -1)] {
                if pressed(key) {
                    actions.push(Action::Step(step));
                }
            }
        }
    });
}
