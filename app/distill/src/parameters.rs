//! Weights as tensors on a device, and their gradients.

use burn::tensor::{Device, Tensor, TensorData, TensorReadError};
use fovea_student::weights::ShapeMismatch;
use fovea_student::{Tensor as Stored, Weights};
use std::collections::{BTreeMap, BTreeSet};

/// Name and values could not be brought back from the device.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The device failed.
    #[error("the device did not return '{name}': {source}")]
    Device {
        /// What the device said.
        source: TensorReadError,
        /// Tensor.
        name: String,
    },
    /// It returned another number of elements.
    #[error("the device returned too few or too many elements: {source} ('{name}')")]
    Shape {
        /// The contradiction.
        source: ShapeMismatch,
        /// Tensor.
        name: String,
    },
}

#[derive(Clone, Debug)]
struct Leaf {
    shape: Vec<usize>,
    data: Tensor<1>,
}

/// Flat tensors by name; cloning shares the data.
#[derive(Clone, Debug)]
pub struct Parameters {
    leaves: BTreeMap<String, Leaf>,
    device: Device,
}

impl Parameters {
    /// Copies weights to a device.
    pub fn new(weights: &Weights, device: &Device) -> Self {
        let device = device.clone().inner();
        let mut parameters = Self { leaves: BTreeMap::new(), device };
        weights.iter().for_each(|(name, tensor)| parameters.insert(name, tensor));
        parameters
    }

    /// Adds or replaces one.
    pub fn insert(&mut self, name: &str, tensor: &Stored) {
        let data = TensorData::new(tensor.data().to_vec(), [tensor.data().len()]);
        let leaf = Leaf { shape: tensor.shape().to_vec(), data: Tensor::from_data(data, &self.device) };
        self.leaves.insert(name.to_string(), leaf);
    }

    /// Where they are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// One, flat.
    pub fn leaf(&self, name: &str) -> Option<Tensor<1>> {
        self.leaves.get(name).map(|l| l.data.clone())
    }

    /// Names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.leaves.keys().map(String::as_str)
    }

    /// Replaces the values of one; the length must stay.
    pub(crate) fn set(&mut self, name: &str, data: Tensor<1>) {
        if let Some(leaf) = self.leaves.get_mut(name) {
            leaf.data = data;
        }
    }

    /// The same values, those in `trainable` as leaves that gather gradients.
    pub(crate) fn tracked(&self, trainable: &BTreeSet<String>) -> Self {
        let track = |(name, leaf): (&String, &Leaf)| {
            let data = leaf.data.clone();
            let data = if trainable.contains(name) { data.autodiff().require_grad() } else { data };
            (name.clone(), Leaf { shape: leaf.shape.clone(), data })
        };
        Self { leaves: self.leaves.iter().map(track).collect(), device: self.device.clone() }
    }

    /// A tensor that belongs to one of these, back on the host with its shape.
    pub(crate) fn read_like(&self, name: &str, data: &Tensor<1>) -> Result<Stored, ReadError> {
        let shape = self.leaves.get(name).map_or_else(|| data.dims().to_vec(), |leaf| leaf.shape.clone());
        read(name, &shape, data)
    }

    /// Back to the host.
    ///
    /// # Errors
    /// When the device fails.
    pub fn weights(&self) -> Result<Weights, ReadError> {
        self.leaves.iter().map(|(name, leaf)| Ok((name.clone(), read(name, &leaf.shape, &leaf.data)?))).collect()
    }
}

fn read(name: &str, shape: &[usize], data: &Tensor<1>) -> Result<Stored, ReadError> {
    let values = data.clone().try_into_vec_as::<f32>().map_err(|source| ReadError::Device { source, name: name.into() })?;
    Stored::new(shape.to_vec(), values).map_err(|source| ReadError::Shape { source, name: name.into() })
}

/// ∂total/∂parameter, flat, by name; a parameter the loss does not depend on is not in it.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    flat: BTreeMap<String, Tensor<1>>,
}

impl Gradients {
    /// Takes the gradients of the trainable leaves out of a backward pass.
    pub(crate) fn collect(live: &Parameters, trainable: &BTreeSet<String>, mut found: burn::tensor::Gradients) -> Self {
        let one = |name: &String| Some((name.clone(), live.leaf(name)?.grad_remove(&mut found)?));
        Self { flat: trainable.iter().filter_map(one).collect() }
    }

    /// Gradients from the host, for an optimiser that is fed by others.
    pub fn from_weights(weights: &Weights, device: &Device) -> Self {
        let parameters = Parameters::new(weights, device);
        Self { flat: parameters.leaves.into_iter().map(|(name, leaf)| (name, leaf.data)).collect() }
    }

    /// All, by ascending name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor<1>)> {
        self.flat.iter().map(|(n, t)| (n.as_str(), t))
    }

    /// One.
    pub fn get(&self, name: &str) -> Option<&Tensor<1>> {
        self.flat.get(name)
    }

    /// Adds another micro-batch's gradients.
    pub fn accumulate(&mut self, other: Gradients) {
        for (name, more) in other.flat {
            let sum = match self.flat.remove(&name) {
                Some(before) => before + more,
                None => more,
            };
            self.flat.insert(name, sum);
        }
    }

    /// Multiplies all by a factor, e.g. 1 / number of micro-batches.
    pub fn scale(&mut self, factor: f64) {
        self.flat.values_mut().for_each(|g| *g = g.clone().mul_scalar(factor));
    }

    /// Back to the host, with the shapes of the parameters.
    ///
    /// # Errors
    /// When the device fails.
    pub fn weights(&self, parameters: &Parameters) -> Result<Weights, ReadError> {
        self.flat.iter().map(|(name, g)| Ok((name.clone(), parameters.read_like(name, g)?))).collect()
    }

    /// ‖g‖ over all parameters.
    ///
    /// # Errors
    /// When the device fails.
    pub fn norm(&self) -> Result<f64, ReadError> {
        let squares: Vec<Tensor<1>> = self.flat.values().map(|g| (g.clone() * g.clone()).sum()).collect();
        if squares.is_empty() {
            return Ok(0.0);
        }
        let sums = Tensor::cat(squares, 0).try_into_vec_as::<f64>();
        let sums = sums.map_err(|source| ReadError::Device { source, name: "gradient norm".into() })?;
        Ok(sums.iter().sum::<f64>().sqrt())
    }
}
