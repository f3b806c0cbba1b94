//! The parts of a message that are text: everything but pixels and maps.

use crate::analysis::{MoreMaps, PatchResult, Settings, TileResult, ViewChoice};
use fovea_engine::{Preference, Stage};
use fovea_patch::{Framing, Pad, Patch, Tile, TilePlan};
use fovea_student::card::Grid;
use fovea_student::{Method, Request};
use serde::{Deserialize, Serialize};

const STAGES: [Stage; 4] = [Stage::Upload, Stage::Network, Stage::Attention, Stage::Readback];

/// [`Patch`] without its pixels.
#[derive(Serialize, Deserialize)]
pub struct PatchHead {
    name: String,
    width: usize,
    height: usize,
    sha256: String,
    um_per_px: Option<f64>,
    position: Option<(i64, i64)>,
    notes: Vec<String>,
}

impl From<&Patch> for PatchHead {
    fn from(p: &Patch) -> Self {
        Self {
            name: p.name.clone(),
            width: p.width,
            height: p.height,
            sha256: p.sha256.clone(),
            um_per_px: p.um_per_px,
            position: p.position,
            notes: p.notes.clone(),
        }
    }
}

impl PatchHead {
    /// The patch with its pixels.
    pub fn with(self, rgb: Vec<u8>) -> Result<Patch, String> {
        let Self { name, width, height, sha256, um_per_px, position, notes } = self;
        let wanted = width.checked_mul(height).and_then(|n| n.checked_mul(3));
        if wanted != Some(rgb.len()) {
            return Err(format!("{} bytes of pixels came for {width} × {height} px: {name}", rgb.len()));
        }
        Ok(Patch { name, rgb, width, height, sha256, um_per_px, position, notes })
    }
}

/// [`Settings`].
#[derive(Serialize, Deserialize)]
pub struct SettingsHead {
    layer: Option<String>,
    method: Option<Method>,
    relu: bool,
    aug_smooth: bool,
    /// Layer, method and ReLU of the further maps.
    more: Vec<(String, Method, bool)>,
    k: Option<usize>,
    grid: Option<Grid>,
    framing: Framing,
    pad: Pad,
    image_um_per_px: Option<f64>,
    preference: String,
    batch: Option<usize>,
}

impl From<&Settings> for SettingsHead {
    fn from(s: &Settings) -> Self {
        let preference = match s.preference {
            Preference::Auto => "auto",
            Preference::Gpu => "gpu",
            Preference::Cpu => "cpu",
        };
        Self {
            layer: s.layer.clone(),
            method: s.method,
            relu: s.relu,
            aug_smooth: s.aug_smooth,
            more: s.more.iter().map(|r| (r.layer.clone(), r.method, r.relu)).collect(),
            k: s.view.k,
            grid: s.view.grid,
            framing: s.framing,
            pad: s.pad,
            image_um_per_px: s.image_um_per_px,
            preference: preference.into(),
            batch: s.batch,
        }
    }
}

impl SettingsHead {
    /// The settings.
    pub fn unpack(self) -> Result<Settings, String> {
        Ok(Settings {
            layer: self.layer,
            method: self.method,
            relu: self.relu,
            aug_smooth: self.aug_smooth,
            more: self.more.into_iter().map(|(layer, method, relu)| Request { layer, method, relu }).collect(),
            view: ViewChoice { k: self.k, grid: self.grid },
            framing: self.framing,
            pad: self.pad,
            image_um_per_px: self.image_um_per_px,
            preference: self.preference.parse()?,
            batch: self.batch,
        })
    }
}

/// [`PatchResult`] without the tiles' numbers.
#[derive(Serialize, Deserialize)]
pub struct ResultHead {
    name: String,
    sha256: String,
    width: usize,
    height: usize,
    tile_px: usize,
    planned: Vec<Tile>,
    cols: usize,
    rows: usize,
    note: String,
    tiles: Vec<TileHead>,
    classes: usize,
    map_h: usize,
    map_w: usize,
    /// Height, width and the tiles' lengths of the further maps; their numbers follow those of the tiles.
    more: Vec<(usize, usize, Vec<usize>)>,
    probabilities: Vec<f32>,
    predicted: usize,
    stages: Vec<(usize, f64)>,
    total_ms: f64,
    notes: Vec<String>,
}

