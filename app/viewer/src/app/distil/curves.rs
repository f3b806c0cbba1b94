//! The run's curves: loss per term over the steps, balanced accuracy and κ over the epochs.

use egui::{Color32, RichText, Ui, Vec2b};
use egui_plot::{AxisHints, Corner, HoverPosition, Legend, Line, LineStyle, MarkerShape, Plot, PlotPoints, Points};
use fovea_distill::History;

use super::run::Run;
use crate::app::theme;

/// Most points of a curve: about one a pixel. More steps are drawn as means of neighbours.
const MOST_POINTS: usize = 400;

/// What the loss curves show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Each term as it is.
    #[default]
    Raw,
    /// Each term times its weight: what it adds to the total.
    Weighted,
}

/// Colour of a term's curve; the total is the text's own.
pub fn colour(term: &str) -> Color32 {
    const EACH: [(&str, [u8; 3]); 5] = [
        ("ce", [108, 166, 250]),
        ("kd", [240, 190, 96]),
        ("fm", [102, 187, 130]),
        ("sr", [170, 130, 230]),
        ("at", [240, 128, 100]),
    ];
    let family = term.split('.').next().unwrap_or(term);
    let [r, g, b] = EACH.iter().find(|(name, _)| *name == family).map_or([160; 3], |(_, c)| *c);
    Color32::from_rgb(r, g, b)
}

/// What people call a term.
pub fn label(term: &str) -> String {
    match term.split_once('.') {
        Some((name, index)) => format!("{} {}", name.to_uppercase(), index.parse::<usize>().map_or(0, |i| i + 1)),
        None => term.to_uppercase(),
    }
}

/// A curve; x in epochs.
#[derive(Clone, Debug)]
pub struct Curve {
    label: String,
    colour: Color32,
    points: Vec<[f64; 2]>,
}

/// One curve per term, and the total where it is shown on the terms' own scale.
pub fn losses(history: &History, steps: usize, weights: &[(String, f64)], scale: Scale) -> Vec<Curve> {
    let Some(first) = history.steps.first() else { return vec![] };
    let x = |i: usize| history.steps.get(i).map_or(0.0, |s| s.epoch as f64 + (s.step + 1) as f64 / steps.max(1) as f64);
    let mut curves: Vec<Curve> = vec![];
    for (place, (name, _)) in first.losses.terms.iter().enumerate() {
        let factor = match scale {
            Scale::Raw => 1.0,
            Scale::Weighted => weights.iter().find(|(n, _)| n == name).map_or(1.0, |(_, w)| *w),
        };
        let y = |i: usize| history.steps[i].losses.terms.get(place).map_or(0.0, |(_, v)| v * factor);
        curves.push(Curve { label: label(name), colour: colour(name), points: thinned(history.steps.len(), x, y) });
    }
    if scale == Scale::Weighted {
        let points = thinned(history.steps.len(), x, |i| history.steps[i].losses.total);
        curves.push(Curve { label: "Total".into(), colour: theme::TEXT, points });
    }
    curves
}

/// Means of neighbours, so that at most [`MOST_POINTS`] are left.
fn thinned(len: usize, x: impl Fn(usize) -> f64, y: impl Fn(usize) -> f64) -> Vec<[f64; 2]> {
    let bin = len.div_ceil(MOST_POINTS).max(1);
    let mean = |from: usize| {
        let to = (from + bin).min(len);
        let sum: f64 = (from..to).map(&y).sum();
        [x(to - 1), sum / (to - from) as f64]
    };
    (0..len).step_by(bin).map(mean).collect()
}

/// Lays the loss curves out.
pub fn show_losses(ui: &mut Ui, run: &Run, scale: &mut Scale, height: f32) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Loss").strong());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let text = "Weighted";
            ui.selectable_value(scale, Scale::Weighted, text).on_hover_text("Each term times its weight, and their sum");
            ui.selectable_value(scale, Scale::Raw, "Terms").on_hover_text("Each term as it is");
        });
    });
    let curves = losses(&run.history, run.steps, &run.settings.terms.weights(), *scale);
    let epochs = run.settings.epochs as f64;
    plot("losses", height, Corner::RightTop).include_x(0.0).include_x(seen(run, epochs)).show(ui, |ui| {
        for Curve { label, colour, points } in curves {
            // A line of one point cannot be seen.
            if points.len() == 1 {
                ui.points(Points::new(label.clone(), points.clone()).color(colour).radius(3.0));
            }
            ui.line(Line::new(label, PlotPoints::from(points)).color(colour).width(1.6));
        }
    });
}

/// The x axis grows with the run at first, so that the first epochs are not a sliver.
fn seen(run: &Run, epochs: f64) -> f64 {
    let now = run.epoch as f64 + run.step as f64 / run.steps.max(1) as f64;
    (now * 1.25).max(1.0).min(epochs.max(1.0))
}

