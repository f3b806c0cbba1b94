//! `fovea distill` and `fovea study` as a user starts them: a killed process loses nothing, a study goes on where it was, mistakes are named.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn fovea(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fovea"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> Output {
    fovea(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(p: &Path) -> &str {
    p.to_str().unwrap()
}

/// A drawn set in SICAPv2 layout.
fn drawn(folder: &Path) {
    drawn_by(folder, "3");
}

fn drawn_by(folder: &Path, seed: &str) {
    let sizes = ["--train", "48", "--validation", "16", "--test", "16", "--px", "64", "--seed", seed];
    let made = run(&[&["synth", "--out", path(folder)], &sizes[..]].concat());
    assert!(made.status.success(), "{}", text(&made.stderr));
}

fn config(folder: &Path, name: &str, epochs: usize, more: &str) -> std::path::PathBuf {
    let file = folder.join(format!("{name}.toml"));
    let words = format!(
        "out = \"{name}\"\ncheckpoint_steps = 1\n[student]\nfrom = {{ random = {{ divisor = 16, seed = 2 }} }}\ninput_px = 64\nfactor = 2\n\
         [data]\npath = \"set\"\n[train]\nepochs = {epochs}\nbatch = 8\nseed = 5\n{more}"
    );
    std::fs::write(&file, words).unwrap();
    file
}

/// The outcome without what differs between folders.
fn result(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name).join("result.json")).unwrap()).unwrap()
}

