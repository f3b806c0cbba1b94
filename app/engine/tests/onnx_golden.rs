//! ONNX files of both exporters against PyTorch's logits and pytorch-grad-cam's raw maps, on the CPU twins and on the GPU.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{cpu, gpu, relative, run};
use fovea_engine::Device;
use fovea_student::explain::raw_output;
use fovea_student::graph::{Graph, Op, Unary};
use fovea_student::onnx::{self, OnnxModel};
use fovea_student::{Explain, Loaded, Method, Request, Weights, explain};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Names of the reference file.
const METHODS: [(Method, &str); 6] = [
    (Method::GradCam, "GradCAM"),
    (Method::ElementWise, "GradCAMElementWise"),
    (Method::HiResCam, "HiResCAM"),
    (Method::LayerCam, "LayerCAM"),
    (Method::GradCamPlusPlus, "GradCAMPlusPlus"),
    (Method::XGradCam, "XGradCAM"),
];
const LOGITS: f64 = 1e-4;
const MAPS: f64 = 1e-3;

/// The reference cases, or `None` with a loud note; with `FOVEA_REQUIRE=1` missing is a failure.
fn cases() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/cam");
    match std::fs::read_dir(&root) {
        Ok(entries) => Some(entries.map(|e| e.unwrap().path()).filter(|p| p.join("case.json").exists()).collect()),
        Err(e) => {
            assert!(std::env::var_os("FOVEA_REQUIRE").is_none(), "the reference cases are required: {e} ({})", root.display());
            eprintln!("SKIPPED: {e} ({})", root.display());
            if let Some(log) = std::env::var_os("FOVEA_SKIP_LOG") {
                use std::io::Write;
                let mut file = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
                writeln!(file, "no golden/cam").unwrap();
            }
            None
        }
    }
}

/// pytorch-grad-cam keeps a reference to the activation, and torchvision's ReLUs work in place: where a ReLU follows the layer
/// (DenseNet's last norm), the reference maps take their gradients before it and their activations after it.
fn as_left_by_relu(explained: &mut Graph, network: &Graph, layer: &str) {
    let layer = network.find(layer).unwrap();
    let readers: Vec<_> = network.nodes.iter().filter(|n| n.inputs.contains(&layer)).collect();
    let [relu] = readers[..] else { return };
    if relu.op == Op::Unary(Unary::Relu) {
        let appended = explained.nodes[network.nodes.len()..].iter_mut();
        appended.flat_map(|n| &mut n.inputs).filter(|i| **i == layer).for_each(|i| *i = relu.output);
    }
}

fn load(file: &Path) -> OnnxModel {
    let folder = file.parent().unwrap().to_path_buf();
    let sibling = move |name: &str| std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    onnx::load(&std::fs::read(file).unwrap(), &sibling, None).unwrap_or_else(|e| panic!("{e} ({})", file.display()))
}

fn tensors(file: &Path) -> Weights {
    match fovea_student::load(&std::fs::read(file).unwrap(), "case").unwrap() {
        Loaded::Bare(c) => c.weights,
        Loaded::Ready(_) => panic!("{} is a Student", file.display()),
    }
}

/// Logits, activations and every map of one file; returns the worst relative errors of logits and maps.
fn check(device: &Device, case: &Path, file: &str, key: &str) -> (f64, f64) {
    let model = load(&case.join(file));
    let want = tensors(&case.join("case.safetensors"));
    let said: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(case.join("case.json")).unwrap()).unwrap();
    let layers = said["layers"].as_array().unwrap();
    let mut spec = Explain::one("", Method::GradCam);
    spec.normalise = false;
    spec.requests = layers
        .iter()
        .flat_map(|l| METHODS.map(|(method, _)| Request { layer: l[key].as_str().unwrap().into(), method, relu: false }))
        .collect();
    let mut graph = explain(&model.graph, &spec).unwrap();
    layers.iter().for_each(|l| as_left_by_relu(&mut graph, &model.graph, l[key].as_str().unwrap()));
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
    let Some(cases) = cases() else { return };
    assert!(cases.len() >= 5);
    for case in cases {
        for (file, key) in [("model.onnx", "onnx_value"), ("model_dynamo.onnx", "onnx_value_dynamo")] {
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
