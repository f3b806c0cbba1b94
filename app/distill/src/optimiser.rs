//! Numbers of the optimiser, known without training too.

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
