//! Elementwise operations: activations with their derivatives, and binary operations with broadcasting.

use super::{Case, Random};
use crate::cpu::activation::code;
use crate::kernel::Call;
use crate::params::{BinaryParams, UnaryParams};
use std::f64::consts::PI;

/// f(x) in f64, by definition.
pub(super) fn activate(kind: u32, x: f64, a: f64, b: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + (-x).exp());
    match kind {
        code::RELU | code::POSITIVE => x.max(0.0),
        code::LEAKY_RELU => {
            if x > 0.0 {
                x
            } else {
                a * x
            }
        }
        code::CLIP => x.max(a).min(b),
        code::SIGMOID => sigmoid,
        code::HARD_SIGMOID => (a * x + b).clamp(0.0, 1.0),
        code::HARD_SWISH => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        code::SILU => x * sigmoid,
        code::TANH => x.tanh(),
        code::ERF => erf(x),
        code::GELU => x * 0.5 * (1.0 + erf(x / 2f64.sqrt())),
        code::GELU_TANH => x * 0.5 * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
        code::EXP => x.exp(),
        code::SQRT => x.sqrt(),
        code::NEG => -x,
        code::ABS => x.abs(),
        code::POW => x.powf(a),
        code::RECIPROCAL => 1.0 / x,
        code::LOG => x.ln(),
        code::AFFINE => a * x + b,
        code::SOFTPLUS => (1.0 + x.exp()).ln(),
        code::STEP => f64::from(u8::from(x > 0.0)),
        _ => x,
    }
}

/// f′(x): a central difference of f, or PyTorch's choice at a kink.
fn derivative(kind: u32, x: f64, a: f64, b: f64) -> f64 {
    let kinks: &[f64] = match kind {
        code::RELU | code::POSITIVE | code::LEAKY_RELU | code::ABS | code::STEP => &[0.0],
        code::HARD_SWISH => &[-3.0, 3.0],
        code::CLIP => &[a, b],
        _ => &[],
    };
    if kinks.contains(&x) {
        return match kind {
            code::LEAKY_RELU => a,
            code::HARD_SWISH if x > 0.0 => 1.0,
            _ => 0.0,
        };
    }
    let h = 1e-5 * x.abs().max(0.01);
    (activate(kind, x + h, a, b) - activate(kind, x - h, a, b)) / (2.0 * h)
}

/// erf by its power series near zero, by the continued fraction of erfc beyond.
fn erf(x: f64) -> f64 {
    let t = x.abs();
    if t < 3.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..100 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * 2.0 / PI.sqrt();
    }
    let fraction = (1..=80).rev().fold(t, |tail, n| t + f64::from(n) / 2.0 / tail);
    (1.0 - (-t * t).exp() / PI.sqrt() / fraction).copysign(x)
}

/// Code, parameters, and whether it is defined for positive x only.
#[rustfmt::skip] // a table
const FUNCTIONS: &[(u32, f32, f32, bool)] = &[
    (code::IDENTITY, 0.0, 0.0, false),
    (code::RELU, 0.0, 0.0, false),
    (code::LEAKY_RELU, 0.2, 0.0, false),
    (code::CLIP, -1.5, 3.0, false),
    (code::SIGMOID, 0.0, 0.0, false),
    (code::HARD_SIGMOID, 0.2, 0.5, false),
    (code::HARD_SWISH, 0.0, 0.0, false),
    (code::SILU, 0.0, 0.0, false),
    (code::TANH, 0.0, 0.0, false),
    (code::ERF, 0.0, 0.0, false),
    (code::GELU, 0.0, 0.0, false),
    (code::GELU_TANH, 0.0, 0.0, false),
    (code::EXP, 0.0, 0.0, false),
    (code::SQRT, 0.0, 0.0, true),
    (code::NEG, 0.0, 0.0, false),
    (code::ABS, 0.0, 0.0, false),
    (code::POW, 2.0, 0.0, false),
    (code::POW, 3.0, 0.0, false),
    (code::POW, 0.5, 0.0, true),
    (code::POW, -1.3, 0.0, true),
    (code::RECIPROCAL, 0.0, 0.0, true),
    (code::LOG, 0.0, 0.0, true),
    (code::AFFINE, -1.7, 0.3, false),
    (code::SOFTPLUS, 0.0, 0.0, false),
    (code::STEP, 0.0, 0.0, false),
    (code::POSITIVE, 0.0, 0.0, false),
];

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(4);
    let mut cases = Vec::new();
    for &(kind, a, b, positive) in FUNCTIONS {
        let inner = 531;
        let mut x = if positive { random.between(0.1, 6.0, 2 * inner) } else { random.between(-6.0, 6.0, 2 * inner) };
        if !positive {
            x[..8].copy_from_slice(&[0.0, -0.0, -3.0, 3.0, -1.5, 1e-6, -1e-6, 12.0]);
        }
        let f = |v: &f32| activate(kind, f64::from(*v), a.into(), b.into());
        let p = UnaryParams { len: 2 * inner as u32, kind, a, b, classes: 1, inner: 2 * inner as u32, ..Default::default() };
        cases.push(Case::new(format!("unary {kind} a {a} b {b}"), Call::Unary(p), vec![x.clone()], x.iter().map(f).collect()));
        let classes = 3;
        let g = random.values(2 * classes * inner);
        let slope = |(i, &g): (usize, &f32)| {
            let v = x[i / inner / classes * inner + i % inner];
            f64::from(g) * derivative(kind, v.into(), a.into(), b.into())
        };
        let expected = g.iter().enumerate().map(slope).collect();
        let p =
            UnaryParams { len: g.len() as u32, kind, a, b, classes: classes as u32, inner: inner as u32, ..Default::default() };
        cases.push(Case::new(format!("unary_grad {kind} a {a} b {b}"), Call::UnaryGrad(p), vec![g, x], expected));
    }
    for kind in 0..7 {
        for &(shape, a, b) in BROADCASTS {
            cases.push(binary_case(kind, shape, a, b, &mut random));
        }
    }
    cases
}

