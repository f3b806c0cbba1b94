//! Named tensors: the weights of a network, and their hash.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A dense f32 tensor; cloning shares the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Arc<[f32]>,
}

/// Data whose length does not belong to its shape.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{len} numbers do not fill the shape {shape:?}")]
pub struct ShapeMismatch {
    shape: Vec<usize>,
    len: usize,
}

impl Tensor {
    /// Wraps data in row-major order.
    ///
    /// # Errors
    /// When the length does not belong to the shape.
    pub fn new(shape: Vec<usize>, data: impl Into<Arc<[f32]>>) -> Result<Self, ShapeMismatch> {
        let data = data.into();
        match shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) {
            Some(n) if n == data.len() => Ok(Self { shape, data }),
            _ => Err(ShapeMismatch { shape, len: data.len() }),
        }
    }

    /// Shape, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements in row-major order.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The shared elements.
    pub fn shared(&self) -> Arc<[f32]> {
        self.data.clone()
    }
}

/// Weights by name, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// No weights.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces one tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> Option<Tensor> {
        self.tensors.insert(name.into(), tensor)
    }

    /// One tensor.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// All tensors by ascending name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(n, t)| (n.as_str(), t))
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Number of parameters in all tensors.
    pub fn parameters(&self) -> usize {
        self.tensors.values().map(|t| t.data.len()).sum()
    }

    /// First tensor that holds a NaN or an infinity.
    pub fn first_not_finite(&self) -> Option<&str> {
        self.iter().find(|(_, t)| t.data.iter().any(|v| !v.is_finite())).map(|(n, _)| n)
    }

    /// SHA-256, lower-case hex, over the name-sorted tensors: name, dtype, shape and little-endian bytes of each, every
    /// part preceded by its length as u64, so that no two sets of weights share a text.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for (name, t) in self.iter() {
            part(name.as_bytes());
            part(b"F32");
            let shape: Vec<u8> = t.shape.iter().flat_map(|&d| (d as u64).to_le_bytes()).collect();
            part(&shape);
            if cfg!(target_endian = "little") {
                part(bytemuck::cast_slice(&t.data));
            } else {
                let bytes: Vec<u8> = t.data.iter().flat_map(|v| v.to_le_bytes()).collect();
                part(&bytes);
            }
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl FromIterator<(String, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(iter: I) -> Self {
        Self { tensors: iter.into_iter().collect() }
    }
}
