//! A study's results, and the table of them in Markdown.

use super::plan::{Plan, Weight};
use super::stats::{Difference, Spread};
use super::table::{Group, Result, Row, rows};
use fovea_distill::data::Splits;
use serde::Serialize;
use std::fmt::Write;

/// What a study found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub(super) plan: Plan,
    pub(super) classes: Vec<String>,
    /// Patches: training, validation, test.
    pub(super) patches: [usize; 3],
    weights: Vec<Weight>,
    pub(super) rows: Vec<Row>,
    /// Mean validation κ by epoch of each row, over the seeds that reached it.
    pub(super) curves: Vec<(String, Vec<f64>)>,
    /// What the reader should know.
    pub(super) notes: Vec<String>,
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
            notes: notes(&results),
        }
    }

    /// Whether every training of the plan is in it.
    pub fn finished(&self) -> bool {
        self.rows.iter().all(|row| row.seeds == row.of)
    }

    pub(super) fn weights_line(&self) -> String {
        let one = |w: &Weight| format!("{} {}", w.arm.label(), w.weight);
        let text = self.weights.iter().map(one).collect::<Vec<_>>().join(", ");
        if text.is_empty() { "not chosen yet".into() } else { text }
    }

    pub(super) fn head(&self) -> [&'static str; 8] {
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
        let _ = writeln!(out, "\n{FOOTNOTE}");
        for note in &self.notes {
            let _ = writeln!(out, "\nNote: {note}.");
        }
        out
    }
}

/// What the table's columns mean.
pub(super) const FOOTNOTE: &str = "\
Mean ± standard deviation over seeds. Δ: difference from the Student without a Teacher at the same magnification and seed, with its 95 % \
interval: t distribution with the variance of the seeds' mean and that of a bootstrap over slides, all patches of one together; from a \
single seed the interval covers patches only. Attention in focus: share of the true class's AT+ map inside the focus / the focus's share \
of the area, where the set has masks. Rows without numbers are not finished.";

/// What the numbers do not tell.
fn notes(results: &[Result]) -> Vec<String> {
    let mut notes = vec![];
    let unknown = results.iter().filter(|r| !r.known).count();
    if unknown > 0 {
        notes.push(format!(
            "{unknown} of {} results are an older version's, which did not write down what its data set held; only names and classes of \
             the test patches could be compared",
            results.len()
        ));
    }
    let unused = results.iter().map(|r| r.unused_masks).max().unwrap_or(0);
    if unused > 0 {
        notes.push(format!(
            "the masks of {unused} test patches were not used for the attention in focus: they hold other values than 0 and 255"
        ));
    }
    notes
}

/// For plots.
pub(super) fn name(row: &Row) -> String {
    format!("{} {}", row.label(), row.magnification)
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
pub(super) fn cells(row: &Row) -> [String; 8] {
    let dash = || "–".to_string();
    let spread = |s: &Option<Spread>| match s {
        Some(s) => s.sd.map_or_else(|| format!("{:.3}", s.mean), |sd| format!("{:.3} ± {sd:.3}", s.mean)),
        None => dash(),
    };
    let difference = |d: &Option<Difference>| d.map_or_else(dash, |d| format!("{:+.3} [{:+.3}, {:+.3}]", d.mean, d.low, d.high));
    [
        row.label().into(),
        row.magnification.clone(),
        format!("{}/{}", row.seeds, row.of),
        spread(&row.balanced_accuracy),
        spread(&row.kappa),
        difference(&row.gain),
        difference(&row.kappa_gain),
        row.focus.map_or_else(dash, |f| format!("{:.3} / {:.3}", f.inside, f.area)),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::judge::Judged;
    use super::super::plan::Arm;
    use super::super::preset::Preset;
    use super::*;

    fn result(group: Group, seed: u64, right: usize) -> Result {
        let row = |i: usize| {
            let label = i % 2;
            let told = if i < right { label } else { 1 - label };
            let logits = if told == 1 { vec![0.0, 1.0] } else { vec![1.0, 0.0] };
            Judged { name: i.to_string(), label, logits, focus: None }
        };
        Result { group, seed, kappas: vec![0.1, 0.5], rows: (0..100).map(row).collect(), known: true, unused_masks: 0 }
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
        assert!(!report.finished() && report.notes.is_empty());
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

    #[test]
    fn a_report_is_finished_with_its_last_seed_and_tells_what_numbers_do_not() {
        let mut plan = Preset::Smoke.plan();
        plan.scales[0].arms = vec![Arm::None];
        plan.um_per_px = Some(0.5);
        let splits = Splits { classes: vec!["a".into(), "b".into()], ..Splits::default() };
        let plain = Group::Student { factor: 2, arm: Arm::None };
        let odd = Result { known: false, unused_masks: 7, ..result(plain, 2, 72) };
        let report = Report::new(&plan, &splits, &[], vec![result(Group::Teacher, 0, 95), result(plain, 1, 70), odd]);
        assert!(report.finished());
        let table = report.markdown();
        assert!(table.contains("| Teacher | 20× |") && table.contains("| none | 10× |"), "{table}");
        assert!(table.contains("Note: 1 of 3 results") && table.contains("Note: the masks of 7 test patches"), "{table}");
        assert!(table.contains(FOOTNOTE) && report.html().contains("masks of 7 test patches"));
    }
}
