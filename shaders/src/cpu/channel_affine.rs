//! CPU twin of `channel_affine.wgsl`.

use super::activation::activate_slice;
use crate::params::ChannelAffineParams;
use rayon::prelude::*;

/// act(x · scale[c] + shift[c]) for x (n, c, inner).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn channel_affine(p: &ChannelAffineParams, x: &[f32], scale: &[f32], shift: &[f32], out: &mut [f32]) {
    let [n, c, inner] = [p.n, p.c, p.inner].map(|v| v as usize);
    let out = &mut out[..n * c * inner];
    if out.is_empty() {
        return;
    }
    let rows = out.par_chunks_mut(inner).zip(x.par_chunks(inner)).enumerate().with_min_len((4096 / inner).max(1));
    rows.for_each(|(row, (y, x))| {
        let (scale, shift) = (scale[row % c], shift[row % c]);
        y.iter_mut().zip(x).for_each(|(y, &v)| *y = v * scale + shift);
        activate_slice(p.act, p.act_a, p.act_b, y);
    });
}
