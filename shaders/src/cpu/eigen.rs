//! CPU twin of `eigen.wgsl`: the same iteration in f64.

use crate::params::EigenParams;
use rayon::prelude::*;

/// A step that moves the unit vector by less than 1e-9 is the last.
const SETTLED: f64 = 1e-18;
/// Square of the deviation, in units of the mean, that counts as rounding (`eigen.wgsl` has the same number).
const FLAT: f64 = 1e-9;

/// y (n, m): the dominant eigenvector of `power` (n, m, m), scaled and signed as `EigenParams` says.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn eigen(p: &EigenParams, power: &[f32], gram: &[f32], means: &[f32], side: &[f32], out: &mut [f32]) {
    let [n, m, k] = [p.n, p.m, p.k].map(|v| v as usize);
    let out = &mut out[..n * m];
    if out.is_empty() {
        return;
    }
    for (sample, y) in out.chunks_mut(m).enumerate() {
        let gram = &gram[sample * m * m..][..m * m];
        let offset: f64 = means[sample * k..][..k].iter().map(|&v| f64::from(v).powi(2)).sum();
        let trace: f64 = gram.iter().step_by(m + 1).map(|&v| f64::from(v)).sum();
        if trace <= FLAT * f64::from(p.hw) * offset {
            y.fill(0.0);
            continue;
        }
        let v = dominant(&power[sample * m * m..][..m * m], m, p.steps);
        let scale = match p.pixels {
            0 => signed(1.0, v.iter().sum()),
            _ => scaled(&v, gram, &side[sample * m..][..m]),
        };
        y.iter_mut().zip(&v).for_each(|(y, v)| *y = (v * scale) as f32);
    }
}

/// sqrt(vᵀ gram v), with the sign of v's dot product with `side` minus its mean.
fn scaled(v: &[f64], gram: &[f32], side: &[f32]) -> f64 {
    let mean = side.iter().map(|&s| f64::from(s)).sum::<f64>() / side.len() as f64;
    let direction: f64 = v.iter().zip(side).map(|(v, &s)| v * (f64::from(s) - mean)).sum();
    let value: f64 = times(gram, v).iter().zip(v).map(|(a, b)| a * b).sum();
    signed(value.max(0.0).sqrt(), direction)
}

fn signed(length: f64, direction: f64) -> f64 {
    if direction < 0.0 { -length } else { length }
}

/// Unit eigenvector of the largest eigenvalue; zeros of a zero matrix.
fn dominant(matrix: &[f32], m: usize, steps: u32) -> Vec<f64> {
    let diagonal = |i: usize| matrix[i * (m + 1)];
    let start = (0..m).max_by(|&a, &b| diagonal(a).total_cmp(&diagonal(b))).unwrap_or(0);
    let mut v = unit(matrix[start * m..][..m].iter().map(|&v| f64::from(v)).collect());
    for _ in 0..steps {
        let next = unit(times(matrix, &v));
        let moved: f64 = next.iter().zip(&v).map(|(a, b)| (a - b).powi(2)).sum();
        v = next;
        if moved <= SETTLED {
            break;
        }
    }
    v
}

fn times(matrix: &[f32], v: &[f64]) -> Vec<f64> {
    let row = |row: &[f32]| row.iter().zip(v).map(|(&a, b)| f64::from(a) * b).sum();
    matrix.par_chunks(v.len()).with_min_len(64).map(row).collect()
}

fn unit(mut v: Vec<f64>) -> Vec<f64> {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length != 0.0 {
        v.iter_mut().for_each(|x| *x /= length);
    }
    v
}
