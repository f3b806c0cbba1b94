//! Both executors on whole networks: they agree with each other, with themselves, and with plain arithmetic.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use fovea_engine::{EngineError, Input, Plan, Runner, Target};
use fovea_student::explain::{Explain, Method, Request, explain, minmax_output, raw_output};
use fovea_student::graph::{Binary, Conv, LOGITS, Op, Reduction, Unary};

fn request(layer: &str, method: Method, relu: bool) -> Request {
    Request { layer: layer.into(), method, relu }
}

fn everything(levels: &[&str]) -> Explain {
    let all = levels.iter().flat_map(|l| Method::ALL.iter().map(|m| request(l, *m, false)));
    Explain { requests: all.collect(), classes: None, grid: None, normalise: true, closed_form: true, gradients: false }
}

#[test]
fn gpu_and_cpu_agree_on_every_map_of_every_level() {
    let Some(gpu) = gpu() else { return };
    let (graph, weights) = vgg(29, 4, 7);
    let graph = explain(&graph, &everything(&["-1", "-2", "-3"])).unwrap();
    let x: Vec<f32> = Random(3).vec(3 * 3 * 29 * 29);
    let (a, b) = (run(&gpu, &graph, &weights, &x, 3), run(&cpu(), &graph, &weights, &x, 3));
    assert_eq!(a.outputs.len(), 1 + 2 * 3 * Method::ALL.len());
    for (p, q) in a.outputs.iter().zip(&b.outputs) {
        assert_eq!(p.shape, q.shape, "{}", p.name);
        let error = relative(&p.data, &q.data);
        assert!(error < 2e-4, "{}: {error:e}", p.name);
    }
}

#[test]
fn the_closed_form_equals_the_general_path() {
    let (graph, weights) = vgg(24, 5, 11);
    let x = Random(5).vec(2 * 3 * 24 * 24);
    let closed = explain(&graph, &everything(&["-1"])).unwrap();
    let general = explain(&graph, &Explain { closed_form: false, ..everything(&["-1"]) }).unwrap();
    let seeded = |g: &fovea_student::Graph| g.nodes.iter().any(|n| matches!(n.op, Op::Seed { .. }));
    assert!(!seeded(&closed) && seeded(&general));
    let (a, b) = (run(&cpu(), &closed, &weights, &x, 2), run(&cpu(), &general, &weights, &x, 2));
    for (p, q) in a.outputs.iter().zip(&b.outputs) {
        assert!(relative(&p.data, &q.data) < 1e-5, "{}", p.name);
    }
}

#[test]
fn fusing_changes_nothing() {
    // Every intermediate value as an output forbids all fusion and reuse; the results must stay the same.
    let (graph, weights) = vgg(20, 3, 13);
    let graph = explain(&graph, &everything(&["-2"])).unwrap();
    let mut open = graph.clone();
    for n in &graph.nodes {
        open.outputs.push(fovea_student::graph::Output { name: format!("keep {}", n.output.index()), value: n.output });
    }
    let x = Random(9).vec(3 * 20 * 20);
    let (a, b) = (run(&cpu(), &graph, &weights, &x, 1), run(&cpu(), &open, &weights, &x, 1));
    for p in &a.outputs {
        assert!(relative(&p.data, &b.get(&p.name).unwrap().data) < 1e-6, "{}", p.name);
    }
}

#[test]
fn a_partial_batch_gives_the_same_numbers() {
    let (graph, weights) = vgg(16, 4, 17);
    let graph = explain(&graph, &Explain::one("-1", Method::Positive)).unwrap();
    let x = Random(1).vec(5 * 3 * 16 * 16);
    let whole = run(&cpu(), &graph, &weights, &x, 5);
    for device in [Some(cpu()), gpu()].into_iter().flatten() {
        let part = run(&device, &graph, &weights, &x[..2 * 3 * 256], 4);
        for o in &part.outputs {
            assert_eq!(o.shape[0], 2);
            assert!(relative(&o.data, &whole.get(&o.name).unwrap().data[..o.data.len()]) < 1e-4);
        }
    }
}

#[test]
fn maps_are_normalised_jointly_and_constant_ones_are_zero() {
    let (graph, weights) = vgg(16, 4, 19);
    let graph = explain(&graph, &Explain::one("-1", Method::Positive)).unwrap();
    let run = run(&cpu(), &graph, &weights, &Random(2).vec(3 * 256), 1);
    let (raw, scaled) = (run.get(&raw_output(0)).unwrap(), run.get(&minmax_output(0)).unwrap());
    assert_eq!(raw.shape, [1, 4, 4, 4]);
    let (lo, hi) = raw.data.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    for (r, s) in raw.data.iter().zip(&scaled.data) {
        assert!(((r - lo) / (hi - lo) - s).abs() < 1e-6);
    }
}

#[test]
fn a_subset_of_classes_gives_those_classes_rows() {
    let (graph, weights) = vgg(16, 6, 23);
    let x = Random(4).vec(2 * 3 * 256);
    for closed_form in [true, false] {
        let base = Explain { closed_form, normalise: false, ..Explain::one("-1", Method::HiResCam) };
        let all = run(&cpu(), &explain(&graph, &base).unwrap(), &weights, &x, 2);
        let some = Explain { classes: Some(vec![4, 1]), ..base };
        let some = run(&cpu(), &explain(&graph, &some).unwrap(), &weights, &x, 2);
        let (all, some) = (all.get("map.0").unwrap(), some.get("map.0").unwrap());
        for n in 0..2 {
            for (i, c) in [4usize, 1].into_iter().enumerate() {
                let (p, q) = (&some.data[(n * 2 + i) * 16..][..16], &all.data[(n * 6 + c) * 16..][..16]);
                assert!(relative(p, q) < 1e-6);
            }
        }
    }
}

