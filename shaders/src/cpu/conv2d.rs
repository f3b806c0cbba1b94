//! CPU twin of `conv2d.wgsl` and `conv_gemm.wgsl`.

use super::conv_core::{Geometry, convolve};
use crate::params::Conv2dParams;

/// y (n, oc, oh, ow) = act(x (n, ic, ih, iw) ⋆ w (oc, ic / groups, kh, kw) + bias (oc)).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn conv2d(p: &Conv2dParams, x: &[f32], w: &[f32], bias: &[f32], out: &mut [f32]) {
    let [n, ic, ih, iw, oc, oh, ow, groups] = [p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.groups].map(|v| v as usize);
    let [kh, kw, sh, sw, dh, dw] = [p.kh, p.kw, p.sh, p.sw, p.dh, p.dw].map(|v| v as usize);
    let geometry = Geometry { n, ic, ih, iw, oc, oh, ow, groups, kh, kw, sh, sw, pt: p.pt as isize, pl: p.pl as isize, dh, dw };
    let bias = if p.has_bias == 0 { &[][..] } else { bias };
    convolve(&geometry, x, w, bias, (p.act, p.act_a, p.act_b), out);
}
