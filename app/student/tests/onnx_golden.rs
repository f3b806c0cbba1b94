//! The reference networks of `golden/cam`, from both of PyTorch's exporters: they load, validate, and name their layers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_student::graph::Lead;
use fovea_student::onnx;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

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

fn load(file: &Path) -> Result<onnx::OnnxModel, onnx::OnnxError> {
    let folder = file.parent().unwrap().to_path_buf();
    let sibling = move |name: &str| std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    onnx::load(&std::fs::read(file).unwrap(), &sibling, None)
}

#[test]
fn every_reference_network_loads_from_both_exporters() {
    let Some(cases) = cases() else { return };
    assert!(cases.len() >= 5);
    for case in cases {
        let text = std::fs::read_to_string(case.join("case.json")).unwrap();
        let said: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (file, key) in [("model.onnx", "onnx_value"), ("model_dynamo.onnx", "onnx_value_dynamo")] {
            let path = case.join(file);
            let model = load(&path).unwrap_or_else(|e| panic!("{e} ({})", path.display()));
            model.graph.validate().unwrap();
            assert_eq!(serde_json::json!(model.graph.input_shape()), said["input"]);
            assert_eq!(serde_json::json!(model.graph.class_count().unwrap()), said["classes"]);
            for layer in said["layers"].as_array().unwrap() {
                let name = layer[key].as_str().unwrap();
                let value = model.graph.value(model.graph.find(name).unwrap());
                assert_eq!((serde_json::json!(value.shape), value.lead), (layer["shape"].clone(), Lead::Sample), "{name}");
            }
            assert!(model.notes.is_empty(), "{:?}", model.notes);
        }
    }
}

#[test]
fn a_missing_weight_file_is_asked_for_by_name() {
    let Some(cases) = cases() else { return };
    for case in cases.iter().filter(|c| c.join("model_dynamo.onnx.data").exists()) {
        let bytes = std::fs::read(case.join("model_dynamo.onnx")).unwrap();
        let error = onnx::load(&bytes, &|_| None, None).unwrap_err();
        assert_eq!(error, onnx::OnnxError::Missing { wanted: "model_dynamo.onnx.data".into() });
        let short = |_: &str| Some(Cow::Owned(vec![0u8; 16]));
        assert!(matches!(onnx::load(&bytes, &short, None), Err(onnx::OnnxError::Tensor { .. })));
    }
}

/// Files with errors in any place are refused or read, never a panic; the time and memory they take stay in bounds.
#[test]
fn damaged_files_are_refused_without_panic() {
    let Some(cases) = cases() else { return };
    let case = cases.iter().find(|c| c.ends_with("resnet_odd")).unwrap();
    for file in ["model.onnx", "model_dynamo.onnx"] {
        let bytes = std::fs::read(case.join(file)).unwrap();
        let data = std::fs::read(case.join("model_dynamo.onnx.data")).unwrap();
        let sibling = |_: &str| Some(Cow::Borrowed(&data[..]));
        for cut in (0..bytes.len()).step_by(bytes.len() / 97) {
            assert!(onnx::load(&bytes[..cut], &sibling, None).is_err(), "{cut} bytes of {file}");
        }
        let mut state = 7u64;
        for _ in 0..400 {
            let mut broken = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (state >> 20) as usize % broken.len();
                broken[at] ^= 1 << (state >> 60 & 7);
            }
            let _ = onnx::load(&broken, &sibling, None);
        }
    }
}
