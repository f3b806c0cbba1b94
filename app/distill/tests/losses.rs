//! The terms where roots, ranges and logarithms have nothing to hold on to, and the terms against numbers worked by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use burn::tensor::{Tensor, TensorData};
use fovea_distill::losses::*;
use fovea_distill::{At, Device};

fn tensor<const D: usize>(data: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(data.to_vec(), shape), &Device::flex())
}

fn leaf<const D: usize>(data: &[f32], shape: [usize; D]) -> Tensor<D> {
    tensor(data, shape).autodiff().require_grad()
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.inner().try_into_vec_as().unwrap()
}

fn close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-5 * (1.0 + w.abs())), "{got:?} where {want:?} is right");
}

fn at(text: &str) -> At {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_root_of_zero_has_no_slope() {
    let x = leaf(&[0.0, 4.0], [2]);
    let y = root(x.clone());
    close(&numbers(y.clone()), &[0.0, 2.0]);
    let grads = y.sum().backward();
    close(&numbers(x.grad(&grads).unwrap()), &[0.0, 0.25]);
}

#[test]
fn min_max_passes_the_gradient_through_both_ends_and_leaves_constant_maps_alone() {
    let x = leaf(&[1.0, 2.0, 5.0, 3.0, 3.0, 3.0], [2, 3]);
    let y = min_max(x.clone());
    close(&numbers(y.clone()), &[0.0, 0.25, 1.0, 0.0, 0.0, 0.0]);
    let pick = tensor(&[0.0, 1.0, 0.0, 0.0, 1.0, 0.0], [2, 3]);
    let grads = (y * pick).sum().backward();
    // d/dx of (x₁ − x₀)/(x₂ − x₀): −(x₂ − x₁)/16, 1/4, −(x₁ − x₀)/16.
    close(&numbers(x.grad(&grads).unwrap()), &[-3.0 / 16.0, 0.25, -1.0 / 16.0, 0.0, 0.0, 0.0]);
}

#[test]
fn equal_and_constant_maps_cost_nothing_and_pull_nowhere() {
    for loss in ["l2", "kl"] {
        for (data, label) in [([0.5, 1.0, 2.0, 0.0], "equal"), ([1.0; 4], "constant")] {
            let s = leaf(&data, [1, 1, 2, 2]);
            let y = attention(s.clone(), tensor(&data, [1, 1, 2, 2]), &at(&format!(r#"{{"weight": 1, "loss": "{loss}"}}"#)));
            close(&numbers(y.clone()), &[0.0]);
            let gradient = numbers(s.grad(&y.backward()).unwrap());
            assert!(gradient.iter().all(|g| g.is_finite()), "{loss} of {label} maps: {gradient:?}");
            assert!(loss == "kl" || gradient.iter().all(|&g| g == 0.0), "{loss} of {label} maps: {gradient:?}");
        }
    }
}

#[test]
fn attention_forms_by_hand() {
    // Normalised: (0, 0.5, 1, 0) and (0, 1, 0.5, 0).
    let s = || tensor(&[0.0, 1.0, 2.0, 0.0], [1, 1, 2, 2]);
    let t = || tensor(&[1.0, 3.0, 2.0, 1.0], [1, 1, 2, 2]);
    let l2 = attention(s(), t(), &at(r#"{"weight": 1}"#));
    close(&numbers(l2), &[(0.5f32 / 4.0).sqrt()]);
    // PyTorch: binary_cross_entropy(input=s, target=t) = mean of 0, ln 2, 50, 0: the cut logarithm counts −100.
    let bce = attention(s(), t(), &at(r#"{"weight": 1, "loss": "bce"}"#));
    close(&numbers(bce), &[(std::f32::consts::LN_2 + 50.0) / 4.0]);
    let soft = r#"{"weight": 1, "loss": "kl", "normalise": {"softmax": {"t": 1.0}}}"#;
    let kl = attention(s(), t(), &at(soft));
    let softmax = |v: [f64; 4]| {
        let sum: f64 = v.iter().map(|x| x.exp()).sum();
        v.map(|x| x.exp() / sum)
    };
    let (p, q) = (softmax([1.0, 3.0, 2.0, 1.0]), softmax([0.0, 1.0, 2.0, 0.0]));
    close(&numbers(kl), &[p.iter().zip(q).map(|(p, q)| p * (p / q).ln()).sum::<f64>() as f32]);
}

#[test]
fn a_students_smaller_map_is_brought_to_the_teachers_grid() {
    let s = tensor(&[0.0, 1.0, 2.0, 3.0], [1, 1, 2, 2]);
    let t = tensor(&[0.0, 0.5, 1.0, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0], [1, 1, 3, 3]);
    close(&numbers(attention(s.clone(), t.clone(), &at(r#"{"weight": 1}"#))), &[0.0]);
    close(&numbers(features(s, t)), &[0.0]);
}

#[test]
fn only_the_teacher_is_tempered() {
    let (s, t) = (tensor(&[1.0, 0.0], [1, 2]), tensor(&[4.0, 0.0], [1, 2]));
    let log = |a: f64, b: f64| a - (a.exp() + b.exp()).ln();
    let p = 2.0f64.exp() / (2.0f64.exp() + 1.0);
    let want = -(p * log(1.0, 0.0) + (1.0 - p) * log(0.0, 1.0));
    close(&numbers(soft_labels(s, t, 2.0)), &[want as f32]);
}
