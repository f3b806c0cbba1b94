//! Gradient of a convolution's weights. Training alone needs it, so it has no WGSL.

use super::conv_core::Geometry;
use super::im2col::gather;
use super::matmul::{Matrix, Threads, matmul};
use crate::params::Conv2dParams;
use rayon::prelude::*;

/// Pixels gathered at a time; with `DEPTH` rows they stay in L2.
const PIXELS: usize = 512;
/// Rows of the gathered matrix that are multiplied at a time.
const DEPTH: usize = 512;
/// Most partial sums; a number of its own, so that the result does not depend on how many threads there are.
const PARTS: usize = 8;

/// ∂/∂w (oc, ic / groups, kh, kw) of x (n, ic, ih, iw) ⋆ w, given g (n, oc, oh, ow) of the result. Bias and activation are not looked at.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn conv_weight_grad(p: &Conv2dParams, x: &[f32], g: &[f32], out: &mut [f32]) {
    let geo = Geometry::of(p);
    let len = geo.oc * geo.depth();
    let out = &mut out[..len];
    out.fill(0.0);
    let images = geo.n.div_ceil(PARTS).max(1);
    let parts: Vec<usize> = (0..geo.n).step_by(images).collect();
    // One after the other where there is one: no copy, and a large layer's partial sums are made only where they pay.
    if let [first] = parts[..] {
        (0..geo.groups).for_each(|group| sum(&geo, x, g, first..geo.n, group, &mut Scratch::default(), out));
        return;
    }
    let partial: Vec<Vec<f32>> = parts
        .into_par_iter()
        .with_max_len(1)
        .map_init(Scratch::default, |scratch, first| {
            let mut own = vec![0.0; len];
            let images = first..geo.n.min(first + images);
            (0..geo.groups).for_each(|group| sum(&geo, x, g, images.clone(), group, scratch, &mut own));
            own
        })
        .collect();
    for part in &partial {
        out.iter_mut().zip(part).for_each(|(o, v)| *o += v);
    }
}

/// Buffer a thread keeps.
#[derive(Default)]
struct Scratch {
    columns: Vec<f32>,
}

/// Adds some images' share of one group's weights.
fn sum(
    geo: &Geometry,
    x: &[f32],
    g: &[f32],
    images: std::ops::Range<usize>,
    group: usize,
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    let (depth, plane, ocg) = (geo.depth(), geo.plane(), geo.ocg());
    let own = &mut out[group * ocg * depth..][..ocg * depth];
    for image in images {
        let cells = &x[(image * geo.ic + group * geo.icg()) * geo.ih * geo.iw..][..geo.icg() * geo.ih * geo.iw];
        let slopes = &g[(image * geo.oc + group * ocg) * plane..][..ocg * plane];
        for pixel in (0..plane).step_by(PIXELS) {
            let pixels = PIXELS.min(plane - pixel);
            // An odd number of cache lines, as in `conv_core`.
            let ld = pixels.next_multiple_of(32) + 16;
            let slopes = Matrix { data: &slopes[pixel..], rs: plane, cs: 1 };
            for first in (0..depth).step_by(DEPTH) {
                let count = DEPTH.min(depth - first);
                scratch.columns.resize(count * ld, 0.0);
                gather(geo, cells, first, pixel, pixels, ld, &mut scratch.columns);
                let columns = Matrix { data: &scratch.columns, rs: 1, cs: ld };
                matmul([ocg, pixels, count], slopes, columns, &mut own[first..], depth, true, Threads::One);
            }
        }
    }
}
