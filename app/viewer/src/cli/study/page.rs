//! A study's results as one page with plots that stands alone.

use super::plan::Arm;
use super::plot::{self, Curve, Dots};
use super::report::{FOOTNOTE, Report, cells, name};
use super::table::{Group, Row};
use fovea_patch::NOTICE;
use std::fmt::Write;

impl Report {
    /// The page.
    pub fn html(&self) -> String {
        let head: String = self.head().iter().map(|h| format!("<th>{h}</th>")).collect();
        let body: String = self.rows.iter().map(table_row).collect();
        let notes: String = self.notes.iter().map(|n| format!("<p class=\"note\">Note: {}.</p>", plot::escape(n))).collect();
        let plan = toml::to_string(&self.plan).unwrap_or_default();
        let [train, validation, test] = self.patches;
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>Fovea study</title><style>{STYLE}</style><main><h1>Distillation study</h1>\
             <p class=\"lead\">{train} training, {validation} validation and {test} test patches; classes {classes}. {drawn}</p>\
             <h2>Results</h2><div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\
             <p class=\"note\">{FOOTNOTE}</p>{notes}\
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
