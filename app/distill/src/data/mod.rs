//! Labelled patches: where they are, how they are split, and their pictures at the Student's size.

mod error;
mod order;
mod sample;
mod store;

pub use error::DataError;
pub use order::{balanced, shuffled};
pub use sample::{Sample, Source, Splits};
pub use store::{ImageStore, Picture};
