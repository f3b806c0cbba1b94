//! CPU twin of `linear.wgsl`.

use super::activation::activate_slice;
use super::matmul::{Matrix, Threads, matmul};
use crate::params::LinearParams;
use rayon::prelude::*;

/// Up to this many rows the weights are read once from memory and met by plain dot products.
const FEW_ROWS: usize = 4;
/// Outputs of one task.
const OUTPUTS: usize = 16;

/// y (m, n) = act(x (m, k) · w (n, k)ᵀ + bias (n)).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn linear(p: &LinearParams, x: &[f32], w: &[f32], bias: &[f32], out: &mut [f32]) {
    let [m, k, n] = [p.m, p.k, p.n].map(|v| v as usize);
    let out = &mut out[..m * n];
    let bias = if p.has_bias == 0 { &[][..] } else { &bias[..n] };
    if out.is_empty() {
        return;
    }
    if m <= FEW_ROWS && k > 0 {
        for (row, x) in out.chunks_mut(n).zip(x.chunks(k)) {
            row.par_chunks_mut(OUTPUTS).zip(w[..n * k].par_chunks(OUTPUTS * k)).for_each(|(cells, weights)| {
                cells.iter_mut().zip(weights.chunks(k)).for_each(|(y, weights)| *y = dot(x, weights));
            });
        }
    } else {
        let weights = Matrix { data: w, rs: 1, cs: k };
        matmul([m, k, n], Matrix { data: x, rs: k, cs: 1 }, weights, out, n, false, Threads::All);
    }
    out.par_chunks_mut(n).for_each(|row| {
        row.iter_mut().zip(bias).for_each(|(y, &b)| *y += b);
        activate_slice(p.act, p.act_a, p.act_b, row);
    });
}

/// Products that are added up in f32 before they meet the total: 16 sums of 32, so that it vectorises.
const RUN: usize = 512;

/// Dot product in runs, whose sums are added in f64: the rounding error does not grow with the length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.chunks(RUN).zip(b.chunks(RUN)).map(|(a, b)| dot_of_run(a, b)).sum::<f64>() as f32
}

fn dot_of_run(a: &[f32], b: &[f32]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((s, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *s += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    sums.iter().map(|&s| f64::from(s)).sum::<f64>() + rest
}