#[test]
fn a_matrix_past_the_binding_limit_is_split() {
    let mut n = Net::new(&[1, 6, 6], 43);
    let x = n.b.input();
    let flat = n.op(Op::Reshape { shape: vec![36] }, &[x]);
    let hidden = n.linear(flat, 50);
    let hidden = n.unary(hidden, Unary::Relu);
    let logits = n.linear(hidden, 7);
    let (graph, weights) = n.finish(logits);
    let whole = Plan::new(&graph, &weights, 3).unwrap();
    // 50 rows of 36 in pieces of 8 rows, the last one of 2; 7 rows of 50 in pieces of 5 and 2.
    let split = Plan::for_target(&graph, &weights, 3, Target { piece: 4 * 36 * 8, software: false }).unwrap();
    assert!(whole.largest().0 > 4 * 36 * 8);
    assert!(split.constants.iter().all(|c| c.data.len() <= 36 * 8));
    assert_eq!(split.steps.len(), whole.steps.len() - 2 + 2 * 7 + 2 * 2);
    let x = Random(6).vec(3 * 36);
    for device in [Some(cpu()), gpu()].into_iter().flatten() {
        let run = |plan: Plan| {
            let mut runner = Runner::with_plan(&device, plan).unwrap();
            pollster::block_on(runner.run(Input::F32(&x))).unwrap().get(LOGITS).unwrap().data.clone()
        };
        assert!(relative(&run(split.clone()), &run(whole.clone())) < 1e-6);
    }
}

#[test]
fn odd_networks_run_alike() {
    let Some(gpu) = gpu() else { return };
    let mut n = Net::new(&[3, 21, 17], 31);
    let x = n.b.input();
    let a = n.conv(x, 16, 5, same(2, 2));
    let a = n.norm(a);
    let a = n.unary(a, Unary::Silu);
    let side = n.conv(a, 16, 3, Conv { pads: [2; 4], dilation: [2, 2], groups: 16, ..Conv::default() });
    let side = n.norm(side);
    let side = n.unary(side, Unary::HardSwish);
    let sum = n.op(Op::Binary(Binary::Add), &[a, side]);
    let sum = n.unary(sum, Unary::Relu);
    let gate = n.op(Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: true }, &[sum]);
    let gate = n.unary(gate, Unary::Sigmoid);
    let gated = n.op(Op::Binary(Binary::Mul), &[sum, gate]);
    let pooled = n.op(Op::MaxPool(pool(3, 2, 1, true)), &[gated]);
    let average = n.op(Op::AvgPool(pool(3, 2, 1, true)), &[gated]);
    let both = n.op(Op::Concat { axis: 0 }, &[pooled, average]);
    let turned = n.op(Op::Transpose { perm: vec![1, 2, 0] }, &[both]);
    let turned = n.linear(turned, 10);
    let back = n.op(Op::Transpose { perm: vec![2, 0, 1] }, &[turned]);
    let cut = n.op(Op::Slice { axis: 0, start: 1, step: 2, len: 4 }, &[back]);
    let logits = n.head(cut, 3);
    let name = n.b.value(sum).name.clone();
    let (graph, weights) = n.finish(logits);
    let graph = explain(&graph, &everything(&[&name])).unwrap();
    let x = Random(6).vec(2 * 3 * 21 * 17);
    let (a, b) = (run(&gpu, &graph, &weights, &x, 2), run(&cpu(), &graph, &weights, &x, 2));
    for (p, q) in a.outputs.iter().zip(&b.outputs) {
        assert!(relative(&p.data, &q.data) < 5e-4, "{}: {:e}", p.name, relative(&p.data, &q.data));
    }
}

#[test]
fn bad_weights_and_inputs_are_named() {
    let (graph, weights) = vgg(16, 4, 37);
    let mut missing = weights.clone();
    missing.insert("w1", fovea_student::Tensor::new(vec![1], vec![0.0]).unwrap());
    let error = Runner::new(&cpu(), &graph, &missing, 1).err().unwrap();
    assert!(matches!(&error, EngineError::Weights { name, .. } if name == "w1"), "{error}");
    let mut runner = Runner::new(&cpu(), &graph, &weights, 2).unwrap();
    for len in [0, 5, 3 * 3 * 256] {
        let error = pollster::block_on(runner.run(Input::F32(&vec![0.0; len]))).err().unwrap();
        assert!(matches!(error, EngineError::Input { .. }));
    }
    runner.cancel_flag().store(true, std::sync::atomic::Ordering::Relaxed);
    let cancelled = pollster::block_on(runner.run(Input::F32(&[0.0; 3 * 256])));
    assert_eq!(cancelled.err(), Some(EngineError::Cancelled));
}

#[test]
fn rgb_bytes_are_divided_by_255() {
    let (graph, weights) = vgg(16, 4, 41);
    let rgb: Vec<u8> = (0..2 * 16 * 16 * 3).map(|i| (i * 7 % 256) as u8).collect();
    let at = |n: usize, c: usize, p: usize| f32::from(rgb[(n * 256 + p) * 3 + c]) / 255.0;
    let planar: Vec<f32> = (0..2 * 3 * 256).map(|i| at(i / 768, i / 256 % 3, i % 256)).collect();
    let expected = run(&cpu(), &graph, &weights, &planar, 2);
    for device in [Some(cpu()), gpu()].into_iter().flatten() {
        let mut runner = Runner::new(&device, &graph, &weights, 2).unwrap();
        let got = pollster::block_on(runner.run(Input::Rgb8(&rgb))).unwrap();
        assert!(relative(&got.get(LOGITS).unwrap().data, &expected.get(LOGITS).unwrap().data) < 1e-5);
    }
}
