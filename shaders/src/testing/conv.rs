//! Convolutions.

use super::pointwise::activate;
use super::{Case, Random, TOLERANCE_OF_LONG_SUMS, wide};
use crate::cpu::activation::code;
use crate::kernel::{Call, ConvPath};
use crate::params::Conv2dParams;

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(1);
    let mut cases = Vec::new();
    for p in grid(GRID) {
        cases.extend(conv_cases(&p, &mut random));
    }
    for p in grid(DEEP) {
        let deep = conv_cases(&p, &mut random).into_iter();
        cases.extend(deep.map(|case| Case { tolerance: TOLERANCE_OF_LONG_SUMS, ..case }));
    }
    cases
}

pub(super) type Line = ([u32; 6], [u32; 6], [u32; 4], u32);

/// One convolution per line: [n, ic, ih, iw, oc, groups], [kh, kw, sh, sw, dh, dw], [pt, pl, pb, pr], activation (0 also: no bias).
#[rustfmt::skip] // a table
pub(super) const GRID: &[Line] = &[
    ([1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0], code::RELU),
    ([2, 3, 1, 1, 5, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], 0),
    ([1, 3, 33, 31, 7, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], code::RELU),
    ([3, 5, 9, 7, 6, 1], [3, 3, 2, 2, 1, 1], [1, 1, 1, 1], code::RELU),
    ([1, 3, 29, 23, 9, 1], [7, 7, 2, 2, 1, 1], [3, 3, 3, 3], code::CLIP),
    ([1, 4, 13, 11, 8, 2], [5, 5, 1, 1, 1, 1], [2, 2, 2, 2], code::SILU),
    ([2, 8, 10, 9, 12, 4], [3, 3, 1, 1, 2, 2], [2, 2, 2, 2], 0),
    ([1, 4, 12, 13, 4, 1], [2, 2, 2, 2, 1, 1], [0, 0, 0, 0], code::RELU),
    ([1, 2, 8, 9, 3, 1], [2, 3, 1, 2, 2, 1], [1, 0, 2, 1], code::LEAKY_RELU),
    ([1, 3, 3, 4, 5, 1], [7, 7, 1, 1, 1, 1], [3, 3, 3, 3], code::SIGMOID),
    ([1, 2, 2, 3, 4, 1], [5, 5, 1, 1, 1, 1], [4, 3, 2, 5], 0),
    ([3, 6, 9, 10, 6, 6], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], code::HARD_SWISH),
    ([1, 6, 11, 13, 12, 6], [5, 5, 2, 2, 1, 1], [2, 1, 2, 3], code::RELU),
    ([2, 4, 9, 9, 4, 4], [3, 3, 1, 1, 3, 2], [3, 2, 3, 2], 0),
    ([1, 3, 6, 7, 24, 3], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], code::RELU),
    ([1, 16, 13, 17, 33, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0], code::GELU),
    ([2, 8, 9, 9, 10, 2], [1, 1, 2, 2, 1, 1], [0, 0, 0, 0], 0),
    ([1, 6, 5, 5, 9, 3], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1], code::TANH),
    ([1, 64, 33, 31, 6, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], code::RELU),
    ([1, 72, 8, 8, 70, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], code::RELU),
    ([1, 1, 40, 41, 16, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], 0),
    ([1, 5, 1, 37, 4, 1], [1, 7, 1, 3, 1, 1], [0, 3, 0, 3], code::RELU),
    ([1, 4, 5, 65, 8, 1], [3, 1, 1, 1, 1, 1], [0, 0, 0, 0], 0),
];

/// Sums of thousands of products, as in the last layers of VGG and ResNet.
#[rustfmt::skip] // a table
pub(super) const DEEP: &[Line] = &[
    ([1, 512, 5, 4, 18, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], 0),
    ([1, 2048, 4, 5, 9, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0], 0),
    ([1, 500, 7, 6, 512, 1], [3, 3, 2, 2, 1, 1], [1, 1, 1, 1], 0),
    ([1, 1024, 4, 4, 4, 2], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], 0),
];

