//! ONNX models on the command line: analysed directly, imported with a card, exported again, and refused by name.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../student/tests/onnx_models/mod.rs"]
mod onnx_models;

use onnx_models::{Model, attribute_ints, external, floats, head, head_weights, node, port};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Weights of a 1×1 convolution that mixes the three channels.
const MIX: [f32; 9] = [1.0, -0.5, 0.25, 0.5, 1.0, -1.0, -0.25, 0.75, 1.0];

fn fovea(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fovea")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(p: &Path) -> &str {
    p.to_str().unwrap()
}

/// A folder with an image of 8 × 8 px.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let image = image::RgbImage::from_fn(8, 8, |x, y| image::Rgb([x as u8 * 30, y as u8 * 30, 128]));
        image.save(dir.path().join("patch.png")).unwrap();
        Self(dir)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    fn analyze(&self, student: &Path, extra: &[&str]) -> Output {
        let image = self.at("patch.png");
        fovea(&[&["analyze", path(&image), "--student", path(student), "--device", "cpu", "--json"], extra].concat())
    }

    fn result(&self, student: &Path, extra: &[&str]) -> Value {
        let out = self.analyze(student, extra);
        assert!(out.status.success(), "{}", text(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    fn refused(&self, student: &Path, extra: &[&str], reasons: &[&str]) {
        let out = self.analyze(student, extra);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        for reason in reasons {
            assert!(said.contains(reason), "'{reason}' is not said in: {said}");
        }
    }
}

/// Convolution, ReLU, global average, two scores, probabilities.
fn network(weights: Vec<onnx_models::Message>, side: i64) -> Model {
    let mut nodes = vec![node("Conv", &["x", "mix"], &["features"], &[]), node("Relu", &["features"], &["active"], &[])];
    nodes.extend(head("active"));
    nodes.push(node("Softmax", &["y"], &["p"], &[]));
    let mut model = Model::new(&nodes, &weights);
    model.inputs = vec![port("x", 1, &[0, 3, side, side])];
    model.outputs = vec![port("p", 1, &[0, 2])];
    model
}

fn sound() -> Model {
    network(vec![floats("mix", &[3, 3, 1, 1], &MIX), head_weights()], 8)
}

fn outside(file: &str) -> Model {
    network(vec![external("mix", &[3, 3, 1, 1], file, "0", "36"), head_weights()], 8)
}

fn shares(document: &Value) -> Vec<f64> {
    document["files"][0]["probabilities"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn a_bare_model_is_analysed() {
    let place = Place::new();
    let model = place.put("model.onnx", &sound().bytes());
    let plain = place.result(&model, &["--classes", "benign,tumour"]);
    assert_eq!(plain["student"]["classes"], json!(["benign", "tumour"]));
    assert_eq!((&plain["student"]["input_px"], &plain["settings"]["layer"]), (&json!(8), &json!("active")));
    let normalised = place.result(&model, &["--mean", "0.5,0.4,0.3", "--std", "0.2,0.2,0.2"]);
    assert_ne!(shares(&plain), shares(&normalised));
    let mean = normalised["settings"]["view"]["normalisation"]["mean"].as_array().unwrap();
    let mean: Vec<f32> = mean.iter().map(|v| v.as_f64().unwrap() as f32).collect();
    assert_eq!(mean, [0.5, 0.4, 0.3]);
    let out = place.analyze(&model, &["--layer", "features", "--method", "eigen-cam", "--aug-smooth"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(place.result(&model, &["--aug-smooth"])["settings"]["aug_smooth"], true);
    let open = place.put("open.onnx", &network(vec![floats("mix", &[3, 3, 1, 1], &MIX), head_weights()], 0).bytes());
    place.refused(&open, &[], &["open.onnx", "--input"]);
    assert_eq!(shares(&place.result(&open, &["--input", "8"])), shares(&plain));
}

#[test]
fn options_that_cannot_be_are_refused() {
    let place = Place::new();
    let model = place.put("model.onnx", &sound().bytes());
    place.refused(&model, &["--mean", "0.5,0.4,0.3"], &["--std"]);
    place.refused(&model, &["--mean", "0,0,0", "--std", "1,0,1"], &["positive"]);
    place.refused(&model, &["--classes", "a,b,c"], &["3 class names", "2 classes", "model.onnx"]);
    // `y` are the scores; `p` lies behind them and is no part of what is explained.
    place.refused(&model, &["--layer", "y"], &["'y'", "channels × height × width"]);
    place.refused(&model, &["--layer", "p"], &["'p'"]);
    place.refused(&model, &["--method", "saliency"], &["eigen-cam"]);
}

#[test]
fn weights_beside_the_model_are_found_and_nothing_else_is() {
    let place = Place::new();
    let data: Vec<u8> = MIX.iter().flat_map(|v| v.to_le_bytes()).collect();
    let model = place.put("two.onnx", &outside("two.onnx.data").bytes());
    place.refused(&model, &[], &["two.onnx.data", "missing"]);
    place.put("two.onnx.data", &data[..20]);
    place.refused(&model, &[], &["'mix'", "two.onnx.data", "20 bytes"]);
    place.put("two.onnx.data", &data);
    let whole = place.put("whole.onnx", &sound().bytes());
    assert_eq!(shares(&place.result(&model, &[])), shares(&place.result(&whole, &[])));
    std::fs::create_dir(place.at("in")).unwrap();
    for name in ["../two.onnx.data", path(&place.at("two.onnx.data")), "..", "in/../two.onnx.data"] {
        let escaping = place.put("in/escaping.onnx", &outside(name).bytes());
        place.refused(&escaping, &[], &["'mix'", name, "plain file name", "escaping.onnx"]);
    }
    // A folder of that name is no file.
    let folder = place.put("folder.onnx", &outside("in").bytes());
    place.refused(&folder, &[], &["'in'", "missing"]);
}

#[test]
fn models_that_cannot_run_say_why() {
    let place = Place::new();
    let refused = |name: &str, model: &Model, reasons: &[&str]| {
        let file = place.put(name, &model.bytes());
        place.refused(&file, &[], &[reasons, &[name]].concat());
    };
    let mut two = sound();
    two.inputs.push(port("mask", 1, &[0, 1]));
    refused("two-inputs.onnx", &two, &["2 inputs (x, mask)"]);
    let mut outputs = sound();
    outputs.outputs.push(port("active", 1, &[0, 3, 8, 8]));
    refused("two-outputs.onnx", &outputs, &["2 outputs (p, active)"]);
    let mut strange = sound();
    strange.nodes[0] = node("Frobnicate", &["x"], &["features"], &[]);
    strange.nodes[1] = node("LSTM", &["features"], &["active"], &[]);
    refused("strange.onnx", &strange, &["Frobnicate (node 'node_features')", "LSTM (node 'node_active')"]);
    let mut cyclic = sound();
    cyclic.nodes[0] = node("Add", &["x", "active"], &["features"], &[]);
    refused("cyclic.onnx", &cyclic, &["cyclic"]);
    let mut dangling = sound();
    dangling.nodes[0] = node("Add", &["x", "ghost"], &["features"], &[]);
    refused("dangling.onnx", &dangling, &["'ghost'"]);
    let mut odd = sound();
    odd.nodes[0] = node("Conv", &["x", "mix"], &["features"], &[attribute_ints("kernel_shape", &[3, 3])]);
    refused("odd.onnx", &odd, &["node_features", "kernel_shape"]);
    let mut mix = MIX;
    mix[4] = f32::NAN;
    refused("nan.onnx", &network(vec![floats("mix", &[3, 3, 1, 1], &mix), head_weights()], 8), &["'mix'", "NaN"]);
    let cut = place.put("cut.onnx", &sound().bytes()[..100]);
    place.refused(&cut, &[], &["cut.onnx"]);
}

fn import(place: &Place, card: &Value, flags: &[&str]) -> Output {
    let (model, out) = (place.put("model.onnx", &sound().bytes()), place.at("student.safetensors"));
    let card = place.put("card.json", card.to_string().as_bytes());
    fovea(&[&["import", path(&model), "--card", path(&card), "--out", path(&out), "--json"], flags].concat())
}

fn imported(place: &Place, card: &Value, flags: &[&str]) -> Value {
    let out = import(place, card, flags);
    assert!(out.status.success(), "{}", text(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn a_card_completes_the_model_and_options_go_over_it() {
    let place = Place::new();
    let normalisation = json!({"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]});
    let view = json!({"normalisation": normalisation});
    let card = json!({"class_names": ["no", "yes"], "um_per_px": 2.0, "licence": "CC0", "view": view});
    let made = imported(&place, &card, &[]);
    assert_eq!((&made["class_names"], &made["um_per_px"], &made["licence"]), (&json!(["no", "yes"]), &json!(2.0), &json!("CC0")));
    assert_eq!((&made["input_px"], &made["view"]["normalisation"]), (&json!(8), &normalisation));
    let flags = ["--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25", "--classes", "no,yes"];
    let student = place.at("student.safetensors");
    let same = [place.result(&student, &[]), place.result(&place.at("model.onnx"), &flags)];
    assert_eq!(shares(&same[0]), shares(&same[1]));
    let over =
        imported(&place, &card, &["--classes", "a,b", "--um-per-px", "4", "--mean", "0,0,0", "--std", "1,1,1", "--name", "N"]);
    assert_eq!((&over["class_names"], &over["um_per_px"], &over["name"]), (&json!(["a", "b"]), &json!(4.0), &json!("N")));
    assert_eq!(over["view"]["normalisation"]["std"], json!([1.0, 1.0, 1.0]));
    let wrong = import(&place, &json!({"class_names": ["one"]}), &[]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("2 classes"), "{}", text(&wrong.stderr));
}

#[test]
fn a_wsinfer_configuration_is_a_card() {
    let place = Place::new();
    let config = json!({
        "spec_version": "1.0", "architecture": "resnet34", "num_classes": 2, "class_names": ["Other", "Tumor"],
        "patch_size_pixels": 16, "spacing_um_px": 0.5,
        "transform": [
            {"name": "Resize", "arguments": {"size": 8}},
            {"name": "ToTensor"},
            {"name": "Normalize", "arguments": {"mean": [0.7, 0.6, 0.5], "std": [0.1, 0.2, 0.3]}},
        ],
    });
    let made = imported(&place, &config, &[]);
    assert_eq!(
        (&made["class_names"], &made["um_per_px"], &made["input_px"]),
        (&json!(["Other", "Tumor"]), &json!(1.0), &json!(8))
    );
    let std: Vec<f64> = serde_json::from_value(made["view"]["normalisation"]["std"].clone()).unwrap();
    assert!(std.iter().zip([0.1, 0.2, 0.3]).all(|(a, b)| (a - b).abs() < 1e-6), "{std:?}");
}

#[test]
fn weights_are_exported_under_the_models_own_names() {
    let place = Place::new();
    imported(&place, &json!({}), &[]);
    let (student, dict) = (place.at("student.safetensors"), place.at("dict.safetensors"));
    let out = fovea(&["export", path(&student), "--format", "source", "--out", path(&dict)]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let bytes = std::fs::read(&dict).unwrap();
    let fovea_student::Loaded::Bare(made) = fovea_student::load(&bytes, "dict").unwrap() else { panic!("it has a card") };
    let names: Vec<&str> = made.weights.iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["mix", "w"]);
    assert_eq!(made.weights.get("mix").unwrap().data(), MIX);
    let out = fovea(&["export", path(&student), "--format", "torchvision", "--out", path(&dict)]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("'mix'"), "{}", text(&out.stderr));
}

/// Audits the network files of the place: the status, and of each file the error and whether all quantities held.
fn audited(place: &Place, reference: &[u8], extra: &[&str]) -> (Option<i32>, Vec<(Option<String>, bool)>) {
    let layers = json!([{ "index": 0, "onnx_value": "active", "onnx_value_dynamo": "active" }]);
    place.put("case.json", json!({ "network": "mix", "layers": layers }).to_string().as_bytes());
    place.put("case.safetensors", reference);
    let out = fovea(&[&["audit", path(place.0.path()), "--device", "cpu", "--json"], extra].concat());
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    let held = |case: &Value| case["quantities"].as_array().is_some_and(|q| !q.is_empty() && q.iter().all(|q| q["ok"] == true));
    let one = |case: &Value| (case["error"].as_str().map(str::to_string), held(case));
    (out.status.code(), report["cases"].as_array().unwrap().iter().map(one).collect())
}

#[test]
fn a_network_that_cannot_be_audited_hides_no_other() {
    use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
    let place = Place::new();
    place.put("model_dynamo.onnx", &sound().bytes());
    let x: Vec<u8> = (0..192).flat_map(|i| (i as f32 / 192.0).to_le_bytes()).collect();
    let x = TensorView::new(Dtype::F32, vec![1, 3, 8, 8], &x).unwrap();
    // Against zeros nothing holds; against what it computed itself, all does.
    let zeros = vec![0; 4 * 192];
    let logits = TensorView::new(Dtype::F32, vec![1, 2], &zeros[..8]).unwrap();
    let map = TensorView::new(Dtype::F32, vec![1, 2, 8, 8], &zeros[..4 * 128]).unwrap();
    let reference = serialize([("x", x.clone()), ("logits", logits), ("layer0.HiResCAM", map)], None).unwrap();
    let dump = place.at("computed.safetensors");
    assert_eq!(audited(&place, &reference, &["--dump", path(&dump)]), (Some(1), vec![(None, false)]));

    let computed = std::fs::read(&dump).unwrap();
    let computed = SafeTensors::deserialize(&computed).unwrap();
    let arrays = computed.iter().map(|(name, view)| (name.to_string(), view)).chain([("x".to_string(), x)]);
    let reference = serialize(arrays, None).unwrap();
    std::fs::remove_file(&dump).unwrap();
    assert_eq!(audited(&place, &reference, &[]), (Some(0), vec![(None, true)]));

    place.put("model.onnx", b"no network");
    let (status, reports) = audited(&place, &reference, &[]);
    assert_eq!((status, reports.len(), &reports[1]), (Some(1), 2, &(None, true)));
    assert!(reports[0].0.as_ref().is_some_and(|e| e.contains("model.onnx")), "{reports:?}");
}
