//! Result and gradients against loops in double precision.
#![allow(clippy::unwrap_used)]

use super::convolve;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use fovea_student::random::Draws;

#[derive(Clone, Copy, Debug)]
struct Case {
    x: [usize; 4],
    out: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Top, left, bottom, right.
    pads: [usize; 4],
    groups: usize,
    bias: bool,
}

const PLAIN: Case =
    Case { x: [3, 5, 9, 8], out: 6, kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1], groups: 1, bias: true };

const CASES: [Case; 7] = [
    PLAIN,
    Case { x: [20, 3, 7, 7], bias: false, ..PLAIN },
    Case { stride: [2, 3], pads: [0, 1, 2, 0], ..PLAIN },
    Case { dilation: [2, 1], kernel: [2, 3], ..PLAIN },
    Case { x: [2, 8, 6, 6], out: 4, groups: 4, ..PLAIN },
    Case { x: [2, 6, 6, 5], out: 6, groups: 6, bias: false, ..PLAIN },
    Case { kernel: [1, 1], pads: [0; 4], ..PLAIN },
];

/// Result and, for upstream slopes `g`, the gradients of x, w and b.
struct Wanted {
    y: Vec<f64>,
    dx: Vec<f64>,
    dw: Vec<f64>,
    db: Vec<f64>,
}

fn by_loops(c: &Case, size: [usize; 2], x: &[f64], w: &[f64], b: &[f64], g: &[f64]) -> Wanted {
    let ([n, ic, ih, iw], [oh, ow], [kh, kw]) = (c.x, size, c.kernel);
    let (icg, ocg) = (ic / c.groups, c.out / c.groups);
    let mut made = Wanted { y: vec![0.0; g.len()], dx: vec![0.0; x.len()], dw: vec![0.0; w.len()], db: vec![0.0; b.len()] };
    assert_eq!(g.len(), n * c.out * oh * ow);
    for (at, slope) in g.iter().enumerate() {
        let (image, o, oy, ox) = (at / (c.out * oh * ow), at / (oh * ow) % c.out, at / ow % oh, at % ow);
        made.y[at] += b[o];
        made.db[o] += slope;
        for tap in 0..icg * kh * kw {
            let (i, ky, kx) = (tap / (kh * kw), tap / kw % kh, tap % kw);
            let (iy, ix) = (oy * c.stride[0] + ky * c.dilation[0], ox * c.stride[1] + kx * c.dilation[1]);
            let (Some(iy), Some(ix)) = (iy.checked_sub(c.pads[0]), ix.checked_sub(c.pads[1])) else { continue };
            if iy >= ih || ix >= iw {
                continue;
            }
            let cell = ((image * ic + o / ocg * icg + i) * ih + iy) * iw + ix;
            let weight = o * icg * kh * kw + tap;
            made.y[at] += x[cell] * w[weight];
            made.dx[cell] += slope * w[weight];
            made.dw[weight] += slope * x[cell];
        }
    }
    made
}

fn numbers(seed: u64, len: usize) -> Vec<f64> {
    let mut draws = Draws::new(seed);
    // What single precision holds exactly.
    (0..len).map(|_| f64::from(draws.within(-1.0, 1.0) as f32)).collect()
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex()).autodiff()
}

fn assert_near<const D: usize>(what: &str, found: Tensor<D>, wanted: &[f64]) {
    let found = found.try_into_vec_as::<f32>().unwrap();
    assert_eq!(found.len(), wanted.len(), "{what}");
    let size = wanted.iter().map(|v| v * v).sum::<f64>().sqrt();
    let error = found.iter().zip(wanted).map(|(f, w)| (f64::from(*f) - w).powi(2)).sum::<f64>().sqrt();
    assert!(error <= 1e-6 * size, "{what}: {error:e} of {size:e}");
}

#[test]
fn result_and_gradients_are_those_of_the_definition() {
    for c in CASES {
        let [n, ic, ih, iw] = c.x;
        let [kh, kw] = c.kernel;
        let side =
            |i: usize, len: usize, k: usize| (len + c.pads[i] + c.pads[i + 2] - c.dilation[i] * (k - 1) - 1) / c.stride[i] + 1;
        let size = [side(0, ih, kh), side(1, iw, kw)];
        let shapes = ([c.out, ic / c.groups, kh, kw], [n, c.out, size[0], size[1]]);
        let (x, w) = (numbers(1, n * ic * ih * iw), numbers(2, shapes.0.iter().product()));
        let (b, g) = (numbers(3, c.out), numbers(4, shapes.1.iter().product()));
        let zeros = vec![0.0; c.out];
        let wanted = by_loops(&c, size, &x, &w, if c.bias { &b } else { &zeros }, &g);

        let (tx, tw, tb) =
            (tensor(&x, c.x).require_grad(), tensor(&w, shapes.0).require_grad(), tensor(&b, [c.out]).require_grad());
        let mut options = ConvOptions::new(c.stride, [0, 0], c.dilation, c.groups);
        options.padding = [(c.pads[0], c.pads[2]), (c.pads[1], c.pads[3])];
        let y = convolve(tx.clone(), tw.clone(), c.bias.then(|| tb.clone()), options);
        let gradients = (y.clone() * tensor(&g, shapes.1)).sum().backward();
        assert_near(&format!("y of {c:?}"), y, &wanted.y);
        assert_near(&format!("∂x of {c:?}"), tx.grad(&gradients).unwrap(), &wanted.dx);
        assert_near(&format!("∂w of {c:?}"), tw.grad(&gradients).unwrap(), &wanted.dw);
        match c.bias {
            true => assert_near(&format!("∂b of {c:?}"), tb.grad(&gradients).unwrap(), &wanted.db),
            false => assert!(tb.grad(&gradients).is_none()),
        }
    }
}
