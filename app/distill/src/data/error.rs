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
    /// A table that cannot be used.
    #[error("this table cannot be used: {reason}: {}", file.display())]
    Table {
        /// Why.
        reason: String,
        /// Which.
        file: PathBuf,
    },
    /// Files that a table names and that are not there.
    #[error("{missing} of {of} images are missing ({first}, …): {}", file.display())]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        of: usize,
        /// The first names.
        first: String,
        /// The table.
        file: PathBuf,
    },
    /// Other classes than asked for.
    #[error("its classes are {found}, those asked for {wanted}: {}", file.display())]
    Classes {
        /// In the file.
        found: String,
        /// Asked for.
        wanted: String,
        /// Which file.
        file: PathBuf,
    },
    /// A folder that is no data set.
    #[error("this is no data set in a known layout: {}", file.display())]
    Layout {
        /// Which.
        file: PathBuf,
    },
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
