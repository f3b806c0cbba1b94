//! Operations along one axis: reductions, softmax, layer norm, min-max, and the per-channel affine map.

use super::pointwise::activate;
use super::{Case, Random};
use crate::cpu::activation::code;
use crate::kernel::Call;
use crate::params::{ChannelAffineParams, LayerNormParams, MinMaxParams, ReduceParams, SoftmaxParams};

/// (outer, axis, inner)
const SHAPES: &[(u32, u32, u32)] =
    &[(1, 1, 1), (3, 1, 5), (1, 7, 1), (5, 33, 1), (2, 300, 1), (3, 5, 7), (1, 4, 1100), (2, 257, 3), (600, 4, 1)];

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(3);
    let mut cases = Vec::new();
    for &(outer, axis, inner) in SHAPES {
        let shape = format!("{outer}x{axis}x{inner}");
        let x = random.values((outer * axis * inner) as usize);
        for kind in 0..4 {
            let expected = columns(&x, outer, axis, inner).iter().map(|c| reduced(kind, c)).collect();
            let call = Call::Reduce(ReduceParams { outer, red: axis, inner, kind });
            cases.push(Case::new(format!("reduce {kind} {shape}"), call, vec![x.clone()], expected));
        }
        for log in [0, 1] {
            let x: Vec<f32> = x.iter().map(|v| v * 20.0 + 50.0).collect();
            let expected = along(&x, outer, axis, inner, |c| soft(log, c));
            let call = Call::Softmax(SoftmaxParams { outer, axis, inner, log });
            cases.push(Case::new(format!("softmax log {log} {shape}"), call, vec![x], expected));
        }
        cases.push(layer_norm_case(&shape, (outer, axis, inner), &mut random));
        cases.push(affine_case(&shape, (outer, axis, inner), &mut random));
    }
    cases.extend(minmax_cases(&mut random));
    cases
}

/// The values along the axis, one list per (outer, inner).
fn columns(x: &[f32], outer: u32, axis: u32, inner: u32) -> Vec<Vec<f64>> {
    let (outer, axis, inner) = (outer as usize, axis as usize, inner as usize);
    let column = |at: usize| (0..axis).map(|a| f64::from(x[(at / inner * axis + a) * inner + at % inner])).collect();
    (0..outer * inner).map(column).collect()
}

/// Applies `f` to every list along the axis and puts the results back in place.
fn along(x: &[f32], outer: u32, axis: u32, inner: u32, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let (width, length) = (inner as usize, axis as usize);
    let mut out = vec![0.0; x.len()];
    for (at, column) in columns(x, outer, axis, inner).iter().enumerate() {
        for (a, v) in f(column).into_iter().enumerate() {
            out[(at / width * length + a) * width + at % width] = v;
        }
    }
    out
}

fn reduced(kind: u32, column: &[f64]) -> f64 {
    match kind {
        0 => column.iter().sum(),
        1 => column.iter().sum::<f64>() / column.len() as f64,
        2 => column.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => column.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

fn soft(log: u32, column: &[f64]) -> Vec<f64> {
    let max = reduced(2, column);
    let sum: f64 = column.iter().map(|v| (v - max).exp()).sum();
    column.iter().map(|v| if log == 1 { v - max - sum.ln() } else { (v - max).exp() / sum }).collect()
}

fn layer_norm_case(shape: &str, (outer, axis, inner): (u32, u32, u32), random: &mut Random) -> Case {
    let eps = 1e-5f32;
    let (scale, bias) = (random.values(axis as usize), random.values(axis as usize));
    let x: Vec<f32> = random.values((outer * axis * inner) as usize).iter().map(|v| v + 2.0).collect();
    let expected = along(&x, outer, axis, inner, |column| {
        let mean = reduced(1, column);
        let variance = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / column.len() as f64;
        let norm =
            |(v, (&s, &b)): (&f64, (&f32, &f32))| (v - mean) / (variance + f64::from(eps)).sqrt() * f64::from(s) + f64::from(b);
        column.iter().zip(scale.iter().zip(&bias)).map(norm).collect()
    });
    Case::new(
        format!("layer_norm {shape}"),
        Call::LayerNorm(LayerNormParams { outer, axis, inner, eps }),
        vec![x, scale, bias],
        expected,
    )
}

fn affine_case(shape: &str, (n, c, inner): (u32, u32, u32), random: &mut Random) -> Case {
    let x = random.values((n * c * inner) as usize);
    let (scale, shift) = (random.values(c as usize), random.values(c as usize));
    let value = |(i, &v): (usize, &f32)| {
        let channel = i / inner as usize % c as usize;
        activate(code::SILU, f64::from(v) * f64::from(scale[channel]) + f64::from(shift[channel]), 0.0, 0.0)
    };
    let expected = x.iter().enumerate().map(value).collect();
    let call = Call::ChannelAffine(ChannelAffineParams { n, c, inner, act: code::SILU, ..Default::default() });
    Case::new(format!("channel_affine {shape}"), call, vec![x, scale, shift], expected)
}

fn minmax_cases(random: &mut Random) -> Vec<Case> {
    let mut cases = Vec::new();
    for (outer, len) in [(1, 1), (4, 1), (1, 1000), (3, 49), (2, 257)] {
        let mut x = random.values(outer * len);
        // The last row is constant wherever there are several.
        if outer > 1 {
            x[(outer - 1) * len..].fill(0.7);
        }
        let expected = x.chunks(len).flat_map(scaled).collect();
        let call = Call::MinMax(MinMaxParams { outer: outer as u32, len: len as u32, ..Default::default() });
        cases.push(Case::new(format!("minmax {outer}x{len}"), call, vec![x], expected));
    }
    cases
}

fn scaled(row: &[f32]) -> Vec<f64> {
    let low = row.iter().copied().fold(f32::INFINITY, f32::min);
    let high = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (low, high) = (f64::from(low), f64::from(high));
    row.iter().map(|&v| if high > low { (f64::from(v) - low) / (high - low) } else { 0.0 }).collect()
}
