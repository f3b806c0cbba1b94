//! What the tests of the CPU twins share.
#![allow(dead_code)] // each test binary uses its own part

use fovea_shaders::testing::{Case, Random, cases};

/// Random values, the same on every run.
pub fn values(seed: u64, count: usize) -> Vec<f32> {
    Random::new(seed).values(count)
}

/// Dot product in f64.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// <Ax, y> and <x, Aᵀy> have to agree to rounding.
pub fn assert_adjoint(label: &str, ax: &[f32], y: &[f32], x: &[f32], aty: &[f32]) {
    let (left, right) = (dot(ax, y), dot(x, aty));
    let scale = (dot(ax, ax) * dot(y, y)).sqrt().max(1e-12);
    assert!(((left - right) / scale).abs() < 1e-6, "<Ax, y> = {left}, <x, Aty> = {right}: {label}");
}

/// Runs every case whose label starts with `prefix` on the CPU twins.
pub fn check(prefix: &str) {
    let chosen: Vec<Case> = cases().into_iter().filter(|c| c.label.starts_with(prefix)).collect();
    assert!(!chosen.is_empty(), "no case starts with {prefix}");
    let wrong: Vec<String> = chosen.iter().filter_map(|c| c.run_cpu().and_then(|out| c.check(&out)).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), chosen.len(), wrong.join("\n"));
}