/// One tile: where it lies, and how many numbers of each kind follow in the buffer.
#[derive(Serialize, Deserialize)]
struct TileHead {
    tile: Tile,
    predicted: usize,
    /// Scores, probabilities, raw map, min-max map.
    lengths: [usize; 4],
}

/// Text and numbers of a result.
pub fn pack_result(r: &PatchResult) -> (ResultHead, Vec<u8>) {
    let mut part = vec![];
    let tiles = r.tiles.iter().map(|t| {
        let numbers = [&t.logits, &t.probabilities, &t.raw, &t.minmax];
        numbers.iter().for_each(|n| part.extend_from_slice(bytemuck::cast_slice(n)));
        TileHead { tile: t.tile, predicted: t.predicted, lengths: numbers.map(Vec::len) }
    });
    let tiles = tiles.collect();
    let more = r.more.iter().map(|m| {
        m.tiles.iter().for_each(|raw| part.extend_from_slice(bytemuck::cast_slice(raw)));
        (m.map_h, m.map_w, m.tiles.iter().map(Vec::len).collect())
    });
    let more = more.collect();
    let stage = |s: &Stage| STAGES.iter().position(|known| known == s).unwrap_or_default();
    let head = ResultHead {
        name: r.name.clone(),
        sha256: r.sha256.clone(),
        width: r.width,
        height: r.height,
        tile_px: r.plan.tile_px,
        planned: r.plan.tiles.clone(),
        cols: r.plan.cols,
        rows: r.plan.rows,
        note: r.plan.note.clone(),
        tiles,
        classes: r.classes,
        map_h: r.map_h,
        map_w: r.map_w,
        more,
        probabilities: r.probabilities.clone(),
        predicted: r.predicted,
        stages: r.stages.iter().map(|(s, ms)| (stage(s), *ms)).collect(),
        total_ms: r.total_ms,
        notes: r.notes.clone(),
    };
    (head, part)
}

impl ResultHead {
    /// The result with its numbers.
    pub fn unpack(self, part: &[u8]) -> Result<PatchResult, String> {
        let mut rest = part;
        let mut take = |count: usize| {
            let (now, later) =
                count.checked_mul(4).and_then(|bytes| rest.split_at_checked(bytes)).ok_or("a result came incomplete")?;
            rest = later;
            Ok::<Vec<f32>, String>(bytemuck::pod_collect_to_vec(now))
        };
        let mut tiles = vec![];
        for TileHead { tile, predicted, lengths: [logits, probabilities, raw, minmax] } in self.tiles {
            let (logits, probabilities) = (take(logits)?, take(probabilities)?);
            tiles.push(TileResult { tile, logits, probabilities, predicted, raw: take(raw)?, minmax: take(minmax)? });
        }
        let mut more = vec![];
        for (map_h, map_w, lengths) in self.more {
            let tiles = lengths.into_iter().map(&mut take).collect::<Result<Vec<_>, _>>()?;
            more.push(MoreMaps { map_h, map_w, tiles });
        }
        let stage = |(i, ms): (usize, f64)| STAGES.get(i).map(|s| (*s, ms));
        Ok(PatchResult {
            name: self.name,
            sha256: self.sha256,
            width: self.width,
            height: self.height,
            plan: TilePlan { tile_px: self.tile_px, tiles: self.planned, cols: self.cols, rows: self.rows, note: self.note },
            tiles,
            classes: self.classes,
            map_h: self.map_h,
            map_w: self.map_w,
            more,
            probabilities: self.probabilities,
            predicted: self.predicted,
            stages: self.stages.into_iter().filter_map(stage).collect(),
            total_ms: self.total_ms,
            notes: self.notes,
        })
    }
}
