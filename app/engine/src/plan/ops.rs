//! Kernel parameters from an operation's attributes and its operands' shapes.

use fovea_shaders::params::*;
use fovea_student::graph::{CamMode, Conv, Coordinates, NearestRounding, Pool, Reduction, Resize, ResizeMode, Unary};

/// Activation fields of a call: code and two numbers.
pub(super) type Act = (u32, f32, f32);

pub(super) fn act(unary: Option<Unary>) -> Act {
    unary.map_or((0, 0.0, 0.0), Unary::code)
}

fn last_two(shape: &[usize]) -> [u32; 2] {
    let n = shape.len();
    [shape[n - 2] as u32, shape[n - 1] as u32]
}

/// `x [ic, ih, iw]`, `w [oc, ic/g, kh, kw]`, `y [oc, oh, ow]`.
pub(super) fn conv(c: &Conv, n: usize, x: &[usize], w: &[usize], y: &[usize], bias: bool, a: Act) -> Conv2dParams {
    let ([ih, iw], [oh, ow], [kh, kw]) = (last_two(x), last_two(y), last_two(w));
    Conv2dParams {
        n: n as u32,
        ic: x[0] as u32,
        ih,
        iw,
        oc: y[0] as u32,
        oh,
        ow,
        groups: c.groups as u32,
        kh,
        kw,
        sh: c.stride[0] as u32,
        sw: c.stride[1] as u32,
        pt: c.pads[0] as u32,
        pl: c.pads[1] as u32,
        dh: c.dilation[0] as u32,
        dw: c.dilation[1] as u32,
        has_bias: bias.into(),
        act: a.0,
        act_a: a.1,
        act_b: a.2,
        ..Default::default()
    }
}

/// `x [ic, ih, iw]`, `w [ic, oc/g, kh, kw]`, `y [oc, oh, ow]`.
pub(super) fn conv_transpose(
    c: &Conv,
    n: usize,
    x: &[usize],
    w: &[usize],
    y: &[usize],
    bias: bool,
    a: Act,
) -> ConvTranspose2dParams {
    let p = conv(c, n, x, w, y, bias, a);
    ConvTranspose2dParams {
        n: p.n,
        ic: p.ic,
        ih: p.ih,
        iw: p.iw,
        oc: p.oc,
        oh: p.oh,
        ow: p.ow,
        groups: p.groups,
        kh: p.kh,
        kw: p.kw,
        sh: p.sh,
        sw: p.sw,
        pt: p.pt,
        pl: p.pl,
        dh: p.dh,
        dw: p.dw,
        has_bias: p.has_bias,
        act: p.act,
        act_a: p.act_a,
        act_b: p.act_b,
        ..Default::default()
    }
}

/// Pooling of `items` images `x [c, ih, iw]` to `y [c, oh, ow]`; `classes` only matters to its adjoint.
pub(super) fn pool(p: &Pool, average: bool, items: usize, classes: usize, x: &[usize], y: &[usize]) -> PoolParams {
    let ([ih, iw], [oh, ow]) = (last_two(x), last_two(y));
    PoolParams {
        nc: (items * x[0]) as u32,
        ih,
        iw,
        oh,
        ow,
        kh: p.kernel[0] as u32,
        kw: p.kernel[1] as u32,
        sh: p.stride[0] as u32,
        sw: p.stride[1] as u32,
        pt: p.pads[0] as u32,
        pl: p.pads[1] as u32,
        pb: p.pads[2] as u32,
        pr: p.pads[3] as u32,
        dh: p.dilation[0] as u32,
        dw: p.dilation[1] as u32,
        mode: average.into(),
        count_include_pad: p.count_include_pad.into(),
        classes: classes as u32,
        ch: x[0] as u32,
        base: 0,
    }
}

/// Resize of `planes` images from `x [h, w]` to `y [h, w]`.
pub(super) fn resize(r: &Resize, planes: usize, x: [usize; 2], y: [usize; 2]) -> ResizeParams {
    let (mode, nearest) = match r.mode {
        ResizeMode::Bilinear => (1, 0),
        ResizeMode::Nearest(NearestRounding::Floor) => (0, 0),
        ResizeMode::Nearest(NearestRounding::RoundPreferFloor) => (0, 1),
        ResizeMode::Nearest(NearestRounding::Ceil) => (0, 2),
        ResizeMode::Nearest(NearestRounding::RoundPreferCeil) => (0, 3),
    };
    let coord = match r.coordinates {
        Coordinates::HalfPixel => 0,
        Coordinates::AlignCorners => 1,
        Coordinates::Asymmetric => 2,
        Coordinates::PytorchHalfPixel => 3,
    };
    let scale = r.scale.unwrap_or([x[0] as f32 / y[0] as f32, x[1] as f32 / y[1] as f32]);
    ResizeParams {
        nc: planes as u32,
        ih: x[0] as u32,
        iw: x[1] as u32,
        oh: y[0] as u32,
        ow: y[1] as u32,
        mode,
        coord,
        nearest,
        scale_h: scale[0],
        scale_w: scale[1],
        ..Default::default()
    }
}

pub(super) fn reduction(kind: Reduction) -> u32 {
    match kind {
        Reduction::Sum => 0,
        Reduction::Mean => 1,
        Reduction::Max => 2,
        Reduction::Min => 3,
    }
}

pub(super) fn cam_mode(mode: CamMode) -> u32 {
    match mode {
        CamMode::Sum => 0,
        CamMode::PositiveTerms => 1,
        CamMode::PositiveGradient => 2,
    }
}

/// `(outer, axis, inner)` of a shape with `items` in front.
pub(super) fn around(shape: &[usize], axis: usize, items: usize) -> (u32, u32, u32) {
    let outer = items * shape[..axis].iter().product::<usize>();
    (outer as u32, shape[axis] as u32, shape[axis + 1..].iter().product::<usize>() as u32)
}
