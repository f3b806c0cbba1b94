//! What a run gave, cut into tiles.

use super::{AnalysisError, TileResult};
use fovea_engine::Run;
use fovea_patch::Tile;
use fovea_student::LOGITS;
use fovea_student::explain::{minmax_output, raw_output};
use fovea_student::scores::{argmax, softmax};

/// Scores and maps of the images of one run.
pub(super) struct Outputs {
    logits: Vec<f32>,
    pub(super) maps: Vec<RunMaps>,
}

/// One map of every image of a run.
pub(super) struct RunMaps {
    classes: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) raw: Vec<f32>,
    pub(super) minmax: Vec<f32>,
}

impl RunMaps {
    /// Numbers per image.
    pub(super) fn cells(&self) -> usize {
        (self.classes * self.h * self.w).max(1)
    }
}

impl Outputs {
    /// Takes scores and `count` maps out of a run.
    pub(super) fn new(run: &Run, count: usize) -> Result<Self, AnalysisError> {
        let get = |output: &str| run.get(output).ok_or_else(|| AnalysisError::NoOutput(output.to_string()));
        let map = |i: usize| {
            let (raw, minmax) = (get(&raw_output(i))?, get(&minmax_output(i))?);
            let &[_, classes, h, w] = &raw.shape[..] else { return Err(AnalysisError::NoOutput(raw_output(i))) };
            Ok(RunMaps { classes, h, w, raw: raw.data.clone(), minmax: minmax.data.clone() })
        };
        Ok(Self { logits: get(LOGITS)?.data.clone(), maps: (0..count).map(map).collect::<Result<_, _>>()? })
    }

    /// Refuses numbers that are none; `name` is the picture's.
    pub(super) fn check(&self, name: &str) -> Result<(), AnalysisError> {
        let finite = |what, data: &[f32]| match data.iter().all(|v| v.is_finite()) {
            true => Ok(()),
            false => Err(AnalysisError::NotFinite { what, name: name.to_string() }),
        };
        finite("scores", &self.logits)?;
        self.maps.iter().try_for_each(|m| finite("attention values", &m.raw))
    }

    /// Adds one result per tile, and the further maps to `more`, one list per map.
    pub(super) fn cut(self, part: &[Tile], done: &mut Vec<TileResult>, more: &mut Vec<Vec<Vec<f32>>>) {
        let mut maps = self.maps.into_iter();
        let Some(first) = maps.next() else { return };
        let scores = self.logits.len().checked_div(part.len()).unwrap_or(0).max(1);
        let rows = self.logits.chunks_exact(scores);
        let rows = rows.zip(first.raw.chunks_exact(first.cells())).zip(first.minmax.chunks_exact(first.cells()));
        for (tile, ((logits, raw), minmax)) in part.iter().zip(rows) {
            done.push(TileResult {
                tile: *tile,
                logits: logits.to_vec(),
                probabilities: softmax(logits),
                predicted: argmax(logits),
                raw: raw.to_vec(),
                minmax: minmax.to_vec(),
            });
        }
        for (i, map) in maps.enumerate() {
            if more.len() <= i {
                more.push(vec![]);
            }
            more[i].extend(map.raw.chunks_exact(map.cells()).map(<[f32]>::to_vec));
        }
    }
}
