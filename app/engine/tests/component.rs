//! EigenCAM on both executors against a singular value decomposition in f64.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use fovea_engine::{Device, EngineError, Plan};
use fovea_student::explain::{Explain, Method, Request, explain, raw_output};
use fovea_student::graph::{Graph, Op, Unary};
use fovea_student::weights::Weights;

const CLASSES: usize = 3;

/// A network whose explained layer is the image itself.
fn network(shape: [usize; 3], seed: u64) -> (Graph, Weights) {
    let mut n = Net::new(&shape, seed);
    let x = n.b.input();
    let logits = n.head(x, CLASSES);
    n.finish(logits)
}

/// Maps `[n, CLASSES, h, w]` of the images themselves.
fn maps(device: &Device, shape: [usize; 3], x: &[f32]) -> Vec<f32> {
    let (graph, weights) = network(shape, 3);
    let graph = explain(&graph, &Explain::one("image", Method::EigenCam)).unwrap();
    let batch = x.len() / shape.iter().product::<usize>();
    let run = run(device, &graph, &weights, x, batch);
    let map = run.get(&raw_output(0)).unwrap();
    assert_eq!(map.shape, [batch, CLASSES, shape[1], shape[2]]);
    map.data.clone()
}

fn devices() -> Vec<Device> {
    [Some(cpu()), gpu()].into_iter().flatten().collect()
}

/// Dominant eigenvector of a symmetric matrix by cyclic Jacobi rotations.
fn jacobi(mut a: Vec<f64>, n: usize) -> Vec<f64> {
    let mut v: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect();
    for _ in 0..30 {
        let off: f64 = (0..n * n).filter(|i| i / n != i % n).map(|i| a[i] * a[i]).sum();
        let all: f64 = a.iter().map(|x| x * x).sum();
        if off <= 1e-26 * all {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, n, p, q);
            }
        }
    }
    let top = (0..n).max_by(|&i, &j| a[i * n + i].total_cmp(&a[j * n + j])).unwrap();
    (0..n).map(|i| v[i * n + top]).collect()
}

fn rotate(a: &mut [f64], v: &mut [f64], n: usize, p: usize, q: usize) {
    if a[p * n + q] == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let turn = |m: &mut [f64], i: usize, j: usize| (m[i], m[j]) = (c * m[i] - s * m[j], s * m[i] + c * m[j]);
    (0..n).for_each(|i| turn(a, i * n + p, i * n + q));
    (0..n).for_each(|i| turn(a, p * n + i, q * n + i));
    (0..n).for_each(|i| turn(v, i * n + p, i * n + q));
}

