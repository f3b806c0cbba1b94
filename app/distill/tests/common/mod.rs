//! Shared by the tests: reference files, a Student from them, comparisons.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod golden;

use fovea_student::file::Student;
use fovea_student::load::BareInfo;
use fovea_student::{Loaded, Tensor, Weights};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Folder of the reference numbers, or `None` with a loud note; with `FOVEA_REQUIRE=1` missing is a failure.
pub fn kd_resolution() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/kd_resolution");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var("FOVEA_REQUIRE").as_deref() != Ok("1"), "no reference numbers ({})", path.display());
    skip(&format!("no reference numbers ({})", path.display()));
    None
}

/// Says loudly that something was not tested.
pub fn skip(why: &str) {
    let line = format!("SKIPPED {}: {why}", std::thread::current().name().unwrap_or("a test"));
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("FOVEA_SKIP_LOG") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// Tests that take minutes run with `FOVEA_FULL=1` only.
pub fn full() -> bool {
    let full = std::env::var("FOVEA_FULL").as_deref() == Ok("1");
    if !full {
        // Not a missing machine part: no line in the skip log, which CI would count as a failure.
        eprintln!("SKIPPED: slow; FOVEA_FULL=1 runs it");
    }
    full
}

fn floats(view: &TensorView<'_>) -> Vec<f32> {
    match view.dtype() {
        Dtype::F32 => view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
        Dtype::I64 => view.data().chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32).collect(),
        other => panic!("unexpected dtype {other:?}"),
    }
}

/// All tensors of a safetensors file.
pub fn tensors(path: &Path) -> Weights {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let one = |(name, view): (String, TensorView<'_>)| (name, Tensor::new(view.shape().to_vec(), floats(&view)).unwrap());
    file.tensors().into_iter().map(one).collect()
}

/// The tensors whose names start with `prefix`, without it.
pub fn under(all: &Weights, prefix: &str) -> Weights {
    all.iter().filter_map(|(n, t)| Some((n.strip_prefix(prefix)?.to_string(), t.clone()))).collect()
}

/// A Student of kd_resolution's architecture with these weights, by way of a file as users have them.
pub fn student(weights: &Weights, px: usize) -> Student {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(n, t)| (n.to_string(), t.shape().to_vec(), t.data().iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = bytes.iter().map(|(n, s, d)| (n.as_str(), TensorView::new(Dtype::F32, s.clone(), d).unwrap()));
    open(&safetensors::serialize(views, None).unwrap(), px)
}

/// A bare checkpoint as a Student.
pub fn open(bytes: &[u8], px: usize) -> Student {
    let Loaded::Bare(bare) = fovea_student::load(bytes, "reference").unwrap() else { panic!("it has a card") };
    let classes = (0..bare.class_count().unwrap()).map(|i| format!("class {i}")).collect();
    bare.into_student(&BareInfo { input_px: Some(px), classes: Some(classes), ..BareInfo::default() }).unwrap()
}

/// ‖a‖.
pub fn norm(a: impl IntoIterator<Item = f64>) -> f64 {
    a.into_iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// ‖a − b‖ / ‖b‖.
pub fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let difference = norm(a.iter().zip(b).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    difference / norm(b.iter().map(|&b| f64::from(b))).max(f64::MIN_POSITIVE)
}
