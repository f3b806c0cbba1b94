//! What is wrong with an ONNX file is said by name; nothing that a file says makes us panic or hold more than we should.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod onnx_models;

use fovea_student::onnx::{self, OnnxError, OnnxModel, Refusal};
use onnx_models::{
    Message, Model, attribute, attribute_ints, external, floats, head, head_weights, header, ints, node, node_in, port,
};
use std::borrow::Cow;

fn load(model: &Model) -> Result<OnnxModel, OnnxError> {
    onnx::load(&model.bytes(), &|_| None, None)
}

fn with(first: &[Message], weights: &[Message], from: &str) -> Model {
    let mut nodes = first.to_vec();
    nodes.extend(head(from));
    Model::new(&nodes, &[&[head_weights()], weights].concat())
}

fn sound() -> Model {
    with(&[node("Relu", &["x"], &["r"], &[])], &[], "r")
}

fn error(model: &Model) -> String {
    load(model).unwrap_err().to_string()
}

#[test]
fn a_sound_model_keeps_its_names_and_weights() {
    let model = load(&sound()).unwrap();
    let names: Vec<&str> = model.graph.values.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["x", "r", "pooled", "flat", "w", "y"]);
    assert_eq!(model.weights.get("w").unwrap().shape(), [2, 3]);
    assert_eq!((model.input_name.as_str(), model.producer.as_str()), ("x", "test"));
}

#[test]
fn unknown_operations_are_listed_all_at_once_with_their_nodes() {
    let first = [
        node("Frobnicate", &["x"], &["a"], &[]),
        node("If", &["a"], &["b"], &[]),
        node("LSTM", &["b"], &["c"], &[]),
        node("Frobnicate", &["c"], &["d"], &[]),
        node("SequenceAt", &["d"], &["e"], &[]),
        node("QLinearConv", &["e"], &["f"], &[]),
        node_in("com.microsoft", "FusedConv", &["f"], &["g"], &[]),
        node("Frobnicate", &["x"], &["unused"], &[]),
    ];
    let model = with(&first, &[], "g");
    let Err(OnnxError::Operations(list)) = load(&model) else { panic!("it must be refused") };
    let found: Vec<(Refusal, &str, &str)> = list.iter().map(|r| (r.why, r.op.as_str(), r.node.as_str())).collect();
    assert_eq!(
        found,
        [
            (Refusal::Unknown, "Frobnicate", "node_a"),
            (Refusal::Unknown, "Frobnicate", "node_d"),
            (Refusal::Unknown, "com.microsoft::FusedConv", "node_g"),
            (Refusal::ControlFlow, "If", "node_b"),
            (Refusal::Recurrent, "LSTM", "node_c"),
            (Refusal::Sequence, "SequenceAt", "node_e"),
            (Refusal::Quantised, "QLinearConv", "node_f"),
        ]
    );
    let text = error(&model);
    assert!(
        text.contains(
            "Frobnicate, com.microsoft::FusedConv (Frobnicate: node 'node_a', 'node_d'; com.microsoft::FusedConv: node 'node_g')"
        ),
        "{text}"
    );
}

#[test]
fn inputs_and_outputs_must_be_one() {
    let mut two = sound();
    two.inputs.push(port("mask", 1, &[0, 1]));
    assert_eq!(load(&two).unwrap_err(), OnnxError::Inputs(vec!["x".into(), "mask".into()]));
    let mut none = sound();
    none.inputs.clear();
    assert_eq!(load(&none).unwrap_err(), OnnxError::Inputs(vec![]));
    let mut outputs = sound();
    outputs.outputs.push(port("r", 1, &[0, 3, 4, 4]));
    assert_eq!(load(&outputs).unwrap_err(), OnnxError::Outputs(vec!["y".into(), "r".into()]));
    let mut listed = sound();
    listed.inputs.push(port("w", 1, &[2, 3]));
    load(&listed).expect("old files list weights among the inputs");
    let mut bytes = sound();
    bytes.inputs = vec![port("x", 2, &[0, 3, 4, 4])];
    assert!(error(&bytes).contains("'x'"));
    let mut row = sound();
    row.inputs = vec![port("x", 1, &[0, 3])];
    assert!(matches!(load(&row), Err(OnnxError::Input { .. })));
}

