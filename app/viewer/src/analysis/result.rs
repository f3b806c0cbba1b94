//! What an analysis gives: per tile the scores and maps, and from them the picture of the whole image.

use super::Settings;
use fovea_engine::Stage;
use fovea_patch::overlay::Map;
use fovea_patch::{Mosaic, Patch, PatchError, Tile, TilePlan};

/// One tile's result.
#[derive(Clone, Debug, PartialEq)]
pub struct TileResult {
    /// Where it lies, in image pixels; it may reach over the right and bottom edge (padding).
    pub tile: Tile,
    /// Pre-softmax scores, one per class.
    pub logits: Vec<f32>,
    /// Softmax of the scores.
    pub probabilities: Vec<f32>,
    /// Index of the largest score.
    pub predicted: usize,
    /// Raw attention, `[classes, map_h, map_w]`.
    pub raw: Vec<f32>,
    /// The same, min-max over pixels and classes jointly, 0…1.
    pub minmax: Vec<f32>,
}

/// Milliseconds a stage took, summed over the batches of one image.
pub type Times = Vec<(Stage, f64)>;

/// A further map of every tile, of another layer or method than the first.
#[derive(Clone, Debug, PartialEq)]
pub struct MoreMaps {
    /// Height of a tile's map in cells.
    pub map_h: usize,
    /// Width of a tile's map in cells.
    pub map_w: usize,
    /// Raw attention per tile, `[classes, map_h, map_w]`, in the order of the tiles.
    pub tiles: Vec<Vec<f32>>,
}

/// One image's result; it holds no pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchResult {
    /// File name.
    pub name: String,
    /// Hex SHA-256 of the file's bytes.
    pub sha256: String,
    /// Image width in pixels.
    pub width: usize,
    /// Image height in pixels.
    pub height: usize,
    /// How the image was cut.
    pub plan: TilePlan,
    /// One entry per tile of the plan, in its order.
    pub tiles: Vec<TileResult>,
    /// Number of explained classes.
    pub classes: usize,
    /// Height of a tile's map in cells.
    pub map_h: usize,
    /// Width of a tile's map in cells.
    pub map_w: usize,
    /// What [`super::Settings::more`] asked for, in its order.
    pub more: Vec<MoreMaps>,
    /// Mean of the tiles' probabilities, each weighted by its part inside the image.
    pub probabilities: Vec<f32>,
    /// Class with the largest of these.
    pub predicted: usize,
    /// Time per stage.
    pub stages: Times,
    /// Time from pixels to results, milliseconds.
    pub total_ms: f64,
    /// What the user should know: how the scale was decided, what was done to the pixels.
    pub notes: Vec<String>,
}

impl PatchResult {
    /// One result per map: the first, then the further ones.
    pub fn each(mut self) -> Vec<Self> {
        let more = std::mem::take(&mut self.more);
        let other = |maps: MoreMaps| {
            let mut result = self.clone();
            (result.map_h, result.map_w) = (maps.map_h, maps.map_w);
            for (tile, raw) in result.tiles.iter_mut().zip(maps.tiles) {
                tile.minmax = min_max(&raw);
                tile.raw = raw;
            }
            result
        };
        let others: Vec<Self> = more.into_iter().map(other).collect();
        std::iter::once(self).chain(others).collect()
    }

    /// The raw map of one class over the whole image. An image that is exactly one tile keeps the tile's own cells; of
    /// others the longer side gets at most `max_side` cells.
    ///
    /// # Errors
    /// [`PatchError::Mismatch`] for a class that was not explained, or `max_side` 0.
    pub fn image_map(&self, class: usize, max_side: usize) -> Result<Map, PatchError> {
        let cells = self.map_h * self.map_w;
        let part = class.checked_mul(cells).map(|from| from..from + cells);
        let of = |tile: &TileResult| part.clone().and_then(|r| tile.raw.get(r)).map(<[f32]>::to_vec);
        let missing = || {
            let (expected, found) = (format!("0 to {}", self.classes.saturating_sub(1)), class.to_string());
            PatchError::Mismatch { what: "class of the map", expected, found }
        };
        if let [only] = &self.tiles[..]
            && (only.tile.width, only.tile.height) == (self.width, self.height)
        {
            return Ok(Map { data: of(only).ok_or_else(missing)?, width: self.map_w, height: self.map_h });
        }
        let mut mosaic = Mosaic::new(&self.plan, self.width, self.height, max_side)?;
        for tile in &self.tiles {
            mosaic.add(&tile.tile, &of(tile).ok_or_else(missing)?, self.map_w, self.map_h)?;
        }
        Ok(mosaic.finish())
    }

