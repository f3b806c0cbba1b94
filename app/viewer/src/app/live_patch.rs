//! A patch on its way through the window's GPU: tile by tile, each turned where its map is to be smooth.

use fovea_engine::{LiveResult, MapTexture, Stage};
use fovea_patch::{Field, TilePlan, Turn, tiles};
use fovea_student::ModelCard;
use web_time::Instant;

use super::jobs::LookJob;
use crate::analysis::{
    AnalysisError, MoreMaps, PatchResult, Settings, TileResult, Times, argmax, mean_probabilities, min_max, notes, softmax,
};

/// A patch under way.
pub struct Passage {
    /// What was asked for.
    pub job: LookJob,
    plan: TilePlan,
    settings: Settings,
    input_px: usize,
    /// Classes, height and width of each map.
    maps: Vec<[usize; 3]>,
    /// How each tile is turned, one run each; the first leaves it as it is.
    turns: Vec<Turn>,
    /// Runs of the tile at hand that are done.
    turned: usize,
    tiles: Vec<TileResult>,
    more: Vec<MoreMaps>,
    stages: Times,
    start: Instant,
    texture: Option<MapTexture>,
}

impl Passage {
    /// Cuts the patch; nothing runs yet.
    ///
    /// # Errors
    /// When the patch cannot be cut to the model's field.
    pub fn new(job: LookJob, settings: &Settings, card: &ModelCard, maps: Vec<[usize; 3]>) -> Result<Self, AnalysisError> {
        let field = Field { input_px: card.input_px, um_per_px: card.um_per_px };
        let patch = &job.patch;
        let scale = settings.image_um_per_px.or(patch.um_per_px);
        let plan = tiles::plan(patch.width, patch.height, scale, &field, settings.framing)?;
        let sides: Vec<_> = maps.iter().map(|[_, h, w]| (*h, *w)).collect();
        let mut turns = Turn::for_maps(&sides);
        turns.truncate(if settings.aug_smooth { turns.len() } else { 1 });
        let more = maps.iter().skip(1).map(|&[_, map_h, map_w]| MoreMaps { map_h, map_w, tiles: vec![] }).collect();
        Ok(Self {
            tiles: Vec::with_capacity(plan.tiles.len()),
            input_px: field.input_px,
            settings: settings.clone(),
            job,
            plan,
            maps,
            turns,
            turned: 0,
            more,
            stages: vec![],
            start: Instant::now(),
            texture: None,
        })
    }

    /// RGB of the next run; none when all are done.
    pub fn pixels(&self) -> Option<Vec<u8>> {
        let tile = self.plan.tiles.get(self.tiles_done())?;
        let rgb = tiles::extract(&self.job.patch, tile, self.input_px, self.settings.pad);
        Some(match self.turns.get(self.turned) {
            Some(turn) if self.turned > 0 => turn.image(&rgb, self.input_px),
            _ => rgb,
        })
    }

    /// Tiles of which every run is done.
    fn tiles_done(&self) -> usize {
        self.tiles.len() - usize::from(self.turned > 0)
    }

    /// Share of all runs that is done, with this share of the one under way.
    pub fn share(&self, of_run: f32) -> f32 {
        let runs = (self.plan.tiles.len() * self.turns.len()).max(1);
        ((self.tiles_done() * self.turns.len() + self.turned) as f32 + of_run) / runs as f32
    }

    /// Is every tile done?
    pub fn is_finished(&self) -> bool {
        self.tiles_done() == self.plan.tiles.len()
    }

    /// Takes the result of the run of [`Passage::pixels`].
    pub fn take(&mut self, result: LiveResult) {
        for (stage, ms) in &result.stages {
            add(&mut self.stages, *stage, *ms);
        }
        let share = 1.0 / self.turns.len().max(1) as f32;
        let mut maps = result.maps.into_iter();
        if self.turned == 0 {
            self.first(result.logits, &mut maps, share);
        } else if let (Some(turn), Some(tile)) = (self.turns.get(self.turned), self.tiles.last_mut()) {
            let sums = std::iter::once(&mut tile.raw).chain(self.more.iter_mut().filter_map(|m| m.tiles.last_mut()));
            for ((sum, map), [_, h, w]) in sums.zip(maps).zip(&self.maps) {
                turn.add_back(&map.data, (*h, *w), share, sum);
            }
        }
        self.turned = (self.turned + 1) % self.turns.len().max(1);
        if let Some(tile) = self.tiles.last_mut().filter(|_| self.turned == 0) {
            tile.minmax = min_max(&tile.raw);
        }
    }

    /// The tile as it is: its scores count, its maps are the first share of the sums.
    fn first(&mut self, logits: Vec<f32>, maps: &mut dyn Iterator<Item = fovea_engine::LiveMap>, share: f32) {
        let Some(&tile) = self.plan.tiles.get(self.tiles.len()) else { return };
        let scaled = |data: Vec<f32>| data.into_iter().map(|v| v * share).collect::<Vec<_>>();
        let first = maps.next();
        let (texture, raw) = first.map_or((None, vec![]), |m| (m.texture, scaled(m.data)));
        self.texture = texture;
        let (probabilities, predicted) = (softmax(&logits), argmax(&logits));
        self.tiles.push(TileResult { tile, probabilities, predicted, logits, minmax: vec![], raw });
        for (more, map) in self.more.iter_mut().zip(maps) {
            more.tiles.push(scaled(map.data));
        }
    }

    /// The result, and the map on the device where that shows all of it: one tile that is the whole image, not smoothed.
    pub fn finish(self) -> (LookJob, Result<PatchResult, AnalysisError>, Option<MapTexture>) {
        let patch = self.job.patch.clone();
        let whole = matches!(&self.plan.tiles[..], [t] if (t.width, t.height) == (patch.width, patch.height));
        let texture = self.texture.clone().filter(|_| whole && self.turns.len() == 1);
        let job = self.job.clone();
        (job, self.assemble(), texture)
    }

    fn assemble(self) -> Result<PatchResult, AnalysisError> {
        let patch = &self.job.patch;
        let finite = |what, all: bool| match all {
            true => Ok(()),
            false => Err(AnalysisError::NotFinite { what, name: patch.name.clone() }),
        };
        finite("scores", self.tiles.iter().flat_map(|t| &t.logits).all(|v| v.is_finite()))?;
        let further = self.more.iter().flat_map(|m| &m.tiles);
        finite("attention values", self.tiles.iter().map(|t| &t.raw).chain(further).flatten().all(|v| v.is_finite()))?;
        let probabilities = mean_probabilities(patch, &self.tiles);
        let [classes, map_h, map_w] = self.maps.first().copied().unwrap_or_default();
        Ok(PatchResult {
            name: patch.name.clone(),
            sha256: patch.sha256.clone(),
            width: patch.width,
            height: patch.height,
            predicted: argmax(&probabilities),
            probabilities,
            notes: notes(patch, &self.plan, &self.settings),
            plan: self.plan,
            tiles: self.tiles,
            classes,
            map_h,
            map_w,
            more: self.more,
            stages: self.stages,
            total_ms: self.start.elapsed().as_secs_f64() * 1e3,
        })
    }
}

fn add(stages: &mut Times, stage: Stage, ms: f64) {
    match stages.iter_mut().find(|(s, _)| *s == stage) {
        Some((_, sum)) => *sum += ms,
        None => stages.push((stage, ms)),
    }
}
