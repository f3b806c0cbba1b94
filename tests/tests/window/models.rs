//! Models: forms, cards, ONNX files in two parts, and what is said when something is missing.

use egui_kittest::kittest::Queryable;
use fovea::analysis::embedded;
use fovea::app::PublishedMap;
use serde_json::json;

use crate::harness::*;

const MODEL: &str = "model_dynamo.onnx";
const WEIGHTS: &str = "model_dynamo.onnx.data";

#[test]
fn a_bare_checkpoint_asks_for_what_it_does_not_say() {
    let student = embedded::student().unwrap();
    let bare = fovea_student::export::state_dict(&student, fovea_student::export::Naming::KdResolution).unwrap();
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "bare.safetensors", &bare);
    until(&mut harness, "the form", |p| p.form.as_deref() == Some("bare.safetensors"));
    picture(&mut harness, "model_form");
    // Typed digits are text, not classes.
    let class = harness.state().published().class;
    harness.get_by_label("Input size in px").type_text("12");
    harness.run_steps(2);
    assert_eq!(harness.state().published().class, class);
    harness.get_by_label("Input size in px").type_text("8");
    harness.get_by_label("Class names (optional)").focus();
    harness.run_steps(2);
    harness.get_by_label("Class names (optional)").type_text("a, b, c");
    harness.run_steps(2);
    harness.get_by_label_contains("3 names, but the network scores 4 classes");
    harness.get_by_label("Class names (optional)").type_text(", d");
    harness.run_steps(2);
    harness.get_by_label("Load the model").click();
    let now = until(&mut harness, "the model", |p| p.form.is_none() && p.ready && p.shown);
    assert!(now.patches.iter().all(|p| "abcd".contains(p.predicted.as_deref().unwrap())), "{now:?}");
    assert_eq!(now.model, "bare.safetensors");
    picture(&mut harness, "own_model");
}

#[test]
fn an_onnx_model_in_two_files_is_loaded_from_one_drop_in_any_order() {
    let (model, weights) = (golden_onnx(MODEL), golden_onnx(WEIGHTS));
    for files in [[(MODEL, &model[..]), (WEIGHTS, &weights[..])], [(WEIGHTS, &weights[..]), (MODEL, &model[..])]] {
        let mut harness = window();
        settled(&mut harness);
        drop_files(&mut harness, &files);
        let now = until(&mut harness, "the form", |p| p.form.as_deref() == Some(MODEL));
        assert_eq!((now.error, now.patches.len()), (None, embedded::SAMPLES.len()));
    }
}

#[test]
fn a_missing_second_file_is_named_and_may_follow() {
    let (model, weights) = (golden_onnx(MODEL), golden_onnx(WEIGHTS));
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, MODEL, &model);
    let now = until(&mut harness, "the question for weights", |p| p.error.is_some());
    let error = now.error.unwrap();
    assert!(error.starts_with(MODEL) && error.contains(&format!("'{WEIGHTS}'")), "{error}");
    picture(&mut harness, "onnx_missing_weights");
    drop_file(&mut harness, "other.data", &weights);
    let now = until(&mut harness, "the refusal", |p| p.error.as_ref().is_some_and(|e| e.starts_with("other.data")));
    assert!(now.error.unwrap().contains(WEIGHTS));
    drop_file(&mut harness, WEIGHTS, &weights);
    let now = until(&mut harness, "the form", |p| p.form.as_deref() == Some(MODEL));
    assert!(!now.error.is_some_and(|e| e.starts_with(MODEL)), "what is settled is no longer a problem");
}

#[test]
fn weights_that_come_first_wait_for_their_model() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, WEIGHTS, &golden_onnx(WEIGHTS));
    let now = until(&mut harness, "the question for the model", |p| p.error.is_some());
    assert!(now.error.unwrap().contains(".onnx"));
    drop_file(&mut harness, MODEL, &golden_onnx(MODEL));
    let now = until(&mut harness, "the form", |p| p.form.as_deref() == Some(MODEL));
    assert_eq!(now.error, None);
}

#[test]
fn a_model_opened_by_its_path_finds_its_second_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in [MODEL, WEIGHTS] {
        std::fs::write(folder.path().join(name), golden_onnx(name)).unwrap();
    }
    let mut harness = window();
    settled(&mut harness);
    drop_path(&mut harness, &folder.path().join(MODEL));
    assert_eq!(until(&mut harness, "the form", |p| p.form.is_some()).error, None);
}

#[test]
fn the_form_is_filled_from_a_wsinfer_configuration() {
    let mut harness = window();
    settled(&mut harness);
    drop_files(&mut harness, &[(MODEL, &golden_onnx(MODEL)), (WEIGHTS, &golden_onnx(WEIGHTS))]);
    until(&mut harness, "the form", |p| p.form.is_some());
    picture(&mut harness, "onnx_form");
    drop_file(&mut harness, "config.json", &golden_onnx("config.json"));
    let classes = "Benign, Low grade, High grade, Other";
    wait_for_value(&mut harness, classes);
    for value in [classes, "96", "1", "0.7, 0.55, 0.7", "0.2, 0.25, 0.2"] {
        assert!(has_value(&harness, value), "no field holds {value:?}");
    }
    picture(&mut harness, "onnx_form_filled");
    harness.get_by_label("Load the model").click();
    let now = until(&mut harness, "the model", |p| p.form.is_none() && p.ready && p.shown);
    let known = ["Benign", "Low grade", "High grade", "Other"];
    assert!(now.patches.iter().all(|p| known.contains(&p.predicted.as_deref().unwrap())), "{now:?}");
    assert_eq!(now.error, None);
    picture(&mut harness, "onnx_model");
}

