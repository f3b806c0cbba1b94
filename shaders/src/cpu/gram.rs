//! CPU twin of `gram.wgsl`.

use super::matmul::{Matrix, Threads, matmul};
use crate::params::GramParams;
use rayon::prelude::*;

/// Below this a trace counts as zero: its reciprocal would leave the f32 range.
const TINY: f64 = 1e-30;

/// y (n, parts, m, m): products of every pair of rows, as `form` makes them from `x` and `shift`.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn gram(p: &GramParams, x: &[f32], shift: &[f32], out: &mut [f32]) {
    let [n, m, len, part, parts] = [p.n, p.m, p.len, p.part, p.parts].map(|v| v as usize);
    let out = &mut out[..n * parts * m * m];
    if out.is_empty() || len == 0 {
        return out.fill(0.0);
    }
    for (item, y) in out.chunks_mut(m * m).enumerate() {
        let (sample, first) = (item / parts, (item % parts) * part);
        let count = part.min(len.saturating_sub(first));
        let x = &x[sample * m * len..][..m * len];
        let (rows, rs, cs) = match p.form {
            2 => (columns(x, &shift[sample * len..], m, first, count), 1, m),
            1 => (shifted(x, &shift[sample * m..], len, first, count), count, 1),
            _ => (scaled(x, m, len, first, count), count, 1),
        };
        let left = Matrix { data: &rows, rs, cs };
        let right = Matrix { data: &rows, rs: cs, cs: rs };
        matmul([m, count, m], left, right, y, m, false, Threads::All);
    }
}

/// Columns `first..first + count` of every row minus the row's shift.
fn shifted(x: &[f32], shift: &[f32], len: usize, first: usize, count: usize) -> Vec<f32> {
    let mut rows = vec![0.0; x.len() / len * count];
    let lines = rows.par_chunks_mut(count.max(1)).zip(x.par_chunks(len)).zip(shift);
    lines.for_each(|((row, x), &s)| row.iter_mut().zip(&x[first..]).for_each(|(y, &v)| *y = v - s));
    rows
}

/// The same of a matrix that is stored by columns; it stays so.
fn columns(x: &[f32], shift: &[f32], m: usize, first: usize, count: usize) -> Vec<f32> {
    let mut lines = vec![0.0; m * count];
    let pairs = lines.par_chunks_mut(m).zip(x.par_chunks(m).skip(first)).zip(&shift[first..]);
    pairs.for_each(|((line, x), &s)| line.iter_mut().zip(x).for_each(|(y, &v)| *y = v - s));
    lines
}

/// Every row over the trace.
fn scaled(x: &[f32], m: usize, len: usize, first: usize, count: usize) -> Vec<f32> {
    let trace: f64 = (0..m.min(len)).map(|i| f64::from(x[i * len + i])).sum();
    let scale = if trace <= TINY { 0.0 } else { (1.0 / trace) as f32 };
    x.chunks(len).flat_map(|row| row[first..first + count].iter().map(|v| v * scale)).collect()
}
