//! CPU twin of `softmax.wgsl`.

use super::pool::larger;
use crate::params::SoftmaxParams;
use rayon::prelude::*;

/// Softmax (or log-softmax) of x (outer, axis, inner) over `axis`.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn softmax(p: &SoftmaxParams, x: &[f32], out: &mut [f32]) {
    let [outer, axis, inner] = [p.outer, p.axis, p.inner].map(|v| v as usize);
    let slab = axis * inner;
    let out = &mut out[..outer * slab];
    if out.is_empty() {
        return;
    }
    let work = |(row, x): (&mut [f32], &[f32])| {
        if inner == 1 { softmax_row(p.log != 0, x, row) } else { softmax_slab(p.log != 0, inner, x, row) }
    };
    let slabs = out.par_chunks_mut(slab).zip(x.par_chunks(slab));
    slabs.with_min_len((1024 / slab).max(1)).for_each(work);
}

fn softmax_row(log: bool, x: &[f32], row: &mut [f32]) {
    let max = x.iter().copied().fold(f32::NEG_INFINITY, larger);
    let mut sum = 0.0f64;
    for (y, &v) in row.iter_mut().zip(x) {
        *y = (v - max).exp();
        sum += f64::from(*y);
    }
    if log {
        let shift = sum.ln();
        row.iter_mut().zip(x).for_each(|(y, &v)| *y = (f64::from(v - max) - shift) as f32);
    } else {
        let scale = 1.0 / sum;
        row.iter_mut().for_each(|y| *y = (f64::from(*y) * scale) as f32);
    }
}

/// As the row, for `inner` interleaved rows at once.
fn softmax_slab(log: bool, inner: usize, x: &[f32], row: &mut [f32]) {
    let mut max = vec![f32::NEG_INFINITY; inner];
    let mut sums = vec![0.0f64; inner];
    for line in x.chunks(inner) {
        max.iter_mut().zip(line).for_each(|(m, &v)| *m = larger(*m, v));
    }
    for (y, x) in row.chunks_mut(inner).zip(x.chunks(inner)) {
        for (((y, &v), &m), s) in y.iter_mut().zip(x).zip(&max).zip(&mut sums) {
            *y = (v - m).exp();
            *s += f64::from(*y);
        }
    }
    sums.iter_mut().for_each(|s| *s = if log { s.ln() } else { 1.0 / *s });
    for (y, x) in row.chunks_mut(inner).zip(x.chunks(inner)) {
        for (((y, &v), &m), &s) in y.iter_mut().zip(x).zip(&max).zip(&sums) {
            *y = if log { f64::from(v - m) - s } else { f64::from(*y) * s } as f32;
        }
    }
}
