//! The adjoint of every operation against finite differences on the CPU twins, away from kinks.
//!
//! With one input channel HiResCAM at the image is g ⊙ x, so that the map divided by the image is the gradient.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use fovea_student::explain::{Explain, Method, explain};
use fovea_student::graph::*;

const PX: usize = 9;

/// Builds stem → `middle` → head, and compares directional derivatives of each logit.
fn check(name: &str, middle: impl Fn(&mut Net, ValueId) -> ValueId) {
    let mut n = Net::new(&[1, PX, PX], 77);
    let image = n.b.input();
    let stem = n.conv(image, 6, 3, same(1, 1));
    let mid = middle(&mut n, stem);
    let flat = n.b.value(mid).shape.iter().product();
    let flat = n.op(Op::Reshape { shape: vec![flat] }, &[mid]);
    let smooth = n.unary(flat, Unary::Tanh);
    let logits = n.linear(smooth, 3);
    let (graph, weights) = n.finish(logits);
    let spec = Explain { closed_form: false, normalise: false, ..Explain::one("image", Method::HiResCam) };
    let explained = explain(&graph, &spec).unwrap();
    let x: Vec<f32> = Random(5).vec(PX * PX).iter().map(|v| v + 0.05f32.copysign(*v)).collect();
    let map = run(&cpu(), &explained, &weights, &x, 1).get("map.0").unwrap().data.clone();
    let direction = Random(8).vec(PX * PX);
    let eps = 2e-3f32;
    let at = |sign: f32| -> Vec<f32> {
        let moved: Vec<f32> = x.iter().zip(&direction).map(|(x, d)| x + sign * eps * d).collect();
        run(&cpu(), &graph, &weights, &moved, 1).get(LOGITS).unwrap().data.clone()
    };
    let (plus, minus) = (at(1.0), at(-1.0));
    for c in 0..3 {
        let numeric = f64::from(plus[c] - minus[c]) / f64::from(2.0 * eps);
        let gradient = |i: usize| f64::from(map[c * PX * PX + i] / x[i]);
        let analytic: f64 = (0..PX * PX).map(|i| gradient(i) * f64::from(direction[i])).sum();
        let scale = numeric.abs().max(0.05);
        assert!((numeric - analytic).abs() / scale < 2e-2, "{name}, class {c}: {numeric} by differences, {analytic} by adjoint");
    }
}

#[test]
fn convolutions() {
    check("strided", |n, x| n.conv(x, 5, 3, same(2, 1)));
    check("dilated", |n, x| n.conv(x, 5, 3, Conv { dilation: [2, 2], pads: [1, 2, 0, 1], ..Conv::default() }));
    check("grouped", |n, x| n.conv(x, 4, 3, Conv { groups: 2, stride: [2, 1], pads: [1; 4], ..Conv::default() }));
    check("depthwise", |n, x| n.conv(x, 6, 3, Conv { groups: 6, pads: [1; 4], ..Conv::default() }));
    check("pointwise", |n, x| n.conv(x, 7, 1, Conv::default()));
    check("transposed", |n, x| {
        let w = n.constant(&[6, 4, 3, 3], 0.3, 0.0);
        n.op(Op::ConvTranspose2d { conv: same(2, 1), size: [18, 17] }, &[x, w])
    });
}

#[test]
fn activations() {
    for u in [
        Unary::LeakyRelu(0.1),
        Unary::Sigmoid,
        Unary::Silu,
        Unary::Tanh,
        Unary::Erf,
        Unary::Gelu,
        Unary::GeluTanh,
        Unary::Exp,
        Unary::Neg,
        Unary::Affine(0.7, 0.2),
        Unary::Softplus,
    ] {
        check(&format!("{u:?}"), |n, x| n.unary(x, u));
    }
    for u in [Unary::Sqrt, Unary::Log, Unary::Reciprocal, Unary::Pow(1.7), Unary::Abs] {
        check(&format!("{u:?} of positive numbers"), |n, x| {
            let e = n.unary(x, Unary::Exp);
            n.unary(e, u)
        });
    }
    // Piecewise linear ones on operands that stay on one piece.
    for u in [Unary::Relu, Unary::Clip(0.1, 40.0), Unary::HardSwish, Unary::HardSigmoid(0.02, 0.3)] {
        check(&format!("{u:?}"), |n, x| {
            let e = n.unary(x, Unary::Exp);
            let e = n.unary(e, Unary::Affine(1.0, 0.2));
            n.unary(e, u)
        });
    }
}

