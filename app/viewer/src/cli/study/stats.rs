//! Means over seeds, and paired differences with a confidence interval from resampled patches.

use super::judge::Judged;
use fovea_distill::metrics::{balanced_accuracy, confusion, quadratic_kappa};
use fovea_student::random::Draws;
use fovea_student::scores::argmax;
use serde::{Deserialize, Serialize};

/// Resamples of an interval.
const RESAMPLES: usize = 2000;
/// Share of the resamples outside the interval, both ends together.
const OUTSIDE: f64 = 0.05;

/// Mean and deviation over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the sample (n − 1); none for a single value.
    pub sd: Option<f64>,
}

impl Spread {
    /// Of some values; none for none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, sd })
    }
}

/// A difference with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean over the seeds.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Predictions of two runs with one seed on the same patches.
pub struct Pair {
    labels: Vec<usize>,
    ours: Vec<usize>,
    theirs: Vec<usize>,
}

impl Pair {
    /// Of rows in the same order; none when they are of different patches.
    pub fn new(ours: &[Judged], theirs: &[Judged]) -> Option<Self> {
        let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.name == b.name);
        let predicted = |rows: &[Judged]| rows.iter().map(|r| argmax(&r.logits)).collect();
        same.then(|| Self { labels: ours.iter().map(|r| r.label).collect(), ours: predicted(ours), theirs: predicted(theirs) })
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Mean recall.
    BalancedAccuracy,
    /// κ with quadratic weights.
    Kappa,
}

impl Measure {
    fn of(self, labels: &[usize], predictions: &[usize], classes: usize) -> f64 {
        let counts = confusion(labels, predictions, classes);
        match self {
            Self::BalancedAccuracy => balanced_accuracy(&counts),
            Self::Kappa => quadratic_kappa(&counts),
        }
    }
}

/// Ours − theirs, mean over seeds. Both the seeds and the patches are resampled, the patches the same way for both sides of every
/// seed: the interval speaks of other seeds and other patches of the same kind.
pub fn difference(pairs: &[Pair], measure: Measure, classes: usize) -> Option<Difference> {
    let n = pairs.first()?.labels.len();
    if n == 0 || pairs.iter().any(|p| p.labels.len() != n) {
        return None;
    }
    let one = |pair: &Pair, rows: &[usize]| {
        let take = |of: &[usize]| rows.iter().map(|&i| of[i]).collect::<Vec<_>>();
        let labels = take(&pair.labels);
        measure.of(&labels, &take(&pair.ours), classes) - measure.of(&labels, &take(&pair.theirs), classes)
    };
    let mean = |of: &[&Pair], rows: &[usize]| of.iter().map(|p| one(p, rows)).sum::<f64>() / of.len() as f64;
    let every: Vec<usize> = (0..n).collect();
    let all: Vec<&Pair> = pairs.iter().collect();
    let mut draws = Draws::new(n as u64);
    let mut below = |n: usize| ((draws.unit() * n as f64) as usize).min(n - 1);
    let mut seen: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let seeds: Vec<&Pair> = (0..pairs.len()).map(|_| &pairs[below(pairs.len())]).collect();
            let rows: Vec<usize> = (0..n).map(|_| below(n)).collect();
            mean(&seeds, &rows)
        })
        .collect();
    seen.sort_by(f64::total_cmp);
    let at = |share: f64| seen[((seen.len() - 1) as f64 * share).round() as usize];
    Some(Difference { mean: mean(&all, &every), low: at(OUTSIDE / 2.0), high: at(1.0 - OUTSIDE / 2.0) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(right: impl Fn(usize) -> bool) -> Vec<Judged> {
        let row = |i: usize| {
            let label = i % 2;
            let told = if right(i) { label } else { 1 - label };
            let logits = if told == 1 { vec![0.0, 1.0] } else { vec![1.0, 0.0] };
            Judged { name: i.to_string(), label, logits, focus: None }
        };
        (0..400).map(row).collect()
    }

    #[test]
    fn a_clear_difference_excludes_zero_and_none_includes_it() {
        let (good, poor) = (rows(|i| i % 10 != 0), rows(|i| i % 3 != 0));
        let pairs = [Pair::new(&good, &poor).unwrap()];
        let clear = difference(&pairs, Measure::BalancedAccuracy, 2).unwrap();
        assert!(clear.low > 0.0 && clear.low < clear.mean && clear.mean < clear.high, "{clear:?}");
        assert!((clear.mean - (0.9 - 0.665)).abs() < 0.01, "{clear:?}");
        let same = difference(&[Pair::new(&poor, &rows(|i| i % 3 != 1)).unwrap()], Measure::Kappa, 2).unwrap();
        assert!(same.low < 0.0 && same.high > 0.0, "{same:?}");
        assert!(Pair::new(&good, &poor[1..]).is_none());
    }

    #[test]
    fn spreads() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[2.0]), Some(Spread { mean: 2.0, sd: None }));
        assert_eq!(Spread::of(&[1.0, 3.0]), Some(Spread { mean: 2.0, sd: Some(2.0f64.sqrt()) }));
    }
}
