//! Pooling and its gradient.

use super::conv::positions;
use super::{Case, Random, wide};
use crate::kernel::Call;
use crate::params::PoolParams;

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(2);
    let mut cases = Vec::new();
    for &(size, kernel, padding, ceil) in GRID {
        for (mode, count_include_pad) in [(0, 0), (1, 0), (1, 1)] {
            let p = params(size, kernel, padding, ceil, mode, count_include_pad);
            cases.push(forward_case(&p, &mut random));
            cases.push(gradient_case(&PoolParams { nc: 2 * 3 * 2, classes: 3, ch: 2, ..p }, &mut random));
        }
    }
    cases
}

type Line = ([u32; 3], [u32; 6], [u32; 4], bool);

/// [nc, ih, iw], [kh, kw, sh, sw, dh, dw], [pt, pl, pb, pr], ceil mode.
const GRID: &[Line] = &[
    ([3, 8, 10], [2, 2, 2, 2, 1, 1], [0, 0, 0, 0], false),
    ([2, 7, 9], [2, 2, 2, 2, 1, 1], [0, 0, 0, 0], true),
    ([5, 11, 8], [3, 3, 2, 2, 1, 1], [1, 1, 1, 1], false),
    ([2, 10, 8], [3, 3, 2, 2, 1, 1], [1, 1, 1, 1], true),
    ([2, 6, 7], [3, 2, 1, 1, 1, 1], [1, 0, 0, 1], false),
    ([2, 9, 9], [3, 3, 1, 1, 2, 2], [1, 1, 1, 1], false),
    ([4, 7, 7], [7, 7, 1, 1, 1, 1], [0, 0, 0, 0], false),
    ([3, 1, 1], [3, 3, 1, 1, 1, 1], [1, 1, 1, 1], false),
    ([2, 13, 5], [5, 1, 3, 1, 1, 1], [2, 0, 1, 0], false),
];

fn params(
    [nc, ih, iw]: [u32; 3],
    [kh, kw, sh, sw, dh, dw]: [u32; 6],
    [pt, pl, pb, pr]: [u32; 4],
    ceil: bool,
    mode: u32,
    include: u32,
) -> PoolParams {
    let outputs = |size: u32, lead: u32, trail: u32, k: u32, s: u32, d: u32| {
        let room = size + lead + trail - d * (k - 1) - 1;
        let count = if ceil { room.div_ceil(s) } else { room / s } + 1;
        // As in PyTorch, the last window starts inside the image or its leading padding.
        if ceil && (count - 1) * s >= size + lead { count - 1 } else { count }
    };
    let (oh, ow) = (outputs(ih, pt, pb, kh, sh, dh), outputs(iw, pl, pr, kw, sw, dw));
    PoolParams {
        nc,
        ih,
        iw,
        oh,
        ow,
        kh,
        kw,
        sh,
        sw,
        pt,
        pl,
        pb,
        pr,
        dh,
        dw,
        mode,
        count_include_pad: include,
        classes: 1,
        ch: nc,
        base: 0,
    }
}

fn label(name: &str, p: &PoolParams) -> String {
    format!(
        "{name} mode {} include {} {}x{}x{} to {}x{} by {}x{} stride {}x{} dilation {}x{} padding {},{},{},{}",
        p.mode, p.count_include_pad, p.nc, p.ih, p.iw, p.oh, p.ow, p.kh, p.kw, p.sh, p.sw, p.dh, p.dw, p.pt, p.pl, p.pb, p.pr
    )
}

fn forward_case(p: &PoolParams, random: &mut Random) -> Case {
    let x = random.values((p.nc * p.ih * p.iw) as usize);
    let mut expected = Vec::new();
    for (plane, oy, ox, _) in positions(p.nc.into(), p.oh.into(), p.ow.into(), 1) {
        let image = &x[(plane * i64::from(p.ih * p.iw)) as usize..];
        let (cells, counted) = window(p, oy, ox);
        let values = cells.iter().map(|&at| f64::from(image[at]));
        expected.push(if p.mode == 0 { values.fold(f64::NEG_INFINITY, f64::max) } else { values.sum::<f64>() / counted });
    }
    Case::new(label("pool", p), Call::Pool(*p), vec![x], expected)
}

/// The image cells of a window in scan order, and how many cells an average divides by.
fn window(p: &PoolParams, oy: i64, ox: i64) -> (Vec<usize>, f64) {
    let [ih, iw, kh, kw, sh, sw, dh, dw] = wide([p.ih, p.iw, p.kh, p.kw, p.sh, p.sw, p.dh, p.dw]);
    let [pt, pl, pb, pr] = wide([p.pt, p.pl, p.pb, p.pr]);
    let (mut cells, mut padded) = (Vec::new(), 0);
    for (ky, kx, _, _) in positions(kh, kw, 1, 1) {
        let (y, x) = (oy * sh + ky * dh - pt, ox * sw + kx * dw - pl);
        if (0..ih).contains(&y) && (0..iw).contains(&x) {
            cells.push((y * iw + x) as usize);
        }
        padded += i32::from((-pt..ih + pb).contains(&y) && (-pl..iw + pr).contains(&x));
    }
    let counted = if p.count_include_pad == 1 { f64::from(padded) } else { cells.len() as f64 };
    (cells, counted)
}

fn gradient_case(p: &PoolParams, random: &mut Random) -> Case {
    let [nc, image, plane] = [p.nc, p.ih * p.iw, p.oh * p.ow].map(|v| v as usize);
    let (ch, classes) = (p.ch as usize, p.classes as usize);
    let g = random.values(nc * plane);
    // A few distinct values: many windows have ties, where the first cell takes all.
    let x: Vec<f32> = random.values(nc / classes * image).into_iter().map(|v| (v * 4.0).round()).collect();
    let mut expected = vec![0.0f64; nc * image];
    for row in 0..nc {
        let source = &x[(row / ch / classes * ch + row % ch) * image..];
        for (oy, ox, _, _) in positions(p.oh.into(), p.ow.into(), 1, 1) {
            let (cells, counted) = window(p, oy, ox);
            let g = f64::from(g[row * plane + (oy * i64::from(p.ow) + ox) as usize]);
            let target = &mut expected[row * image..];
            if p.mode == 1 {
                cells.iter().for_each(|&at| target[at] += g / counted);
            } else {
                let top = cells.iter().map(|&at| source[at]).fold(f32::NEG_INFINITY, f32::max);
                cells.iter().find(|&&at| source[at] == top).into_iter().for_each(|&at| target[at] += g);
            }
        }
    }
    let x = if p.mode == 0 { x } else { vec![f32::NAN] };
    Case::new(label("pool_grad", p), Call::PoolGrad(*p), vec![g, x], expected)
}
