//! A study's results for people: a table in Markdown, and one page with plots that stands alone.

use super::plan::{Arm, Plan, Weight};
use super::plot::{self, Curve, Dots};
use super::table::{Group, Result, Row, rows};
use fovea_distill::data::Splits;
use fovea_patch::NOTICE;
use serde::Serialize;
use std::fmt::Write;

/// What a study found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    plan: Plan,
    classes: Vec<String>,
    /// Patches: training, validation, test.
    patches: [usize; 3],
    weights: Vec<Weight>,
    rows: Vec<Row>,
    /// Mean validation κ by epoch of each row, over the seeds that reached it.
    curves: Vec<(String, Vec<f64>)>,
}

impl Report {
    /// Of finished trainings.
    pub fn new(plan: &Plan, splits: &Splits, weights: &[Weight], results: Vec<Result>) -> Self {
        let rows = rows(plan, splits.classes.len(), &results);
        let curves = rows.iter().map(|row| (name(row), mean_curve(row.group, &results))).filter(|(_, c)| !c.is_empty());
        Self {
            plan: plan.clone(),
            classes: splits.classes.clone(),
            patches: [splits.train.len(), splits.validation.len(), splits.test.len()],
            weights: weights.to_vec(),
            curves: curves.collect(),
            rows,
        }
    }

    fn weights_line(&self) -> String {
        let one = |w: &Weight| format!("{} {}", w.arm.label(), w.weight);
        let text = self.weights.iter().map(one).collect::<Vec<_>>().join(", ");
        if text.is_empty() { "not chosen yet".into() } else { text }
    }

    fn head(&self) -> [&'static str; 8] {
        [
            "training",
            "magnification",
            "seeds",
            "balanced accuracy",
            "κ (quadratic)",
            "Δ balanced accuracy",
            "Δ κ",
            "attention in focus",
        ]
    }

    /// The table.
    pub fn markdown(&self) -> String {
        let [train, validation, test] = self.patches;
        let mut out =
            format!("{train} training, {validation} validation and {test} test patches; classes {}.\n", self.classes.join(", "));
        let _ = writeln!(out, "Weights chosen on validation: {}.\n", self.weights_line());
        let _ = writeln!(out, "| {} |", self.head().join(" | "));
        let _ = writeln!(out, "|{}", "---|".repeat(self.head().len()));
        for row in &self.rows {
            let _ = writeln!(out, "| {} |", cells(row).join(" | "));
        }
        out.push_str(
            "\nMean ± standard deviation over seeds. Δ: difference from the Student without a Teacher at the same magnification and seed, \
             with the 95 % interval of a paired bootstrap over seeds and patches. Attention in focus: share of the true class's AT+ map \
             inside the drawn focus / the focus's share of the area, where the set has masks.\n",
        );
        out
    }

    /// The page.
    pub fn html(&self) -> String {
        let head: String = self.head().iter().map(|h| format!("<th>{h}</th>")).collect();
        let body: String = self.rows.iter().map(table_row).collect();
        let plan = toml::to_string(&self.plan).unwrap_or_default();
        let [train, validation, test] = self.patches;
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>Fovea study</title><style>{STYLE}</style><main><h1>Distillation study</h1>\
             <p class=\"lead\">{train} training, {validation} validation and {test} test patches; classes {classes}. {drawn}</p>\
             <h2>Results</h2><div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\
             <p class=\"note\">Mean ± standard deviation over seeds. Δ: difference from the Student without a Teacher at the same \
             magnification and seed, with the 95 % interval of a paired bootstrap over seeds and patches. Attention in focus: share of the \
             true class's AT+ map inside the focus / the focus's share of the area. Rows without numbers are not finished.</p>\
             <p class=\"note\">Weights chosen on validation: {weights}.</p>{plots}\
             <h2>Plan</h2><pre>{plan}</pre><footer>fovea {version} · {NOTICE}</footer></main></html>",
            classes = plot::escape(&self.classes.join(", ")),
            drawn = if self.plan.synthetic { "The patches are drawings, not tissue." } else { "" },
            weights = plot::escape(&self.weights_line()),
            plots = self.plots(),
            plan = plot::escape(&plan),
            version = env!("CARGO_PKG_VERSION"),
        )
    }

    fn plots(&self) -> String {
        let done = || self.rows.iter().filter(|r| r.seeds > 0);
        let of = |values: fn(&Row) -> Vec<f64>, interval: fn(&Row) -> Option<(f64, f64)>| -> Vec<Dots> {
            done().map(|r| Dots { label: name(r), values: values(r), interval: interval(r) }).collect()
        };
        let kappa = of(|r| r.kappas.clone(), |_| None);
        let gain: Vec<Dots> = of(|r| r.kappa_gain.iter().map(|d| d.mean).collect(), |r| r.kappa_gain.map(|d| (d.low, d.high)))
            .into_iter()
            .filter(|d| d.interval.is_some())
            .collect();
        let focus = of(|r| r.focus.iter().map(|f| f.inside / f.area).collect(), |_| None);
        let focus: Vec<Dots> = focus.into_iter().filter(|d| !d.values.is_empty()).collect();
        let curves: Vec<Curve> =
            self.curves.iter().map(|(label, values)| Curve { label: label.clone(), values: values.clone() }).collect();
        let mut out = String::new();
        let mut add = |title: &str, words: &str, picture: String| {
            let _ = write!(out, "<h2>{title}</h2><p class=\"note\">{words}</p><figure>{picture}</figure>");
        };
        add("κ on the test patches", "A dot per seed, a bar for the mean.", plot::dots("κ", &kappa, None));
        if !gain.is_empty() {
            add("Gain in κ", "Against the Student without a Teacher; 95 % interval.", plot::dots("Gain in κ", &gain, Some(0.0)));
        }
        if !focus.is_empty() {
            let words = "Attention inside the focus over the focus's share of the area; 1 is no preference.";
            add("Attention in the focus", words, plot::dots("Attention in the focus", &focus, Some(1.0)));
        }
        add("Validation κ by epoch", "Mean over the seeds.", plot::curves("Validation κ by epoch", &curves));
        out
    }
}

