//! Constants of a plan: weights as they are, folded or flipped, and how the GPU packs them.

use fovea_shaders::kernel::ConvPath;
use fovea_shaders::pack;
use std::sync::Arc;

/// Shape of convolution weights that a tiled kernel wants packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvWeights {
    /// Kernel that reads them.
    pub path: ConvPath,
    /// Output channels.
    pub oc: usize,
    /// Input channels per group.
    pub ic: usize,
    /// Kernel height.
    pub kh: usize,
    /// Kernel width.
    pub kw: usize,
}

/// A constant operand.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Source name, for messages.
    pub label: String,
    /// Elements as the CPU twins read them.
    pub data: Arc<[f32]>,
    /// Set when the GPU kernel reads a packed form.
    pub conv: Option<ConvWeights>,
}

impl Constant {
    /// Elements as the GPU kernels read them.
    pub fn packed(&self) -> std::borrow::Cow<'_, [f32]> {
        match self.conv {
            Some(c) if c.path != ConvPath::Direct => pack::pack_conv(c.path, &self.data, c.oc, c.ic, c.kh, c.kw).into(),
            _ => self.data.as_ref().into(),
        }
    }

    /// Length of [`Constant::packed`].
    pub fn packed_len(&self) -> usize {
        match self.conv {
            Some(c) if c.path != ConvPath::Direct => pack::packed_len(c.path, c.oc, c.ic, c.kh, c.kw),
            _ => self.data.len(),
        }
    }
}

/// Batch norm with settled statistics as y = x·scale + shift per channel.
pub(crate) fn affine(parts: [&[f32]; 4], eps: f32) -> (Vec<f32>, Vec<f32>) {
    let [scale, bias, mean, variance] = parts;
    let factor = |i: usize| f64::from(scale[i]) / (f64::from(variance[i]) + f64::from(eps)).sqrt();
    let shift = |i: usize| (f64::from(bias[i]) - f64::from(mean[i]) * factor(i)) as f32;
    ((0..scale.len()).map(|i| factor(i) as f32).collect(), (0..scale.len()).map(shift).collect())
}

/// Weights `(oc, …)` and bias of a convolution with a batch norm folded in (f64 arithmetic).
pub(crate) fn fold(weight: &[f32], bias: Option<&[f32]>, parts: [&[f32]; 4], eps: f32) -> (Vec<f32>, Vec<f32>) {
    let [scale, beta, mean, variance] = parts;
    let row = weight.len() / scale.len();
    let factor = |c: usize| f64::from(scale[c]) / (f64::from(variance[c]) + f64::from(eps)).sqrt();
    let folded = weight.iter().enumerate().map(|(i, &w)| (f64::from(w) * factor(i / row)) as f32).collect();
    let moved = (0..scale.len()).map(|c| {
        let before = bias.map_or(0.0, |b| f64::from(b[c]));
        ((before - f64::from(mean[c])) * factor(c) + f64::from(beta[c])) as f32
    });
    (folded, moved.collect())
}

/// Row-major transpose of a `(rows, cols)` matrix.
pub(crate) fn transpose(m: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    (0..cols * rows).map(|i| m[(i % rows) * cols + i / rows]).collect()
}
