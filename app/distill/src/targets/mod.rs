//! Teacher targets in a file (`*.targets.safetensors`): what a Teacher says about certain views of certain images, so that
//! training needs no Teacher. Rows are found by the SHA-256 of the image file and the view, never by a number.
//!
//! Layout (`n` images, `r = n · views` rows, image by image, views in the order of [`crate::ViewSet::ids`]):
//!
//! | tensor | type | shape | |
//! |---|---|---|---|
//! | `image.sha256` | U8 | n, 32 | of the file's bytes |
//! | `logits` | F32 | r, classes | before softmax |
//! | `attention.<i>` | F32 | r, h, w, classes | raw maps, `metadata.attention[i]` says of which layer and form |
//! | `pooled` | F32 | r, k | what the head reads; only with a head |
//! | `head.weight`, `head.bias` | F32 | classes, k; classes | only where the head is one Linear |
//! | `features.<i>` | F16 | r, k, h, w | optional, `metadata.features[i]` says of which layer |
//!
//! [`Metadata`] is JSON under the key `fovea.targets`. `teacher/` writes the same from PyTorch.

mod check;
mod error;
mod meta;
mod plan;
mod reader;
mod row;
mod select;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::head::HeadNumbers;
pub use error::TargetsError;
pub use meta::{AttentionLayer, FeatureLayer, Metadata, TeacherId, VERSION};
pub use plan::Plan;
pub use reader::TargetsFile;
pub use row::Row;
pub use select::{Gathered, Selection};
pub use writer::{FileWriter, Writer};

/// Largest file that is read, in bytes: it is held in memory as a whole.
pub const LARGEST: u64 = 16 << 30;

/// Key of the metadata.
const KEY: &str = "fovea.targets";