/// Waits until a run has got so far, then kills it at once.
fn kill_after(mut child: Child, record: &Path, steps: usize) {
    wait_for(&mut child, record, steps);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn wait_for(child: &mut Child, record: &Path, steps: usize) {
    let start = Instant::now();
    let seen = || -> Option<usize> {
        let record: Value = serde_json::from_slice(&std::fs::read(record).ok()?).ok()?;
        Some(record["steps"].as_array()?.len())
    };
    while seen().is_none_or(|n| n < steps) {
        assert!(start.elapsed() < Duration::from_secs(240), "the run does not get on");
        assert!(child.try_wait().unwrap().is_none(), "the run was over before it could be stopped");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_run_resumes_to_the_same_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    drawn(&folder.join("set"));
    let whole = config(folder, "whole", 3, "");
    let killed = config(folder, "killed", 3, "");
    let out = run(&["distill", "--config", path(&whole), "--device", "cpu"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("test: balanced accuracy"), "{}", text(&out.stdout));
    let args = ["distill", "--config", path(&killed), "--device", "cpu"];
    let child = fovea(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Six steps an epoch: in the middle of the second.
    kill_after(child, &folder.join("killed/record.json"), 8);
    assert!(!folder.join("killed/result.json").exists());
    let out = run(&[&args[..], &["--json"]].concat());
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert_eq!(result(folder, "whole"), result(folder, "killed"), "same weights, same metrics");
    // The Student carries its record and a test vector, and analyses.
    let student = folder.join("killed/student.safetensors");
    let out = run(&["analyze", "--student", path(&student), "--device", "cpu", "--json"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    // Once it is finished the same command says the same again.
    let again = run(&[&args[..], &["--json"]].concat());
    assert!(again.status.success());
    assert_eq!(result(folder, "whole"), result(folder, "killed"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_between_two_steps_with_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    drawn(&folder.join("set"));
    let long = config(folder, "long", 200, "");
    let mut child = fovea(&["distill", "--config", path(&long), "--device", "cpu"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut child, &folder.join("long/record.json"), 2);
    let signal = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("interrupted"), "{}", text(&out.stderr));
    assert!(folder.join("long/checkpoint.safetensors").is_file() && !folder.join("long/result.json").exists());
}

#[test]
fn mistakes_are_named_with_their_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    drawn(&folder.join("set"));
    let refused = |name: &str, more: &str, words: &[&str]| {
        let out = run(&["distill", "--config", path(&config(folder, name, 1, more)), "--device", "cpu"]);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(words.iter().all(|w| said.contains(w)), "{said}");
    };
    refused("misspelt", "batsch = 4\n", &["batsch", "misspelt.toml"]);
    refused("no-teacher", "[train.terms]\nkd = { weight = 1.0 }\n", &["Teacher"]);
    refused("no-targets", "[teacher]\ntargets = \"none.targets.safetensors\"\n", &["none.targets.safetensors"]);
    let large = std::fs::read_to_string(config(folder, "large", 1, "")).unwrap().replace("batch = 8", "batch = 49");
    std::fs::write(folder.join("large.toml"), large).unwrap();
    let out = run(&["distill", "--config", path(&folder.join("large.toml"))]);
    assert!(text(&out.stderr).contains("49") && text(&out.stderr).contains("48 patches"), "{}", text(&out.stderr));
    let image = std::fs::read_dir(folder.join("set/images")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&image).unwrap();
    refused("hole", "", &["1 of ", image.file_name().unwrap().to_str().unwrap()]);
    let out = run(&["distill", "--config", path(&folder.join("nothing.toml"))]);
    assert!(text(&out.stderr).contains("nothing.toml"));
}

#[test]
fn a_study_runs_through_and_is_reported_without_training_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    drawn(&folder.join("set"));
    let (set, out) = (folder.join("set"), folder.join("study"));
    let args = ["study", "--data", path(&set), "--out", path(&out), "--preset", "smoke", "--device", "cpu", "--json"];
    let first = run(&args);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let document: Value = serde_json::from_slice(&first.stdout).unwrap();
    let rows = document["report"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8, "Teacher and seven arms");
    for row in &rows[1..] {
        assert_eq!((&row["seeds"], &row["of"]), (&2.into(), &2.into()), "{row}");
        assert!(row["focus"]["inside"].as_f64().is_some_and(|v| (0.0..=1.0).contains(&v)), "{row}");
    }
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("FM+AT+") && page.contains("<svg") && !page.contains("<script"));
    assert!(std::fs::read_to_string(out.join("table.md")).unwrap().contains("| AT+ | 5× | 2/2 |"));
    // Half of it is taken away: only that is done again, to the same numbers.
    std::fs::remove_dir_all(out.join("runs/at-plus-k2-seed2")).unwrap();
    let second = run(&args);
    assert!(second.status.success(), "{}", text(&second.stderr));
    let again: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(again["report"]["rows"], document["report"]["rows"]);
    what_does_not_fit_is_refused(folder, &set, &out);
}

/// A finished study beside other data, another plan and another Teacher.
fn what_does_not_fit_is_refused(folder: &Path, set: &Path, out: &Path) {
    let report = |data: &Path, more: &[&str]| {
        let args = ["study", "--data", path(data), "--out", path(out), "--device", "cpu", "--json", "--report-only"];
        run(&[&args[..], more].concat())
    };
    let refused = |done: &Output, words: &[&str]| {
        assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
        assert!(words.iter().all(|w| text(&done.stderr).contains(w)), "{}", text(&done.stderr));
    };
    let document = |done: &Output| -> Value {
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    assert_eq!(document(&report(set, &[]))["finished"], true);
    let other = folder.join("other");
    drawn_by(&other, "4");
    refused(&report(&other, &[]), &["another data set", "outcome.json"]);
    refused(&report(set, &["--preset", "synth"]), &["--preset synth", "study.toml"]);
    let nowhere = folder.join("nowhere");
    let args = ["study", "--data", path(&nowhere), "--out", path(&nowhere), "--preset", "smoke"];
    refused(&run(&args), &["nowhere"]);
    assert!(!nowhere.exists(), "no plan is left of a study without data");
    // As older versions wrote them.
    let place = |name: &str| out.join("teacher").join(name);
    let stored = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(place(name)).unwrap()).unwrap() };
    let mut outcome = stored("outcome.json");
    outcome.as_object_mut().unwrap().remove("origin").unwrap();
    std::fs::write(place("outcome.json"), outcome.to_string()).unwrap();
    std::fs::write(place("test.json"), stored("test.json")["rows"].to_string()).unwrap();
    let notes = document(&report(set, &[]))["report"]["notes"].clone();
    assert!(notes[0].as_str().unwrap().starts_with("1 of 15 results"), "{notes}");
    refused(&report(&other, &[]), &["test patches", "test.json"]);
    std::fs::remove_dir_all(out.join("runs/at-plus-k2-seed2")).unwrap();
    assert_eq!(document(&report(set, &[]))["finished"], false);
    std::fs::copy(out.join("runs/none-k2-seed1/student.safetensors"), place("student.safetensors")).unwrap();
    refused(&run(&["study", "--data", path(set), "--out", path(out), "--device", "cpu"]), &["another Teacher"]);
}