    /// Longer side in cells at which a mosaic of this image loses nothing: the maps' own cells, put side by side.
    pub fn natural_side(&self) -> usize {
        let longer_map = self.map_h.max(self.map_w).max(1);
        self.plan.cols.max(self.plan.rows).saturating_mul(longer_map).clamp(1, self.width.max(self.height))
    }

    /// Least and greatest raw value of all tiles and classes; `None` when there is no finite value.
    pub fn raw_range(&self) -> Option<(f32, f32)> {
        let finite = self.tiles.iter().flat_map(|t| &t.raw).copied().filter(|v| v.is_finite());
        finite.fold(None, |range, v| Some(range.map_or((v, v), |(lo, hi): (f32, f32)| (lo.min(v), hi.max(v)))))
    }
}

/// What the user should know about a result: how the scale was decided, what was done to the pixels and the map.
pub(crate) fn notes(patch: &Patch, plan: &TilePlan, settings: &Settings) -> Vec<String> {
    let mut notes = patch.notes.clone();
    notes.push(plan.note.clone());
    if plan.tiles.len() > 1 {
        notes.push(format!("{} tiles: the image's probabilities are their mean by area", plan.tiles.len()));
    }
    if settings.aug_smooth {
        notes.push("the map is the mean over flips and rotations (aug-smooth)".into());
    }
    notes
}

/// The method's joint min-max over pixels and classes; a constant map becomes zeros.
pub(crate) fn min_max(raw: &[f32]) -> Vec<f32> {
    let lo = raw.iter().copied().fold(f32::INFINITY, f32::min);
    let hi = raw.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if lo < hi { raw.iter().map(|v| (v - lo) / (hi - lo)).collect() } else { vec![0.0; raw.len()] }
}

/// Mean of the tiles' probabilities by their area inside the image.
pub(crate) fn mean_probabilities(patch: &Patch, tiles: &[TileResult]) -> Vec<f32> {
    let classes = tiles.first().map_or(0, |t| t.probabilities.len());
    let mut sum = vec![0f64; classes];
    let mut total = 0f64;
    for t in tiles {
        let inside = t.tile.clipped(patch.width, patch.height);
        let area = inside.width as f64 * inside.height as f64;
        total += area;
        sum.iter_mut().zip(&t.probabilities).for_each(|(s, p)| *s += area * f64::from(*p));
    }
    sum.into_iter().map(|s| (s / total) as f32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn tile(x: usize, p: f32, raw: f32) -> TileResult {
        let tile = Tile { x, y: 0, width: 4, height: 4 };
        let probabilities = vec![p, 1.0 - p];
        TileResult { tile, logits: vec![], probabilities, predicted: 0, raw: vec![raw; 8], minmax: vec![] }
    }

    #[test]
    fn padding_has_no_vote_and_maps_line_up() {
        // 6 px wide: the second tile is half padding.
        let plan = fovea_patch::tiles::plan(
            6,
            4,
            None,
            &fovea_patch::Field { input_px: 4, um_per_px: None },
            fovea_patch::Framing::Tile,
        )
        .unwrap();
        assert_eq!(plan.tiles.len(), 2);
        let patch = Patch {
            name: String::new(),
            rgb: vec![0; 72],
            width: 6,
            height: 4,
            sha256: String::new(),
            um_per_px: None,
            position: None,
            notes: vec![],
        };
        let tiles = vec![tile(0, 0.9, 1.0), tile(4, 0.3, 2.0)];
        let mean = mean_probabilities(&patch, &tiles);
        assert!((mean[0] - (0.9 * 16.0 + 0.3 * 8.0) / 24.0).abs() < 1e-6);
        let result = PatchResult {
            name: String::new(),
            sha256: String::new(),
            width: 6,
            height: 4,
            plan,
            tiles,
            classes: 2,
            map_h: 2,
            more: vec![],
            map_w: 2,
            predicted: fovea_student::scores::argmax(&mean),
            probabilities: mean,
            stages: vec![],
            total_ms: 0.0,
            notes: vec![],
        };
        let map = result.image_map(1, 6).unwrap();
        assert_eq!((map.width, map.height), (6, 4));
        assert_eq!(map.data[..6], [1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!((result.natural_side(), result.raw_range()), (4, Some((1.0, 2.0))));
        assert!(result.image_map(2, 6).is_err());
    }
}