#[test]
fn normalisations() {
    check("batch norm", |n, x| n.norm(x));
    check("layer norm", |n, x| {
        let (scale, bias) = (n.constant(&[6], 0.3, 1.0), n.constant(&[6], 0.1, 0.0));
        n.op(Op::LayerNorm { axis: 0, eps: 1e-5 }, &[x, scale, bias])
    });
    check("softmax", |n, x| n.op(Op::Softmax { axis: 0 }, &[x]));
}

#[test]
fn arithmetic() {
    for kind in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
        check(&format!("{kind:?} of two branches"), |n, x| {
            let a = n.conv(x, 4, 3, same(1, 1));
            let b = n.conv(x, 4, 1, Conv::default());
            let b = n.unary(b, Unary::Exp);
            n.op(Op::Binary(kind), &[a, b])
        });
        check(&format!("{kind:?} with a broadcast gate"), |n, x| {
            let gate = n.op(Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: true }, &[x]);
            let gate = n.unary(gate, Unary::Exp);
            n.op(Op::Binary(kind), &[x, gate])
        });
    }
    check("power", |n, x| {
        let base = n.unary(x, Unary::Exp);
        let exponent = n.unary(x, Unary::Sigmoid);
        n.op(Op::Binary(Binary::Pow), &[base, exponent])
    });
    check("larger and smaller of two", |n, x| {
        let shift = n.unary(x, Unary::Affine(1.0, 5.0));
        let half = n.unary(x, Unary::Affine(0.5, 0.0));
        let hi = n.op(Op::Binary(Binary::Max), &[shift, half]);
        n.op(Op::Binary(Binary::Min), &[hi, shift])
    });
}

#[test]
fn pools_and_reductions() {
    for (k, s, p, ceil) in [(2, 2, 0, false), (3, 2, 1, false), (3, 2, 0, true), (3, 1, 1, false)] {
        check("max pool", |n, x| n.op(Op::MaxPool(pool(k, s, p, ceil)), &[x]));
        for count_include_pad in [true, false] {
            let p = Pool { count_include_pad, ..pool(k, s, p, ceil) };
            check("average pool", |n, x| n.op(Op::AvgPool(p.clone()), &[x]));
        }
    }
    for (kind, axes) in [
        (Reduction::Sum, vec![0]),
        (Reduction::Mean, vec![1]),
        (Reduction::Mean, vec![0, 2]),
        (Reduction::Max, vec![1, 2]),
        (Reduction::Min, vec![2]),
    ] {
        check(&format!("{kind:?} over {axes:?}"), |n, x| n.op(Op::Reduce { kind, axes: axes.clone(), keep: false }, &[x]));
    }
}

#[test]
fn layout() {
    check("transpose", |n, x| n.op(Op::Transpose { perm: vec![2, 0, 1] }, &[x]));
    check("slice", |n, x| n.op(Op::Slice { axis: 1, start: 1, step: 3, len: 3 }, &[x]));
    check("pad", |n, x| n.op(Op::Pad { before: vec![0, 1, 2], after: vec![1, 0, 3], value: 0.5 }, &[x]));
    check("concat", |n, x| {
        let a = n.conv(x, 2, 1, Conv::default());
        n.op(Op::Concat { axis: 0 }, &[x, a, x])
    });
    check("expand", |n, x| {
        let row = n.op(Op::Reduce { kind: Reduction::Sum, axes: vec![1], keep: true }, &[x]);
        n.op(Op::Expand { shape: vec![6, 4, PX] }, &[row])
    });
    for coordinates in [Coordinates::HalfPixel, Coordinates::AlignCorners, Coordinates::Asymmetric] {
        for (size, mode) in [([5, 13], ResizeMode::Bilinear), ([18, 4], ResizeMode::Nearest(NearestRounding::Floor))] {
            let r = Resize { size, mode, coordinates, scale: None };
            check(&format!("{r:?}"), |n, x| n.op(Op::Resize(r.clone()), &[x]));
        }
    }
    check("matrix on the last axis", |n, x| {
        let t = n.op(Op::Transpose { perm: vec![1, 2, 0] }, &[x]);
        let w = n.constant(&[6, 5], 0.4, 0.0);
        n.op(Op::Linear { transposed: true }, &[t, w])
    });
}
