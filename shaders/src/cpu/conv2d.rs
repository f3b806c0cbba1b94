//! CPU twin of `conv2d.wgsl` and `conv_gemm.wgsl`.

use super::conv_core::{Geometry, convolve};
use crate::params::Conv2dParams;

/// y (n, oc, oh, ow) = act(x (n, ic, ih, iw) ⋆ w (oc, ic / groups, kh, kw) + bias (oc)).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn conv2d(p: &Conv2dParams, x: &[f32], w: &[f32], bias: &[f32], out: &mut [f32]) {
    let bias = if p.has_bias == 0 { &[][..] } else { bias };
    convolve(&Geometry::of(p), x, w, bias, (p.act, p.act_a, p.act_b), out);
}
