//! Maps of tiles put together to one map of the image.

#[cfg(test)]
mod tests;

use crate::error::PatchError;
use crate::tiles::{Tile, TilePlan};

/// One map over a whole image; cell (x, y) stands for the same share of the image.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// `height * width` values, row by row.
    pub data: Vec<f32>,
    /// Width in cells.
    pub width: usize,
    /// Height in cells.
    pub height: usize,
}

/// Collects a map per tile. Each cell of the result is the bilinear (half-pixel) sample of its tile's map at the cell's
/// centre; padding is left out, so that the result lines up with the image. Tiles that are never added stay 0.
#[derive(Debug, Clone)]
pub struct Mosaic {
    map: Map,
    image_w: usize,
    image_h: usize,
    tile_px: usize,
}

impl Mosaic {
    /// For an image of `width × height` pixels cut by `plan`; the longer side gets at most `max_side` cells (one a pixel
    /// where that suffices).
    ///
    /// # Errors
    /// [`PatchError::Mismatch`] for empty sizes.
    pub fn new(plan: &TilePlan, width: usize, height: usize, max_side: usize) -> Result<Self, PatchError> {
        if width == 0 || height == 0 || max_side == 0 || plan.tile_px == 0 {
            let found = format!("{width} × {height}, at most {max_side} cells, tiles of {}", plan.tile_px);
            return Err(PatchError::Mismatch { what: "mosaic", expected: "sizes of at least 1".into(), found });
        }
        let longer = width.max(height);
        let cells = |side: usize| match longer <= max_side {
            true => side,
            false => ((side as f64 * max_side as f64 / longer as f64).round() as usize).max(1),
        };
        let (w, h) = (cells(width), cells(height));
        let map = Map { data: vec![0.0; w.saturating_mul(h)], width: w, height: h };
        Ok(Self { map, image_w: width, image_h: height, tile_px: plan.tile_px })
    }

    /// Adds the map (`mh × mw`, row by row) of `tile`.
    ///
    /// # Errors
    /// [`PatchError::Mismatch`] when the map does not fit its shape or the tile is not one of this plan.
    pub fn add(&mut self, tile: &Tile, map: &[f32], mw: usize, mh: usize) -> Result<(), PatchError> {
        if map.is_empty() || map.len() != mw.saturating_mul(mh) {
            return Err(PatchError::length("tile map", mw.saturating_mul(mh), map.len()));
        }
        if (tile.width, tile.height) != (self.tile_px, self.tile_px) || tile.x >= self.image_w || tile.y >= self.image_h {
            let expected = format!("a tile of {} px inside the image", self.tile_px);
            return Err(PatchError::Mismatch { what: "tile", expected, found: format!("{tile:?}") });
        }
        let across = samples(self.map.width, self.image_w, tile.x, self.tile_px, mw);
        let down = samples(self.map.height, self.image_h, tile.y, self.tile_px, mh);
        for &(y, sy) in &down {
            for &(x, sx) in &across {
                let row = |y: usize| mix(map[y * mw + sx.first], map[y * mw + sx.second], sx.part);
                self.map.data[y * self.map.width + x] = mix(row(sy.first), row(sy.second), sy.part);
            }
        }
        Ok(())
    }

    /// The map over the whole image.
    #[must_use]
    pub fn finish(self) -> Map {
        self.map
    }
}

#[derive(Clone, Copy)]
struct Sample {
    first: usize,
    second: usize,
    part: f32,
}

/// Along one axis: the cells whose centre lies in the tile, and where in the tile's map they sample.
fn samples(cells: usize, image: usize, start: usize, tile_px: usize, map: usize) -> Vec<(usize, Sample)> {
    let px_per_cell = image as f64 / cells as f64;
    let first_cell = ((start as f64 / px_per_cell).floor() as usize).saturating_sub(1);
    let inside = |cell: usize| {
        let centre = (cell as f64 + 0.5) * px_per_cell - start as f64;
        (0.0..tile_px as f64).contains(&centre).then(|| (cell, sample(centre / tile_px as f64 * map as f64, map)))
    };
    let past = |cell: &usize| (*cell as f64 + 0.5) * px_per_cell < (start as f64 + tile_px as f64);
    (first_cell..cells).take_while(past).filter_map(inside).collect()
}

fn sample(position: f64, len: usize) -> Sample {
    let at = (position - 0.5).clamp(0.0, (len - 1) as f64);
    let first = at.floor() as usize;
    Sample { first, second: (first + 1).min(len - 1), part: (at - first as f64) as f32 }
}

fn mix(a: f32, b: f32, part: f32) -> f32 {
    a + (b - a) * part
}
