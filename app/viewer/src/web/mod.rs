//! The browser's side: the window in a canvas, the JavaScript API, and a dedicated Worker for long work.
//!
//! Only the wire format compiles natively, for its tests.

#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(all(target_arch = "wasm32", feature = "kernel-tests"))]
mod kernels;
#[cfg(target_arch = "wasm32")]
mod object;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod start;
#[cfg(target_arch = "wasm32")]
pub mod training;
pub mod worker;

#[cfg(target_arch = "wasm32")]
pub use engine::Engine;
#[cfg(target_arch = "wasm32")]
pub use page::{breathe, device_lost, download};
#[cfg(target_arch = "wasm32")]
pub use start::{adapter_name, start};
