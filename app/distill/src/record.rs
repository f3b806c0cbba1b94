//! What a run leaves behind, step by step and epoch by epoch: for curves, tables and the model card.

use crate::metrics::Metrics;
use serde::{Deserialize, Serialize};

/// Mean values of the loss terms over some steps, in the order of [`crate::Terms::weights`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Losses {
    /// Each term without its weight.
    pub terms: Vec<(String, f64)>,
    /// Σ weight · term.
    pub total: f64,
}

impl Losses {
    /// Adds another one's values, term by term.
    pub fn add(&mut self, other: &Self) {
        if self.terms.is_empty() {
            self.terms = other.terms.iter().map(|(name, _)| (name.clone(), 0.0)).collect();
        }
        self.terms.iter_mut().zip(&other.terms).for_each(|((_, sum), (_, value))| *sum += value);
        self.total += other.total;
    }

    /// All values times a factor.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let terms = self.terms.iter().map(|(name, v)| (name.clone(), v * factor)).collect();
        Self { terms, total: self.total * factor }
    }
}

/// One optimiser step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Epoch, from 0.
    pub epoch: usize,
    /// Step in the epoch, from 0.
    pub step: usize,
    /// Loss terms of its batch.
    pub losses: Losses,
    /// ‖∂total/∂parameters‖.
    pub gradient_norm: f64,
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 0.
    pub epoch: usize,
    /// Mean of its steps.
    pub losses: Losses,
    /// Validation set after it.
    pub validation: Metrics,
    /// Whether its weights were kept.
    pub kept: bool,
}

/// A run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Every step.
    pub steps: Vec<StepRecord>,
    /// Every finished epoch.
    pub epochs: Vec<EpochRecord>,
    /// Where a run went on with another step size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Rate>,
}

/// A step size that a run went on with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Epoch from which on it holds, from 0.
    pub epoch: usize,
    /// Step of that epoch, from 0.
    pub step: usize,
    /// Step size before.
    pub before: f64,
    /// Step size from there on.
    pub lr: f64,
}

impl History {
    /// Writes down that a run which had the step size `before` goes on with that of `settings`, where they differ.
    #[cfg(feature = "train")]
    pub(crate) fn resumed_with(&mut self, before: f64, epoch: usize, step: usize, settings: &crate::settings::TrainSettings) {
        let lr = settings.optimiser.lr;
        if before != lr {
            self.rates.push(Rate { epoch, step, before, lr });
        }
    }

    /// The epoch whose weights are kept.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.epochs.iter().rev().find(|e| e.kept)
    }
}

/// What one unit of a run's work came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Progress {
    /// An optimiser step.
    Step {
        /// Its record.
        record: StepRecord,
        /// Steps of an epoch.
        of: usize,
    },
    /// Some validation patches were judged.
    Validating {
        /// Epoch, from 0.
        epoch: usize,
        /// Judged patches.
        done: usize,
        /// All patches.
        of: usize,
    },
    /// An epoch came to its end.
    Epoch {
        /// Its record.
        record: EpochRecord,
    },
    /// There is nothing left to do.
    Finished {
        /// Why.
        reason: Ending,
    },
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All epochs are done.
    Epochs,
    /// κ has not risen for as long as `patience` says.
    Patience,
}
