//! The program against numbers other people's code made: kd_resolution's checkpoints, logits, attention and probabilities.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea::analysis::{Analyzer, Checked, Ladder, Settings, embedded, measure_self_check, open_student, self_check};
use fovea::cli::{audit_case, find_cases};
use fovea_engine::Device;
use fovea_patch::{Limits, Patch, decode};
use fovea_student::file::{self, Student};
use fovea_student::load::BareInfo;
use fovea_tests::{gpu_or_skip, shared_dir};
use pollster::block_on;
use std::collections::BTreeMap;
use std::path::Path;

fn audit_all(device: &Device) {
    let Some(shared) = shared_dir() else { return };
    let cases = find_cases(&shared.join("golden/kd_resolution")).unwrap();
    assert!(cases.len() >= 3);
    for case in cases {
        let reports = audit_case(&case, device, None).unwrap();
        assert_eq!(reports.len(), 1);
        let report = &reports[0];
        for q in &report.quantities {
            println!("{} {}: {:?}", report.case, q.name, q.relative);
            assert!(q.ok, "{}: {q:?} on {}", report.case, device.describe());
        }
        let names: Vec<&str> = report.quantities.iter().map(|q| q.name.as_str()).collect();
        for wanted in ["student_input", "student.logits", "student.block4", "student.block5"] {
            assert!(names.contains(&wanted), "{wanted} of {} was not compared", report.case);
        }
        if report.case != "ce_only" {
            for wanted in ["student.attention_minmax", "teacher.attention_minmax", "teacher.logits"] {
                assert!(names.contains(&wanted), "{wanted} of {} was not compared", report.case);
            }
        }
        assert!(report.not_computed.is_empty(), "{:?}", report.not_computed);
        // The training step: every term, and each of the 28 parameters' gradient, optimiser step and update.
        assert!(names.contains(&"loss.ce") && names.contains(&"loss.total"));
        for group in ["step0.grad.", "adam.", "update."] {
            assert_eq!(names.iter().filter(|n| n.starts_with(group)).count(), 28, "{group}* of {}", report.case);
        }
    }
}

#[test]
fn reference_cases_on_the_cpu() {
    audit_all(&Device::cpu("chosen"));
}

#[test]
fn reference_cases_on_the_gpu() {
    let Some(device) = gpu_or_skip() else { return };
    audit_all(&device);
}

fn teacher(shared: &Path, file: &str) -> Student {
    let bytes = std::fs::read(shared.join("golden/kd_resolution").join(file)).unwrap();
    open_student(&bytes, file, &BareInfo { input_px: Some(128), ..BareInfo::default() }).unwrap()
}

fn patch(file: &Path) -> Patch {
    let name = file.file_name().unwrap().to_str().unwrap();
    decode(&std::fs::read(file).unwrap(), name, &Limits::default()).unwrap()
}

/// Probabilities of all reference patches.
fn probabilities(shared: &Path, device: &Device) -> BTreeMap<String, Vec<f32>> {
    let text = std::fs::read(shared.join("golden/kd_resolution/mini_probabilities.json")).unwrap();
    let reference: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&text).unwrap();
    let mut analyzer = Analyzer::new(device, &teacher(shared, "teacher.pth"), Settings::default()).unwrap();
    let mut out = BTreeMap::new();
    for (name, wanted) in reference {
        let result = block_on(analyzer.analyze_patch(&patch(&shared.join("mini_sicap/images").join(&name)))).unwrap();
        for (p, w) in result.probabilities.iter().zip(&wanted) {
            assert!((p - w).abs() <= 0.02, "{name}: {:?}, reference {wanted:?}", result.probabilities);
        }
        out.insert(name, result.probabilities);
    }
    out
}

#[test]
fn probabilities_match_pytorch_and_both_executors_agree() {
    let Some(shared) = shared_dir() else { return };
    let cpu = probabilities(&shared, &Device::cpu("chosen"));
    let Some(device) = gpu_or_skip() else { return };
    let gpu = probabilities(&shared, &device);
    for (name, cpu) in cpu {
        for (c, g) in cpu.iter().zip(&gpu[&name]) {
            assert!((c - g).abs() <= 1e-4, "{name}: cpu {cpu:?}, gpu {:?}", gpu[&name]);
        }
    }
}

#[test]
fn every_checkpoint_format_holds_the_same_network() {
    let Some(shared) = shared_dir() else { return };
    let hashes: Vec<String> = ["teacher.pth", "teacher_state_dict.pt", "teacher_state_dict_legacy.pt", "teacher.safetensors"]
        .iter()
        .map(|f| teacher(&shared, f).weights.sha256())
        .collect();
    assert!(hashes.iter().all(|h| *h == hashes[0]), "{hashes:?}");
}

