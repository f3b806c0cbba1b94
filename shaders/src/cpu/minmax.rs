//! CPU twin of `minmax.wgsl`.

use crate::params::MinMaxParams;
use rayon::prelude::*;

/// (x − min) / (max − min) over each of `outer` rows of `len` cells; a constant row becomes zeros.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn minmax(p: &MinMaxParams, x: &[f32], out: &mut [f32]) {
    let (outer, len) = (p.outer as usize, p.len as usize);
    let out = &mut out[..outer * len];
    if out.is_empty() {
        return;
    }
    out.par_chunks_mut(len).zip(x.par_chunks(len)).for_each(|(y, x)| {
        let (min, max) = x.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
        let range = max - min;
        if range > 0.0 {
            y.iter_mut().zip(x).for_each(|(y, &v)| *y = (v - min) / range);
        } else {
            y.fill(0.0);
        }
    });
}
