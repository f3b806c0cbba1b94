//! Results as files: overlay pictures, raw maps, tables, QuPath tiles, and the record of a run. All return bytes.

mod canvas;
mod csv;
mod figure;
mod geojson;
mod npy;
mod run;
mod text;

#[cfg(test)]
mod tests;

pub use csv::{Row, csv_table};
pub use figure::{Caption, figure_png, overlay_png, rgb_png};
pub use geojson::{Placement, TileFeature, geojson};
pub use npy::npy_f32;
pub use run::{FileRecord, ModelRecord, RunRecord};
