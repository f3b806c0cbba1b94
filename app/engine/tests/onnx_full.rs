//! Networks of full size (`tests/reference/make_cam_cases.py`), where they have been made: both exporters' files and
//! torchvision's state dicts against PyTorch's logits, and the layer each offers first.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "../../student/tests/golden_cam/mod.rs"]
mod golden_cam;

use common::{cpu, lacking, relative, run};
use fovea_student::{BareInfo, Graph, Loaded, Student, Weights};
use golden_cam::{FILES, load, tensors};
use std::path::{Path, PathBuf};

const LOGITS: f64 = 1e-4;

/// Folders of cases: the small ones beside the repository, and those of full size in `FOVEA_CAM_FULL`.
fn cases() -> Vec<PathBuf> {
    let full = std::env::var_os("FOVEA_CAM_FULL").map(PathBuf::from);
    if full.is_none() {
        eprintln!("SKIPPED: networks of full size (FOVEA_CAM_FULL names no folder)");
    }
    let entries = full.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|e| e.unwrap().path());
    let mut cases = golden_cam::cases();
    cases.extend(entries.filter(|p| p.join("case.json").exists()));
    cases.sort();
    cases
}

fn name(case: &Path) -> &str {
    case.file_name().unwrap().to_str().unwrap()
}

fn check(graph: &Graph, weights: &Weights, case: &Path, what: &str) {
    let want = tensors(case);
    let x = want.get("x").unwrap();
    let made = run(&cpu(), graph, weights, x.data(), x.shape()[0]);
    let error = relative(&made.get("logits").unwrap().data, want.get("logits").unwrap().data());
    println!("{} {what}: {error:.2e}", name(case));
    assert!(error <= LOGITS, "{what}: logits differ by {error:e} ({})", case.display());
}

/// Shape of the last map before the global average, by network.
fn last_map(network: &str) -> [usize; 3] {
    match network {
        "densenet" => [42, 3, 3],
        "mobilenet_v2" => [1280, 3, 3],
        "resnet_odd" => [64, 3, 3],
        "squeezenet" => [4, 5, 5],
        "vgg_thin" => [64, 6, 6],
        "convnext_tiny" => [768, 7, 7],
        "densenet121" | "googlenet" | "shufflenet_v2_x1_0" => [1024, 7, 7],
        "efficientnet_b0" | "mnasnet1_0" => [1280, 7, 7],
        "mobilenet_v3_large" => [960, 7, 7],
        "regnet_y_400mf" => [440, 7, 7],
        "resnet50" => [2048, 7, 7],
        "vgg16_bn" => [512, 7, 7],
        other => panic!("{other} is not listed"),
    }
}

#[test]
fn the_default_layer_is_the_last_map_before_global_pooling() {
    for case in cases() {
        for (file, _) in FILES {
            let graph = load(&case.join(file)).graph;
            let layer = graph.value(graph.default_layer().unwrap());
            println!("{}/{file}: {} {:?}", name(&case), layer.name, layer.shape);
            assert_eq!(layer.shape, last_map(name(&case)), "{}/{file}: {}", name(&case), layer.name);
            // All images are square here: a map that is not has its channels last.
            let odd = |v: &&fovea_student::ValueId| {
                let s = &graph.value(**v).shape;
                s[1] != s[2]
            };
            let odd = graph.candidate_layers().iter().find(odd).map(|v| graph.value(*v).clone());
            assert!(odd.is_none(), "{}/{file}: {odd:?}", name(&case));
        }
    }
}

#[test]
fn networks_of_full_size_give_pytorchs_logits() {
    let golden = |c: &PathBuf| c.parent().unwrap().ends_with("golden/cam");
    for case in cases().into_iter().filter(|c| !golden(c)) {
        for (file, _) in FILES.iter().filter(|(file, _)| case.join(file).exists()) {
            let model = load(&case.join(file));
            check(&model.graph, &model.weights, &case, file);
        }
    }
}

#[test]
fn state_dicts_of_known_networks_give_pytorchs_logits() {
    for case in cases() {
        if !["resnet50", "vgg16_bn", "vgg_thin"].contains(&name(&case)) {
            continue;
        }
        let file = case.join("model.safetensors");
        let Loaded::Bare(c) = fovea_student::load(&std::fs::read(&file).unwrap(), "model").unwrap() else { panic!() };
        let px = tensors(&case).get("x").unwrap().shape()[2];
        let student: Student = c.into_student(&BareInfo { input_px: Some(px), ..BareInfo::default() }).unwrap();
        println!("{} {:?}", student.card.architecture, student.graph.levels);
        check(&student.graph, &student.weights, &case, &student.card.architecture);
        if name(&case) == "resnet50" {
            assert_eq!(student.card.architecture, "torchvision ResNet-50");
            let shapes = student.graph.levels.iter().map(|l| student.graph.value(student.graph.find(l).unwrap()).shape.clone());
            assert_eq!(shapes.collect::<Vec<_>>(), [[256, 56, 56], [512, 28, 28], [1024, 14, 14], [2048, 7, 7]]);
        }
    }
}
