//! Which parts of an image the Student looks at, and at which scale. Nothing is ever squashed.

mod extract;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::PatchError;

pub use extract::extract;

/// Most tiles a plan may have: 400 million pixels at 128 px a tile are 24 400.
pub const MAX_TILES: usize = 65_536;

/// An image whose side is within this share of the field is the field.
const SAME: f64 = 0.02;

/// A field this many times larger than the image means that one of the two scales is wrong.
const MOST_PADDING: f64 = 16.0;

/// How an image meets the Student's square field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// Tiles at the Student's µm/px.
    #[default]
    Tile,
    /// The whole image in one field, padded to a square.
    Whole,
}

/// What lies beyond the image's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pad {
    /// The nearest pixel, repeated.
    #[default]
    Edge,
    /// White, the colour of empty glass.
    White,
}

/// The Student's field of view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Side in the Student's input pixels.
    pub input_px: usize,
    /// Micrometres per input pixel, where the model card has it.
    pub um_per_px: Option<f64>,
}

/// A square of image pixels; it may reach over the right and bottom edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tile {
    /// Left edge in image pixels.
    pub x: usize,
    /// Top edge in image pixels.
    pub y: usize,
    /// Width in image pixels, padding included.
    pub width: usize,
    /// Height in image pixels, padding included.
    pub height: usize,
}

impl Tile {
    /// The part of the tile that lies inside an image of `width × height` pixels.
    #[must_use]
    pub fn clipped(&self, width: usize, height: usize) -> Self {
        Self {
            width: self.width.min(width.saturating_sub(self.x)),
            height: self.height.min(height.saturating_sub(self.y)),
            ..*self
        }
    }
}

/// Tiles of one image, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TilePlan {
    /// Side of the square field in image pixels.
    pub tile_px: usize,
    /// The tiles, `cols * rows` of them.
    pub tiles: Vec<Tile>,
    /// Tiles across.
    pub cols: usize,
    /// Tiles down.
    pub rows: usize,
    /// How the scale was decided, for the user.
    pub note: String,
}

/// Plans the tiles of an image of `width × height` pixels at `image_um_per_px`.
///
/// Both scales known: a tile is the Student's field in image pixels, and a square image of that size (within 2 %) is
/// one tile. A scale unknown: a square image is the field; any other is tiled at its own pixels, `input_px` a side or
/// the shorter side where that is less. [`Framing::Whole`]: one tile of the longer side.
///
/// # Errors
/// [`PatchError::Mismatch`] for empty sizes, [`PatchError::Scale`] where the two scales do not meet in a usable field,
/// [`PatchError::TooManyTiles`] beyond [`MAX_TILES`].
pub fn plan(
    width: usize,
    height: usize,
    image_um_per_px: Option<f64>,
    field: &Field,
    framing: Framing,
) -> Result<TilePlan, PatchError> {
    if width == 0 || height == 0 || field.input_px == 0 {
        let found = format!("{width} × {height} px, input {} px", field.input_px);
        return Err(PatchError::Mismatch { what: "image and input size", expected: "at least 1".into(), found });
    }
    let (tile_px, note) = match (framing, image_um_per_px, field.um_per_px) {
        (Framing::Whole, ..) => (width.max(height), whole_note(width, height)),
        (Framing::Tile, Some(image), Some(student)) => known(width, height, image, student, field.input_px)?,
        (Framing::Tile, image, student) => unknown(width, height, image, student, field.input_px),
    };
    grid(width, height, tile_px, note)
}

fn whole_note(width: usize, height: usize) -> String {
    match width == height {
        true => "whole image in one field".into(),
        false => "whole image in one field, padded to a square".into(),
    }
}

fn known(w: usize, h: usize, image: f64, student: f64, input_px: usize) -> Result<(usize, String), PatchError> {
    let usable = |um: f64| um.is_finite() && um > 0.0;
    if !usable(image) || !usable(student) {
        return Err(PatchError::Scale(format!("image {image} µm/px, Student {student} µm/px")));
    }
    let side = (input_px as f64 * student / image).round();
    let scales = format!("image {image:.4} µm/px, Student {student:.4} µm/px");
    if side < 1.0 {
        return Err(PatchError::Scale(format!("a field is less than one image pixel ({scales})")));
    }
    let longer = w.max(h) as f64;
    if side > longer * MOST_PADDING {
        return Err(PatchError::Scale(format!("the image fills under 1/256 of a field ({scales})")));
    }
    if w == h && (side - longer).abs() <= SAME * side {
        return Ok((w, format!("{scales}: the image is the field")));
    }
    let mut note = format!("{scales}: tiles of {side} px");
    if side > longer {
        note.push_str("; the image is smaller than the field and is padded");
    } else if side < input_px as f64 {
        note.push_str("; the image is coarser than the Student's input and is enlarged");
    }
    Ok((side as usize, note))
}

fn unknown(w: usize, h: usize, image: Option<f64>, student: Option<f64>, input_px: usize) -> (usize, String) {
    let which = match (image, student) {
        (None, None) => "µm/px of image and Student unknown",
        (None, Some(_)) => "µm/px of the image unknown",
        _ => "µm/px of the Student unknown",
    };
    if w == h {
        return (w, format!("{which}: the square image is taken as the field"));
    }
    let shorter = w.min(h);
    if shorter >= input_px {
        return (input_px, format!("{which}: tiles of {input_px} px at the image's own pixels"));
    }
    (shorter, format!("{which}: tiles of the shorter side, {shorter} px"))
}

fn grid(width: usize, height: usize, tile_px: usize, note: String) -> Result<TilePlan, PatchError> {
    let (cols, rows) = (width.div_ceil(tile_px), height.div_ceil(tile_px));
    let tiles = (cols as u64).saturating_mul(rows as u64);
    if tiles > MAX_TILES as u64 {
        return Err(PatchError::TooManyTiles { tiles, tile_px, max: MAX_TILES });
    }
    let tile = |col: usize, row: usize| Tile { x: col * tile_px, y: row * tile_px, width: tile_px, height: tile_px };
    let tiles = (0..rows).flat_map(|row| (0..cols).map(move |col| tile(col, row))).collect();
    Ok(TilePlan { tile_px, tiles, cols, rows, note })
}