#[test]
fn a_card_that_comes_first_fills_the_form_and_other_json_is_refused() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "notes.json", br#"{"hello": 1}"#);
    let now = until(&mut harness, "the refusal", |p| p.error.is_some());
    assert!(now.error.unwrap().contains("neither a model card nor a WSInfer configuration"));
    let card = json!({"name": "My network", "class_names": ["p", "q", "r", "s"], "input_px": 128, "um_per_px": 2.0});
    drop_file(&mut harness, "card.json", card.to_string().as_bytes());
    until(&mut harness, "the card", |p| p.error.as_ref().is_some_and(|e| e.starts_with("card.json")));
    let student = embedded::student().unwrap();
    let bare = fovea_student::export::state_dict(&student, fovea_student::export::Naming::KdResolution).unwrap();
    drop_file(&mut harness, "bare.safetensors", &bare);
    until(&mut harness, "the form", |p| p.form.is_some());
    assert!(has_value(&harness, "p, q, r, s") && has_value(&harness, "128"));
    harness.get_by_label("Load the model").click();
    let now = until(&mut harness, "the model", |p| p.form.is_none() && p.ready && p.shown);
    assert_eq!(now.model, "My network");
}

#[test]
fn what_contradicts_the_network_is_said_in_the_form() {
    let mut harness = window();
    settled(&mut harness);
    drop_files(&mut harness, &[(MODEL, &golden_onnx(MODEL)), (WEIGHTS, &golden_onnx(WEIGHTS))]);
    until(&mut harness, "the form", |p| p.form.is_some());
    let card = json!({"class_names": ["a", "b", "c", "d"], "cam": {"layer": "nowhere"}});
    drop_file(&mut harness, "card.json", card.to_string().as_bytes());
    wait_for_value(&mut harness, "a, b, c, d");
    harness.get_by_label("Load the model").click();
    let start = std::time::Instant::now();
    while harness.query_by_label_contains("nowhere").is_none() {
        assert!(start.elapsed().as_secs() < 60, "no refusal");
        harness.step();
    }
    picture(&mut harness, "onnx_form_refused");
    harness.get_by_label("Cancel").click();
    let now = until(&mut harness, "the window", |p| p.form.is_none());
    assert!(now.shown, "the model before goes on");
}

#[test]
fn every_unknown_operation_is_listed() {
    // Same length, so that the file stays sound.
    let broken: Vec<u8> = {
        let text = golden_onnx(MODEL);
        let mut out = text.clone();
        for (at, _) in text.windows(6).enumerate().filter(|(_, w)| *w == b"Concat") {
            out[at..at + 6].copy_from_slice(b"Konkat");
        }
        out
    };
    let mut harness = window();
    settled(&mut harness);
    drop_files(&mut harness, &[(MODEL, &broken), (WEIGHTS, &golden_onnx(WEIGHTS))]);
    let now = until(&mut harness, "the refusal", |p| p.error.is_some());
    let error = now.error.unwrap();
    assert!(error.contains("operations we do not know: Konkat (node ") && error.matches("', '").count() > 3, "{error}");
    assert!(now.form.is_none() && now.shown);
    picture(&mut harness, "onnx_unknown_operations");
}

/// The browser test holds the page against the same numbers.
#[test]
fn prediction_and_map_are_those_on_file() {
    let path = fovea_tests::root().join("tests/golden/onnx/expected.json");
    let patch = std::fs::read(fovea_tests::root().join("tests/golden/onnx/patch.jpg")).unwrap();
    let mut harness = window();
    settled(&mut harness);
    load_densenet(&mut harness);
    drop_file(&mut harness, "patch.jpg", &patch);
    let now = until(&mut harness, "the patch", |p| p.patches.len() == 9 && p.ready && p.shown && p.map.is_some());
    let PublishedMap { layer, height, width, values, .. } = now.map.clone().unwrap();
    let found = &now.patches[8];
    if std::env::var_os("FOVEA_WRITE_EXPECTED").is_some() {
        let text = json!({
            "predicted": found.predicted, "probabilities": found.probabilities,
            "layer": layer, "height": height, "width": width, "map": values,
        });
        std::fs::write(&path, serde_json::to_string_pretty(&text).unwrap() + "\n").unwrap();
    }
    let wanted: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let numbers = |key: &str| serde_json::from_value::<Vec<f32>>(wanted[key].clone()).unwrap();
    assert_eq!((json!(found.predicted), json!(layer)), (wanted["predicted"].clone(), wanted["layer"].clone()));
    assert_eq!((json!(height), json!(width)), (wanted["height"].clone(), wanted["width"].clone()));
    let close = |a: &[f32], b: &[f32], limit: f32| {
        let scale = b.iter().fold(0f32, |m, v| m.max(v.abs()));
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= limit * scale)
    };
    assert!(close(&found.probabilities, &numbers("probabilities"), 1e-5), "{:?}", found.probabilities);
    assert!(close(&values, &numbers("map"), 1e-4), "{values:?}");
}
