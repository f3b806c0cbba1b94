//! What can go wrong with a patch; the file name comes last in every message.

use thiserror::Error;

/// Errors of this crate.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PatchError {
    /// The bytes are of no picture format at all.
    #[error("not an image ({why}): {name}")]
    NotAnImage {
        /// What the bytes look like instead.
        why: &'static str,
        /// File name.
        name: String,
    },
    /// The file ends before the picture does.
    #[error("truncated {format} file: {name}")]
    Truncated {
        /// Container format.
        format: &'static str,
        /// File name.
        name: String,
    },
    /// The header announces a picture without pixels.
    #[error("image of {width} × {height} pixels: {name}")]
    Empty {
        /// Announced width.
        width: u64,
        /// Announced height.
        height: u64,
        /// File name.
        name: String,
    },
    /// The header announces more pixels than the limits allow. Nothing was allocated.
    #[error("{what} of {width} × {height} pixels is larger than the limit of {limit}: {name}")]
    TooLarge {
        /// "image", or "first page" of a TIFF.
        what: &'static str,
        /// Announced width.
        width: u64,
        /// Announced height.
        height: u64,
        /// The limit that was passed, in words.
        limit: String,
        /// File name.
        name: String,
    },
    /// A picture this program does not read.
    #[error("unsupported: {what}: {name}")]
    Unsupported {
        /// What is not supported.
        what: String,
        /// File name.
        name: String,
    },
    /// The file contradicts itself or its format.
    #[error("damaged {format} file ({reason}): {name}")]
    Corrupt {
        /// Container format.
        format: &'static str,
        /// The decoder's words.
        reason: String,
        /// File name.
        name: String,
    },
    /// The scales of image and Student do not give a usable field of view.
    #[error("unusable scale: {0}")]
    Scale(String),
    /// The image would be cut into too many tiles.
    #[error("{tiles} tiles of {tile_px} px are more than the limit of {max}")]
    TooManyTiles {
        /// Number of tiles the plan would have.
        tiles: u64,
        /// Side of a tile in image pixels.
        tile_px: usize,
        /// The limit.
        max: usize,
    },
    /// A buffer does not have the size its shape asks for, or a value is out of its range.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// Which buffer or value.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An export could not be encoded.
    #[error("cannot write {format}: {reason}")]
    Export {
        /// Export format.
        format: &'static str,
        /// The encoder's words.
        reason: String,
    },
}

impl PatchError {
    /// A buffer of the wrong length.
    pub(crate) fn length(what: &'static str, expected: usize, found: usize) -> Self {
        Self::Mismatch { what, expected: format!("{expected} values"), found: format!("{found}") }
    }

    /// An encoder's failure.
    pub(crate) fn export(format: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Export { format, reason: reason.to_string() }
    }
}
