//! Patches: decoding, area resizing, tiles and magnification, colour maps, overlays and exports.
//!
//! Everything here is pure: bytes and numbers in, bytes and numbers out. Files, windows and devices are the caller's.
#![warn(missing_docs)]

pub mod colormap;
pub mod decode;
pub mod error;
pub mod export;
pub mod overlay;
pub mod resize;
pub mod tiles;
mod turn;

pub use colormap::Colormap;
pub use decode::{Limits, Patch, decode};
pub use error::PatchError;
pub use overlay::{Mosaic, Overlay, OverlayStyle, Range};
pub use tiles::{Field, Framing, Pad, Tile, TilePlan};
pub use turn::Turn;

/// The sentence that stands in the window and in every export.
pub const NOTICE: &str = "research use only; a heatmap shows model evidence, not tumour";
