//! What a Teacher says about one view of one image, and its layout in the file.

use half::f16;

/// One row on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Scores before softmax, `[classes]`.
    pub logits: Vec<f32>,
    /// What the head reads, `[k]`; empty without a head.
    pub pooled: Vec<f32>,
    /// Raw maps, each `[classes, h, w]`, in the order of the metadata. (The file has classes last.)
    pub attention: Vec<Vec<f32>>,
    /// Feature maps, each `[k, h, w]`, in the order of the metadata. The file has them in half precision.
    pub features: Vec<Vec<f32>>,
}

/// Numbers as little-endian f32.
pub(super) fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Numbers as little-endian f16.
pub(super) fn halves(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
}

pub(super) fn from_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

pub(super) fn from_halves(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
}

/// `[rows, columns]` as `[columns, rows]`: maps with classes first become maps with classes last, and back.
pub(super) fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let cells = (0..columns).flat_map(|c| (0..rows).map(move |r| r * columns + c));
    cells.map(|at| values.get(at).copied().unwrap_or(f32::NAN)).collect()
}
