//! The window, driven headless on whatever wgpu adapter there is (llvmpipe will do): what is seen, typed, dropped and drawn.
//!
//! Screenshots land in `target/screenshots/native_*.png`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attention;
mod compare;
mod harness;
mod models;
mod patches;
mod set_up;
