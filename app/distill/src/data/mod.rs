//! Labelled patches: where they are, how they are split, and their pictures at the Student's size.

mod check;
mod error;
mod folders;
mod grid;
mod memory;
mod open;
mod options;
pub(crate) mod order;
mod parts;
mod rows;
mod sample;
mod store;
mod walk;

#[cfg(test)]
mod tests;

pub use error::DataError;
pub use memory::open_files;
pub use open::open;
pub use options::{DataOptions, Layout};
pub use order::{balanced, shuffled};
pub use parts::slide;
pub use sample::{Sample, Source, Splits};
pub use store::{ImageStore, Picture, PictureMemory};
pub use walk::{Entry, entries, images_below};