/// The definition: X·v with v the first right singular vector of the centred pixels × channels matrix, sign by the channel mean.
fn expected(x: &[f32], k: usize) -> Vec<f64> {
    let hw = x.len() / k;
    let mut rows: Vec<Vec<f64>> = x.chunks(hw).map(|r| r.iter().map(|&v| f64::from(v)).collect()).collect();
    let channel_mean: Vec<f64> = (0..hw).map(|p| rows.iter().map(|r| r[p]).sum::<f64>() / k as f64).collect();
    for row in &mut rows {
        let mean = row.iter().sum::<f64>() / hw as f64;
        row.iter_mut().for_each(|v| *v -= mean);
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let covariance = (0..k * k).map(|i| dot(&rows[i / k], &rows[i % k])).collect();
    let v = jacobi(covariance, k);
    let map: Vec<f64> = (0..hw).map(|p| (0..k).map(|c| v[c] * rows[c][p]).sum()).collect();
    let sign = if dot(&map, &channel_mean) < 0.0 { -1.0 } else { 1.0 };
    map.iter().map(|m| m * sign).collect()
}

fn assert_matches(name: &str, shape: [usize; 3], x: &[f32], tolerance: f64) {
    let (item, hw) = (shape.iter().product::<usize>(), shape[1] * shape[2]);
    for device in devices() {
        let got = maps(&device, shape, x);
        for (n, image) in x.chunks(item).enumerate() {
            let want: Vec<f32> = expected(image, shape[0]).iter().map(|&v| v as f32).collect();
            for class in 0..CLASSES {
                let map = &got[(n * CLASSES + class) * hw..][..hw];
                let error = relative(map, &want);
                assert!(error < tolerance, "{name} on {}: sample {n}, class {class}: {error:e}", device.describe());
            }
        }
    }
}

#[test]
fn random_activations_give_the_first_singular_vector() {
    // More channels than pixels and the other way round, square, across tiles, in several parts.
    for (i, shape) in
        [[5, 7, 9], [70, 3, 5], [1, 4, 5], [9, 3, 3], [130, 11, 5], [33, 40, 41], [6, 64, 65]].into_iter().enumerate()
    {
        let (k, hw) = (shape[0], shape[1] * shape[2]);
        let mut random = Random(17 + i as u64);
        let mut x = vec![];
        for _ in 0..2 {
            // A pattern in all channels and noise about a mean, as activations are.
            let (pattern, strength) = (random.vec(hw), random.vec(k));
            let noise = random.vec(k * hw);
            let cell = |j: usize| (0.6 + strength[j / hw]) * pattern[j % hw] + 0.5 * noise[j] + 2.0;
            x.extend((0..k * hw).map(cell).map(|v| v.max(0.0)));
        }
        assert_matches(&format!("{shape:?}"), shape, &x, 2e-5);
    }
}

/// Cosines over `len` positions: orthonormal, and orthogonal to a constant.
fn cosine(index: usize, len: usize) -> Vec<f64> {
    let step = std::f64::consts::PI * (index + 1) as f64 / len as f64;
    (0..len).map(|i| (2.0 / len as f64).sqrt() * (step * (i as f64 + 0.5)).cos()).collect()
}

#[test]
fn nearly_equal_singular_values_are_told_apart() {
    // Eigenvalues of the Gram matrix in the ratio 0.99 and 0.999.
    for (ratio, tolerance) in [(0.99f64, 1e-4), (0.999, 1e-3)] {
        for shape in [[12, 9, 10], [100, 6, 7]] {
            let (k, hw) = (shape[0], shape[1] * shape[2]);
            let parts: Vec<(f64, Vec<f64>, Vec<f64>)> =
                [1.0, ratio.sqrt(), 0.5].iter().enumerate().map(|(i, &s)| (10.0 * s, cosine(i + 1, hw), cosine(i, k))).collect();
            let cell = |j: usize| parts.iter().map(|(s, u, v)| s * u[j % hw] * (v[j / hw] + 0.02)).sum::<f64>() as f32;
            let x: Vec<f32> = (0..k * hw).map(|j| 0.5 + cell(j)).collect();
            assert_matches(&format!("ratio {ratio} {shape:?}"), shape, &x, tolerance);
        }
    }
}

#[test]
fn what_is_constant_has_no_component() {
    for device in devices() {
        for shape in [[3, 8, 9], [64, 3, 3], [6, 1, 1], [1, 1, 1], [4, 70, 61]] {
            let (k, hw) = (shape[0], shape[1] * shape[2]);
            let x: Vec<f32> = (0..2 * k * hw).map(|j| if j < k * hw { 0.7 + (j / hw) as f32 / 3.0 } else { 0.0 }).collect();
            assert!(maps(&device, shape, &x).iter().all(|&v| v == 0.0), "{shape:?} on {}", device.describe());
        }
    }
}

#[test]
fn one_pixel_has_no_component_whatever_it_holds() {
    for device in devices() {
        assert_eq!(maps(&device, [5, 1, 1], &[1.0, -2.0, 3.0, 0.1, 7.0]), [0.0; CLASSES]);
    }
}

#[test]
fn no_gradient_is_computed_for_it() {
    let (graph, weights) = vgg(16, 4, 5);
    let request = |layer: &str, method, relu| Request { layer: layer.into(), method, relu };
    let spec = |requests| Explain {
        requests,
        classes: Some(vec![2, 0]),
        grid: None,
        normalise: false,
        closed_form: false,
        gradients: false,
    };
    let gradient = |g: &Graph| g.nodes.iter().any(|n| matches!(n.op, Op::Seed { .. } | Op::ClassRows { .. }));
    let convolutions = |g: &Graph| g.nodes.iter().filter(|n| matches!(n.op, Op::ConvTranspose2d { .. })).count();
    let eigen = || vec![request("-3", Method::EigenCam, false), request("-3", Method::EigenCam, true)];
    let alone = explain(&graph, &spec(eigen())).unwrap();
    assert!(!gradient(&alone));
    // Beside a method at the last layer, nothing is propagated down to the first.
    let both = explain(&graph, &spec([eigen(), vec![request("-1", Method::GradCam, false)]].concat())).unwrap();
    assert!(gradient(&both) && convolutions(&both) == 0);
    let x = Random(8).vec(2 * 3 * 256);
    for device in devices() {
        let run = run(&device, &alone, &weights, &x, 2);
        let (raw, cut) = (run.get(&raw_output(0)).unwrap(), run.get(&raw_output(1)).unwrap());
        assert_eq!(raw.shape[..2], [2, 2]);
        assert!(raw.data.iter().any(|&v| v < 0.0) && cut.data.iter().any(|&v| v > 0.0));
        let close = |(r, c): (&f32, &f32)| (r.max(0.0) - c).abs() <= 1e-5 * r.abs().max(1e-3);
        assert!(raw.data.iter().zip(&cut.data).all(close));
    }
    assert!(alone.nodes.iter().any(|n| matches!(n.op, Op::Unary(Unary::Relu)) && n.name == "EigenCAM"));
}

#[test]
fn its_name_is_the_one_in_files() {
    assert_eq!(Method::EigenCam.label(), "EigenCAM");
    assert!(!Method::EigenCam.uses_gradient() && Method::ALL.contains(&Method::EigenCam));
}

#[test]
fn what_cannot_be_done_is_said() {
    let (graph, weights) = network([3073, 56, 56], 9);
    let graph = explain(&graph, &Explain::one("image", Method::EigenCam)).unwrap();
    let error = Plan::new(&graph, &weights, 1).unwrap_err();
    assert!(matches!(&error, EngineError::Unsupported { what, .. } if what.contains("3073 channels × 3136 pixels")), "{error}");
    let mut n = Net::new(&[3, 4, 4], 1);
    let constant = n.constant(&[3, 4, 4], 1.0, 0.0);
    let (image, flat) = (n.b.input(), n.b.constant("flat", &[3]).unwrap());
    for operand in [constant, flat] {
        assert!(n.b.node(Op::PrincipalComponent, &[operand], "component", "component").is_err());
    }
    assert!(n.b.node(Op::PrincipalComponent, &[image, image], "component", "component").is_err());
}
