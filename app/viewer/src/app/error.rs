//! Problems, each with its file and reason, until they are dismissed. The rest of the work goes on beside them.

use egui::{Color32, Margin, RichText, Ui};

use super::actions::{Action, Actions};
use super::state::Problems;
use super::theme;

/// Height in rows before the list scrolls.
const ROWS: usize = 4;

/// The list over the canvas; nothing where there are no problems.
pub fn show(ui: &mut Ui, problems: &Problems, actions: &mut Actions) {
    if problems.is_empty() {
        return;
    }
    let frame = egui::Frame::new().fill(Color32::from_rgb(58, 38, 37)).inner_margin(Margin::symmetric(14, 8));
    egui::Panel::top("problems").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(heading(problems)).strong().color(theme::ERROR));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.small_button("Dismiss all").on_hover_text("Esc").clicked() {
                    actions.push(Action::DismissAll);
                }
            });
        });
        let height = 26.0 * problems.len().min(ROWS) as f32;
        egui::ScrollArea::vertical().max_height(height).auto_shrink([false, true]).stick_to_bottom(true).show(ui, |ui| {
            problems.iter().enumerate().for_each(|(i, p)| row(ui, i, &p.subject, &p.reason, actions));
        });
    });
}

fn heading(problems: &Problems) -> String {
    let count = problems.len() + problems.forgotten;
    match count {
        1 => "1 problem; everything else goes on".into(),
        n if problems.forgotten > 0 => format!("{n} problems, the last {} are listed; everything else goes on", problems.len()),
        n => format!("{n} problems; everything else goes on"),
    }
}

fn row(ui: &mut Ui, index: usize, subject: &str, reason: &str, actions: &mut Actions) {
    ui.horizontal(|ui| {
        let close = ui.add(egui::Button::new("×").small().frame(false)).on_hover_text(format!("Dismiss {subject}"));
        if close.clicked() {
            actions.push(Action::Dismiss(index));
        }
        ui.label(RichText::new(subject).strong());
        let text = without_name(reason, subject);
        ui.add(egui::Label::new(text).truncate().show_tooltip_when_elided(true));
    });
}

/// A message without the file name at its end, where that stands beside it already.
pub fn without_name<'a>(reason: &'a str, name: &str) -> &'a str {
    let short = reason.strip_suffix(name).or_else(|| reason.strip_suffix(&format!("({name})")));
    short.map_or(reason, |r| r.trim_end_matches([' ', ':', '(']))
}
