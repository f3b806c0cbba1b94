//! torchvision networks and their explained forms, run as training runs them, against PyTorch's logits and pytorch-grad-cam's
//! raw maps; and gradients that reach every parameter through the explained form.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "../../student/tests/golden_cam/mod.rs"]
mod golden_cam;
#[path = "../../student/tests/lacking/mod.rs"]
mod lacking;

use burn::tensor::{Tensor, TensorData};
use common::{relative, tensors};
use fovea_distill::lower::run;
use fovea_distill::{At, Batch, Device, Distiller, Parameters, Teacher, Terms};
use fovea_student::card::View;
use fovea_student::explain::raw_output;
use fovea_student::graph::LOGITS;
use fovea_student::{Explain, Request, Weights, explain};
use golden_cam::{FILES, METHODS, as_left_by_relu, cases, layers, load};
use lacking::lacking;
use std::path::Path;

fn images(want: &Weights) -> Tensor<4> {
    let x = want.get("x").unwrap();
    let shape: [usize; 4] = x.shape().try_into().unwrap();
    Tensor::from_data(TensorData::new(x.data().to_vec(), shape), &Device::flex())
}

fn maps(case: &Path, file: &str, key: &str) {
    let (model, want) = (load(&case.join(file)), tensors(&case.join("case.safetensors")));
    let layers = layers(case, key);
    let request = |layer: &String, method| Request { layer: layer.clone(), method, relu: false };
    let requests = layers.iter().flat_map(|l| METHODS.map(|(method, _)| request(l, method))).collect();
    let spec = Explain { requests, classes: None, grid: None, normalise: false, closed_form: true, gradients: false };
    let mut graph = explain(&model.graph, &spec).unwrap();
    layers.iter().for_each(|l| as_left_by_relu(&mut graph, &model.graph, l));
    let names: Vec<String> = std::iter::once(LOGITS.to_string()).chain((0..spec.requests.len()).map(raw_output)).collect();
    let keep: Vec<_> = names.iter().map(|n| graph.output(n).unwrap()).collect();
    let x = images(&want);
    let n = x.dims()[0];
    let made = run(&graph, &Parameters::new(&model.weights, &Device::flex()), x, &keep).unwrap();
    let numbers = |i: usize| made.rows(&graph, keep[i], n).unwrap().try_into_vec_as::<f32>().unwrap();
    let logits = relative(&numbers(0), want.get("logits").unwrap().data());
    assert!(logits <= 1e-4, "logits differ by {logits:e} ({}/{file})", case.display());
    let mut worst = 0.0f64;
    for i in 0..spec.requests.len() {
        let name = format!("layer{}.{}", i / METHODS.len(), METHODS[i % METHODS.len()].1);
        let error = relative(&numbers(i + 1), want.get(&name).unwrap().data());
        assert!(error <= 1e-3, "{name} differs by {error:e} ({}/{file})", case.display());
        worst = worst.max(error);
    }
    println!("{}/{file}: logits {logits:.2e}, worst map {worst:.2e}", case.file_name().unwrap().display());
}

#[test]
fn reference_maps() {
    for case in cases() {
        FILES.iter().for_each(|(file, key)| maps(&case, file, key));
    }
}

/// Attention at the deeper reference layer, towards a Teacher with other weights: every trained tensor on the way gets a
/// finite gradient.
#[test]
fn attention_trains_every_network() {
    for case in cases() {
        let model = load(&case.join("model.onnx"));
        let layer = layers(&case, "onnx_value").pop().unwrap();
        let at: At = serde_json::from_value(serde_json::json!({ "weight": 10.0, "layer": layer })).unwrap();
        let (terms, device) = (Terms { at: vec![at], ..Terms::default() }, Device::flex());
        let x = images(&tensors(&case.join("case.safetensors")));
        let [n, _, px, _] = x.dims();
        let half = |t: &fovea_student::Tensor| t.data().iter().map(|v| v * 0.9).collect::<Vec<f32>>();
        let other = model.weights.iter();
        let other: Weights =
            other.map(|(name, t)| (name.to_string(), fovea_student::Tensor::new(t.shape().to_vec(), half(t)).unwrap())).collect();
        let teacher = Teacher::new(&model.graph, &other, &View::default(), px, &terms, &device).unwrap();
        let distiller = Distiller::new(&model.graph, &model.weights, &View::default(), px, terms, None).unwrap();
        let parameters = distiller.parameters(&model.weights, &device);
        let batch = Batch { images: x, labels: vec![0; n] };
        let targets = teacher.targets(batch.images.clone()).unwrap();
        let step = distiller.step(&parameters, &batch, Some(&targets)).unwrap();
        let values = step.values().unwrap();
        let gradients = step.gradients.weights(&parameters).unwrap();
        assert_eq!(gradients.first_not_finite(), None, "{}", case.display());
        let silent: Vec<&str> = distiller.trainable().filter(|n| gradients.get(n).is_none()).collect();
        assert!(silent.is_empty(), "{silent:?} ({})", case.display());
        println!("{}: {values:?}, {} gradients", case.file_name().unwrap().display(), gradients.len());
    }
}