pub(super) fn grid(lines: &[Line]) -> Vec<Conv2dParams> {
    let line = |&([n, ic, ih, iw, oc, groups], [kh, kw, sh, sw, dh, dw], [pt, pl, pb, pr], act): &Line| {
        let oh = (ih + pt + pb - dh * (kh - 1) - 1) / sh + 1;
        let ow = (iw + pl + pr - dw * (kw - 1) - 1) / sw + 1;
        let has_bias = u32::from(act != 0);
        Conv2dParams {
            n,
            ic,
            ih,
            iw,
            oc,
            oh,
            ow,
            groups,
            kh,
            kw,
            sh,
            sw,
            pt,
            pl,
            dh,
            dw,
            has_bias,
            act,
            act_a: 0.1,
            act_b: 0.4,
            ..Default::default()
        }
    };
    lines.iter().map(line).collect()
}

fn conv_cases(p: &Conv2dParams, random: &mut Random) -> Vec<Case> {
    let x = random.values((p.n * p.ic * p.ih * p.iw) as usize);
    let w = random.values((p.oc * (p.ic / p.groups) * p.kh * p.kw) as usize);
    let bias = bias(p.has_bias, p.oc, random);
    let expected = conv(p, &x, &w, &bias);
    let label = format!(
        "conv2d {}x{}x{}x{} to {} by {}x{} stride {}x{} dilation {}x{} padding {},{} groups {} bias {} act {}",
        p.n, p.ic, p.ih, p.iw, p.oc, p.kh, p.kw, p.sh, p.sw, p.dh, p.dw, p.pt, p.pl, p.groups, p.has_bias, p.act
    );
    let inputs = vec![x, w, bias];
    let case = |path: ConvPath| {
        Case::new(format!("{label}, {path:?}"), Call::Conv2d { params: *p, path }, inputs.clone(), expected.clone())
    };
    paths(p).into_iter().map(case).collect()
}

/// Every path that takes these shapes: the general ones, and the one `choose` names.
fn paths(p: &Conv2dParams) -> Vec<ConvPath> {
    let mut paths = vec![ConvPath::Direct];
    if p.groups == 1 {
        paths.push(ConvPath::Gemm);
        paths.push(ConvPath::Blocked);
    }
    let chosen = ConvPath::choose(p);
    if !paths.contains(&chosen) {
        paths.push(chosen);
    }
    paths
}

/// Values, or one NaN where none may be read.
pub(super) fn bias(has_bias: u32, count: u32, random: &mut Random) -> Vec<f32> {
    if has_bias == 0 { vec![f32::NAN] } else { random.values(count as usize) }
}

/// Convolution by its definition.
fn conv(p: &Conv2dParams, x: &[f32], w: &[f32], bias: &[f32]) -> Vec<f64> {
    let [n, ic, ih, iw, oc, oh, ow, groups] = wide([p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.groups]);
    let [kh, kw, sh, sw, pt, pl, dh, dw] = wide([p.kh, p.kw, p.sh, p.sw, p.pt, p.pl, p.dh, p.dw]);
    let (icg, ocg) = (ic / groups, oc / groups);
    let mut out = Vec::new();
    for (b, o, oy, ox) in positions(n, oc, oh, ow) {
        let mut sum = if p.has_bias == 0 { 0.0 } else { f64::from(bias[o as usize]) };
        for (i, ky, kx, _) in positions(icg, kh, kw, 1) {
            let (y, x_) = (oy * sh + ky * dh - pt, ox * sw + kx * dw - pl);
            if (0..ih).contains(&y) && (0..iw).contains(&x_) {
                let channel = o / ocg * icg + i;
                let cell = x[(((b * ic + channel) * ih + y) * iw + x_) as usize];
                sum += f64::from(cell) * f64::from(w[(((o * icg + i) * kh + ky) * kw + kx) as usize]);
            }
        }
        out.push(activate(p.act, sum, p.act_a.into(), p.act_b.into()));
    }
    out
}

/// All index quadruples in row-major order.
pub(super) fn positions(a: i64, b: i64, c: i64, d: i64) -> impl Iterator<Item = (i64, i64, i64, i64)> {
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}
