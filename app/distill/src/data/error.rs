//! What can be wrong with a data set.

use fovea_patch::PatchError;
use std::path::PathBuf;

/// Why patches cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file that cannot be read.
    #[error("cannot be read: {source}: {}", file.display())]
    Read {
        /// Why.
        source: std::io::Error,
        /// Which.
        file: PathBuf,
    },
    /// A file that is no picture the program reads.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A picture that is not square: squashing it would change its scale.
    #[error("the picture is {width} × {height} px; training takes square patches: {name}")]
    NotSquare {
        /// In px.
        width: usize,
        /// In px.
        height: usize,
        /// File name.
        name: String,
    },
    /// A patch asked for past the last.
    #[error("there is no patch {index}; the set has {len}")]
    NoPatch {
        /// Asked for.
        index: usize,
        /// Number of patches.
        len: usize,
    },
}
