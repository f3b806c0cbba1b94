//! `fovea targets`: what the program writes against what the Python package wrote, and what it refuses.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_distill::targets::{Row, TargetsFile};
use fovea_patch::decode::sha256_hex;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fovea(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fovea")).args(args).output().unwrap()
}

/// Exports the golden Teacher's targets.
fn export(data: &Path, out: &Path, more: &[&str]) -> Output {
    let teacher = golden("kd_resolution/teacher.pth");
    let fixed = ["targets", "export", "--teacher", teacher.to_str().unwrap(), "--input", "128", "--um-per-px", "1"];
    let places = ["--classes", "NC,G3,G4,G5", "--data", data.to_str().unwrap(), "--out", out.to_str().unwrap()];
    fovea(&[&fixed, &places[..], more].concat())
}

fn read(path: &Path) -> TargetsFile {
    TargetsFile::read(std::fs::read(path).unwrap(), &path.display().to_string()).unwrap()
}

fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    difference / norm(&mut b.iter().map(|b| f64::from(*b))).max(f64::MIN_POSITIVE)
}

fn compare(ours: &Row, theirs: &Row) {
    assert!(relative(&ours.logits, &theirs.logits) < 1e-4, "{:?} {:?}", ours.logits, theirs.logits);
    assert!(relative(&ours.pooled, &theirs.pooled) < 1e-4);
    assert_eq!((ours.attention.len(), ours.features.len()), (theirs.attention.len(), theirs.features.len()));
    for (a, b) in ours.attention.iter().zip(&theirs.attention) {
        assert!(relative(a, b) < 1e-3, "{}", relative(a, b));
    }
    // Two roundings to half precision.
    ours.features.iter().zip(&theirs.features).for_each(|(a, b)| assert!(relative(a, b) < 1e-3));
}

/// Says that something was not tested; a failure where everything has to be.
fn skip(why: &str) {
    assert!(std::env::var_os("FOVEA_REQUIRE").is_none_or(|v| v != "1"), "required, but {why}");
    eprintln!("SKIPPED {why}");
}

fn agrees(file: &str, more: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.targets.safetensors");
    for device in ["cpu", "gpu"] {
        let run = export(&golden("teacher"), &out, &[more, &["--device", device]].concat());
        if device == "gpu" && text(&run.stderr).contains("adapter") && !run.status.success() {
            skip(&format!("no GPU adapter: {}", text(&run.stderr)));
            continue;
        }
        assert!(run.status.success(), "{}", text(&run.stderr));
        let (ours, theirs) = (read(&out), read(&golden(&format!("teacher/{file}.targets.safetensors"))));
        let mut metadata = theirs.metadata().clone();
        metadata.program.clone_from(&ours.metadata().program);
        assert_eq!(ours.metadata(), &metadata, "the same Teacher, layers, classes and views");
        assert_eq!((ours.images(), ours.head()), (2, theirs.head()));
        for image in ["same.png", "larger.png"] {
            let hash = sha256_hex(&std::fs::read(golden("teacher").join(image)).unwrap());
            for view in metadata.views.ids() {
                compare(&ours.get(&hash, &view).unwrap(), &theirs.get(&hash, &view).unwrap());
            }
        }
    }
}

#[test]
fn augmented_views_and_two_levels_agree_with_pytorch() {
    agrees("aug", &["--views", "aug:2:7", "--layer", "-1,-2", "--features"]);
}

#[test]
fn flips_and_rotations_agree_with_pytorch() {
    agrees("dihedral8", &["--views", "dihedral8"]);
}

