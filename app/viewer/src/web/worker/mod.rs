//! Dedicated Workers for work that would stop the page: decoding, and analyses on a device of the Worker's own.
//!
//! [`wire`] says what goes between the two; `host` is the page's end, `session` the Worker's.

#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
pub(super) mod post;
#[cfg(target_arch = "wasm32")]
mod serve;
#[cfg(target_arch = "wasm32")]
mod session;
pub mod wire;

#[cfg(target_arch = "wasm32")]
pub use host::{Event, Lane, add_waker, cancel, poll, submit, submit_to};
#[cfg(target_arch = "wasm32")]
pub use serve::worker_main;
pub use wire::{Answer, Job};

/// Names a job for as long as the page is open.
pub type Ticket = u32;
