//! Labelled patches: where they are, how they are split, and their pictures at the Student's size.

mod error;
mod options;
mod order;
mod sample;
mod sheet;
mod sicap;
mod store;

pub use error::DataError;
pub use options::{DataOptions, Layout};
pub use order::{balanced, shuffled};
pub use sample::{Sample, Source, Splits};
pub use store::{ImageStore, Picture};

use std::path::Path;

/// Opens a data set.
///
/// # Errors
/// A layout that is not known, tables or images that are missing, classes that do not fit.
pub fn open(path: &Path, options: &DataOptions) -> Result<Splits, DataError> {
    match options.layout {
        Layout::Sicap => sicap::open(path, options),
        Layout::Auto if sicap::is(path) => sicap::open(path, options),
        _ => Err(DataError::Layout { file: path.to_path_buf() }),
    }
}
