//! The Distil page, driven headless through real runs: set up, train, pause, resume, fail, use what was trained.
//!
//! Screenshots land in `target/screenshots/native_distil_*.png`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)] // what other windows' tests drive is not all needed here
#[path = "window/harness.rs"]
mod harness;

use std::path::Path;

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use fovea::analysis::{embedded, open_student};
use fovea::app::{App, Published};
use harness::{drop_settings, picture, press, settled, sized, type_folder, until, window};

/// A run that takes seconds.
const SETTINGS: &str = r#"{
  "student": {"from": {"random": {"divisor": 16}}, "input_px": 64},
  "train": {"epochs": 3, "batch": 8, "views": "plain", "optimiser": {"lr": 0.001}},
  "drawn": {"train": 32, "validation": 12}
}"#;

/// The page with these settings, its run in `out`.
fn page(settings: &str, out: &Path) -> Harness<'static, App> {
    let mut harness = window();
    settled(&mut harness);
    assert!(press(&mut harness, Key::D).distilling);
    drop_settings(&mut harness, settings);
    type_folder(&mut harness, out);
    until(&mut harness, "the set-up", |p| p.distil.problem.is_none());
    harness
}

/// Presses the button; again where what has just been read moved it away under the press.
fn start(harness: &mut Harness<'_, App>) {
    for _ in 0..5 {
        harness.get_by_label("Start training").click();
        harness.run_steps(3);
        if harness.state().published().distil.stage != "set-up" {
            return;
        }
    }
    panic!("the run does not start: {:?}", harness.state().published().distil);
}

fn stage(harness: &mut Harness<'_, App>, wanted: &str) -> Published {
    until(harness, wanted, |p| {
        assert!(wanted == "failed" || p.distil.failure.is_none(), "{:?}", p.distil.failure);
        p.distil.stage == wanted
    })
}

#[test]
fn an_empty_page_says_what_to_do() {
    let mut harness = window();
    settled(&mut harness);
    let now = press(&mut harness, Key::D);
    assert_eq!((now.distil.stage.as_str(), now.distilling), ("set-up", true));
    assert!(now.distil.problem.unwrap().contains("folder"), "checkpoints need a place");
    harness.get_by_label("Teach a Student where to look");
    picture(&mut harness, "distil_empty");
    harness.check_accessibility();
    // The page's own data set.
    harness.get_by_label("Your patches").click();
    harness.run_steps(2);
    assert!(harness.state().published().distil.problem.unwrap().contains("folder or a table"));
    picture(&mut harness, "distil_no_data");
    assert!(!press(&mut harness, Key::D).distilling);
    let mut small = sized([900.0, 600.0]);
    settled(&mut small);
    press(&mut small, Key::D);
    picture(&mut small, "distil_small");
}

#[test]
fn a_run_ends_in_a_student_that_the_window_uses() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut harness = page(SETTINGS, &out);
    picture(&mut harness, "distil_set_up");
    start(&mut harness);
    until(&mut harness, "the first step", |p| p.distil.steps > 0 || p.distil.failure.is_some());
    picture(&mut harness, "distil_running");
    assert!(harness.state().published().distil.unsaved);
    // The other page goes on meanwhile.
    press(&mut harness, Key::D);
    let chosen = press(&mut harness, Key::ArrowDown);
    assert_eq!(chosen.selected, Some(1));
    let now = until(&mut harness, "another patch", |p| p.shown && p.selected == Some(1));
    assert!(!now.distilling && now.patches[1].predicted.is_some());
    press(&mut harness, Key::D);
    let now = stage(&mut harness, "finished");
    assert_eq!((now.distil.steps, now.distil.kappa.len(), now.distil.unsaved), (12, 3, true));
    let (first, last) = (now.distil.first_loss.unwrap(), now.distil.last_loss.unwrap());
    assert!(last < first, "the loss went from {first} to {last}");
    until(&mut harness, "maps and self-check", |p| p.distil.maps == 4 && p.distil.sealed);
    picture(&mut harness, "distil_finished");
    for file in ["checkpoint.safetensors", "record.json", "run.toml", "student.safetensors"] {
        assert!(out.join(file).is_file(), "{file} is missing");
    }
    let trained = open_student(&std::fs::read(out.join("student.safetensors")).unwrap(), "trained", &Default::default()).unwrap();
    assert!(trained.card.self_check.is_some() && trained.card.synthetic, "{:?}", trained.card.notes);
    assert!(!trained.card.training.record.is_null());
    harness.get_by_label("Use this Student").click();
    let now = until(&mut harness, "the new model", |p| !p.distilling && p.ready && p.shown);
    assert_eq!(now.model, trained.card.name);
    assert!(!now.distil.unsaved, "it was handed over");
    picture(&mut harness, "distil_used");
}