fn name(row: &Row) -> String {
    format!("{} {}", row.label(), row.magnification())
}

fn mean_curve(group: Group, results: &[Result]) -> Vec<f64> {
    let own: Vec<&Result> = results.iter().filter(|r| r.group == group).collect();
    let longest = own.iter().map(|r| r.kappas.len()).max().unwrap_or(0);
    let at = |epoch: usize| {
        let values: Vec<f64> = own.iter().filter_map(|r| r.kappas.get(epoch).copied()).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    };
    (0..longest).map(at).collect()
}

/// A row's cells; a dash for what is not there.
fn cells(row: &Row) -> [String; 8] {
    let dash = || "–".to_string();
    let spread = |s: &Option<super::stats::Spread>| match s {
        Some(s) => s.sd.map_or_else(|| format!("{:.3}", s.mean), |sd| format!("{:.3} ± {sd:.3}", s.mean)),
        None => dash(),
    };
    let difference =
        |d: &Option<super::stats::Difference>| d.map_or_else(dash, |d| format!("{:+.3} [{:+.3}, {:+.3}]", d.mean, d.low, d.high));
    [
        row.label().into(),
        row.magnification(),
        format!("{}/{}", row.seeds, row.of),
        spread(&row.balanced_accuracy),
        spread(&row.kappa),
        difference(&row.gain),
        difference(&row.kappa_gain),
        row.focus.map_or_else(dash, |f| format!("{:.3} / {:.3}", f.inside, f.area)),
    ]
}

fn table_row(row: &Row) -> String {
    let plain = matches!(row.group, Group::Teacher | Group::Student { arm: Arm::None, .. });
    let cells: String = cells(row).iter().map(|c| format!("<td>{}</td>", plot::escape(c))).collect();
    format!("<tr class=\"{}\">{cells}</tr>", if plain { "plain" } else { "told" })
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--weak:#5a6370;--line:#d8dde3;--paper:#fff;--accent:#0072b2}\
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--weak:#a0a8b2;--line:#3a414a;--paper:#15181c;--accent:#56b4e9}}\
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,sans-serif}\
main{max-width:960px;margin:0 auto;padding:40px 24px}h1{font-size:26px;margin:0 0 8px}h2{font-size:18px;margin:36px 0 8px}\
.lead,.note,footer{color:var(--weak)}.note{font-size:13px}.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}\
th{text-align:left;font-weight:600;color:var(--weak);vertical-align:bottom}th,td{padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}\
td{white-space:nowrap}tr.plain td{font-weight:600}figure{margin:0}svg{width:100%;height:auto;font:12px system-ui,sans-serif}\
svg text{fill:var(--ink)}svg .tick{fill:var(--weak);font-size:11px}.grid{stroke:var(--line)}.zero{stroke:var(--weak);stroke-dasharray:4 3}\
.bar{stroke:var(--accent);stroke-width:5;opacity:.35}.dot{fill:var(--accent)}.mean{stroke:var(--ink);stroke-width:2}\
pre{background:color-mix(in srgb,var(--line) 35%,transparent);padding:14px;border-radius:6px;overflow-x:auto;font-size:12px}\
footer{margin-top:40px;font-size:12px}";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::judge::Judged;
    use super::super::plan::Preset;
    use super::*;

    fn result(group: Group, seed: u64, right: usize) -> Result {
        let row = |i: usize| {
            let label = i % 2;
            let told = if i < right { label } else { 1 - label };
            let logits = if told == 1 { vec![0.0, 1.0] } else { vec![1.0, 0.0] };
            Judged { name: i.to_string(), label, logits, focus: None }
        };
        Result { group, seed, kappas: vec![0.1, 0.5], rows: (0..100).map(row).collect() }
    }

    #[test]
    fn unfinished_rows_are_shown_as_such_and_finished_ones_have_numbers() {
        let plan = Preset::Smoke.plan();
        let splits = Splits { classes: vec!["a".into(), "<b>".into()], ..Splits::default() };
        let plain = Group::Student { factor: 2, arm: Arm::None };
        let told = Group::Student { factor: 2, arm: Arm::AtPlus };
        let results = vec![
            result(Group::Teacher, 0, 95),
            result(plain, 1, 70),
            result(told, 1, 80),
            result(plain, 2, 72),
            result(told, 2, 82),
        ];
        let report = Report::new(&plan, &splits, &[], results);
        let table = report.markdown();
        let line = |start: &str| table.lines().find(|l| l.starts_with(start)).unwrap().to_string();
        assert!(line("| Teacher | 10× | 1/1 | 0.950 |").contains("0.900"), "{table}");
        assert!(line("| none | 5× | 2/2 | 0.710 ± 0.014").contains("–"), "{table}");
        assert!(line("| AT+ | 5× | 2/2 | 0.810 ± 0.014").contains("+0.100 ["), "{table}");
        assert!(line("| KD | 5× | 0/2 |").contains("– | –"), "{table}");
        let page = report.html();
        assert!(page.contains("&lt;b&gt;") && !page.contains("<b>") && !page.contains("<script"));
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    }
}
