//! Analyses on the window's own GPU, in slices between frames: what is on the canvas, the ladder, and, where there are no
//! threads, the list as well.

use std::collections::HashMap;
use std::sync::Arc;

use fovea_engine::{Gpu, LiveResult, LiveRun, LiveStatus, MapTexture, Stage};
use fovea_patch::{Field, Patch, TilePlan, tiles};
use fovea_student::Graph;
use fovea_student::explain::raw_output;
use web_time::Instant;

use super::jobs::{Course, Executor, Kind, LookJob, Queue, Report};
use super::look::Look;
use crate::analysis::{AnalysisError, PatchResult, TileResult, Times, argmax, softmax};

/// A network compiled for the window's device.
struct Compiled {
    run: LiveRun,
    /// Classes, height and width of its maps.
    map: [usize; 3],
}

/// A patch under way, tile by tile.
struct Current {
    job: LookJob,
    factor: usize,
    plan: TilePlan,
    tiles: Vec<TileResult>,
    stages: Times,
    start: Instant,
    texture: Option<MapTexture>,
}

/// Runs on the window's GPU.
pub struct Live {
    gpu: Arc<Gpu>,
    course: Option<Arc<Course>>,
    compiled: HashMap<usize, Compiled>,
    queue: Queue,
    current: Option<Current>,
    dropped: Vec<LookJob>,
    ticket: u64,
    announced: bool,
}

impl Live {
    /// For a device that computes.
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self {
            gpu,
            course: None,
            compiled: HashMap::new(),
            queue: Queue::default(),
            current: None,
            dropped: vec![],
            ticket: 0,
            announced: false,
        }
    }

    /// See [`super::jobs::Backend::course`].
    pub fn course(&mut self, course: &Arc<Course>) {
        self.queue.drain();
        self.current = None;
        self.compiled.clear();
        self.announced = false;
        self.course = Some(course.clone());
    }

    /// See [`super::jobs::Backend::submit`].
    pub fn submit(&mut self, job: LookJob) {
        let overtaken = self.current.take_if(|c| job.kind == Kind::Interactive && c.job.kind != Kind::Batch);
        match overtaken.map(|c| c.job) {
            Some(old) if old.kind == Kind::Interactive => self.dropped.push(old),
            Some(old) if old.item == job.item => self.queue.put_back(old),
            _ => {}
        }
        self.dropped.extend(self.queue.push(job));
    }

    /// Is something under way?
    pub fn busy(&self) -> bool {
        self.current.is_some() || !self.queue.is_empty() || !self.dropped.is_empty()
    }

    /// See [`super::jobs::Backend::poll`].
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        reports.extend(self.dropped.drain(..).map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        if self.current.is_none()
            && let Some(job) = self.queue.pop()
        {
            self.begin(job, reports);
        }
        let Some(current) = &self.current else { return };
        let Some(compiled) = self.compiled.get_mut(&current.factor) else { return };
        match compiled.run.poll() {
            Ok(LiveStatus::Idle) => {}
            Ok(LiveStatus::Running { fraction }) => {
                let all = current.plan.tiles.len().max(1) as f32;
                if current.job.kind == Kind::Interactive {
                    reports.push(Report::Progress((current.tiles.len() as f32 + fraction) / all));
                }
            }
            Ok(LiveStatus::Done(result)) => self.tile_done(*result, reports),
            Err(e) => self.lost(&e.to_string(), reports),
        }
    }

    /// The GPU is of no more use: everything comes back, and the background takes over.
    fn lost(&mut self, reason: &str, reports: &mut Vec<Report>) {
        let under_way = self.current.take().map(|c| c.job);
        let all = under_way.into_iter().chain(self.queue.drain());
        reports.extend(all.map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        reports.push(Report::LiveLost(reason.to_owned()));
    }

    fn begin(&mut self, job: LookJob, reports: &mut Vec<Report>) {
        let Some(course) = self.course.clone().filter(|c| c.revision == job.revision) else {
            reports.push(Report::Dropped { item: job.item, kind: job.kind });
            return;
        };
        let factor = if let Kind::Rung(factor) = job.kind { factor } else { 0 };
        let begun = self.compile(&course, factor).and_then(|()| {
            let card = &course.student.card;
            let field = Field { input_px: card.input_px, um_per_px: card.um_per_px };
            let plan = tiles::plan(job.patch.width, job.patch.height, job.patch.um_per_px, &field, course.settings.framing)?;
            let (tiles, stages, start) = (Vec::with_capacity(plan.tiles.len()), vec![], Instant::now());
            self.current = Some(Current { job: job.clone(), factor, plan, tiles, stages, start, texture: None });
            self.start_tile(&course)
        });
        match begun {
            Ok(()) => self.announce(reports),
            Err(AnalysisError::Engine(e)) => {
                self.queue.put_back(job);
                self.current = None;
                self.lost(&e.to_string(), reports);
            }
            Err(e) => {
                self.current = None;
                reports.push(Report::Looked {
                    revision: job.revision,
                    item: job.item,
                    kind: job.kind,
                    outcome: Err(e.to_string()),
                });
            }
        }
    }

    fn compile(&mut self, course: &Course, factor: usize) -> Result<(), AnalysisError> {
        if self.compiled.contains_key(&factor) {
            return Ok(());
        }
        let mut settings = course.settings.clone();
        if factor > 0 {
            settings.view.k = Some(factor);
        }
        let (graph, weights) = settings.explained(&course.student)?;
        let map = map_shape(&graph)?;
        let run = LiveRun::new(self.gpu.clone(), &graph, &weights)?;
        self.compiled.insert(factor, Compiled { run, map });
        Ok(())
    }

    fn announce(&mut self, reports: &mut Vec<Report>) {
        if !std::mem::replace(&mut self.announced, true) {
            let memory = self.compiled.values().map(|c| c.run.memory_bytes()).sum();
            let device = fovea_engine::Device::Gpu(self.gpu.clone());
            reports.push(Report::Executor(Executor::of(&device, Some(memory))));
        }
    }

    /// Hands the next tile of the current patch to the GPU.
    fn start_tile(&mut self, course: &Course) -> Result<(), AnalysisError> {
        let Some(current) = &self.current else { return Ok(()) };
        let Some(tile) = current.plan.tiles.get(current.tiles.len()) else { return Ok(()) };
        let Some(compiled) = self.compiled.get_mut(&current.factor) else { return Ok(()) };
        let rgb = tiles::extract(&current.job.patch, tile, course.student.card.input_px, course.settings.pad);
        self.ticket += 1;
        Ok(compiled.run.start(&rgb, self.ticket)?)
    }

    fn tile_done(&mut self, result: LiveResult, reports: &mut Vec<Report>) {
        if result.ticket != self.ticket {
            return;
        }
        let Some(mut current) = self.current.take() else { return };
        for (stage, ms) in &result.stages {
            add(&mut current.stages, *stage, *ms);
        }
        let Some(tile) = current.plan.tiles.get(current.tiles.len()).copied() else { return };
        current.tiles.push(TileResult {
            tile,
            probabilities: softmax(&result.logits),
            predicted: argmax(&result.logits),
            logits: result.logits,
            minmax: min_max(&result.raw_data),
            raw: result.raw_data,
        });
        current.texture = result.raw;
        if current.tiles.len() == current.plan.tiles.len() {
            return self.finish(current, reports);
        }
        let gives_way = current.job.kind != Kind::Interactive && self.queue.outranks(current.job.kind);
        if gives_way {
            return self.queue.put_back(current.job);
        }
        self.current = Some(current);
        if let Some(course) = self.course.clone()
            && let Err(e) = self.start_tile(&course)
        {
            self.lost(&e.to_string(), reports);
        }
    }

    fn finish(&mut self, current: Current, reports: &mut Vec<Report>) {
        let map = self.compiled.get(&current.factor).map_or([0; 3], |c| c.map);
        let Current { job, plan, tiles, stages, start, texture, .. } = current;
        let patch = &job.patch;
        let whole = matches!(&plan.tiles[..], [t] if (t.width, t.height) == (patch.width, patch.height));
        let outcome = assemble(patch, plan, tiles, map, stages, start);
        let outcome = outcome.and_then(|r| Ok(Look::new(r)?)).map_err(|e| e.to_string());
        // Where one tile is the whole image, the map is drawn from the texture the GPU wrote; mosaics are put together first.
        let outcome = outcome.map(|look| (Arc::new(look), texture.filter(|_| whole)));
        reports.push(Report::Looked { revision: job.revision, item: job.item, kind: job.kind, outcome });
    }
}

