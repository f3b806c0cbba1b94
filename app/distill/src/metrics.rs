//! How good a classifier is: confusion matrix, balanced accuracy, quadratically weighted κ, area under the curve per class.

use fovea_student::scores::{argmax, softmax};
use serde::{Deserialize, Serialize};

/// Scores of a set of patches, one row each, in the order they were judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    classes: usize,
    probabilities: Vec<f32>,
    labels: Vec<usize>,
}

/// Summary of [`Scores`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Number of patches.
    pub patches: usize,
    /// Mean recall over the classes that occur, 0 to 1.
    pub balanced_accuracy: f64,
    /// Cohen's κ with quadratic weights, at most 1. Zero where it is not defined (one class, and only that one predicted).
    pub kappa: f64,
    /// Share predicted right, 0 to 1.
    pub accuracy: f64,
    /// `confusion[label][prediction]`.
    pub confusion: Vec<Vec<usize>>,
    /// Area under the receiver's curve of each class against the rest; none where only one side occurs.
    pub auc: Vec<Option<f64>>,
    /// Mean cross entropy.
    pub cross_entropy: f64,
}

impl Scores {
    /// No rows yet.
    pub fn new(classes: usize) -> Self {
        Self { classes, ..Self::default() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Probabilities of all rows, `[n, classes]`.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Class of each row.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Adds rows of logits `[labels.len(), classes]`. Labels at or past the number of classes are left out, as are missing rows.
    pub fn add_logits(&mut self, logits: &[f32], labels: &[usize]) {
        for (row, &label) in logits.chunks_exact(self.classes.max(1)).zip(labels).filter(|(_, l)| **l < self.classes) {
            self.probabilities.extend(softmax(row));
            self.labels.push(label);
        }
    }

    /// The class with the largest probability of each row, the first of equals.
    pub fn predictions(&self) -> Vec<usize> {
        self.probabilities.chunks_exact(self.classes.max(1)).map(argmax).collect()
    }

    /// Summarises the rows.
    pub fn metrics(&self) -> Metrics {
        let confusion = confusion(&self.labels, &self.predictions(), self.classes);
        let right: usize = (0..self.classes).map(|c| confusion[c][c]).sum();
        let n = self.len();
        let cross: f64 = self
            .labels
            .iter()
            .zip(self.probabilities.chunks_exact(self.classes.max(1)))
            .map(|(&label, row)| -f64::from(row[label].max(f32::MIN_POSITIVE)).ln())
            .sum();
        Metrics {
            patches: n,
            balanced_accuracy: balanced_accuracy(&confusion),
            kappa: quadratic_kappa(&confusion),
            accuracy: right as f64 / n.max(1) as f64,
            auc: (0..self.classes).map(|class| self.auc(class)).collect(),
            confusion,
            cross_entropy: cross / n.max(1) as f64,
        }
    }

    /// Chance that a patch of the class scores above one of another class; ties count half.
    fn auc(&self, class: usize) -> Option<f64> {
        let mut rows: Vec<(f32, bool)> = self
            .probabilities
            .chunks_exact(self.classes.max(1))
            .zip(&self.labels)
            .map(|(row, &label)| (row[class], label == class))
            .collect();
        let positives = rows.iter().filter(|(_, own)| *own).count();
        let negatives = rows.len() - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Sum of the positives' ranks, equals sharing their mean rank.
        let (mut sum, mut at) = (0.0, 0);
        while at < rows.len() {
            let end = at + rows[at..].iter().take_while(|r| r.0 == rows[at].0).count();
            let rank = (at + 1 + end) as f64 / 2.0;
            sum += rank * rows[at..end].iter().filter(|r| r.1).count() as f64;
            at = end;
        }
        let (p, q) = (positives as f64, negatives as f64);
        Some((sum - p * (p + 1.0) / 2.0) / (p * q))
    }
}

/// `[label][prediction]` counts; pairs outside `classes` are left out.
pub fn confusion(labels: &[usize], predictions: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&label, &prediction) in labels.iter().zip(predictions).filter(|(l, p)| **l < classes && **p < classes) {
        counts[label][prediction] += 1;
    }
    counts
}

/// Mean recall over the classes that occur; 0 for an empty matrix.
pub fn balanced_accuracy(confusion: &[Vec<usize>]) -> f64 {
    let recall = |(class, row): (usize, &Vec<usize>)| {
        let all: usize = row.iter().sum();
        (all > 0).then(|| row[class] as f64 / all as f64)
    };
    let recalls: Vec<f64> = confusion.iter().enumerate().filter_map(recall).collect();
    recalls.iter().sum::<f64>() / recalls.len().max(1) as f64
}

/// 1 − Σ wO / Σ wE with w = (i − j)², O the counts and E those of independent raters; 0 where nothing could disagree.
pub fn quadratic_kappa(confusion: &[Vec<usize>]) -> f64 {
    let classes = confusion.len();
    let rows: Vec<f64> = confusion.iter().map(|row| row.iter().sum::<usize>() as f64).collect();
    let columns: Vec<f64> = (0..classes).map(|j| confusion.iter().map(|row| row[j]).sum::<usize>() as f64).collect();
    let n: f64 = rows.iter().sum();
    let (mut seen, mut expected) = (0.0, 0.0);
    for (i, row) in confusion.iter().enumerate() {
        for (j, &count) in row.iter().enumerate() {
            let weight = (i as f64 - j as f64).powi(2);
            seen += weight * count as f64;
            expected += weight * rows[i] * columns[j] / n.max(1.0);
        }
    }
    if expected > 0.0 { 1.0 - seen / expected } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn 1.7: cohen_kappa_score(y, p, weights="quadratic"), balanced_accuracy_score, roc_auc_score.
    #[test]
    fn numbers_are_scikit_learns() {
        let labels = [0, 0, 1, 1, 2, 2, 3, 3, 3, 1];
        let predictions = [0, 1, 1, 2, 2, 0, 3, 3, 1, 1];
        let counts = confusion(&labels, &predictions, 4);
        assert_eq!(counts, [[1, 1, 0, 0], [0, 2, 1, 0], [1, 0, 1, 0], [0, 1, 0, 2]]);
        assert!((balanced_accuracy(&counts) - 0.583_333_333_333_333_3).abs() < 1e-12);
        assert!((quadratic_kappa(&counts) - KAPPA).abs() < 1e-12, "{}", quadratic_kappa(&counts));
    }

    /// Seen weights: 1 + 1 + 4 + 4 = 10; expected from the margins (2, 3, 2, 3) and (2, 4, 2, 2): 23.2.
    const KAPPA: f64 = 1.0 - 10.0 / 23.2;

    #[test]
    fn areas_count_ties_half() {
        let mut scores = Scores::new(2);
        let z = |p: f32| (p / (1.0 - p)).ln();
        for (p, label) in [(0.1, 0), (0.4, 0), (0.4, 1), (0.8, 1)] {
            scores.add_logits(&[0.0, z(p)], &[label]);
        }
        let metrics = scores.metrics();
        // Pairs: (0.4, 0.1) 1, (0.4, 0.4) ½, (0.8, ·) 2: 3.5 of 4.
        assert!(metrics.auc.iter().all(|a| a.is_some_and(|a| (a - 0.875).abs() < 1e-12)), "{:?}", metrics.auc);
        assert_eq!(metrics.confusion, [[2, 0], [1, 1]]);
        let by_hand = -(0.9f64.ln() + 0.6f64.ln() + 0.4f64.ln() + 0.8f64.ln()) / 4.0;
        assert!((metrics.cross_entropy - by_hand).abs() < 1e-6);
    }

    #[test]
    fn empty_and_single_class_sets_have_numbers() {
        let empty = Scores::new(3).metrics();
        assert_eq!((empty.patches, empty.balanced_accuracy, empty.kappa), (0, 0.0, 0.0));
        let mut one = Scores::new(2);
        one.add_logits(&[3.0, 0.0, 2.0, 0.0], &[0, 0]);
        let metrics = one.metrics();
        assert_eq!((metrics.balanced_accuracy, metrics.kappa, metrics.auc), (1.0, 0.0, vec![None, None]));
    }
}
