//! The right side: curves, metrics, confusion matrix and maps of a run, or what to do where there is none.

use egui::{Align2, Color32, CornerRadius, Margin, Rect, RichText, Sense, Ui, pos2, vec2};
use fovea_distill::Metrics;

use super::run::{Run, Stage};
use super::{Distil, Wishes, curves};
use crate::app::theme;

/// Ground of a group of results.
const GROUP: Color32 = theme::PANEL;
/// Height of the plots.
const PLOT: f32 = 176.0;

impl Distil {
    /// Lays the right side out.
    pub(super) fn results(&mut self, ui: &mut Ui, wishes: &mut Wishes) {
        if self.run.is_none() {
            return welcome(ui, self.problems.first());
        }
        self.header(ui, wishes);
        ui.add_space(10.0);
        egui::ScrollArea::vertical().auto_shrink(false).id_salt("distil results").show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 12.0);
            let Some(run) = &self.run else { return };
            let nothing = run.history.steps.is_empty();
            if nothing && !matches!(run.stage, Stage::Running | Stage::Pausing | Stage::Paused) {
                return quiet(ui, &run.stage);
            }
            let wide = ui.available_width() > 760.0;
            let scale = &mut self.scale;
            if wide {
                ui.columns(2, |columns| {
                    if let [left, right] = columns {
                        group(left, |ui| curves::show_losses(ui, run, scale, PLOT));
                        group(right, |ui| curves::show_validation(ui, run, PLOT));
                    }
                });
            } else {
                group(ui, |ui| curves::show_losses(ui, run, scale, PLOT));
                group(ui, |ui| curves::show_validation(ui, run, PLOT));
            }
            if let Some(shown) = run.best_epoch().or(run.history.epochs.last()) {
                group(ui, |ui| metrics(ui, run, shown.epoch, &shown.validation, wide));
            }
            group(ui, |ui| self.strip(ui));
        });
    }
}

fn group(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().fill(GROUP).corner_radius(CornerRadius::same(8)).inner_margin(Margin::same(12)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        content(ui);
    });
    ui.add_space(8.0);
}

/// Before the first run.
fn welcome(ui: &mut Ui, problem: Option<&str>) {
    let rect = ui.available_rect_before_wrap();
    let middle = Align2::CENTER_CENTER.anchor_size(rect.center(), vec2(460.0_f32.min(rect.width()), 300.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| {
        ui.label(RichText::new("Teach a Student where to look").size(22.0).color(Color32::WHITE));
        ui.add_space(8.0);
        let says = "A Student at low magnification learns from labels, and from a Teacher that saw the same patches at high \
                    magnification: its grades, its features, and the attention it paid to every class.";
        ui.add(egui::Label::new(RichText::new(says).color(theme::TEXT)).wrap());
        ui.add_space(14.0);
        for (number, step) in [
            "Choose the Student and the patches on the left. The drawn examples will do for a first try.",
            "Bring the Teacher's exported targets, or its network, and tick the terms it is to teach by.",
            "Start. Curves and attention appear here while it trains; pause or cancel at any step.",
        ]
        .into_iter()
        .enumerate()
        {
            ui.horizontal_top(|ui| {
                ui.label(RichText::new((number + 1).to_string()).strong().color(theme::ACCENT));
                ui.add(egui::Label::new(RichText::new(step).color(theme::TEXT)).wrap());
            });
        }
        ui.add_space(12.0);
        if let Some(problem) = problem {
            ui.add(egui::Label::new(theme::caption(format!("Still to be done: {problem}"))).wrap());
        }
    });
    ui.advance_cursor_after_rect(rect);
}

/// A run without a single step.
fn quiet(ui: &mut Ui, stage: &Stage) {
    let text = match stage {
        Stage::Opening | Stage::Stopping => "Curves appear with the first step.",
        Stage::Failed(_) => "Nothing was trained. The set-up on the left can be changed.",
        _ => "Nothing was trained.",
    };
    ui.add_space(40.0);
    ui.vertical_centered(|ui| ui.label(theme::caption(text)));
}

/// Numbers of the epoch whose weights are kept.
fn metrics(ui: &mut Ui, run: &Run, epoch: usize, metrics: &Metrics, wide: bool) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("Validation after epoch {}", epoch + 1)).strong());
        ui.label(theme::caption(format!("{} patches", metrics.patches)));
    });
    ui.add_space(4.0);
    let (left, right) = (|ui: &mut Ui| numbers(ui, run, metrics), |ui: &mut Ui| confusion(ui, run, metrics));
    if wide {
        ui.horizontal_top(|ui| {
            left(ui);
            ui.add_space(36.0);
            right(ui);
        });
    } else {
        left(ui);
        ui.add_space(10.0);
        right(ui);
    }
}

