//! Fovea: see where a low-magnification model looks.
//!
//! One program in three coats: a window (`app`), a command line (`cli`, native) and a browser module (`web`). What they
//! compute lives in [`analysis`], which knows neither windows nor files.

pub mod analysis;
pub mod app;
#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
#[cfg(any(target_arch = "wasm32", test))]
pub mod web;
