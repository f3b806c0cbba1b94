//! Numbers of the optimiser and its step size over time, known without training too.

use serde::{Deserialize, Serialize};

/// Numbers of Adam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamSettings {
    /// Step size; default 1e-4, the method's.
    pub lr: f64,
    /// Decay of the mean of the gradient and of its square; default 0.9 and 0.999.
    pub betas: [f64; 2],
    /// Added to the root; default 1e-8. Many gradients are that small: another value is another training.
    pub eps: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { lr: 1e-4, betas: [0.9, 0.999], eps: 1e-8 }
    }
}

/// The step size over a run, as a factor of [`AdamSettings::lr`]; the default is the method's constant one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Steps over which it rises from 0; default 0.
    pub warmup: usize,
    /// Factor at the end of the run, which it falls to evenly; default 1.
    pub last: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { warmup: 0, last: 1.0 }
    }
}

impl Schedule {
    /// The factor of the step after `done` of `all`.
    pub fn factor(&self, done: usize, all: usize) -> f64 {
        let rise = if done < self.warmup { (done + 1) as f64 / self.warmup as f64 } else { 1.0 };
        let share = done as f64 / all.max(1) as f64;
        rise * (1.0 + (self.last - 1.0) * share.min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_size_rises_then_falls() {
        assert_eq!(Schedule::default().factor(7, 10), 1.0);
        let schedule = Schedule { warmup: 4, last: 0.0 };
        assert_eq!((schedule.factor(0, 100), schedule.factor(50, 100)), (0.25, 0.5));
        assert!(schedule.factor(99, 100) < 0.02);
    }
}