fn numbers(ui: &mut Ui, run: &Run, metrics: &Metrics) {
    ui.vertical(|ui| {
        ui.set_width(300.0);
        ui.horizontal(|ui| {
            large(ui, "Balanced accuracy", metrics.balanced_accuracy);
            large(ui, "Quadratic κ", metrics.kappa);
            large(ui, "Accuracy", metrics.accuracy);
        });
        ui.add_space(8.0);
        ui.label(theme::caption("Area under the curve, each class against the rest"));
        for (class, auc) in metrics.auc.iter().enumerate() {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
            let name = run.classes.get(class).map_or("?", String::as_str);
            let painter = ui.painter().with_clip_rect(rect);
            painter.text(rect.left_center(), Align2::LEFT_CENTER, name, theme::words(theme::SMALL), theme::TEXT);
            let bar = Rect::from_min_max(rect.left_top() + vec2(64.0, 6.0), rect.right_bottom() - vec2(62.0, 6.0));
            painter.rect_filled(bar, CornerRadius::same(2), theme::BUTTON);
            if let Some(auc) = auc {
                let full = Rect::from_min_size(bar.min, vec2(bar.width() * auc.clamp(0.0, 1.0) as f32, bar.height()));
                painter.rect_filled(full, CornerRadius::same(2), theme::class_color(class));
            }
            let text = auc.map_or("none seen".to_owned(), |a| format!("{a:.3}"));
            painter.text(rect.right_center(), Align2::RIGHT_CENTER, text, theme::digits(11.5), theme::TEXT);
        }
    });
}

fn large(ui: &mut Ui, caption: &str, value: f64) {
    ui.vertical(|ui| {
        ui.set_width(94.0);
        ui.label(theme::caption(caption));
        ui.label(RichText::new(format!("{value:.3}")).font(theme::digits(20.0)).color(Color32::WHITE));
    });
}

/// Rows are true classes, columns predictions; the deeper, the larger the row's share.
fn confusion(ui: &mut Ui, run: &Run, metrics: &Metrics) {
    let classes = metrics.confusion.len();
    if classes == 0 {
        return;
    }
    ui.vertical(|ui| {
        ui.label(theme::caption("Confusion: rows are the true classes, columns the predictions"));
        let cell = (280.0 / classes as f32).clamp(18.0, 32.0);
        let names = 56.0;
        let (area, _) = ui.allocate_exact_size(vec2(names + cell * classes as f32, 18.0 + cell * classes as f32), Sense::hover());
        let name = |class: usize| run.classes.get(class).map_or("?", String::as_str);
        let corner = area.min + vec2(names, 18.0);
        for (row, counts) in metrics.confusion.iter().enumerate() {
            let sum: usize = counts.iter().sum();
            let y = corner.y + row as f32 * cell;
            let left = Rect::from_min_size(pos2(area.left(), y), vec2(names - 6.0, cell));
            let painter = ui.painter().with_clip_rect(left);
            painter.text(left.right_center(), Align2::RIGHT_CENTER, name(row), theme::words(theme::SMALL), theme::TEXT);
            let above = Rect::from_min_size(pos2(corner.x + row as f32 * cell, area.top()), vec2(cell, 16.0));
            ui.painter().with_clip_rect(above).text(
                above.center(),
                Align2::CENTER_CENTER,
                name(row),
                theme::words(theme::SMALL),
                theme::WEAK,
            );
            for (column, count) in counts.iter().enumerate() {
                let rect = Rect::from_min_size(pos2(corner.x + column as f32 * cell, y), vec2(cell, cell)).shrink(1.0);
                let share = *count as f32 / sum.max(1) as f32;
                let fill = if row == column { theme::ACCENT } else { theme::WARN };
                let fill = theme::RAISED.lerp_to_gamma(fill, 0.85 * share);
                ui.painter().rect_filled(rect, CornerRadius::same(3), fill);
                let size = if cell < 26.0 { 9.5 } else { 12.0 };
                ui.painter().text(
                    rect.center(),
                    Align2::CENTER_CENTER,
                    count.to_string(),
                    theme::digits(size),
                    theme::ink_on(fill),
                );
                let response = ui.interact(rect, ui.scope_id().with(("confusion", row, column)), Sense::hover());
                response.on_hover_text(format!("{count} of {sum} {} called {}", name(row), name(column)));
            }
        }
    });
}