#[test]
fn the_self_check_passes_and_catches_other_weights() {
    let device = Device::cpu("chosen");
    let student = embedded::student().unwrap();
    assert!(matches!(block_on(self_check(&device, &student)).unwrap(), Checked::Passed(_)));
    if let Some(gpu) = gpu_or_skip() {
        assert!(matches!(block_on(self_check(&gpu, &student)).unwrap(), Checked::Passed(_)));
    }
    let mut other = student.clone();
    let check = other.card.self_check.as_mut().unwrap();
    check.logits[0] += 1.0;
    let error = block_on(self_check(&device, &other)).unwrap_err().to_string();
    assert!(error.contains("self-check") && error.contains(embedded::STUDENT_NAME), "{error}");
    other.card.self_check = None;
    assert_eq!(block_on(self_check(&device, &other)).unwrap(), Checked::None);
}

#[test]
fn a_student_file_survives_the_way_round() {
    let mut student = embedded::student().unwrap();
    student.card.self_check = Some(block_on(measure_self_check(&Device::cpu("chosen"), &student, 9)).unwrap());
    let bytes = file::write(&student).unwrap();
    let back = open_student(&bytes, embedded::STUDENT_NAME, &BareInfo::default()).unwrap();
    assert_eq!(back.card.self_check, student.card.self_check);
    assert_eq!(back.weights.sha256(), student.weights.sha256());
    assert_eq!(back.graph, student.graph);
}

#[test]
fn samples_get_the_class_they_were_drawn_for_and_the_ladder_has_four_steps() {
    let device = Device::cpu("chosen");
    let student = embedded::student().unwrap();
    let mut ladder = Ladder::new(&device, &student, Settings::default());
    let classes = &student.card.class_names;
    let mut right = 0;
    for sample in embedded::SAMPLES {
        let rungs = block_on(ladder.climb(&sample.decode().unwrap()));
        let labels: Vec<&str> = rungs.iter().map(|r| r.label.as_str()).collect();
        assert_eq!(labels, ["10×", "5×", "2.5×", "1.25×"]);
        let own = rungs.iter().find(|r| r.k == student.card.view.factor).unwrap().outcome.as_ref().unwrap();
        right += usize::from(sample.name.contains(&format!("_{}_", classes[own.predicted])));
        for rung in &rungs {
            let result = rung.outcome.as_ref().unwrap();
            assert_eq!((result.map_h, result.map_w, result.classes), (8, 8, 4));
            assert!(result.tiles[0].minmax.iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
    assert_eq!(right, 6, "as assets/README.md says");
}

#[test]
fn a_native_grid_gives_maps_on_the_teachers_grid() {
    use fovea::analysis::ViewChoice;
    use fovea_student::card::Grid;
    let student = embedded::student().unwrap();
    let patch = embedded::SAMPLES[0].decode().unwrap();
    for k in [1, 2, 4] {
        let view = ViewChoice { k: Some(k), grid: Some(Grid::Native) };
        let settings = Settings { view, ..Settings::default() };
        let mut analyzer = Analyzer::new(&Device::cpu("chosen"), &student, settings).unwrap();
        let result = block_on(analyzer.analyze_patch(&patch)).unwrap();
        assert_eq!((result.map_h, result.map_w), (8, 8), "k = {k}");
    }
}

#[test]
fn a_larger_image_is_tiled_and_its_map_lines_up() {
    let Some(shared) = shared_dir() else { return };
    let patch = patch(&shared.join("real/he_1.png"));
    assert_eq!((patch.width, patch.height), (584, 438));
    let student = embedded::student().unwrap();
    let analyze = |batch| {
        let settings = Settings { batch: Some(batch), ..Settings::default() };
        let mut analyzer = Analyzer::new(&Device::cpu("chosen"), &student, settings).unwrap();
        block_on(analyzer.analyze_patch(&patch)).unwrap()
    };
    let (one, many) = (analyze(1), analyze(6));
    assert_eq!((one.plan.cols, one.plan.rows, one.tiles.len()), (5, 4, 20));
    assert_eq!(one.plan.tile_px, 128, "tiles are square at the image's own pixels");
    for (a, b) in one.tiles.iter().zip(&many.tiles) {
        assert_eq!(a.tile, b.tile);
        for (x, y) in a.probabilities.iter().zip(&b.probabilities) {
            assert!((x - y).abs() < 1e-5, "batches change nothing");
        }
    }
    let map = one.image_map(one.predicted, 2048).unwrap();
    assert_eq!((map.width, map.height), (584, 438));
}

#[test]
fn full_vgg16_at_512_px_runs() {
    let Some(shared) = shared_dir() else { return };
    let image = patch(&shared.join("real/he_1.png"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("big.safetensors");
    let student = fovea::cli::random_vgg16(1, 4, 512, 3).unwrap();
    std::fs::write(&file, file::write(&student).unwrap()).unwrap();
    let student = open_student(&std::fs::read(&file).unwrap(), "big.safetensors", &BareInfo::default()).unwrap();
    let mut analyzer = Analyzer::new(&Device::cpu("chosen"), &student, Settings::default()).unwrap();
    let result = block_on(analyzer.analyze_patch(&image)).unwrap();
    assert_eq!((result.map_h, result.map_w, result.tiles.len()), (32, 32, 2));
}
