//! CPU twin of `project.wgsl`.

use super::CHUNK;
use crate::params::ProjectParams;
use rayon::prelude::*;

/// y (n, hw) = Σ_k direction (n, k) · (x (n, k, hw) − means (n, k)), in f64.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn project(p: &ProjectParams, x: &[f32], means: &[f32], direction: &[f32], out: &mut [f32]) {
    let [n, k, hw] = [p.n, p.k, p.hw].map(|v| v as usize);
    let out = &mut out[..n * hw];
    if out.is_empty() {
        return;
    }
    out.par_chunks_mut(hw).enumerate().for_each(|(sample, map)| {
        map.par_chunks_mut(CHUNK).enumerate().for_each(|(i, cells)| {
            let mut sums = vec![0.0f64; cells.len()];
            for channel in sample * k..(sample + 1) * k {
                let (weight, mean) = (f64::from(direction[channel]), f64::from(means[channel]));
                let x = &x[channel * hw + i * CHUNK..][..cells.len()];
                sums.iter_mut().zip(x).for_each(|(s, &v)| *s += weight * (f64::from(v) - mean));
            }
            cells.iter_mut().zip(&sums).for_each(|(y, &s)| *y = s as f32);
        });
    });
}