#[test]
fn a_teachers_network_teaches_and_its_maps_stand_beside() {
    let folder = tempfile::tempdir().unwrap();
    let settings = r#"{
      "student": {"from": {"random": {"divisor": 16}}, "input_px": 128},
      "train": {"epochs": 2, "batch": 8, "optimiser": {"lr": 0.001},
                "terms": {"kd": {"weight": 1.0}, "at": [{"weight": 10.0}]}},
      "drawn": {"train": 16, "validation": 8}
    }"#;
    // Tall enough for the whole column.
    let mut harness = sized([1360.0, 1500.0]);
    settled(&mut harness);
    press(&mut harness, Key::D);
    drop_settings(&mut harness, settings);
    type_folder(&mut harness, &folder.path().join("run"));
    until(&mut harness, "the problem", |p| p.distil.problem.as_ref().is_some_and(|p| p.contains("need a Teacher")));
    picture(&mut harness, "distil_problem");
    let teacher = folder.path().join("teacher.safetensors");
    std::fs::write(&teacher, embedded::STUDENT).unwrap();
    harness::drop_path(&mut harness, &teacher);
    until(&mut harness, "the Teacher", |p| p.distil.problem.is_none());
    start(&mut harness);
    stage(&mut harness, "finished");
    let now = until(&mut harness, "maps", |p| p.distil.maps == 4 && p.distil.teacher_maps == 4 && p.distil.sealed);
    assert_eq!(now.distil.kappa.len(), 2);
    harness.get_by_label("Teacher");
    picture(&mut harness, "distil_taught");
}

#[test]
fn exported_targets_teach_by_the_hash_of_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let golden = fovea_tests::root().join("tests/golden/teacher");
    let mut table = String::from("image_name,NC,G3,G4,G5,split\n");
    for (name, picture, row) in [
        ("a.png", "same.png", "1,0,0,0,train"),
        ("b.png", "larger.png", "0,1,0,0,train"),
        ("c.png", "same.png", "1,0,0,0,validation"),
        ("d.png", "larger.png", "0,1,0,0,validation"),
    ] {
        std::fs::copy(golden.join(picture), folder.path().join(name)).unwrap();
        table.push_str(&format!("{name},{row}\n"));
    }
    std::fs::write(folder.path().join("labels.csv"), table).unwrap();
    let settings = r#"{
      "student": {"from": {"random": {"divisor": 16}}, "input_px": 128},
      "train": {"epochs": 1, "batch": 2, "terms": {"at": [{"weight": 10.0}]}}
    }"#;
    let mut harness = window();
    settled(&mut harness);
    press(&mut harness, Key::D);
    drop_settings(&mut harness, settings);
    // Both at once, as a person would drop them.
    harness::drop_path(&mut harness, &folder.path().join("labels.csv"));
    harness::drop_path(&mut harness, &golden.join("dihedral8.targets.safetensors"));
    type_folder(&mut harness, &folder.path().join("run"));
    until(&mut harness, "data and Teacher", |p| p.distil.problem.is_none());
    start(&mut harness);
    stage(&mut harness, "finished");
    until(&mut harness, "maps", |p| p.distil.maps == 2 && p.distil.teacher_maps == 2);
    picture(&mut harness, "distil_targets");
}

