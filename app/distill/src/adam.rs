//! Adam with PyTorch's arithmetic, on the device the parameters are on.

use crate::parameters::{Gradients, Parameters};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Numbers of the optimiser.
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

#[derive(Clone, Debug)]
struct Moments {
    mean: Tensor<1>,
    square: Tensor<1>,
    steps: i32,
}

/// The optimiser and what it remembers.
#[derive(Clone, Debug, Default)]
pub struct Adam {
    settings: AdamSettings,
    moments: BTreeMap<String, Moments>,
}

impl Adam {
    /// Remembers nothing yet.
    pub fn new(settings: AdamSettings) -> Self {
        Self { settings, moments: BTreeMap::new() }
    }

    /// One step: changes every parameter that has a gradient.
    pub fn update(&mut self, parameters: &mut Parameters, gradients: &Gradients) {
        for (name, gradient) in gradients.iter() {
            if let Some(before) = parameters.leaf(name) {
                let after = self.step(name, before, gradient.clone());
                parameters.set(name, after);
            }
        }
    }

    /// m += (1 − β₁)(g − m); v = β₂v + (1 − β₂)g²; p −= lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps), in this order, as PyTorch
    /// rounds it.
    fn step(&mut self, name: &str, before: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let AdamSettings { lr, betas: [b1, b2], eps } = self.settings;
        let zeros = || Moments { mean: gradient.zeros_like(), square: gradient.zeros_like(), steps: 0 };
        let m = self.moments.entry(name.to_string()).or_insert_with(zeros);
        m.steps = m.steps.saturating_add(1);
        m.mean = m.mean.clone() + (gradient.clone() - m.mean.clone()).mul_scalar(1.0 - b1);
        m.square = m.square.clone().mul_scalar(b2) + gradient.clone().mul_scalar(1.0 - b2) * gradient;
        let step = lr / (1.0 - b1.powi(m.steps));
        let root = m.square.clone().sqrt().div_scalar((1.0 - b2.powi(m.steps)).sqrt());
        before - (m.mean.clone() / root.add_scalar(eps)).mul_scalar(step)
    }
}
