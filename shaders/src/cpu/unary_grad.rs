//! CPU twin of `unary_grad.wgsl`.

use super::CHUNK;
use super::activation::{activate_grad, code};
use crate::params::UnaryParams;
use rayon::prelude::*;

/// g (n · classes, inner) · f′(x), x (n, inner): every class of an image meets the same x.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn unary_grad(p: &UnaryParams, g: &[f32], x: &[f32], out: &mut [f32]) {
    let [len, inner, classes] = [p.len, p.inner, p.classes.max(1)].map(|v| v as usize);
    let out = &mut out[..len];
    if out.is_empty() {
        return;
    }
    out.par_chunks_mut(inner).zip(g[..len].par_chunks(inner)).enumerate().for_each(|(row, (y, g))| {
        let x = &x[row / classes * inner..][..y.len()];
        let pieces = y.par_chunks_mut(CHUNK).zip(g.par_chunks(CHUNK)).zip(x.par_chunks(CHUNK));
        pieces.for_each(|((y, g), x)| scale(p, g, x, y));
    });
}

fn scale(p: &UnaryParams, g: &[f32], x: &[f32], y: &mut [f32]) {
    let cells = y.iter_mut().zip(g).zip(x);
    match p.kind {
        // Selected, not multiplied: a masked cell is 0 even where g is not finite.
        code::RELU | code::POSITIVE => cells.for_each(|((y, &g), &x)| *y = if x <= 0.0 { 0.0 } else { g }),
        kind => cells.for_each(|((y, &g), &x)| *y = g * activate_grad(kind, x, p.a, p.b)),
    }
}