/// Lays the validation curves out.
pub fn show_validation(ui: &mut Ui, run: &Run, height: f32) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Validation").strong());
        if let Some(best) = run.best_epoch() {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.label(theme::caption(format!("kept: epoch {}", best.epoch + 1)))
                    .on_hover_text("The weights of this epoch are the Student: κ rose there last by more than the least gain");
            });
        }
    });
    let points = |value: fn(&fovea_distill::Metrics) -> f64| -> Vec<[f64; 2]> {
        run.history.epochs.iter().map(|e| [(e.epoch + 1) as f64, value(&e.validation)]).collect()
    };
    let curves = [
        ("Balanced accuracy", theme::ACCENT, points(|m| m.balanced_accuracy)),
        ("Quadratic κ", Color32::from_rgb(102, 187, 130), points(|m| m.kappa)),
    ];
    let kept = run.best_epoch().map(|e| (e.epoch + 1) as f64);
    let plot = plot("validation", height, Corner::LeftTop).include_y(0.0).include_y(1.0).include_x(0.0);
    plot.include_x(seen(run, run.settings.epochs as f64)).show(ui, |ui| {
        if let Some(kept) = kept {
            let line = egui_plot::VLine::new("", kept).color(theme::WEAK.gamma_multiply(0.5)).style(LineStyle::dashed_loose());
            ui.vline(line.allow_hover(false));
        }
        for (name, colour, points) in curves {
            let dots = Points::new(name, points.clone()).color(colour).radius(2.5).shape(MarkerShape::Circle);
            ui.line(Line::new(name, points).color(colour).width(1.6));
            ui.points(dots);
        }
    });
}

/// A plot that only shows: it neither pans nor zooms, so that the page scrolls under the pointer.
fn plot<'a>(name: &'a str, height: f32, legend: Corner) -> Plot<'a> {
    Plot::new(name)
        .height(height)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_crosshair(false)
        .auto_bounds(Vec2b::TRUE)
        .set_margin_fraction(egui::vec2(0.02, 0.06))
        .custom_y_axes(vec![AxisHints::new_y().min_thickness(30.0).label_spacing(egui::Rangef::new(14.0, 26.0))])
        .grid_color(Color32::from_gray(84))
        .grid_spacing(egui::Rangef::new(14.0, 160.0))
        .label_formatter(said)
        .x_axis_formatter(|mark, _| whole(mark.value))
        .legend(
            Legend::default()
                .position(legend)
                .text_style(egui::TextStyle::Small)
                .background_alpha(0.6)
                .follow_insertion_order(true),
        )
}

/// Marks of the epoch axis that lie between epochs stay without a number.
fn whole(value: f64) -> String {
    if (value - value.round()).abs() < 1e-6 { format!("{value:.0}") } else { String::new() }
}

fn said(at: &HoverPosition<'_>) -> Option<String> {
    match at {
        HoverPosition::NearDataPoint { plot_name, position, .. } => {
            Some(format!("{plot_name}\nepoch {:.2}\n{:.4}", position.x, position.y))
        }
        HoverPosition::Elsewhere { .. } => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use fovea_distill::{Losses, StepRecord};

    #[test]
    fn curves_are_thinned_to_means_and_weighted() {
        let record = |i: usize| StepRecord {
            epoch: i / 1000,
            step: i % 1000,
            losses: Losses { terms: vec![("ce".into(), 1.0), ("at.1".into(), i as f64)], total: 1.0 + 10.0 * i as f64 },
            gradient_norm: 0.0,
        };
        let history = History { steps: (0..2000).map(record).collect(), ..History::default() };
        let weights = [("ce".to_string(), 1.0), ("at.1".to_string(), 10.0)];
        let raw = losses(&history, 1000, &weights, Scale::Raw);
        assert_eq!(raw.iter().map(|c| c.label.as_str()).collect::<Vec<_>>(), ["CE", "AT 2"]);
        assert_eq!(raw[1].points.len(), 400);
        assert_eq!(raw[1].points[0], [0.005, 2.0], "the mean of the first five, at the last of them");
        assert_eq!(raw[1].points.last().unwrap()[0], 2.0);
        let weighted = losses(&history, 1000, &weights, Scale::Weighted);
        assert_eq!((weighted.len(), weighted[1].points[0][1], weighted[2].points[0][1]), (3, 20.0, 21.0));
        assert!(losses(&History::default(), 3, &weights, Scale::Raw).is_empty());
    }

    #[test]
    fn terms_have_their_own_colours() {
        let all: std::collections::HashSet<_> = ["ce", "kd", "fm", "sr", "at"].iter().map(|t| colour(t)).collect();
        assert_eq!((all.len(), colour("at.3")), (5, colour("at")));
        assert_eq!((label("at"), label("at.1")), ("AT".into(), "AT 2".into()));
    }
}
