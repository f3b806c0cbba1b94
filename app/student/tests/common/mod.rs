//! Shared by the tests: where files lie, and a plain interpreter of forward graphs.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod interpret;

use fovea_student::{Loaded, Tensor, Weights};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A committed file of `tests/golden/kd_resolution`.
pub fn golden(name: &str) -> Vec<u8> {
    let path = root().join("tests/golden/kd_resolution").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{e} ({})", path.display()))
}

/// A file beside the repository, or `None` with a loud note; with `FOVEA_REQUIRE=1` missing is a failure.
pub fn shared(name: &str) -> Option<Vec<u8>> {
    let path = root().join("../shared/golden/kd_resolution").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(e) if std::env::var("FOVEA_REQUIRE").is_ok_and(|v| v == "1") => panic!("{e} ({})", path.display()),
        Err(e) => {
            eprintln!("SKIPPED: {e} ({})", path.display());
            None
        }
    }
}

/// A file made by `tests/torch_files/make.py`.
pub fn torch_file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torch_files").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{e} ({})", path.display()))
}

/// Loads what must be a bare checkpoint.
pub fn bare(bytes: &[u8], name: &str) -> fovea_student::Checkpoint {
    match fovea_student::load(bytes, name).unwrap() {
        Loaded::Bare(c) => *c,
        Loaded::Ready(_) => panic!("{name} is a Student"),
    }
}

/// Tensors of a reference file.
pub fn reference(bytes: &[u8]) -> Weights {
    bare(bytes, "reference").weights
}

/// Sample `i` of a tensor whose first axis is the batch.
pub fn sample(t: &Tensor, i: usize) -> &[f32] {
    let len: usize = t.shape()[1..].iter().product();
    &t.data()[i * len..(i + 1) * len]
}

/// ‖a − b‖ / ‖b‖.
pub fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let off = norm(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    off / norm(&mut b.iter().map(|b| f64::from(*b)))
}

/// A small deterministic generator for fuzzing.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}