#[test]
fn open_sizes_are_asked_for_and_then_used() {
    let mut open = sound();
    open.inputs = vec![port("x", 1, &[0, 3, 0, 0])];
    let parsed = onnx::Onnx::parse(&open.bytes(), &|_| None).unwrap();
    assert_eq!((parsed.fixed_px(), parsed.class_count()), (None, Some(2)));
    assert_eq!(parsed.build(None).unwrap_err(), OnnxError::Size);
    assert!(OnnxError::Size.to_string().contains("--input"));
    assert_eq!(parsed.build(Some(7)).unwrap().graph.input_shape(), [3, 7, 7]);
    assert!(parsed.build(Some(0)).is_err());
    assert!(parsed.build(Some(usize::MAX)).is_err());
}

#[test]
fn a_final_softmax_is_taken_off_and_noted() {
    for op in ["Softmax", "LogSoftmax", "Sigmoid"] {
        let mut model = sound();
        model.nodes.push(node(op, &["y"], &["p"], &[]));
        model.nodes.push(node("Identity", &["p"], &["out"], &[]));
        model.outputs = vec![port("out", 1, &[0, 2])];
        let made = load(&model).unwrap();
        assert_eq!(made.graph.value(made.graph.output("logits").unwrap()).name, "y");
        assert!(made.notes[0].contains(op) && made.notes[0].contains("'y'"), "{:?}", made.notes);
    }
}

#[test]
fn cycles_and_loose_ends_are_named() {
    let cyclic = with(&[node("Add", &["x", "b"], &["a"], &[]), node("Relu", &["a"], &["b"], &[])], &[], "b");
    assert!(matches!(load(&cyclic), Err(OnnxError::Cyclic(_))));
    let own = with(&[node("Add", &["x", "a"], &["a"], &[])], &[], "a");
    assert_eq!(load(&own).unwrap_err(), OnnxError::Cyclic("node_a".into()));
    let dangling = with(&[node("Add", &["x", "ghost"], &["a"], &[])], &[], "a");
    assert_eq!(load(&dangling).unwrap_err(), OnnxError::Dangling { value: "ghost".into(), node: "node_a".into() });
    let twice = with(&[node("Relu", &["x"], &["a"], &[]), node("Neg", &["x"], &["a"], &[])], &[], "a");
    assert!(matches!(load(&twice), Err(OnnxError::Damaged(_))));
    let mut nowhere = sound();
    nowhere.outputs = vec![port("z", 1, &[0, 2])];
    assert!(matches!(load(&nowhere), Err(OnnxError::Damaged(_))));
    let softmax_loop = Model::new(&[node("Softmax", &["y"], &["y"], &[])], &[]);
    assert!(matches!(load(&softmax_loop), Err(OnnxError::Cyclic(_))));
    let mut unsorted = sound();
    unsorted.nodes.reverse();
    load(&unsorted).expect("the order in the file does not matter");
}

#[test]
fn weights_of_the_wrong_shape_name_the_node() {
    let conv = |w: Message, extra: &[Message]| with(&[node("Conv", &["x", "k"], &["r"], extra)], &[w], "r");
    let good = floats("k", &[3, 3, 1, 1], &[0.5; 9]);
    load(&conv(good.clone(), &[])).unwrap();
    let channels = error(&conv(floats("k", &[3, 2, 1, 1], &[0.5; 6]), &[]));
    assert!(channels.contains("node_r") && channels.contains("Conv"), "{channels}");
    assert!(error(&conv(floats("k", &[3, 3, 1], &[0.5; 9]), &[])).contains("4-dimensional"));
    assert!(error(&conv(good.clone(), &[attribute_ints("kernel_shape", &[3, 3])])).contains("kernel_shape"));
    assert!(load(&conv(good.clone(), &[attribute_ints("strides", &[0, 1])])).is_err());
    assert!(load(&conv(good.clone(), &[attribute_ints("pads", &[-1, 0, 0, 0])])).is_err());
    assert!(load(&conv(good.clone(), &[attribute_ints("pads", &[i64::MAX, 0, i64::MAX, 0])])).is_err());
    assert!(load(&conv(good.clone(), &[attribute_ints("dilations", &[i64::MAX, i64::MAX])])).is_err());
    assert!(load(&conv(good, &[attribute("group", 0)])).is_err());
    assert!(error(&conv(floats("k", &[3, 3, 1, 1], &[f32::NAN; 9]), &[])).contains("'k'"));
    assert!(error(&conv(floats("k", &[3, 3, 1, 1], &[0.5; 8]), &[])).contains("'k'"));
}

