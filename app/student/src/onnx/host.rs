//! Tensors that are known while the model is read: weights, and the integers that shape subgraphs compute with.

use super::tensor::type_name;
use std::sync::Arc;

/// Elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Floats(Arc<[f32]>),
    Ints(Arc<[i64]>),
    /// Of this `TensorProto.DataType`, which we do not compute with.
    Opaque(i64),
}

impl Data {
    /// Number of elements, where they are there.
    pub(super) fn len(&self) -> Option<usize> {
        match self {
            Data::Floats(f) => Some(f.len()),
            Data::Ints(i) => Some(i.len()),
            Data::Opaque(_) => None,
        }
    }
}

/// A known tensor; its shape is ONNX's, batch axis included where it has one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Host {
    pub(super) shape: Vec<usize>,
    pub(super) data: Data,
}

impl Host {
    pub(super) fn ints(shape: Vec<usize>, ints: Vec<i64>) -> Self {
        Self { shape, data: Data::Ints(ints.into()) }
    }

    pub(super) fn floats(shape: Vec<usize>, floats: Vec<f32>) -> Self {
        Self { shape, data: Data::Floats(floats.into()) }
    }

    /// A vector of integers.
    pub(super) fn vector(numbers: &[i64]) -> Self {
        Self::ints(vec![numbers.len()], numbers.to_vec())
    }

    /// Number of elements the shape says.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements as f32.
    pub(super) fn as_f32(&self) -> Result<Arc<[f32]>, String> {
        match &self.data {
            Data::Floats(f) => Ok(f.clone()),
            Data::Ints(ints) => Ok(ints.iter().map(|&n| n as f32).collect()),
            Data::Opaque(code) => Err(opaque(*code)),
        }
    }

    /// The elements as integers.
    pub(super) fn as_i64(&self) -> Result<&[i64], String> {
        match &self.data {
            Data::Ints(ints) => Ok(ints),
            Data::Floats(_) => Err("it needs integers and gets floats".into()),
            Data::Opaque(code) => Err(opaque(*code)),
        }
    }

    /// The only element, if there is exactly one.
    pub(super) fn scalar(&self) -> Option<f32> {
        if self.len() != 1 {
            return None;
        }
        self.as_f32().ok()?.first().copied()
    }

    /// The same elements in another shape; the caller has compared the counts.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), self.len());
        Self { shape, data: self.data.clone() }
    }

    /// Elements picked by flat index.
    pub(super) fn picked(&self, shape: Vec<usize>, from: &[usize]) -> Result<Self, String> {
        let out_of_range = || "an index lies outside its tensor".to_string();
        let data = match &self.data {
            Data::Floats(f) => {
                Data::Floats(from.iter().map(|&i| f.get(i).copied()).collect::<Option<_>>().ok_or_else(out_of_range)?)
            }
            Data::Ints(n) => Data::Ints(from.iter().map(|&i| n.get(i).copied()).collect::<Option<_>>().ok_or_else(out_of_range)?),
            Data::Opaque(code) => return Err(opaque(*code)),
        };
        Ok(Self { shape, data })
    }
}

fn opaque(code: i64) -> String {
    format!("it computes with {}, which is not supported", type_name(code))
}

/// Row-major strides.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i].saturating_mul(shape[i]);
    }
    strides
}

/// Flat source indices of a walk over `shape` with the given source strides.
pub(super) fn walk(shape: &[usize], strides: &[usize], offset: usize) -> Vec<usize> {
    let mut all = vec![offset];
    for (&n, &stride) in shape.iter().zip(strides) {
        all = all.iter().flat_map(|&start| (0..n).map(move |i| start.saturating_add(i.saturating_mul(stride)))).collect();
    }
    all
}
