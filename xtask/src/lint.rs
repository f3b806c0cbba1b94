//! rustfmt and clippy, the same for people, `test --full` and editors.

use std::time::Duration;

use anyhow::Result;

use crate::child::{self, End};

/// Formatting check.
pub const FORMAT: &[&str] = &["fmt", "--all", "--check"];
/// Everything, natively; release, because there is one profile and its artefacts are there already.
pub const NATIVE: &[&str] = &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
/// What becomes the browser module.
pub const WASM: &[&str] =
    &["clippy", "--profile", "wasm", "-p", "fovea", "--lib", "--target", "wasm32-unknown-unknown", "--", "-D", "warnings"];

/// What becomes the training Worker's module; apart, since its features are not those of the browser module.
pub const TRAINER: &[&str] = &[
    "clippy",
    "--profile",
    "wasm",
    "-p",
    "fovea-trainer",
    "--lib",
    "--target",
    "wasm32-unknown-unknown",
    "--",
    "-D",
    "warnings",
];

/// Runs all four, each within `limit`; false when one of them complains.
///
/// # Errors
/// When cargo cannot be started or the wasm target cannot be installed.
pub fn run(limit: Duration) -> Result<bool> {
    crate::provision::wasm_target()?;
    let mut clean = true;
    for arguments in [FORMAT, NATIVE, WASM, TRAINER] {
        println!("cargo {}", arguments.join(" "));
        clean &= child::run(&mut crate::cargo(arguments), limit, |_| {})? == End::Success;
    }
    Ok(clean)
}
