//! The reference networks of `golden/cam`, from both of PyTorch's exporters: they load, validate, and name their layers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod golden_cam;
mod lacking;

use fovea_student::graph::Lead;
use fovea_student::onnx;
use golden_cam::{FILES, cases, description, load};
use lacking::lacking;
use std::borrow::Cow;

#[test]
fn every_reference_network_loads_from_both_exporters() {
    for case in cases() {
        let said = description(&case);
        for (file, key) in FILES {
            let model = load(&case.join(file));
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
    for case in cases().iter().filter(|c| c.join("model_dynamo.onnx.data").exists()) {
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
    let cases = cases();
    if cases.is_empty() {
        return;
    }
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
