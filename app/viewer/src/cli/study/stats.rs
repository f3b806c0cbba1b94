//! Means over seeds, and paired differences with a confidence interval that knows of both seeds and patches.

use super::judge::Judged;
use fovea_distill::data::slide;
use fovea_distill::metrics::{balanced_accuracy, confusion, quadratic_kappa};
use fovea_student::random::Draws;
use fovea_student::scores::argmax;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Resamples of an interval.
const RESAMPLES: usize = 2000;
/// 97.5 % quantile of the normal distribution.
const NORMAL: f64 = 1.96;
/// 97.5 % quantiles of Student's t, by degrees of freedom from 1.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110,
    2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

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

/// A difference with its 95 % interval. From a single seed the interval speaks of other patches only.
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
    /// Rows of each slide.
    slides: Vec<Vec<usize>>,
    labels: Vec<usize>,
    ours: Vec<usize>,
    theirs: Vec<usize>,
}

impl Pair {
    /// Of rows in the same order; none when they are of different patches.
    pub fn new(ours: &[Judged], theirs: &[Judged]) -> Option<Self> {
        let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.name == b.name);
        let predicted = |rows: &[Judged]| rows.iter().map(|r| argmax(&r.logits)).collect();
        same.then(|| Self {
            slides: slides(ours),
            labels: ours.iter().map(|r| r.label).collect(),
            ours: predicted(ours),
            theirs: predicted(theirs),
        })
    }

    /// Ours − theirs on some slides, each as often as it is named.
    fn gain(&self, slides: &[usize], measure: Measure, classes: usize) -> f64 {
        let rows: Vec<usize> = slides.iter().flat_map(|slide| &self.slides[*slide]).copied().collect();
        let take = |of: &[usize]| rows.iter().map(|&i| of[i]).collect::<Vec<_>>();
        let labels = take(&self.labels);
        measure.of(&labels, &take(&self.ours), classes) - measure.of(&labels, &take(&self.theirs), classes)
    }
}

/// Rows by slide; where all are of one slide, each is taken for itself.
fn slides(rows: &[Judged]) -> Vec<Vec<usize>> {
    let mut slides: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        slides.entry(slide(&row.name)).or_default().push(i);
    }
    match slides.len() {
        1 => (0..rows.len()).map(|i| vec![i]).collect(),
        _ => slides.into_values().collect(),
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

/// Ours − theirs, mean over seeds. Its variance is that of the seeds' mean, s²/n, and that of the same mean when the slides are drawn
/// anew, all patches of one together and for both sides and every seed alike; the interval takes Student's t with n − 1 degrees of
/// freedom. A single seed says nothing of others: then the interval is of the slides alone.
pub fn difference(pairs: &[Pair], measure: Measure, classes: usize) -> Option<Difference> {
    let slides = &pairs.first()?.slides;
    let n = slides.len();
    if n == 0 || pairs.iter().any(|p| p.slides != *slides) {
        return None;
    }
    let gains = |slides: &[usize]| pairs.iter().map(|p| p.gain(slides, measure, classes)).collect::<Vec<f64>>();
    let every: Vec<usize> = (0..n).collect();
    let seeds = Spread::of(&gains(&every))?;
    let mut draws = Draws::new(n as u64);
    let mut drawn = || (0..n).map(|_| ((draws.unit() * n as f64) as usize).min(n - 1)).collect::<Vec<usize>>();
    let count = pairs.len() as f64;
    let resampled: Vec<f64> = (0..RESAMPLES).map(|_| gains(&drawn()).iter().sum::<f64>() / count).collect();
    let of_slides = Spread::of(&resampled)?.sd.unwrap_or(0.0).powi(2);
    let of_seeds = seeds.sd.unwrap_or(0.0).powi(2) / count;
    let half = quantile(pairs.len() - 1) * (of_seeds + of_slides).sqrt();
    Some(Difference { mean: seeds.mean, low: seeds.mean - half, high: seeds.mean + half })
}

/// Student's for few degrees of freedom; the normal one for many, and for none.
fn quantile(degrees: usize) -> f64 {
    degrees.checked_sub(1).and_then(|i| STUDENT.get(i)).copied().unwrap_or(NORMAL)
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

    /// Patches of one class, so that balanced accuracy is the share that is right.
    fn one_class(n: usize, name: impl Fn(usize) -> String, right: impl Fn(usize) -> bool) -> Vec<Judged> {
        let logits = |i| if right(i) { vec![1.0, 0.0] } else { vec![0.0, 1.0] };
        (0..n).map(|i| Judged { name: name(i), label: 0, logits: logits(i), focus: None }).collect()
    }

    fn half(pairs: &[Pair]) -> f64 {
        let d = difference(pairs, Measure::BalancedAccuracy, 2).unwrap();
        assert!((d.mean * 2.0 - d.low - d.high).abs() < 1e-9, "{d:?}");
        d.high - d.mean
    }

    #[test]
    fn patches_of_a_slide_are_one_draw() {
        // Half of the slides gain, half do not: the mean of 40 draws has the deviation 0.5 / √40.
        let own = |i: usize| format!("{i}.png");
        let slide = |i: usize| format!("images/S{}_Block_Region_0_xini_{i}_yini_0.png", i / 10);
        let whole = |n, name: &dyn Fn(usize) -> String, gains: &dyn Fn(usize) -> bool| {
            half(&[Pair::new(&one_class(n, name, |_| true), &one_class(n, name, |i| !gains(i))).unwrap()])
        };
        let expected = 1.96 * 0.5 / 40f64.sqrt();
        let alone = whole(40, &own, &|i| i % 2 == 0);
        assert!((alone / expected - 1.0).abs() < 0.08, "{alone}, expected {expected}");
        let together = whole(400, &slide, &|i| i / 10 % 2 == 0);
        assert!((together / expected - 1.0).abs() < 0.08, "{together}, expected {expected}");
        // One slide alone cannot be drawn from: then patches are.
        let single = whole(40, &|i| format!("S_Block_{i}"), &|i| i % 2 == 0);
        assert!((single / expected - 1.0).abs() < 0.08, "{single}, expected {expected}");
    }

    #[test]
    fn without_variance_of_patches_it_is_the_t_interval_of_the_seeds() {
        // Every slide has the same ten patches, so that drawing slides changes nothing.
        let name = |i: usize| format!("S{}_Block_{i}", i / 10);
        let right = |share: usize| one_class(80, name, move |i| i % 10 < share);
        let pair = |ours, theirs| Pair::new(&right(ours), &right(theirs)).unwrap();
        // Gains of 0.1, 0.2 and 0.6: mean 0.3, deviation √0.07.
        let three = [pair(5, 4), pair(6, 4), pair(9, 3)];
        let expected = 4.303 * (0.07f64 / 3.0).sqrt();
        assert!((half(&three) - expected).abs() < 1e-9, "{}, expected {expected}", half(&three));
        assert!((half(&three[..2]) - 12.706 * 0.05).abs() < 1e-9, "{}", half(&three[..2]));
        assert!(half(&three[..1]) < 1e-9);
    }

    #[test]
    fn more_seeds_than_the_table_take_the_normal_quantile() {
        assert_eq!([0, 1, 2, 30, 31].map(quantile), [1.96, 12.706, 4.303, 2.042, 1.96]);
    }

    #[test]
    fn spreads() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[2.0]), Some(Spread { mean: 2.0, sd: None }));
        assert_eq!(Spread::of(&[1.0, 3.0]), Some(Spread { mean: 2.0, sd: Some(2.0f64.sqrt()) }));
    }
}
