//! Transposed convolutions.

use super::conv::{DEEP, GRID, Line, bias, grid, positions};
use super::pointwise::activate;
use super::{Case, Random, TOLERANCE_OF_LONG_SUMS, wide};
use crate::cpu::activation::code;
use crate::kernel::Call;
use crate::params::ConvTranspose2dParams;

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(8);
    let mut cases: Vec<Case> = transposed_grid(GRID).iter().map(|p| transposed_case(p, &mut random)).collect();
    let deep = transposed_grid(DEEP).into_iter().filter(|p| p.ic / p.groups * p.kh * p.kw / (p.sh * p.sw) > 1000);
    cases.extend(deep.map(|p| Case { tolerance: TOLERANCE_OF_LONG_SUMS, ..transposed_case(&p, &mut random) }));
    cases
}

/// Every convolution of a table turned round, with output sizes that also leave cells no tap reaches (output padding).
fn transposed_grid(lines: &[Line]) -> Vec<ConvTranspose2dParams> {
    let mut list = Vec::new();
    for (i, p) in grid(lines).into_iter().enumerate() {
        let (oh, ow) = (p.ih, p.iw);
        let turned = ConvTranspose2dParams {
            n: p.n,
            ic: p.oc,
            ih: p.oh,
            iw: p.ow,
            oc: p.ic,
            oh,
            ow,
            groups: p.groups,
            kh: p.kh,
            kw: p.kw,
            sh: p.sh,
            sw: p.sw,
            pt: p.pt,
            pl: p.pl,
            dh: p.dh,
            dw: p.dw,
            has_bias: u32::from(i % 2 == 0),
            act: if i % 3 == 0 { code::RELU } else { 0 },
            ..Default::default()
        };
        list.push(turned);
        if p.sh > 1 || p.sw > 1 {
            list.push(ConvTranspose2dParams { oh: oh + p.sh - 1, ow: ow + p.sw - 1, ..turned });
        }
    }
    list
}

fn transposed_case(p: &ConvTranspose2dParams, random: &mut Random) -> Case {
    let x = random.values((p.n * p.ic * p.ih * p.iw) as usize);
    let w = random.values((p.ic * (p.oc / p.groups) * p.kh * p.kw) as usize);
    let bias = bias(p.has_bias, p.oc, random);
    let expected = transposed(p, &x, &w, &bias);
    let label = format!(
        "conv_transpose2d {}x{}x{}x{} to {}x{}x{} by {}x{} stride {}x{} dilation {}x{} padding {},{} groups {} bias {} act {}",
        p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.kh, p.kw, p.sh, p.sw, p.dh, p.dw, p.pt, p.pl, p.groups, p.has_bias, p.act
    );
    Case::new(label, Call::ConvTranspose2d(*p), vec![x, w, bias], expected)
}

/// Transposed convolution by its definition: every input cell is spread over the output.
fn transposed(p: &ConvTranspose2dParams, x: &[f32], w: &[f32], bias: &[f32]) -> Vec<f64> {
    let [n, ic, ih, iw, oc, oh, ow, groups] = wide([p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.groups]);
    let [kh, kw, sh, sw, pt, pl, dh, dw] = wide([p.kh, p.kw, p.sh, p.sw, p.pt, p.pl, p.dh, p.dw]);
    let (icg, ocg) = (ic / groups, oc / groups);
    let start = |o: i64| {
        if p.has_bias == 0 { 0.0 } else { f64::from(bias[o as usize]) }
    };
    let mut out: Vec<f64> = positions(n, oc, oh, ow).map(|(_, o, _, _)| start(o)).collect();
    for (b, i, iy, ix) in positions(n, ic, ih, iw) {
        let cell = f64::from(x[(((b * ic + i) * ih + iy) * iw + ix) as usize]);
        for (o, ky, kx, _) in positions(ocg, kh, kw, 1) {
            let (oy, ox) = (iy * sh + ky * dh - pt, ix * sw + kx * dw - pl);
            if (0..oh).contains(&oy) && (0..ow).contains(&ox) {
                let channel = i / icg * ocg + o;
                let weight = f64::from(w[(((i * ocg + o) * kh + ky) * kw + kx) as usize]);
                out[(((b * oc + channel) * oh + oy) * ow + ox) as usize] += cell * weight;
            }
        }
    }
    out.into_iter().map(|v| activate(p.act, v, p.act_a.into(), p.act_b.into())).collect()
}