fn map_shape(graph: &Graph) -> Result<[usize; 3], AnalysisError> {
    let value = graph.value(graph.output(&raw_output(0))?);
    match value.shape[..] {
        [classes, h, w] => Ok([classes, h, w]),
        _ => Err(AnalysisError::NoOutput(raw_output(0))),
    }
}

fn add(stages: &mut Times, stage: Stage, ms: f64) {
    match stages.iter_mut().find(|(s, _)| *s == stage) {
        Some((_, sum)) => *sum += ms,
        None => stages.push((stage, ms)),
    }
}

/// The method's joint min-max; a constant map becomes zeros.
fn min_max(raw: &[f32]) -> Vec<f32> {
    let lo = raw.iter().copied().fold(f32::INFINITY, f32::min);
    let hi = raw.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if lo < hi { raw.iter().map(|v| (v - lo) / (hi - lo)).collect() } else { vec![0.0; raw.len()] }
}

fn assemble(
    patch: &Patch,
    plan: TilePlan,
    tiles: Vec<TileResult>,
    [classes, map_h, map_w]: [usize; 3],
    stages: Times,
    start: Instant,
) -> Result<PatchResult, AnalysisError> {
    let finite = |what, all: bool| match all {
        true => Ok(()),
        false => Err(AnalysisError::NotFinite { what, name: patch.name.clone() }),
    };
    finite("scores", tiles.iter().flat_map(|t| &t.logits).all(|v| v.is_finite()))?;
    finite("attention values", tiles.iter().flat_map(|t| &t.raw).all(|v| v.is_finite()))?;
    let probabilities = crate::analysis::mean_probabilities(patch, &tiles);
    let mut notes = patch.notes.clone();
    notes.push(plan.note.clone());
    Ok(PatchResult {
        name: patch.name.clone(),
        sha256: patch.sha256.clone(),
        width: patch.width,
        height: patch.height,
        predicted: argmax(&probabilities),
        probabilities,
        plan,
        tiles,
        classes,
        map_h,
        map_w,
        more: vec![],
        stages,
        total_ms: start.elapsed().as_secs_f64() * 1e3,
        notes,
    })
}
