//! An ONNX file becomes a Student like any other checkpoint: detected by content, completed by what the user says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod onnx_models;

use fovea_student::{BareInfo, Loaded, load, load_with};
use onnx_models::{Model, external, head, head_weights, node, port};
use std::borrow::Cow;

fn model(sides: &[i64]) -> Model {
    let nodes = [vec![node("Relu", &["x"], &["r"], &[])], head("r")].concat();
    let mut model = Model::new(&nodes, &[head_weights()]);
    model.inputs = vec![port("x", 1, sides)];
    model
}

fn info(px: Option<usize>) -> BareInfo {
    BareInfo { input_px: px, classes: Some(vec!["a".into(), "b".into()]), ..BareInfo::default() }
}

#[test]
fn the_size_is_taken_from_the_file_or_asked_for() {
    let Loaded::Bare(fixed) = load(&model(&[0, 3, 4, 4]).bytes(), "m.onnx").unwrap() else { panic!("it has no card") };
    assert_eq!(fixed.class_count(), Some(2));
    let student = fixed.clone().into_student(&info(None)).unwrap();
    assert_eq!((student.card.input_px, student.graph.input_shape()), (4, &[3, 4, 4][..]));
    assert_eq!(fixed.into_student(&info(Some(6))).unwrap().graph.input_shape(), [3, 6, 6]);
    let Loaded::Bare(open) = load(&model(&[0, 3, 0, 0]).bytes(), "m.onnx").unwrap() else { panic!("it has no card") };
    let refused = open.clone().into_student(&info(None)).unwrap_err();
    assert_eq!(refused.needs().unwrap()[0].flag, "--input");
    assert_eq!(open.into_student(&info(Some(9))).unwrap().card.input_px, 9);
}

#[test]
fn a_student_from_onnx_is_written_and_read_back() {
    let Loaded::Bare(bare) = load(&model(&[0, 3, 4, 4]).bytes(), "m.onnx").unwrap() else { panic!("it has no card") };
    let student = bare.into_student(&info(None)).unwrap();
    let bytes = fovea_student::file::write(&student).unwrap();
    let Loaded::Ready(back) = load(&bytes, "m.safetensors").unwrap() else { panic!("it has a card") };
    assert_eq!((back.graph, back.weights), (student.graph, student.weights));
}

#[test]
fn the_file_with_the_weights_is_fetched_or_asked_for() {
    let mut model = model(&[0, 3, 4, 4]);
    model.weights = vec![external("w", &[2, 3], "m.onnx.data", "0", "24")];
    let refused = load(&model.bytes(), "m.onnx").unwrap_err().to_string();
    assert!(refused.contains("'m.onnx.data'") && refused.ends_with("(m.onnx)"), "{refused}");
    let sibling = |name: &str| (name == "m.onnx.data").then(|| Cow::Owned(vec![0; 24]));
    assert!(load_with(&model.bytes(), "m.onnx", &sibling).is_ok());
}
