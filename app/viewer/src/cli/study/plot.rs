//! Small pictures for the report, as SVG in the page itself: no script, no font, nothing fetched.

use std::fmt::Write;

/// Width of a plot in px; heights follow from the contents.
const WIDTH: f64 = 720.0;
/// Room on the left for names.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 24.0;
const ROW: f64 = 28.0;
/// Hues that stay apart for most people (Okabe and Ito).
const HUES: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#444444"];

/// A row of a dot plot.
pub struct Dots {
    /// Name.
    pub label: String,
    /// One per seed.
    pub values: Vec<f64>,
    /// Ends of an interval around their mean.
    pub interval: Option<(f64, f64)>,
}

/// A curve.
pub struct Curve {
    /// Name.
    pub label: String,
    /// One value per epoch.
    pub values: Vec<f64>,
}

/// Text for XML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Least and greatest value with a margin.
fn range(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let finite = values.filter(|v| v.is_finite());
    let (lo, hi) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let margin = ((hi - lo) * 0.08).max(0.005);
    (lo - margin, hi + margin)
}

/// Round numbers that cover a range.
fn ticks(lo: f64, hi: f64) -> Vec<f64> {
    let raw = (hi - lo) / 6.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw).unwrap_or(raw);
    let first = (lo / step).ceil() as i64;
    (first..).map(|i| i as f64 * step).take_while(|v| *v <= hi).take(20).collect()
}

fn open(height: f64, title: &str) -> String {
    let title = escape(title);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\" xmlns=\"http://www.w3.org/2000/svg\">\
         <title>{title}</title>"
    )
}

/// One row per name: a dot per seed, a bar for the mean, a line for the interval. `zero` marks that value.
pub fn dots(title: &str, rows: &[Dots], zero: Option<f64>) -> String {
    let height = ROW * rows.len() as f64 + 40.0;
    let values = rows.iter().flat_map(|r| r.values.iter().copied().chain(r.interval.iter().flat_map(|i| [i.0, i.1])));
    let (lo, hi) = range(values.chain(zero));
    let x = |v: f64| LEFT + (v - lo) / (hi - lo) * (WIDTH - LEFT - RIGHT);
    let mut out = open(height, title);
    axis(&mut out, &ticks(lo, hi), &x, height - 26.0);
    if let Some(zero) = zero {
        let at = x(zero);
        let _ = write!(out, "<line class=\"zero\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"4\" y2=\"{:.1}\"/>", height - 26.0);
    }
    for (i, row) in rows.iter().enumerate() {
        let y = ROW * (i as f64 + 0.5) + 4.0;
        let _ =
            write!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 12.0, y + 4.0, escape(&row.label));
        if let Some((low, high)) = row.interval {
            let _ = write!(out, "<line class=\"bar\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", x(low), x(high));
        }
        for value in &row.values {
            let _ = write!(out, "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>", x(*value));
        }
        if !row.values.is_empty() {
            let mean = x(row.values.iter().sum::<f64>() / row.values.len() as f64);
            let _ = write!(
                out,
                "<line class=\"mean\" x1=\"{mean:.1}\" x2=\"{mean:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
                y - 9.0,
                y + 9.0
            );
        }
    }
    out + "</svg>"
}

fn axis(out: &mut String, ticks: &[f64], x: &dyn Fn(f64) -> f64, bottom: f64) {
    for tick in ticks {
        let at = x(*tick);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"4\" y2=\"{bottom:.1}\"/>\
             <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 16.0,
            number(*tick)
        );
    }
}

/// A number without needless digits.
fn number(v: f64) -> String {
    let text = format!("{v:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Curves over epochs, with a legend.
pub fn curves(title: &str, curves: &[Curve]) -> String {
    const TOP: f64 = 8.0;
    const BOTTOM: f64 = 236.0;
    let legend = 20.0 * curves.len().div_ceil(4) as f64;
    let longest = curves.iter().map(|c| c.values.len()).max().unwrap_or(0).max(2);
    let (lo, hi) = range(curves.iter().flat_map(|c| c.values.iter().copied()));
    let x = |epoch: f64| 56.0 + (epoch - 1.0) / (longest as f64 - 1.0) * (WIDTH - 56.0 - RIGHT);
    let y = |v: f64| BOTTOM - (v - lo) / (hi - lo) * (BOTTOM - TOP);
    let mut out = open(BOTTOM + 30.0 + legend, title);
    for tick in ticks(lo, hi) {
        let at = y(tick);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"56\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"tick\" x=\"48\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            at + 4.0,
            number(tick)
        );
    }
    let every = longest.div_ceil(10);
    for epoch in (1..=longest).filter(|e| (e - 1).is_multiple_of(every)) {
        let at = x(epoch as f64);
        let _ =
            write!(out, "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{epoch}</text>", BOTTOM + 16.0);
    }
    for (i, curve) in curves.iter().enumerate() {
        let hue = HUES[i % HUES.len()];
        let points: Vec<String> =
            curve.values.iter().enumerate().map(|(e, v)| format!("{:.1},{:.1}", x(e as f64 + 1.0), y(*v))).collect();
        let (lx, ly) = (60.0 + 165.0 * (i % 4) as f64, BOTTOM + 36.0 + 20.0 * (i / 4) as f64);
        let _ = write!(
            out,
            "<polyline fill=\"none\" stroke=\"{hue}\" stroke-width=\"1.8\" points=\"{}\"/>\
             <rect x=\"{lx:.1}\" y=\"{:.1}\" width=\"14\" height=\"4\" fill=\"{hue}\"/>\
             <text x=\"{:.1}\" y=\"{ly:.1}\">{}</text>",
            points.join(" "),
            ly - 6.0,
            lx + 20.0,
            escape(&curve.label)
        );
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 1.0).iter().map(|v| number(*v)).collect::<Vec<_>>(), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert!(ticks(-0.013, 0.021).iter().all(|v| (-0.013..=0.021).contains(v)));
    }

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let row = Dots { label: "</svg><script>".into(), values: vec![0.5], interval: None };
        let made = dots("a \"title\"", &[row], Some(0.0));
        assert!(!made.contains("<script>") && made.matches("</svg>").count() == 1);
        assert!(curves("none", &[]).ends_with("</svg>"), "nothing to show is no panic");
    }
}
