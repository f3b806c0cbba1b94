//! The cases of `golden/cam`, for the tests of every crate that runs them. The test that includes it brings `lacking` along.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use super::lacking;
use fovea_student::Method;
use fovea_student::graph::{Graph, Op, Unary};
use fovea_student::onnx::{self, OnnxModel};
use fovea_student::{Loaded, Weights};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The methods by their names in the reference files.
pub const METHODS: [(Method, &str); 6] = [
    (Method::GradCam, "GradCAM"),
    (Method::ElementWise, "GradCAMElementWise"),
    (Method::HiResCam, "HiResCAM"),
    (Method::LayerCam, "LayerCAM"),
    (Method::GradCamPlusPlus, "GradCAMPlusPlus"),
    (Method::XGradCam, "XGradCAM"),
];

/// Network files of a case, and the key of a layer's value in each.
pub const FILES: [(&str, &str); 2] = [("model.onnx", "onnx_value"), ("model_dynamo.onnx", "onnx_value_dynamo")];

/// The folders of the cases; none where they are missing, and then [`lacking`] has said so.
pub fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/cam");
    let entries = match std::fs::read_dir(&root) {
        Ok(entries) => entries,
        Err(e) => {
            lacking(&format!("no golden/cam: {e} ({})", root.display()));
            return vec![];
        }
    };
    let cases: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.join("case.json").exists()).collect();
    assert!(cases.len() >= 5, "cases are missing in {}", root.display());
    cases
}

/// What a case says of itself.
pub fn description(case: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(case.join("case.json")).unwrap()).unwrap()
}

/// The names of a case's layers in the network file with this key.
pub fn layers(case: &Path, key: &str) -> Vec<String> {
    description(case)["layers"].as_array().unwrap().iter().map(|l| l[key].as_str().unwrap().to_string()).collect()
}

/// A network file, its weights beside it.
pub fn load(file: &Path) -> OnnxModel {
    let folder = file.parent().unwrap().to_path_buf();
    let sibling = move |name: &str| std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    onnx::load(&std::fs::read(file).unwrap(), &sibling, None).unwrap_or_else(|e| panic!("{e} ({})", file.display()))
}

/// The reference arrays of a case.
pub fn tensors(case: &Path) -> Weights {
    let file = case.join("case.safetensors");
    match fovea_student::load(&std::fs::read(&file).unwrap(), "case").unwrap() {
        Loaded::Bare(c) => c.weights,
        Loaded::Ready(_) => panic!("{} is a Student", file.display()),
    }
}

/// pytorch-grad-cam keeps a reference to the activation, and torchvision's ReLUs work in place: where a ReLU follows the layer
/// (DenseNet's last norm), the reference maps take their gradients before it and their activations after it.
pub fn as_left_by_relu(explained: &mut Graph, network: &Graph, layer: &str) {
    let layer = network.find(layer).unwrap();
    let readers: Vec<_> = network.nodes.iter().filter(|n| n.inputs.contains(&layer)).collect();
    let [relu] = readers[..] else { return };
    if relu.op == Op::Unary(Unary::Relu) {
        let appended = explained.nodes[network.nodes.len()..].iter_mut();
        appended.flat_map(|n| &mut n.inputs).filter(|i| **i == layer).for_each(|i| *i = relu.output);
    }
}
