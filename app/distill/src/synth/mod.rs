//! Drawn prostate-like tissue at four grades, for trials of the method where no real data may go.
//!
//! The drawing makes the method's problem real. What decides the grade lies in one small focus, a lobule of acini among
//! benign glands and benign lobules. Its strong form is fine detail that a coarse view averages away (the module `detail`). Two
//! weak forms stay: how dark the lobule is, at any magnification, and how open, as long as a view can tell lumens of
//! 6–10 px. Both overlap between grades, and benign lobules vary as much: whoever knows where to look can use them.

mod acini;
mod canvas;
mod detail;
mod draw;
mod gland;
mod plan;
mod random;
mod scanner;
mod settings;
mod shape;
mod slide;
mod stroma;
#[cfg(not(target_arch = "wasm32"))]
mod write;

#[cfg(test)]
mod tests;

pub use draw::{Drawn, draw};
pub use plan::{Counts, MAX_PATCHES, Part, Planned, plan};
pub use settings::{Grade, MAX_PX, MIN_PX, SettingsError, SynthSettings, VERSION};
#[cfg(not(target_arch = "wasm32"))]
pub use write::{PictureFormat, SynthRecord, WriteError, WriteOptions, write};
