//! From patches to grades and attention, without windows, files or threads: what window, command line, browser module and
//! tests share.
//!
//! [`open_student`] reads a model, [`Analyzer`] runs it on patches, [`Ladder`] does so at several magnifications, and
//! [`self_check`] proves that this machine computes what the model's author computed. Everything that may wait is `async`:
//! the browser awaits it, native callers block a worker thread on it.

mod analyzer;
mod check;
pub mod embedded;
mod error;
mod ladder;
mod open;
mod outputs;
mod result;
mod settings;

pub use analyzer::Analyzer;
pub use check::{Checked, measure_self_check, self_check};
pub use error::AnalysisError;
pub use fovea_student::scores::{argmax, softmax};
pub use ladder::{Ladder, Rung, factors};
pub use open::{open_student, open_student_with};
pub use result::{MoreMaps, PatchResult, TileResult, Times};
pub(crate) use result::{mean_probabilities, min_max, notes};
pub use settings::{Settings, ViewChoice, automatic_batch};
