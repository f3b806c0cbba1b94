//! The Distil page before a run: what may be chosen, and what is said of what may not.

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fovea::analysis::embedded;
use fovea::app::App;
use serde_json::json;

use crate::harness::*;

/// A fresh network for pictures of this side, and its loss terms; the epochs tell one file from the other.
fn settings(px: usize, epochs: usize, terms: serde_json::Value) -> String {
    json!({
        "student": {"from": {"random": {"divisor": 16}}, "input_px": px},
        "train": {"epochs": epochs, "batch": 8, "terms": terms},
        "drawn": {"train": 16, "validation": 8},
    })
    .to_string()
}

/// The page, tall enough for the whole column.
fn distil_page() -> Harness<'static, App> {
    let mut harness = sized([1360.0, 1500.0]);
    settled(&mut harness);
    assert!(press(&mut harness, Key::D).distilling);
    harness
}

#[test]
fn a_folder_with_other_files_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mine = [folder.path().join("drawn/mine.png"), folder.path().join("student.safetensors")];
    std::fs::create_dir(folder.path().join("drawn")).unwrap();
    mine.iter().for_each(|file| std::fs::write(file, b"mine").unwrap());
    let mut harness = distil_page();
    drop_settings(&mut harness, &settings(64, 3, json!({})));
    type_folder(&mut harness, folder.path());
    until(&mut harness, "the refusal", |p| p.distil.problem.as_ref().is_some_and(|p| p.contains("Choose an empty folder")));
    picture(&mut harness, "distil_folder_taken");
    harness.get_by_label("Start training").click();
    harness.run_steps(4);
    assert_eq!(harness.state().published().distil.stage, "set-up");
    assert!(mine.iter().all(|file| std::fs::read(file).unwrap() == b"mine"));
    // Emptied, it will do; nobody has to type again.
    std::fs::remove_dir_all(folder.path().join("drawn")).unwrap();
    std::fs::remove_file(&mine[1]).unwrap();
    until(&mut harness, "the folder", |p| p.distil.problem.is_none());
}

#[test]
fn choosing_another_start_changes_no_magnification() {
    let student = embedded::student().unwrap();
    assert_eq!(student.card.view.factor, 4);
    let mut harness = distil_page();
    for _ in 0..2 {
        harness.get_by_role_and_label(Role::RadioButton, &student.card.name).click();
        harness.run_steps(3);
        assert!(has_value(&harness, "a quarter a side"), "the model's own");
        harness.get_by_role_and_label(Role::RadioButton, "A fresh VGG16").click();
        harness.run_steps(3);
        assert!(has_value(&harness, "every pixel"), "a fresh network's own");
    }
}

/// A checkpoint names neither classes nor input: they are those of the data and of the Student, whichever is chosen first.
#[test]
fn a_bare_teacher_is_read_again_when_data_and_size_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let student = embedded::student().unwrap();
    let bare = fovea_student::export::state_dict(&student, fovea_student::export::Naming::KdResolution).unwrap();
    let (mut harness, taught) = (distil_page(), json!({"kd": {"weight": 1.0}}));
    drop_settings(&mut harness, &settings(128, 3, taught.clone()));
    type_folder(&mut harness, folder.path());
    harness.get_by_label("Your patches").click();
    harness.run_steps(2);
    drop_file(&mut harness, "teacher.safetensors", &bare);
    let start = std::time::Instant::now();
    while harness.query_by_label_contains("runs along").is_none() {
        assert!(start.elapsed().as_secs() < 60, "the Teacher is not read");
        harness.step();
    }
    harness.get_by_label("Drawn examples").click();
    until(&mut harness, "the Teacher of these classes", |p| p.distil.problem.is_none());
    drop_settings(&mut harness, &settings(64, 4, taught));
    until(&mut harness, "the Teacher of this size", |p| p.distil.problem.is_none());
}

#[test]
fn problems_are_seen_on_both_pages_and_put_away_on_both() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "broken.pth", b"this is no model");
    until(&mut harness, "the problem", |p| p.error.is_some());
    press(&mut harness, Key::D);
    harness.get_by_label("broken.pth");
    picture(&mut harness, "distil_problems");
    let now = press(&mut harness, Key::Escape);
    assert!(now.error.is_none() && now.distilling);
    assert!(harness.query_by_label("broken.pth").is_none());
}
