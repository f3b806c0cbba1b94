//! CPU twin of `cam.wgsl`.

use super::activation::relu;
use crate::params::CamParams;
use rayon::prelude::*;

/// Pixels one task sums side by side.
const PIXELS: usize = 1024;

/// Class activation maps m (n, classes, hw) from gradients g (n · classes, k[, hw]) and activations a (n, k, hw):
/// mode 0 Σ g·a, 1 Σ max(g·a, 0), 2 Σ max(g, 0)·a over k; `relu` clips the sum at zero.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn cam(p: &CamParams, g: &[f32], a: &[f32], out: &mut [f32]) {
    let [n, classes, k, hw] = [p.n, p.classes, p.k, p.hw].map(|v| v as usize);
    let out = &mut out[..n * classes * hw];
    if out.is_empty() {
        return;
    }
    out.par_chunks_mut(hw).enumerate().for_each(|(row, map)| {
        map.par_chunks_mut(PIXELS).enumerate().for_each(|(i, cells)| {
            let start = i * PIXELS;
            let mut sums = vec![0.0f64; cells.len()];
            for channel in 0..k {
                let a = &a[(row / classes * k + channel) * hw + start..][..cells.len()];
                match p.spatial {
                    0 => add_uniform(p.mode, g[row * k + channel], a, &mut sums),
                    _ => add_spatial(p.mode, &g[(row * k + channel) * hw + start..][..cells.len()], a, &mut sums),
                }
            }
            let finish = |s: f64| {
                if p.relu == 0 { s as f32 } else { relu(s as f32) }
            };
            cells.iter_mut().zip(&sums).for_each(|(y, &s)| *y = finish(s));
        });
    });
}

fn add_uniform(mode: u32, g: f32, a: &[f32], sums: &mut [f64]) {
    let g = if mode == 2 { relu(g) } else { g };
    let cells = sums.iter_mut().zip(a);
    match mode {
        1 => cells.for_each(|(s, &a)| *s += f64::from(relu(g * a))),
        _ => cells.for_each(|(s, &a)| *s += f64::from(g * a)),
    }
}

fn add_spatial(mode: u32, g: &[f32], a: &[f32], sums: &mut [f64]) {
    let cells = sums.iter_mut().zip(g).zip(a);
    match mode {
        0 => cells.for_each(|((s, &g), &a)| *s += f64::from(g * a)),
        1 => cells.for_each(|((s, &g), &a)| *s += f64::from(relu(g * a))),
        _ => cells.for_each(|((s, &g), &a)| *s += f64::from(relu(g) * a)),
    }
}
