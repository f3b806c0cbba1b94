//! CPU twin of `unary.wgsl`.

use super::CHUNK;
use super::activation::activate_slice;
use crate::params::UnaryParams;
use rayon::prelude::*;

/// y = f(x) for `len` elements; codes in [`activation::code`](super::activation::code).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn unary(p: &UnaryParams, x: &[f32], out: &mut [f32]) {
    let len = p.len as usize;
    out[..len].par_chunks_mut(CHUNK).zip(x[..len].par_chunks(CHUNK)).for_each(|(y, x)| {
        y.copy_from_slice(x);
        activate_slice(p.kind, p.a, p.b, y);
    });
}