#[test]
fn the_size_is_told_and_bad_images_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data/deep");
    std::fs::create_dir_all(&data).unwrap();
    let good = std::fs::read(golden("teacher/same.png")).unwrap();
    for (name, bytes) in [("a.png", &good[..]), ("again.png", &good), ("broken.png", &good[..60])] {
        std::fs::write(data.join(name), bytes).unwrap();
    }
    image::RgbImage::new(6, 4).save(data.join("oblong.png")).unwrap();
    let out = dir.path().join("t.targets.safetensors");
    let dry = export(&dir.path().join("data"), &out, &["--dry-run", "--json", "--device", "cpu"]);
    let told: Value = serde_json::from_slice(&dry.stdout).unwrap();
    assert!(!out.exists());
    let run = export(&dir.path().join("data"), &out, &["--device", "cpu"]);
    assert_eq!(run.status.code(), Some(1));
    let said = text(&run.stderr);
    assert!(said.contains("broken.png") && said.contains("6 × 4 px") && said.contains("1 files have the same bytes"), "{said}");
    assert_eq!(std::fs::metadata(&out).unwrap().len(), told["bytes"].as_u64().unwrap());
    assert_eq!((told["rows"].as_u64(), told["failed"].as_array().unwrap().len()), (Some(1), 2));
    let info = fovea(&["targets", "info", out.to_str().unwrap(), "--json"]);
    let info: Value = serde_json::from_slice(&info.stdout).unwrap();
    assert_eq!((info["images"].as_u64(), info["views"].as_str(), info["head"].as_bool()), (Some(1), Some("plain"), Some(true)));
    let lines = text(&fovea(&["targets", "info", out.to_str().unwrap()]).stdout);
    assert!(lines.contains("1 images × 1 view (plain)") && lines.contains("positive, 8 × 8"), "{lines}");
}

/// A labelled set of folders, one image a class and part; and one in SICAPv2's layout where there is one.
#[test]
fn parts_of_labelled_sets() {
    let dir = tempfile::tempdir().unwrap();
    let (set, out) = (dir.path().join("set"), dir.path().join("t.targets.safetensors"));
    for (i, (part, class)) in [("train", "NC"), ("train", "G3"), ("val", "NC"), ("val", "G3"), ("test", "NC")].iter().enumerate()
    {
        let folder = set.join(part).join(class);
        std::fs::create_dir_all(&folder).unwrap();
        image::RgbImage::from_pixel(8, 8, image::Rgb([40 * i as u8; 3])).save(folder.join(format!("{i}.png"))).unwrap();
    }
    let rows = |data: &Path, more: &[&str]| {
        let dry = export(data, &out, &[&["--dry-run", "--json", "--device", "cpu"], more].concat());
        let told: Value = serde_json::from_slice(&dry.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&dry.stderr)));
        (told["rows"].as_u64().unwrap(), told["notes"].to_string())
    };
    for (split, images) in [("train", 2), ("validation", 2), ("test", 1), ("all", 5)] {
        assert_eq!(rows(&set, &["--split", split]).0, images, "{split}");
    }
    assert_eq!(rows(&set, &[]).0, 5, "without --split a folder is searched");
    let sicap = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mini_sicap");
    if sicap.is_dir() {
        let (train, notes) = rows(&sicap, &[]);
        assert_eq!((train, rows(&sicap, &["--split", "train"]).0), (train, train));
        assert!(notes.contains("training part"), "{notes}");
        let all = rows(&sicap, &["--split", "all"]).0;
        assert_eq!(all, train + rows(&sicap, &["--split", "validation"]).0 + rows(&sicap, &["--split", "test"]).0);
    } else {
        skip("no ../shared/mini_sicap");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("t.targets.safetensors");
    let data = golden("teacher");
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let cases: [(&Path, &Path, &[&str], &str); 6] = [
        (&data, &out, &["--views", "aug:0:3"], "names no views"),
        (&data, &out, &["--layer", "nowhere"], "no value named 'nowhere'"),
        (&data, &out, &["--features=2"], "no feature maps"),
        (&data, &out, &["--form", "jet"], "known forms"),
        (&empty, &out, &[], "no PNG, JPEG or TIFF"),
        (&data, &empty, &[], "this is a folder"),
    ];
    for (data, out, more, reason) in cases {
        let run = export(data, out, &[more, &["--device", "cpu"]].concat());
        assert_eq!(run.status.code(), Some(2), "{reason}");
        assert!(text(&run.stderr).contains(reason), "{reason}: {}", text(&run.stderr));
    }
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["empty"]);
    let other = golden("kd_resolution/teacher.safetensors");
    let info = fovea(&["targets", "info", other.to_str().unwrap()]);
    assert_eq!(info.status.code(), Some(2));
    assert!(text(&info.stderr).contains("no Teacher targets") && text(&info.stderr).contains("teacher.safetensors"));
}
