//! What is in the data set, at a glance.

use egui::{Align2, CornerRadius, Rect, Sense, Ui, vec2};

use super::data::Set;
use super::rows::remark;
use crate::app::theme;

/// Most classes that get a bar.
const BARS: usize = 12;

/// One bar per class, and what the reader had to say.
pub fn show(ui: &mut Ui, set: &Set) {
    ui.add_space(2.0);
    let mut text = format!("{}: {} to train, {} to validate", set.origin, set.len(0), set.len(1));
    if set.len(2) > 0 {
        text.push_str(&format!(", {} to test", set.len(2)));
    }
    remark(ui, text);
    let most = set.counts[0].iter().copied().max().unwrap_or(1).max(1);
    for (class, title) in set.classes.iter().enumerate().take(BARS) {
        let count = |part: usize| set.counts[part].get(class).copied().unwrap_or_default();
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::hover());
        let painter = ui.painter();
        painter.text(rect.left_center(), Align2::LEFT_CENTER, title, theme::words(theme::SMALL), theme::TEXT);
        let bar = Rect::from_min_max(rect.left_top() + vec2(64.0, 5.0), rect.right_bottom() - vec2(44.0, 5.0));
        let full = Rect::from_min_size(bar.min, vec2(bar.width() * count(0) as f32 / most as f32, bar.height()));
        painter.rect_filled(bar, CornerRadius::same(2), theme::RAISED);
        painter.rect_filled(full, CornerRadius::same(2), theme::class_color(class));
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, count(0).to_string(), theme::digits(11.0), theme::WEAK);
        response.on_hover_text(format!("{title}: {} to train, {} to validate, {} to test", count(0), count(1), count(2)));
    }
    if set.classes.len() > BARS {
        remark(ui, format!("and {} more classes", set.classes.len() - BARS));
    }
    for note in set.notes.iter().take(4) {
        remark(ui, note);
    }
}
