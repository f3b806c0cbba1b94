//! CPU twin of `reduce.wgsl`, and the accurate sum that other twins share.

use super::pool::larger;
use crate::params::ReduceParams;
use rayon::prelude::*;

/// Cells of `inner` that one task reduces side by side.
const COLUMNS: usize = 1024;

/// y (outer, inner) from x (outer, red, inner): 0 sum, 1 mean, 2 max, 3 min over `red`. Sums run in f64; NaN stays NaN.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn reduce(p: &ReduceParams, x: &[f32], out: &mut [f32]) {
    let [outer, red, inner] = [p.outer, p.red, p.inner].map(|v| v as usize);
    let out = &mut out[..outer * inner];
    if out.is_empty() {
        return;
    }
    if inner == 1 {
        let rows = out.par_iter_mut().enumerate().with_min_len((4096 / red.max(1)).max(1));
        rows.for_each(|(o, y)| *y = reduce_row(p.kind, &x[o * red..][..red]));
        return;
    }
    out.par_chunks_mut(inner).enumerate().for_each(|(o, row)| {
        row.par_chunks_mut(COLUMNS).enumerate().for_each(|(i, cells)| {
            let start = o * red * inner + i * COLUMNS;
            let count = cells.len();
            let lines = (0..red).map(|r| &x[start + r * inner..][..count]);
            reduce_columns(p.kind, lines, red, cells);
        });
    });
}

fn reduce_row(kind: u32, row: &[f32]) -> f32 {
    match kind {
        0 => sum(row) as f32,
        1 => (sum(row) / row.len() as f64) as f32,
        2 => row.iter().copied().fold(f32::NEG_INFINITY, larger),
        _ => -row.iter().map(|v| -v).fold(f32::NEG_INFINITY, larger),
    }
}

fn reduce_columns<'a>(kind: u32, lines: impl Iterator<Item = &'a [f32]>, red: usize, cells: &mut [f32]) {
    match kind {
        0 | 1 => {
            let mut sums = vec![0.0f64; cells.len()];
            lines.for_each(|line| sums.iter_mut().zip(line).for_each(|(s, &v)| *s += f64::from(v)));
            let divisor = if kind == 1 { red as f64 } else { 1.0 };
            cells.iter_mut().zip(&sums).for_each(|(y, s)| *y = (s / divisor) as f32);
        }
        2 => {
            cells.fill(f32::NEG_INFINITY);
            lines.for_each(|line| cells.iter_mut().zip(line).for_each(|(m, &v)| *m = larger(*m, v)));
        }
        _ => {
            cells.fill(f32::NEG_INFINITY);
            lines.for_each(|line| cells.iter_mut().zip(line).for_each(|(m, &v)| *m = larger(*m, -v)));
            cells.iter_mut().for_each(|m| *m = -*m);
        }
    }
}

/// Sum in f64, in eight partial sums so that it vectorises.
pub(super) fn sum(values: &[f32]) -> f64 {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0f64; 8];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(s, &v)| *s += f64::from(v));
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&v| f64::from(v)).sum::<f64>()
}
