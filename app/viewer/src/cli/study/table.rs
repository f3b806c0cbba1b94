//! From judged test patches to the rows of the study's table.

use super::judge::{Focus, Judged, Tested, focus, metrics};
use super::plan::{Arm, Plan};
use super::stage::Outcome;
use super::stats::{Difference, Measure, Pair, Spread, difference};
use crate::analysis::Rung;
use serde::{Deserialize, Serialize};

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// At full magnification.
    Teacher,
    /// At a lower one.
    Student {
        /// Reduction.
        factor: usize,
        /// What it was told.
        arm: Arm,
    },
}

/// One training's test patches.
pub struct Result {
    /// Who.
    pub group: Group,
    /// Seed.
    pub seed: u64,
    /// Validation κ by epoch.
    pub kappas: Vec<f64>,
    /// Test patches.
    pub rows: Vec<Judged>,
    /// Whether its files say which data set they are about.
    pub known: bool,
    /// Masks of test patches that were not used.
    pub unused_masks: usize,
}

impl Result {
    /// Of a finished training.
    pub fn new(group: Group, seed: u64, outcome: Outcome, tested: Tested) -> Self {
        let known = outcome.origin.data.is_some() && tested.origin.data.is_some();
        Self { group, seed, kappas: outcome.kappas, rows: tested.rows, known, unused_masks: tested.unused_masks }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub group: Group,
    /// `10×`, `2.5×`, …; without a scale the Teacher's grid counts as 10×.
    pub magnification: String,
    /// Seeds that are finished.
    pub seeds: usize,
    /// Of how many.
    pub of: usize,
    /// Balanced accuracy of every seed.
    pub balanced_accuracies: Vec<f64>,
    /// κ of every seed.
    pub kappas: Vec<f64>,
    /// Mean and deviation of the balanced accuracy.
    pub balanced_accuracy: Option<Spread>,
    /// Mean and deviation of κ.
    pub kappa: Option<Spread>,
    /// Balanced accuracy minus that of the Student without a Teacher, same seeds.
    pub gain: Option<Difference>,
    /// κ minus that of the Student without a Teacher, same seeds.
    pub kappa_gain: Option<Difference>,
    /// Attention in the focus, mean over seeds.
    pub focus: Option<Focus>,
}

impl Row {
    /// Name of the training.
    pub fn label(&self) -> &'static str {
        match self.group {
            Group::Teacher => "Teacher",
            Group::Student { arm, .. } => arm.label(),
        }
    }
}

/// The table, in the plan's order; arms without a finished seed have empty rows.
pub fn rows(plan: &Plan, classes: usize, results: &[Result]) -> Vec<Row> {
    let students = plan.scales.iter().flat_map(|s| s.arms.iter().map(|&arm| Group::Student { factor: s.factor, arm }));
    let one = |group| row(plan, group, classes, results);
    std::iter::once(Group::Teacher).chain(students).map(one).collect()
}

fn row(plan: &Plan, group: Group, classes: usize, results: &[Result]) -> Row {
    let (factor, of) = match group {
        Group::Teacher => (1, 1),
        Group::Student { factor, .. } => (factor, plan.seeds.len()),
    };
    let own: Vec<&Result> = results.iter().filter(|r| r.group == group).collect();
    let all: Vec<_> = own.iter().map(|r| metrics(r.rows.iter(), classes)).collect();
    let balanced_accuracies: Vec<f64> = all.iter().map(|m| m.balanced_accuracy).collect();
    let kappas: Vec<f64> = all.iter().map(|m| m.kappa).collect();
    let pairs = pairs(group, &own, results);
    let focuses: Vec<Focus> = own.iter().filter_map(|r| focus(&r.rows)).collect();
    let mean = |of: fn(&Focus) -> f64| focuses.iter().map(of).sum::<f64>() / focuses.len() as f64;
    Row {
        group,
        magnification: Rung::label_at(factor, plan.um_per_px),
        seeds: own.len(),
        of,
        balanced_accuracy: Spread::of(&balanced_accuracies),
        kappa: Spread::of(&kappas),
        balanced_accuracies,
        kappas,
        gain: difference(&pairs, Measure::BalancedAccuracy, classes),
        kappa_gain: difference(&pairs, Measure::Kappa, classes),
        focus: (!focuses.is_empty()).then(|| Focus { inside: mean(|f| f.inside), area: mean(|f| f.area) }),
    }
}

/// Each run beside the one without a Teacher at its magnification and seed.
fn pairs(group: Group, own: &[&Result], results: &[Result]) -> Vec<Pair> {
    let Group::Student { factor, arm } = group else { return vec![] };
    if arm == Arm::None {
        return vec![];
    }
    let plain = Group::Student { factor, arm: Arm::None };
    let partner = |r: &&Result| results.iter().find(|p| p.group == plain && p.seed == r.seed);
    own.iter().filter_map(|r| Pair::new(&r.rows, &partner(r)?.rows)).collect()
}