#[test]
fn the_batch_axis_is_left_alone() {
    let turned = with(
        &[node("Transpose", &["x"], &["t"], &[attribute_ints("perm", &[1, 0, 2, 3])]), node("Relu", &["t"], &["r"], &[])],
        &[],
        "r",
    );
    let text = error(&turned);
    assert!(text.contains("batch") && text.contains("node_r"), "{text}");
    let reduced = with(&[node("ReduceMean", &["x"], &["r"], &[attribute_ints("axes", &[0])])], &[], "r");
    assert!(error(&reduced).contains("batch"));
    let joined = with(&[node("Concat", &["x", "x"], &["r"], &[attribute("axis", 0)])], &[], "r");
    assert!(error(&joined).contains("batch"));
    let attention = with(&[node("MatMul", &["x", "x"], &["r"], &[])], &[], "r");
    assert!(error(&attention).contains("attention"));
}

#[test]
fn external_weights_stay_beside_the_model() {
    let model = |w: Message| Model::new(&[vec![node("Relu", &["x"], &["r"], &[])], head("r")].concat(), &[w]);
    let data: Vec<u8> = (0..8).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let sibling = |name: &str| (name == "m.onnx.data").then_some(Cow::Borrowed(&data[..]));
    let load = |w: Message| onnx::load(&model(w).bytes(), &sibling, None);
    let made = load(external("w", &[2, 3], "m.onnx.data", "8", "24")).unwrap();
    assert_eq!(made.weights.get("w").unwrap().data(), [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    for path in ["../m.onnx.data", "/m.onnx.data", "a/m.onnx.data", "..", "C:\\m.data", ""] {
        let refused = load(external("w", &[2, 3], path, "8", "24")).unwrap_err();
        assert_eq!(refused, OnnxError::Escapes { tensor: "w".into(), location: path.into() });
    }
    assert_eq!(load(external("w", &[2, 3], "n.data", "", "")).unwrap_err(), OnnxError::Missing { wanted: "n.data".into() });
    for (offset, length) in [("12", "24"), ("-8", "24"), ("8", "20"), ("18446744073709551608", "24")] {
        assert!(matches!(load(external("w", &[2, 3], "m.onnx.data", offset, length)), Err(OnnxError::Tensor { .. })));
    }
}

#[test]
fn sizes_in_a_file_are_claims() {
    let weights = [
        header("w", 1, &[i64::MAX, i64::MAX]),
        header("w", 1, &[-1, 3]),
        header("w", 1, &[1 << 30, 1 << 30]),
        header("w", 1, &[2, 3]),
        header("w", 1, &[1; 40]),
        external("w", &[1 << 20, 1 << 10], "m", "0", "4294967296"),
    ];
    for w in weights {
        assert!(load(&Model::new(&[vec![node("Relu", &["x"], &["r"], &[])], head("r")].concat(), &[w])).is_err());
    }
    let huge = with(
        &[node("ConstantOfShape", &["s"], &["c"], &[]), node("Add", &["x", "c"], &["r"], &[])],
        &[ints("s", &[1 << 20, 1 << 20])],
        "r",
    );
    assert!(matches!(load(&huge), Err(OnnxError::TooLarge(_))));
    // Each of forty nodes doubles what it reads.
    let mut chain = vec![];
    for i in 0..40 {
        let (from, to) = (format!("c{i}"), format!("c{}", i + 1));
        chain.push(node("Concat", &[&from, &from], &[&to], &[attribute("axis", 0)]));
    }
    chain.push(node("ReduceSum", &["c40"], &["s"], &[attribute("keepdims", 0)]));
    chain.push(node("Mul", &["x", "s"], &["r"], &[]));
    assert!(matches!(load(&with(&chain, &[floats("c0", &[1], &[1.0])], "r")), Err(OnnxError::TooLarge(_))));
    let padded = with(&[node("Pad", &["x", "p"], &["r"], &[])], &[ints("p", &[0, 0, 0, 0, 0, 0, 1 << 40, 0])], "r");
    assert!(load(&padded).is_err());
}

#[test]
fn functions_that_never_end_are_stopped() {
    let body = |times: usize| {
        let call = node_in("local", "f", &["a"], &["b"], &[]);
        let calls = (0..times).fold(Message::default().text(1, "f").text(4, "a").text(5, "b"), |m, _| m.message(7, &call));
        calls.text(10, "local")
    };
    for times in [1, 2, 50] {
        let mut model = with(&[node_in("local", "f", &["x"], &["r"], &[])], &[], "r");
        model.functions.push(body(times));
        assert!(matches!(load(&model), Err(OnnxError::TooLarge(_))), "{times}");
    }
}

#[test]
fn old_and_new_opsets_are_refused_and_quantised_weights_too() {
    for opset in [0, 6, 99, -1, i64::MAX] {
        let mut model = sound();
        model.opset = opset;
        assert_eq!(load(&model).unwrap_err(), OnnxError::Opset(opset));
    }
    let mut model = sound();
    model.weights = vec![header("w", 3, &[2, 3]).bytes(9, &[0; 6])];
    assert!(error(&model).contains("int8"));
}

#[test]
fn two_gigabytes_are_refused_before_they_are_read() {
    // Zero pages that nobody touches take no memory.
    let bytes = vec![0u8; 1 << 31];
    let Err(OnnxError::TooLarge(why)) = onnx::load(&bytes, &|_| None, None) else { panic!("it must be refused") };
    assert!(why.contains("2 GB") && why.contains("external data"), "{why}");
}

#[test]
fn a_layer_behind_the_scores_is_no_layer() {
    let mut model = sound();
    model.nodes.push(node("Softmax", &["y"], &["p"], &[]));
    model.outputs = vec![port("p", 1, &[0, 2])];
    let graph = load(&model).unwrap().graph;
    for (layer, part) in [("p", "'p'"), ("y", "channels × height × width"), ("flat", "channels × height × width")] {
        let spec = fovea_student::Explain::one(layer, fovea_student::Method::GradCam);
        let text = fovea_student::explain(&graph, &spec).unwrap_err().to_string();
        assert!(text.contains(part) && text.contains(&format!("'{layer}'")), "{text}");
    }
}

#[test]
fn scores_must_be_one_row() {
    let mut map = sound();
    map.outputs = vec![port("r", 1, &[0, 3, 4, 4])];
    assert_eq!(load(&map).unwrap_err(), OnnxError::Head { name: "r".into(), shape: vec![3, 4, 4] });
    let mut pixel = sound();
    pixel.outputs = vec![port("pooled", 1, &[0, 3, 1, 1])];
    assert_eq!(load(&pixel).unwrap().graph.class_count().unwrap(), 3);
}

#[test]
fn every_cut_and_every_flipped_bit_is_survived() {
    let first = [
        node("Shape", &["x"], &["s"], &[]),
        node("Slice", &["s", "zero", "two"], &["front"], &[]),
        node("Concat", &["front", "rest"], &["to"], &[attribute("axis", 0)]),
        node("Reshape", &["x", "to"], &["t"], &[]),
        node("Split", &["t"], &["a", "b"], &[attribute("axis", 2)]),
        node("Concat", &["b", "a"], &["c"], &[attribute("axis", 2)]),
        node("Resize", &["c", "", "scales"], &["r"], &[]),
    ];
    let weights = [ints("zero", &[0]), ints("two", &[2]), ints("rest", &[2, 8]), floats("scales", &[4], &[1.0, 1.0, 2.0, 2.0])];
    let bytes = with(&first, &weights, "r").bytes();
    onnx::load(&bytes, &|_| None, None).unwrap();
    for cut in 0..bytes.len() {
        let _ = onnx::load(&bytes[..cut], &|_| None, None);
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut broken = bytes.clone();
            broken[at] ^= 1 << bit;
            let _ = onnx::load(&broken, &|_| None, None);
        }
    }
}

/// Two bytes of file per message: what they become is counted.
#[test]
fn a_file_of_empty_messages_is_refused() {
    let empty: Vec<u8> = [0x0a, 0x00].repeat(1 << 20);
    let opset = Message::default().int(2, 17);
    let bytes = Message::default().int(1, 8).message(8, &opset).bytes(7, &empty).0;
    assert!(matches!(onnx::load(&bytes, &|_| None, None), Err(OnnxError::TooLarge(_))));
}
