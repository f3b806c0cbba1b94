//! What can go wrong with a targets file; its name comes last in every message.

use super::VERSION;

/// Errors of writing, reading and using Teacher targets.
#[derive(Debug, thiserror::Error)]
pub enum TargetsError {
    /// Not a safetensors file, or a truncated or damaged one.
    #[error("not a usable safetensors file: {reason}: {file}")]
    Container {
        /// The reader's words.
        reason: String,
        /// File.
        file: String,
    },
    /// A safetensors file of another kind.
    #[error("no Teacher targets: the file lacks the metadata 'fovea.targets': {file}")]
    Kind {
        /// File.
        file: String,
    },
    /// Metadata that cannot be read or contradicts itself.
    #[error("the targets' metadata is unusable: {reason}: {file}")]
    Metadata {
        /// What is wrong.
        reason: String,
        /// File.
        file: String,
    },
    /// Written by a later program.
    #[error("the targets have version {found}, this program reads up to {VERSION}: {file}")]
    Version {
        /// Version found.
        found: u32,
        /// File.
        file: String,
    },
    /// A tensor that the metadata promises is missing or different.
    #[error("the tensor '{tensor}' is {found}, the metadata says {expected}: {file}")]
    Tensor {
        /// Tensor.
        tensor: String,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
        /// File.
        file: String,
    },
    /// NaN or infinity.
    #[error("'{tensor}' holds a value that is not finite (row {row}): {file}")]
    NotFinite {
        /// Tensor.
        tensor: String,
        /// First such row.
        row: usize,
        /// File.
        file: String,
    },
    /// The same image twice.
    #[error("the image {sha256} is in the targets twice: {file}")]
    Twice {
        /// Its hash.
        sha256: String,
        /// File.
        file: String,
    },
    /// Rows handed to the writer in another order or number than planned.
    #[error("row {row} of the targets is out of order: {reason}: {file}")]
    Order {
        /// Number of the row.
        row: usize,
        /// What is wrong.
        reason: String,
        /// File.
        file: String,
    },
    /// The targets are for something else than what is asked of them.
    #[error("{what}: the targets have {targets}, {side} has {other}: {file}")]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// On the targets' side.
        targets: String,
        /// Who is compared with them.
        side: &'static str,
        /// On that side.
        other: String,
        /// File.
        file: String,
    },
    /// Images that the targets do not know.
    #[error("the targets lack {missing} of {of} images (first: {first}); they were made from other files: {file}")]
    Images {
        /// How many.
        missing: usize,
        /// Of how many.
        of: usize,
        /// The first names.
        first: String,
        /// File.
        file: String,
    },
    /// A term needs a part that the targets lack.
    #[error("the term '{term}' needs {what}; the targets have {have}: {file}")]
    Part {
        /// Term.
        term: String,
        /// Needed part.
        what: String,
        /// What there is instead.
        have: String,
        /// File.
        file: String,
    },
    /// The file cannot be read.
    #[error("cannot be read: {source}: {file}")]
    Read {
        /// The system's words.
        source: std::io::Error,
        /// File.
        file: String,
    },
    /// More than is held in memory.
    #[error("the targets have more than {most} bytes, which is the most that is read: {file}")]
    TooLarge {
        /// Most bytes.
        most: u64,
        /// File.
        file: String,
    },
    /// The file cannot be written.
    #[error("cannot write: {source}: {file}")]
    Write {
        /// The system's words.
        source: std::io::Error,
        /// File.
        file: String,
    },
}
