//! CPU twin of `layer_norm.wgsl`.

use super::reduce::sum;
use crate::params::LayerNormParams;
use rayon::prelude::*;

/// (x − mean) / √(variance + eps) · scale + bias over `axis` of x (outer, axis, inner); scale and bias are (axis).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn layer_norm(p: &LayerNormParams, x: &[f32], scale: &[f32], bias: &[f32], out: &mut [f32]) {
    let [outer, axis, inner] = [p.outer, p.axis, p.inner].map(|v| v as usize);
    let slab = axis * inner;
    let out = &mut out[..outer * slab];
    if out.is_empty() {
        return;
    }
    let eps = f64::from(p.eps);
    let slabs = out.par_chunks_mut(slab).zip(x.par_chunks(slab)).with_min_len((1024 / slab).max(1));
    slabs.for_each(|(y, x)| match inner {
        1 => norm_row(x, scale, bias, eps, y),
        _ => norm_slab(inner, x, scale, bias, eps, y),
    });
}

fn norm_row(x: &[f32], scale: &[f32], bias: &[f32], eps: f64, y: &mut [f32]) {
    let count = x.len() as f64;
    let mean = sum(x) / count;
    // The centred values fit f32 even where the mean is large beside the spread.
    y.iter_mut().zip(x).for_each(|(y, &v)| *y = (f64::from(v) - mean) as f32);
    let squares: f64 = y.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    let inverse = (1.0 / (squares / count + eps).sqrt()) as f32;
    y.iter_mut().zip(scale).zip(bias).for_each(|((y, &s), &b)| *y = *y * inverse * s + b);
}

/// As the row, for `inner` interleaved rows at once (channel-first layer norm).
fn norm_slab(inner: usize, x: &[f32], scale: &[f32], bias: &[f32], eps: f64, y: &mut [f32]) {
    let count = (x.len() / inner) as f64;
    let mut mean = vec![0.0f64; inner];
    let mut inverse = vec![0.0f64; inner];
    for line in x.chunks(inner) {
        mean.iter_mut().zip(line).for_each(|(m, &v)| *m += f64::from(v));
    }
    mean.iter_mut().for_each(|m| *m /= count);
    for line in x.chunks(inner) {
        for ((s, &v), &m) in inverse.iter_mut().zip(line).zip(&mean) {
            *s += (f64::from(v) - m).powi(2);
        }
    }
    inverse.iter_mut().for_each(|s| *s = 1.0 / (*s / count + eps).sqrt());
    for ((y, x), (&scale, &bias)) in y.chunks_mut(inner).zip(x.chunks(inner)).zip(scale.iter().zip(bias)) {
        for (((y, &v), &m), &s) in y.iter_mut().zip(x).zip(&mean).zip(&inverse) {
            *y = ((f64::from(v) - m) * s) as f32 * scale + bias;
        }
    }
}
