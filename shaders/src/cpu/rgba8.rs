//! CPU twin of `rgba8.wgsl`.

use crate::params::Rgba8Params;
use rayon::prelude::*;

/// Packed pixels (n, h, w), red in the low byte -> (n, 3, h, w) as (v / 255 − mean) · inv_std. Alpha is ignored.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn rgba8(p: &Rgba8Params, pixels: &[u32], out: &mut [f32]) {
    let plane = p.h as usize * p.w as usize;
    let out = &mut out[..p.n as usize * 3 * plane];
    if out.is_empty() {
        return;
    }
    let means = [p.mean_r, p.mean_g, p.mean_b];
    let scales = [p.inv_std_r, p.inv_std_g, p.inv_std_b];
    out.par_chunks_mut(plane).enumerate().for_each(|(i, cells)| {
        let channel = i % 3;
        let (mean, scale) = (means[channel], scales[channel]);
        let image = &pixels[i / 3 * plane..][..plane];
        for (y, &pixel) in cells.iter_mut().zip(image) {
            *y = (((pixel >> (8 * channel)) & 255) as f32 / 255.0 - mean) * scale;
        }
    });
}
