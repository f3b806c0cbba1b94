//! Checks every WGSL file and generates `params.rs` (uniform structs) and `kernels.rs` (what a pipeline needs to know).
#![allow(clippy::expect_used)] // a build script reports by panicking

#[path = "build/check.rs"]
mod check;
#[path = "build/kernels.rs"]
mod kernels;
#[path = "build/params.rs"]
mod params;
#[path = "build/source.rs"]
mod source;

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=wgsl");
    println!("cargo::rerun-if-changed=build");
    let wgsl = Path::new("wgsl");
    let dir = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let structs = params::generate(&wgsl.join("shared/params.wgsl"));
    fs::write(Path::new(&dir).join("params.rs"), &structs.rust).expect("OUT_DIR is writable");
    let sources = source::load_all(wgsl);
    fs::write(Path::new(&dir).join("kernels.rs"), kernels::generate(&sources, &structs.names)).expect("OUT_DIR is writable");
}