type Broadcast = (&'static [u32], &'static [u32], &'static [u32]);

/// Output shape, and the two operand shapes (1 where they repeat).
#[rustfmt::skip] // a table
const BROADCASTS: &[Broadcast] = &[
    (&[1], &[1], &[1]),
    (&[301], &[301], &[301]),
    (&[2, 3, 5, 7], &[2, 3, 5, 7], &[2, 3, 5, 7]),
    (&[2, 3, 5, 7], &[2, 3, 5, 7], &[1, 3, 1, 1]),
    (&[2, 3, 5, 7], &[1, 3, 1, 7], &[2, 1, 5, 1]),
    (&[40, 1, 500], &[40, 1, 500], &[1, 1, 500]),
    (&[40, 500], &[1, 1], &[40, 500]),
    (&[2, 2, 3, 2, 2, 3, 2, 5], &[2, 1, 3, 2, 2, 1, 2, 5], &[1, 2, 3, 1, 2, 3, 2, 1]),
];

/// A shape with leading ones, and the strides of a contiguous tensor of that shape, 0 where it is 1 long.
pub(super) fn padded(shape: &[u32]) -> ([[u32; 4]; 2], [[u32; 4]; 2]) {
    let mut full = [1u32; 8];
    full[8 - shape.len()..].copy_from_slice(shape);
    let mut strides = [0u32; 8];
    let mut next = 1;
    for d in (0..8).rev() {
        if full[d] > 1 {
            strides[d] = next;
        }
        next *= full[d];
    }
    (halves(full), halves(strides))
}

/// Eight values as the uniforms hold them.
pub(super) fn halves<T: Copy + Default>(v: [T; 8]) -> [[T; 4]; 2] {
    let mut out = [[T::default(); 4]; 2];
    v.into_iter().enumerate().for_each(|(d, v)| out[d / 4][d % 4] = v);
    out
}

fn binary_case(kind: u32, shape: &[u32], a_shape: &[u32], b_shape: &[u32], random: &mut Random) -> Case {
    let count = |s: &[u32]| s.iter().product::<u32>() as usize;
    // Positive where the operation needs it (pow of a negative base is undefined on GPUs).
    let low = if kind == 3 || kind == 6 { 0.2 } else { -1.0 };
    let (a, b) = (random.between(low, 2.0, count(a_shape)), random.between(low, 2.0, count(b_shape)));
    let pick = |data: &[f32], own: &[u32], mut index: usize| {
        let (mut at, mut stride) = (0, 1);
        for (&length, &own) in shape.iter().zip(own).rev() {
            at += if own == 1 { 0 } else { index % length as usize * stride };
            stride *= own as usize;
            index /= length as usize;
        }
        f64::from(data[at])
    };
    let value = |i: usize| {
        let (a, b) = (pick(&a, a_shape, i), pick(&b, b_shape, i));
        let y = match kind {
            0 => a + b,
            1 => a - b,
            2 => a * b,
            3 => a / b,
            4 => a.max(b),
            5 => a.min(b),
            _ => a.powf(b),
        };
        activate(code::CLIP, y, 0.0, 1.25)
    };
    let expected = (0..count(shape)).map(value).collect();
    let p = BinaryParams {
        shape: padded(shape).0,
        a_strides: padded(a_shape).1,
        b_strides: padded(b_shape).1,
        len: count(shape) as u32,
        kind,
        act: code::CLIP,
        act_a: 0.0,
        act_b: 1.25,
        ..Default::default()
    };
    Case::new(format!("binary {kind} {a_shape:?} with {b_shape:?}"), Call::Binary(p), vec![a, b], expected)
}
