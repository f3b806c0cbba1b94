//! ONNX files of both exporters against PyTorch's logits and pytorch-grad-cam's raw maps, on the CPU twins and on the GPU.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "../../student/tests/golden_cam/mod.rs"]
mod golden_cam;

use common::{cpu, gpu, lacking, relative, run};
use fovea_engine::Device;
use fovea_student::explain::raw_output;
use fovea_student::{Explain, Method, Request, explain};
use golden_cam::{FILES, METHODS, as_left_by_relu, cases, layers, load, tensors};
use std::path::Path;

const LOGITS: f64 = 1e-4;
const MAPS: f64 = 1e-3;

/// Logits, activations and every map of one file; returns the worst relative errors of logits and maps.
fn check(device: &Device, case: &Path, file: &str, key: &str) -> (f64, f64) {
    let model = load(&case.join(file));
    let want = tensors(case);
    let layers = layers(case, key);
    let mut spec = Explain::one("", Method::GradCam);
    spec.normalise = false;
    let request = |layer: &String, method| Request { layer: layer.clone(), method, relu: false };
    spec.requests = layers.iter().flat_map(|l| METHODS.map(|(method, _)| request(l, method))).collect();
    let mut graph = explain(&model.graph, &spec).unwrap();
    layers.iter().for_each(|l| as_left_by_relu(&mut graph, &model.graph, l));
    let x = want.get("x").unwrap();
    let made = run(device, &graph, &model.weights, x.data(), x.shape()[0]);
    let logits = relative(&made.get("logits").unwrap().data, want.get("logits").unwrap().data());
    assert!(logits <= LOGITS, "logits differ by {logits:e} ({}/{file})", case.display());
    let mut worst = 0f64;
    for (i, request) in spec.requests.iter().enumerate() {
        let name = METHODS.iter().find(|m| m.0 == request.method).unwrap().1;
        let reference = want.get(&format!("layer{}.{name}", i / METHODS.len())).unwrap();
        let map = made.get(&raw_output(i)).unwrap();
        assert_eq!(map.shape, reference.shape());
        let error = relative(&map.data, reference.data());
        println!("{} {file} {} {name}: {error:.2e}", case.file_name().unwrap().display(), request.layer);
        assert!(error <= MAPS, "{name} at '{}' differs by {error:e} ({}/{file})", request.layer, case.display());
        worst = worst.max(error);
    }
    (logits, worst)
}

fn all(device: &Device) {
    for case in cases() {
        for (file, key) in FILES {
            let (logits, maps) = check(device, &case, file, key);
            println!("{}/{file}: logits {logits:.2e}, worst map {maps:.2e}", case.file_name().unwrap().display());
        }
    }
}

#[test]
fn reference_networks_on_the_cpu() {
    all(&cpu());
}

#[test]
fn reference_networks_on_the_gpu() {
    if let Some(device) = gpu() {
        all(&device);
    }
}
