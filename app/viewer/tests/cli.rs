//! The program as a user starts it: exit codes, what is printed where, and batches that survive bad files.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets")
}

fn student() -> PathBuf {
    assets().join("students/drawn-vgg-thin-2.5x.safetensors")
}

fn sample() -> PathBuf {
    assets().join("samples/drawn_G5_1.jpg")
}

fn fovea(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fovea")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}\n{}\n{}", text(&output.stdout), text(&output.stderr)))
}

fn path(p: &Path) -> &str {
    p.to_str().unwrap()
}

#[test]
fn embedded_samples_without_paths() {
    let out = fovea(&["analyze", "--device", "cpu", "--json"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let doc = json(&out);
    let files = doc["files"].as_array().unwrap();
    assert_eq!(files.len(), 8);
    for f in files {
        let sum: f64 = f["probabilities"].as_object().unwrap().values().map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{f}");
        assert_eq!(f["sha256"].as_str().unwrap().len(), 64);
    }
    let predicted = |name: &str| files.iter().find(|f| f["file"] == name).unwrap()["predicted"].clone();
    assert_eq!((predicted("drawn_G5_1.jpg"), predicted("drawn_G4_1.jpg")), ("G5".into(), "G4".into()));
    assert!(doc["notice"].as_str().unwrap().contains("research use only"));
    assert_eq!(doc["student"]["synthetic"], true);
}

#[test]
fn every_output_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, out) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("out"));
    for folder in [&a, &b] {
        std::fs::create_dir(folder).unwrap();
        std::fs::copy(sample(), folder.join("same.jpg")).unwrap();
    }
    let args = ["analyze", path(&a), path(&b), "--device", "cpu", "--npy", "--geojson", "--out", path(&out)];
    let run = fovea(&args);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let csv = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(csv.starts_with("file,sha256,x,y,width,height,um_per_px,prob_NC,prob_G3,prob_G4,prob_G5,pred,model_sha256"), "{csv}");
    assert_eq!(csv.lines().count(), 3);
    for file in ["overlays/same.png", "overlays/same-2.png", "maps/same.npy", "maps/same-2.npy", "run.json"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let overlay = image::open(out.join("overlays/same.png")).unwrap();
    assert!(overlay.width() >= 256 && overlay.height() > 256);
    let npy = std::fs::read(out.join("maps/same.npy")).unwrap();
    assert!(text(&npy[..128]).contains("'shape': (1, 4, 8, 8"), "{}", text(&npy[..128]));
    let run: Value = serde_json::from_slice(&std::fs::read(out.join("run.json")).unwrap()).unwrap();
    assert!(run["notice"].as_str().unwrap().contains("research use only"));
    assert_eq!(run["files"].as_array().unwrap().len(), 2);
    let files: Vec<_> = std::fs::read_dir(out.join("qupath")).unwrap().collect();
    assert_eq!(files.len(), 2, "one GeoJSON per image that is not placed on a slide");
}

#[test]
fn bad_files_are_named_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(sample()).unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    put("good.jpg", &whole);
    put("cut.png", &std::fs::read(png(dir.path())).unwrap()[..200]);
    put("text.png", b"I am no picture");
    put("empty.tif", b"");
    put("gif.jpg", b"GIF89a\x01\x00\x01\x00");
    let missing = dir.path().join("missing.png");
    let out = fovea(&["analyze", path(dir.path()), path(&missing), "--device", "cpu", "--json"]);
    assert_eq!(out.status.code(), Some(1));
    let doc = json(&out);
    let entry = |name: &str| {
        let ends = |f: &&Value| f["file"].as_str().unwrap().ends_with(name);
        doc["files"].as_array().unwrap().iter().find(ends).unwrap_or_else(|| panic!("{name} is not in {doc}")).clone()
    };
    assert_eq!(entry("good.jpg")["predicted"], "G5");
    for (name, reason) in
        [("cut.png", "truncated"), ("text.png", "not an image"), ("empty.tif", "empty"), ("gif.jpg", "GIF"), ("missing.png", "")]
    {
        let error = entry(name)["error"].as_str().unwrap().to_string();
        assert!(error.contains(reason), "{name}: {error}");
        assert!(text(&out.stderr).lines().any(|l| l.contains(name)), "{name} is not on stderr:\n{}", text(&out.stderr));
    }
}

fn png(dir: &Path) -> PathBuf {
    let file = dir.join("good.png");
    image::open(sample()).unwrap().save(&file).unwrap();
    file
}

#[test]
fn only_bad_files_still_give_a_document() {
    let out = fovea(&["analyze", "no-such-file.png", "--device", "cpu", "--json"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(json(&out)["files"][0]["predicted"], Value::Null);
}

/// Runs `analyze` with a Student that must be refused before any image is read.
fn refused(student: &Path, extra: &[&str], reason: &str) {
    let image = sample();
    let mut args = vec!["analyze", path(&image), "--device", "cpu", "--student", path(student)];
    args.extend(extra);
    let out = fovea(&args);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    let name = student.file_name().unwrap().to_str().unwrap();
    assert!(said.contains(name), "'{name}' is not named in: {said}");
    assert!(said.to_lowercase().contains(reason), "'{reason}' is not said in: {said}");
}

#[test]
fn bad_students_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    };
    refused(&file("empty.pth", b""), &[], "");
    refused(&file("text.pth", b"not a checkpoint"), &[], "");
    let whole = std::fs::read(student()).unwrap();
    refused(&file("cut.safetensors", &whole[..whole.len() / 2]), &[], "");
    refused(&dir.path().join("absent.pth"), &[], "");
    let mut flipped = whole.clone();
    let at = flipped.len() - 1000;
    flipped[at] ^= 0x40;
    refused(&file("flipped.safetensors", &flipped), &[], "sha");
}

