//! Input views and exports against the reference numbers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{bare, golden, interpret, reference, relative, sample, shared};
use fovea_student::card::{Grid, Normalisation};
use fovea_student::export::{Naming, state_dict};
use fovea_student::{BareInfo, LOGITS, Student, View};

fn student(view: View) -> Student {
    let info = BareInfo { input_px: Some(128), view: Some(view), ..BareInfo::default() };
    bare(&golden("teacher.pth"), "teacher.pth").into_student(&info).unwrap()
}

#[test]
fn teacher_grid_makes_the_reference_student_input() {
    // all_terms: 128 → 32 px, ce_only: 128 → 64 px.
    for (name, factor) in [("all_terms_l1.safetensors", 4), ("ce_only.safetensors", 2)] {
        let Some(case) = shared(name) else { continue };
        let case = reference(&case);
        let s = student(View { factor, ..View::default() });
        let (graph, weights) = s.runnable().unwrap();
        graph.validate().unwrap();
        assert_eq!(graph.levels, s.graph.levels);
        for i in 0..2 {
            let image = sample(case.get("image").unwrap(), i);
            let got = interpret::value(&graph, &weights, image, "view.resized");
            let error = relative(&got, sample(case.get("student_input").unwrap(), i));
            assert!(error < 1e-6, "{name}: {error:e}");
        }
    }
}

#[test]
fn reference_student_scores_through_the_view() {
    let (Some(case), Some(start)) = (shared("all_terms_l1.safetensors"), shared("student_start.pth")) else { return };
    let case = reference(&case);
    let info = BareInfo { input_px: Some(128), view: Some(View { factor: 4, ..View::default() }), ..BareInfo::default() };
    let s = bare(&start, "student_start.pth").into_student(&info).unwrap();
    let (graph, weights) = s.runnable().unwrap();
    let values = interpret::run(&graph, &weights, sample(case.get("image").unwrap(), 0));
    let named = |id: fovea_student::ValueId| values[id.index()].iter().map(|v| *v as f32).collect::<Vec<f32>>();
    for (name, id) in [("student.logits", graph.output(LOGITS).unwrap()), ("student.block4", graph.layer("-1").unwrap())] {
        let error = relative(&named(id), sample(case.get(name).unwrap(), 0));
        assert!(error < 1e-5, "{name}: {error:e}");
    }
}

#[test]
fn native_grid_runs_the_network_on_pooled_pixels() {
    let view = View { factor: 4, grid: Grid::Native, ..View::default() };
    let s = student(view);
    let (graph, weights) = s.runnable().unwrap();
    graph.validate().unwrap();
    assert_eq!(graph.input_shape(), [3, 128, 128], "the image stays the same whatever the view");
    assert_eq!(graph.value(graph.layer("-1").unwrap()).shape, [64, 2, 2]);
    let small = fovea_student::graph::rebuild(&s.graph, &[3, 32, 32]).unwrap();
    let image: Vec<f32> = (0..3 * 128 * 128).map(|i| (i % 251) as f32 / 251.0).collect();
    let pooled = interpret::value(&graph, &weights, &image, "view.pooled");
    let got = interpret::value(&graph, &weights, &image, LOGITS);
    assert!(relative(&got, &interpret::value(&small, &s.weights, &pooled, LOGITS)) < 1e-5);
}

#[test]
fn normalisation_is_per_channel() {
    let normalisation = Some(Normalisation { mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2.0] });
    let s = student(View { normalisation, ..View::default() });
    let (graph, weights) = s.runnable().unwrap();
    let got = interpret::value(&graph, &weights, &vec![0.7; 3 * 128 * 128], "view.normalised");
    let plane = 128 * 128;
    for (c, want) in [1.2, 2.0, 0.2].into_iter().enumerate() {
        assert!((got[c * plane] - want).abs() < 1e-6, "{}", got[c * plane]);
    }
    assert_eq!(s.weights.sha256(), s.card.weights_sha256, "the view's constants are not the Student's weights");
}

#[test]
fn unusable_views_are_refused() {
    let s = student(View::default());
    for view in [
        View { factor: 3, ..View::default() },
        View { factor: 0, ..View::default() },
        View { factor: 2, align_corners: false, ..View::default() },
        View { factor: 16, grid: Grid::Native, ..View::default() },
        View { normalisation: Some(Normalisation { mean: [0.0; 3], std: [1.0, 0.0, 1.0] }), ..View::default() },
    ] {
        assert!(fovea_student::view::apply(&s.graph, &s.weights, &view, 128).is_err(), "{view:?}");
    }
}

#[test]
fn exports_carry_the_other_names() {
    let s = student(View::default());
    let kd = reference(&state_dict(&s, Naming::KdResolution).unwrap());
    assert_eq!(kd, reference(&golden("teacher.safetensors")));
    let tv = reference(&state_dict(&s, Naming::Torchvision).unwrap());
    assert_eq!(tv.get("features.28.weight"), s.weights.get("0.4.28.weight"));
    assert_eq!(tv.get("classifier.weight"), s.weights.get("2.weight"));
    assert_eq!(tv.len(), s.weights.len());
    // For the check in PyTorch (`FOVEA_EXPORT_DIR=… cargo test`).
    if let Ok(dir) = std::env::var("FOVEA_EXPORT_DIR") {
        for (name, naming) in [("kd", Naming::KdResolution), ("torchvision", Naming::Torchvision), ("source", Naming::Source)] {
            std::fs::write(format!("{dir}/{name}.safetensors"), state_dict(&s, naming).unwrap()).unwrap();
        }
    }
}
