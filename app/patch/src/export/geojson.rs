//! Tiles for QuPath: a FeatureCollection of polygons in level-0 pixels from the slide's top left corner.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::decode::Patch;
use crate::error::PatchError;
use crate::tiles::Tile;

/// Where an image lies on its slide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// Level-0 position of the image's top left corner.
    pub origin: (i64, i64),
    /// Level-0 pixels per image pixel.
    pub scale: f64,
}

impl Default for Placement {
    /// The image is level 0 itself.
    fn default() -> Self {
        Self { origin: (0, 0), scale: 1.0 }
    }
}

impl Placement {
    /// Level-0 pixels that a SICAPv2 patch spans, whatever size it was stored at.
    pub const SICAP_SIDE: f64 = 2048.0;

    /// Where a patch with a position in its name lies, when its width spans `level0_side` level-0 pixels.
    #[must_use]
    pub fn of(patch: &Patch, level0_side: f64) -> Option<Self> {
        let origin = patch.position?;
        Some(Self { origin, scale: level0_side / patch.width as f64 })
    }
}

/// One classified tile.
#[derive(Debug, Clone, PartialEq)]
pub struct TileFeature {
    /// The tile in image pixels, clipped to the image ([`Tile::clipped`]).
    pub tile: Tile,
    /// Predicted class.
    pub class: String,
    /// The class's colour.
    pub color: [u8; 3],
    /// Named numbers, e.g. probabilities. Those that are not finite are left out: JSON has no word for them.
    pub measurements: BTreeMap<String, f64>,
}

/// The tiles of one image as GeoJSON, UTF-8.
///
/// # Errors
/// [`PatchError::Scale`] when the placement's scale is not a positive number.
pub fn geojson(tiles: &[TileFeature], placement: Placement) -> Result<Vec<u8>, PatchError> {
    if !(placement.scale.is_finite() && placement.scale > 0.0) {
        return Err(PatchError::Scale(format!("{} level-0 px per image px", placement.scale)));
    }
    let features: Vec<Value> = tiles.iter().map(|t| feature(t, placement)).collect();
    let collection = json!({ "type": "FeatureCollection", "features": features });
    serde_json::to_vec_pretty(&collection).map_err(|e| PatchError::export("GeoJSON", e))
}

fn feature(tile: &TileFeature, placement: Placement) -> Value {
    let t = &tile.tile;
    let x = |px: usize| number(placement.origin.0 as f64 + px as f64 * placement.scale);
    let y = |px: usize| number(placement.origin.1 as f64 + px as f64 * placement.scale);
    let (left, top) = (x(t.x), y(t.y));
    let (right, bottom) = (x(t.x.saturating_add(t.width)), y(t.y.saturating_add(t.height)));
    let ring = json!([[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]);
    let finite = tile.measurements.iter().filter(|(_, v)| v.is_finite());
    let measurements: Map<String, Value> = finite.map(|(k, v)| (k.clone(), json!(v))).collect();
    json!({
        "type": "Feature",
        "geometry": { "type": "Polygon", "coordinates": [ring] },
        "properties": {
            "objectType": "tile",
            "classification": { "name": tile.class, "color": tile.color },
            "measurements": measurements,
        },
    })
}

/// Whole coordinates without a decimal point.
fn number(v: f64) -> Value {
    if v.fract() == 0.0 && v.abs() < 1e15 { json!(v as i64) } else { json!(v) }
}