#[test]
fn wrong_class_names_and_missing_facts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bare = dir.path().join("bare.safetensors");
    let out = fovea(&["export", path(&student()), "--format", "kd_resolution", "--out", path(&bare)]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    refused(&bare, &["--input", "128", "--classes", "a,b,c"], "class");
    refused(&bare, &[], "--input");
    let image = sample();
    let args = ["analyze", path(&image), "--student", path(&bare), "--input", "128", "--device", "cpu", "--json"];
    let doc = json(&fovea(&args));
    assert!(doc["files"][0]["error"].is_null(), "{doc}");
}

#[test]
fn weights_that_are_not_numbers_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bare = dir.path().join("bare.safetensors");
    fovea(&["export", path(&student()), "--format", "kd_resolution", "--out", path(&bare)]);
    let mut bytes = std::fs::read(&bare).unwrap();
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    let nan = dir.path().join("nan.safetensors");
    std::fs::write(&nan, bytes).unwrap();
    refused(&nan, &["--input", "128"], "finite");
}

#[test]
fn import_export_and_random_students_go_round() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let done = |args: &[&str]| {
        let out = fovea(args);
        assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
    };
    let (random, exported, back) = (at("random.safetensors"), at("exported.safetensors"), at("back.safetensors"));
    let seed = ["random-student", "--arch", "vgg16", "--width-divisor", "8", "--classes", "3", "--input", "64", "--seed", "5"];
    done(&[&seed[..], &["--out", path(&random)]].concat());
    done(&["export", path(&random), "--format", "torchvision", "--out", path(&exported)]);
    done(&["export", path(&random), "--format", "kd_resolution", "--out", path(&exported)]);
    done(&["import", path(&exported), "--classes", "a,b,c", "--input", "64", "--out", path(&back)]);
    let image = sample();
    let result = |student: &Path| {
        let out = fovea(&["analyze", path(&image), "--student", path(student), "--device", "cpu", "--json"]);
        json(&out)["files"][0].clone()
    };
    let (first, second) = (result(&random), result(&back));
    let values = |f: &Value| f["probabilities"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
    assert_eq!(values(&first).len(), 3);
    assert_eq!(values(&first), values(&second));
}

#[test]
fn usage_errors_are_code_two() {
    assert_eq!(fovea(&["analyze", "--device", "abacus"]).status.code(), Some(2));
    assert_eq!(fovea(&["analyze", "--range", "3,1"]).status.code(), Some(2));
    assert_eq!(fovea(&["paint"]).status.code(), Some(2));
    let bench = fovea(&["bench", "--px", "256"]);
    assert_eq!(bench.status.code(), Some(2));
    assert!(text(&bench.stderr).contains("128, 224, 512"), "{}", text(&bench.stderr));
    let help = fovea(&["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("research use only"));
}

#[test]
fn a_drawn_set_is_written_whole_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let set = dir.path().join("set");
    let args = ["synth", "--out", path(&set), "--train", "6", "--validation", "4", "--test", "4", "--px", "64", "--seed", "9"];
    let out = fovea(&[&args[..], &["--json"]].concat());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let record = json(&out);
    assert_eq!(record["settings"]["seed"], 9);
    assert_eq!(record["classes"], serde_json::json!(["NC", "G3", "G4", "G5"]));
    let count = |folder: &str| std::fs::read_dir(set.join(folder)).unwrap().count();
    assert_eq!((count("images"), count("masks"), count("partition/Validation/Val1")), (14, 14, 2));
    let kept: Value = serde_json::from_slice(&std::fs::read(set.join("synth.json")).unwrap()).unwrap();
    assert_eq!(kept, record);
    // Sets are never mixed.
    let out = fovea(&args);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("not empty"), "{}", text(&out.stderr));
    // The same bytes again, elsewhere.
    let again = dir.path().join("again");
    assert!(fovea(&[&["synth", "--out", path(&again)], &args[3..]].concat()).status.success());
    for file in std::fs::read_dir(set.join("images")).unwrap().map(|f| f.unwrap().file_name()) {
        let bytes = |root: &Path| std::fs::read(root.join("images").join(&file)).unwrap();
        assert_eq!(bytes(&set), bytes(&again));
    }
    let tables = [&set, &again].map(|root| std::fs::read(root.join("partition/Test/Train.xlsx")).unwrap());
    assert_eq!(tables[0], tables[1]);
}

#[test]
fn drawn_sets_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (extra, words) in [
        (["--px", "63"], "px: 64 to 1024, found 63"),
        (["--train", "1000000"], "patches: 1 to 100000 in all"),
        (["--coarse", "9"], "coarse: 0 to 4, found 9"),
        (["--size-level0", "0"], "size-level0"),
    ] {
        let out = fovea(&[&["synth", "--out", path(dir.path())], &extra[..]].concat());
        assert_eq!(out.status.code(), Some(2));
        assert!(text(&out.stderr).contains(words), "{}", text(&out.stderr));
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is written before everything is checked");
}
