//! CPU twin of `conv_transpose2d.wgsl`.

use super::activation::activate_slice;
use super::conv_core::{Act, Geometry, convolve};
use super::im2col::inside;
use super::matmul::{Matrix, Threads, matmul};
use crate::params::{Conv2dParams, ConvTranspose2dParams};
use rayon::prelude::*;

/// Elements of the product that one task scatters; about what a core's cache holds.
const COLUMNS: usize = 1 << 19;

/// y (n, oc, oh, ow) = act(xᵀ-convolution of x (n, ic, ih, iw) with w (ic, oc / groups, kh, kw) + bias (oc)).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn conv_transpose2d(p: &ConvTranspose2dParams, x: &[f32], w: &[f32], bias: &[f32], out: &mut [f32]) {
    let [n, ic, ih, iw, oc, oh, ow, groups] = [p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.groups].map(|v| v as usize);
    let [kh, kw, sh, sw, dh, dw] = [p.kh, p.kw, p.sh, p.sw, p.dh, p.dw].map(|v| v as usize);
    let geo = Geometry { n, ic, ih, iw, oc, oh, ow, groups, kh, kw, sh, sw, pt: p.pt as isize, pl: p.pl as isize, dh, dw };
    let bias = if p.has_bias == 0 { &[][..] } else { bias };
    let act = (p.act, p.act_a, p.act_b);
    let out = &mut out[..n * oc * oh * ow];
    if out.is_empty() {
        return;
    }
    if (sh, sw) == (1, 1) && kh > 0 && kw > 0 {
        as_convolution(&geo, x, w, bias, act, out);
    } else {
        scatter(&geo, x, w, bias, act, out);
    }
}

/// The transpose of a convolution, without bias and activation: the same weights, roles of input and output swapped.
impl From<&Conv2dParams> for ConvTranspose2dParams {
    fn from(p: &Conv2dParams) -> Self {
        let &Conv2dParams { n, groups, kh, kw, sh, sw, pt, pl, dh, dw, .. } = p;
        let [ic, ih, iw] = [p.oc, p.oh, p.ow];
        let [oc, oh, ow] = [p.ic, p.ih, p.iw];
        Self { n, ic, ih, iw, oc, oh, ow, groups, kh, kw, sh, sw, pt, pl, dh, dw, ..Default::default() }
    }
}

/// Stride 1: a convolution with the kernel turned by 180°, its channels swapped, and the complementary padding.
fn as_convolution(geo: &Geometry, x: &[f32], w: &[f32], bias: &[f32], act: Act, out: &mut [f32]) {
    let (icg, ocg, taps) = (geo.icg(), geo.ocg(), geo.kh * geo.kw);
    let mut turned = vec![0.0; geo.oc * icg * taps];
    turned.par_chunks_mut((icg * taps).max(1)).enumerate().for_each(|(channel, kernels)| {
        let (group, o) = (channel / ocg, channel % ocg);
        for (i, kernel) in kernels.chunks_mut(taps).enumerate() {
            let source = &w[((group * icg + i) * ocg + o) * taps..][..taps];
            kernel.iter_mut().zip(source.iter().rev()).for_each(|(t, &v)| *t = v);
        }
    });
    let pt = (geo.dh * (geo.kh - 1)) as isize - geo.pt;
    let pl = (geo.dw * (geo.kw - 1)) as isize - geo.pl;
    convolve(&Geometry { pt, pl, ..*geo }, x, &turned, bias, act, out);
}

/// Any stride: the product wᵀ · x, each row of which is then added where its tap writes. Tasks own whole output channels.
fn scatter(geo: &Geometry, x: &[f32], w: &[f32], bias: &[f32], act: Act, out: &mut [f32]) {
    let (icg, ocg, taps, pixels) = (geo.icg(), geo.ocg(), geo.kh * geo.kw, geo.ih * geo.iw);
    let share = (geo.n * geo.oc).div_ceil(2 * rayon::current_num_threads()).max(1);
    let block = (COLUMNS / (taps * pixels).max(1)).clamp(1, ocg.max(1)).min(share);
    let mut tasks = Vec::new();
    for (slab, cells) in out.chunks_mut(ocg * geo.plane()).enumerate() {
        tasks.extend(cells.chunks_mut(block * geo.plane()).enumerate().map(|(i, cells)| (slab, i * block, cells)));
    }
    tasks.par_iter_mut().with_max_len(1).for_each_init(Vec::new, |columns, (slab, first, cells)| {
        let (image, group) = (*slab / geo.groups, *slab % geo.groups);
        let rows = cells.len() / geo.plane() * taps;
        let source = &x[(image * geo.ic + group * icg) * pixels..][..icg * pixels];
        let weights = &w[group * icg * ocg * taps..][..icg * ocg * taps];
        columns.resize(rows * pixels, 0.0);
        if rows * pixels > 0 {
            let weights = Matrix { data: weights.get(*first * taps..).unwrap_or_default(), rs: 1, cs: ocg * taps };
            matmul(
                [rows, icg, pixels],
                weights,
                Matrix { data: source, rs: pixels, cs: 1 },
                columns,
                pixels,
                false,
                Threads::One,
            );
        }
        for (i, plane) in cells.chunks_mut(geo.plane()).enumerate() {
            plane.fill(bias.get(group * ocg + *first + i).copied().unwrap_or(0.0));
            for tap in 0..taps {
                add_tap(geo, &columns[(i * taps + tap) * pixels..][..pixels], (tap / geo.kw, tap % geo.kw), plane);
            }
            activate_slice(act.0, act.1, act.2, plane);
        }
    });
}

/// Adds one tap's products: input pixel (iy, ix) lands on (iy * sh + ky * dh - pt, ix * sw + kx * dw - pl).
fn add_tap(geo: &Geometry, products: &[f32], (ky, kx): (usize, usize), plane: &mut [f32]) {
    let dy = (ky * geo.dh) as isize - geo.pt;
    let dx = (kx * geo.dw) as isize - geo.pl;
    let (top, bottom) = inside(dy, geo.sh, geo.oh, geo.ih);
    let (low, high) = inside(dx, geo.sw, geo.ow, geo.iw);
    if low == high {
        return;
    }
    for iy in top..bottom {
        let oy = ((iy * geo.sh) as isize + dy) as usize;
        let line = &mut plane[oy * geo.ow..][..geo.ow][((low * geo.sw) as isize + dx) as usize..];
        let source = &products[iy * geo.iw..][low..high];
        line.iter_mut().step_by(geo.sw).zip(source).for_each(|(y, &v)| *y += v);
    }
}
