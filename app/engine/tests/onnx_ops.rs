//! Every ONNX operator we read, in its forms over the opsets, against onnxruntime (`onnx_ops/make.py`), on the CPU twins and on
//! the GPU.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{cpu, gpu, relative, run};
use fovea_engine::Device;
use fovea_student::onnx::{self, OnnxModel};
use fovea_student::{Loaded, Weights};
use std::path::Path;

fn cases() -> Weights {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_ops/cases.safetensors");
    match fovea_student::load(&std::fs::read(&path).unwrap(), "cases").unwrap() {
        Loaded::Bare(c) => c.weights,
        Loaded::Ready(_) => panic!("{} is a Student", path.display()),
    }
}

fn load(bytes: &[f32], name: &str) -> OnnxModel {
    let bytes: Vec<u8> = bytes.iter().map(|&b| b as u8).collect();
    onnx::load(&bytes, &|_| None, None).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn all(device: &Device) {
    let cases = cases();
    let (mut failed, mut count) = (vec![], 0);
    for (key, bytes) in cases.iter().filter(|(k, _)| k.ends_with(".model")) {
        let name = key.trim_end_matches(".model");
        let model = load(bytes.data(), name);
        let x = cases.get(&format!("{name}.x")).unwrap();
        let y = cases.get(&format!("{name}.y")).unwrap();
        let made = run(device, &model.graph, &model.weights, x.data(), 2);
        let logits = made.get("logits").unwrap();
        let error = if logits.shape == y.shape() { relative(&logits.data, y.data()) } else { f64::INFINITY };
        count += 1;
        // A NaN is an error too.
        if error.is_nan() || error > 1e-5 {
            failed.push(format!("{name}: {error:e} {:?} {:?}", logits.shape, y.shape()));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(count >= 150, "only {count} cases were run");
}

#[test]
fn operators_agree_with_onnxruntime_on_the_cpu() {
    all(&cpu());
}

#[test]
fn operators_agree_with_onnxruntime_on_the_gpu() {
    if let Some(device) = gpu() {
        all(&device);
    }
}