#[test]
fn pause_cancel_and_resume_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let long = SETTINGS.replace("\"epochs\": 3", "\"epochs\": 40");
    let mut harness = page(&long, folder.path());
    start(&mut harness);
    until(&mut harness, "a step", |p| p.distil.steps > 0 || p.distil.failure.is_some());
    harness.get_by_label("Pause").click();
    let paused = stage(&mut harness, "paused");
    picture(&mut harness, "distil_paused");
    std::thread::sleep(std::time::Duration::from_millis(300));
    harness.run_steps(2);
    assert_eq!(harness.state().published().distil.steps, paused.distil.steps, "it waits");
    harness.get_by_label("Resume").click();
    until(&mut harness, "an epoch", |p| p.distil.kappa.len() > 1 || p.distil.failure.is_some());
    harness.get_by_label("Cancel").click();
    let stopped = stage(&mut harness, "stopped");
    picture(&mut harness, "distil_cancelled");
    assert!(folder.path().join("checkpoint.safetensors").is_file());
    harness.get_by_label("Resume the run").click();
    let more = stopped.distil.steps;
    let now = until(&mut harness, "it to go on", |p| p.distil.stage == "running" && p.distil.steps > more);
    assert!(now.distil.kappa.starts_with(&stopped.distil.kappa), "{:?} after {:?}", now.distil.kappa, stopped.distil.kappa);
    harness.get_by_label("Cancel").click();
    stage(&mut harness, "stopped");
    // Another window finds the run in its folder.
    drop(harness);
    let mut harness = window();
    settled(&mut harness);
    press(&mut harness, Key::D);
    type_folder(&mut harness, folder.path());
    harness.run_steps(3);
    picture(&mut harness, "distil_found");
    harness.get_by_label("Resume the run").click();
    let now = until(&mut harness, "the earlier run", |p| p.distil.stage == "running");
    assert!(now.distil.kappa.len() >= 2 && now.distil.steps > more);
    harness.get_by_label("Cancel").click();
    stage(&mut harness, "stopped");
}

#[test]
fn what_diverges_says_so_and_leaves_the_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let wild = SETTINGS.replace("\"lr\": 0.001", "\"lr\": 1e30");
    let mut harness = page(&wild, folder.path());
    start(&mut harness);
    let now = stage(&mut harness, "failed");
    assert!(now.distil.failure.unwrap().contains("not finite"));
    picture(&mut harness, "distil_failed");
    assert!(harness.query_by_label("Start anew").is_some());
    // A folder that cannot be one.
    let file = folder.path().join("a file");
    std::fs::write(&file, b"x").unwrap();
    let mut harness = page(SETTINGS, &file.join("below"));
    start(&mut harness);
    stage(&mut harness, "failed");
    picture(&mut harness, "distil_not_started");
}

#[test]
fn a_run_goes_on_as_it_was_and_one_that_cannot_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = page(SETTINGS, folder.path());
    start(&mut harness);
    stage(&mut harness, "finished");
    until(&mut harness, "the self-check", |p| p.distil.sealed);
    let checkpoint = folder.path().join("checkpoint.safetensors");
    let kept = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, b"damaged").unwrap();
    // It may take longer; its batch is what it was.
    drop_settings(&mut harness, &SETTINGS.replace("\"epochs\": 3", "\"epochs\": 5").replace("\"batch\": 8", "\"batch\": 4"));
    harness.run_steps(2);
    harness.get_by_label("Resume the run").click();
    let now = stage(&mut harness, "failed");
    assert_eq!((now.distil.kappa.len(), now.distil.epochs), (3, 5), "what it came to is still there");
    harness.get_by_label("Use this Student");
    picture(&mut harness, "distil_not_resumed");
    std::fs::write(&checkpoint, kept).unwrap();
    harness.get_by_label("Resume").click();
    let now = until(&mut harness, "the end", |p| p.distil.stage == "finished");
    assert_eq!((now.distil.kappa.len(), now.distil.steps), (5, 20));
    let batch = harness.get_by_role_and_label(Role::SpinButton, "Batch").accesskit_node().numeric_value();
    assert_eq!(batch, Some(8.0), "the form shows what the run is");
}
