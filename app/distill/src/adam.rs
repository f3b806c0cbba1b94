//! Adam with PyTorch's arithmetic, on the device the parameters are on.

use crate::optimiser::AdamSettings;
use crate::parameters::{Gradients, Parameters, ReadError};
use burn::tensor::{Device, Tensor};
use fovea_student::Weights;
use std::collections::BTreeMap;

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
        self.update_by(parameters, gradients, 1.0);
    }

    /// [`Adam::update`] with the step size times `factor`.
    pub fn update_by(&mut self, parameters: &mut Parameters, gradients: &Gradients, factor: f64) {
        for (name, gradient) in gradients.iter() {
            if let Some(before) = parameters.leaf(name) {
                let after = self.step(name, before, gradient.clone(), factor);
                parameters.set(name, after);
            }
        }
    }

    /// m += (1 − β₁)(g − m); v = β₂v + (1 − β₂)g²; p −= lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps), in this order, as PyTorch
    /// rounds it.
    fn step(&mut self, name: &str, before: Tensor<1>, gradient: Tensor<1>, factor: f64) -> Tensor<1> {
        let AdamSettings { lr, betas: [b1, b2], eps } = self.settings;
        let zeros = || Moments { mean: gradient.zeros_like(), square: gradient.zeros_like(), steps: 0 };
        let m = self.moments.entry(name.to_string()).or_insert_with(zeros);
        m.steps = m.steps.saturating_add(1);
        m.mean = m.mean.clone() + (gradient.clone() - m.mean.clone()).mul_scalar(1.0 - b1);
        m.square = m.square.clone().mul_scalar(b2) + gradient.clone().mul_scalar(1.0 - b2) * gradient;
        let step = factor * lr / (1.0 - b1.powi(m.steps));
        let root = m.square.clone().sqrt().div_scalar((1.0 - b2.powi(m.steps)).sqrt());
        before - (m.mean.clone() / root.add_scalar(eps)).mul_scalar(step)
    }

    /// What it remembers, for a checkpoint: `mean.NAME` and `square.NAME`, and the steps made.
    ///
    /// # Errors
    /// When the device fails.
    pub fn memory(&self, parameters: &Parameters) -> Result<(Weights, BTreeMap<String, i32>), ReadError> {
        let mut tensors = Weights::new();
        for (name, m) in &self.moments {
            tensors.insert(format!("{MEAN}{name}"), parameters.read_like(name, &m.mean)?);
            tensors.insert(format!("{SQUARE}{name}"), parameters.read_like(name, &m.square)?);
        }
        Ok((tensors, self.moments.iter().map(|(name, m)| (name.clone(), m.steps)).collect()))
    }

    /// Remembers what [`Adam::memory`] wrote. Entries without a partner are left out.
    pub fn restore(settings: AdamSettings, memory: &Weights, steps: &BTreeMap<String, i32>, device: &Device) -> Self {
        let flat = Parameters::new(memory, device);
        let one = |(name, &steps): (&String, &i32)| {
            let mean = flat.leaf(&format!("{MEAN}{name}"))?;
            let square = flat.leaf(&format!("{SQUARE}{name}"))?;
            Some((name.clone(), Moments { mean, square, steps }))
        };
        Self { settings, moments: steps.iter().filter_map(one).collect() }
    }
}

const MEAN: &str = "mean.";
const SQUARE: &str = "square.";
