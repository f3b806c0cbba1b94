//! A Student with its explanation, compiled for a device and fed with tiles.

use super::result::{argmax, mean_probabilities, softmax};
use super::{AnalysisError, PatchResult, Settings, TileResult, Times, automatic_batch};
use fovea_engine::{Device, EngineError, Input, Preference, Run, Runner};
use fovea_patch::{Field, Patch, Tile, tiles};
use fovea_student::explain::{minmax_output, raw_output};
use fovea_student::file::Student;
use fovea_student::{Graph, LOGITS, Weights};
use web_time::Instant;

/// Analyses patches, one at a time. Patches of one tile run alone, others in batches.
pub struct Analyzer {
    device: Device,
    graph: Graph,
    weights: Weights,
    settings: Settings,
    field: Field,
    batch: usize,
    single: Runner,
    wide: Option<Runner>,
    notes: Vec<String>,
}

impl Analyzer {
    /// Compiles `student` for `device` as `settings` say.
    ///
    /// # Errors
    /// Settings that do not fit the Student (layer, factor, grid); a network the device cannot hold.
    pub fn new(device: &Device, student: &Student, settings: Settings) -> Result<Self, AnalysisError> {
        let (graph, weights) = settings.explained(student)?;
        let card = &student.card;
        let insist = settings.preference == Preference::Gpu;
        let batch = settings.batch.unwrap_or_else(|| automatic_batch(card.input_px)).max(1);
        let (device, single, notes) = match Runner::new(device, &graph, &weights, 1) {
            Ok(runner) => (device.clone(), runner, vec![]),
            Err(e) if device.is_gpu() && !insist && too_much(&e) => {
                let cpu = Device::cpu(&format!("{} gave up: {e}", device.adapter().name));
                let note = cpu.describe();
                (cpu.clone(), Runner::new(&cpu, &graph, &weights, 1)?, vec![note])
            }
            Err(e) => return Err(e.into()),
        };
        let field = Field { input_px: card.input_px, um_per_px: card.um_per_px };
        Ok(Self { device, graph, weights, settings, field, batch, single, wide: None, notes })
    }

    /// Where it runs now: after a lost GPU, the CPU.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The explained network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What happened since the start that the user should know (a lost device).
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Bytes of weights and working buffers.
    pub fn memory_bytes(&self) -> u64 {
        self.single.memory_bytes() + self.wide.as_ref().map_or(0, Runner::memory_bytes)
    }

    /// Scores and maps of one patch.
    ///
    /// # Errors
    /// A scale that gives no usable field; values that are not finite; the device, when the CPU cannot take over.
    pub async fn analyze_patch(&mut self, patch: &Patch) -> Result<PatchResult, AnalysisError> {
        self.analyze_with(patch, &mut |_, _| true).await
    }

    /// [`Analyzer::analyze_patch`] that says how many of how many tiles are done, and stops when told `false`.
    ///
    /// # Errors
    /// Likewise, and [`EngineError::Cancelled`].
    pub async fn analyze_with(
        &mut self,
        patch: &Patch,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<PatchResult, AnalysisError> {
        let start = Instant::now();
        let scale = self.settings.image_um_per_px.or(patch.um_per_px);
        let plan = tiles::plan(patch.width, patch.height, scale, &self.field, self.settings.framing)?;
        let (mut done, mut stages, mut size) = (Vec::with_capacity(plan.tiles.len()), Times::new(), [0; 3]);
        while done.len() < plan.tiles.len() {
            if !progress(done.len(), plan.tiles.len()) {
                return Err(EngineError::Cancelled.into());
            }
            // The CPU twins hold a browser's only thread; between batches it may draw, and hear that it should stop.
            #[cfg(target_arch = "wasm32")]
            if !done.is_empty() && !self.device.is_gpu() {
                crate::web::breathe().await;
            }
            let left = plan.tiles.get(done.len()..).unwrap_or_default();
            let part = self.next_batch(left)?;
            let run = self.run(patch, part).await?;
            run.stages.iter().for_each(|(stage, ms)| add(&mut stages, *stage, *ms));
            size = unpack(&run, part, &patch.name, &mut done)?;
        }
        progress(done.len(), plan.tiles.len());
        let probabilities = mean_probabilities(patch, &done);
        let mut notes = patch.notes.clone();
        notes.push(plan.note.clone());
        if done.len() > 1 {
            notes.push(format!("{} tiles: the image's probabilities are their mean by area", done.len()));
        }
        let [classes, map_h, map_w] = size;
        Ok(PatchResult {
            name: patch.name.clone(),
            sha256: patch.sha256.clone(),
            width: patch.width,
            height: patch.height,
            plan,
            tiles: done,
            classes,
            map_h,
            map_w,
            predicted: argmax(&probabilities),
            probabilities,
            stages,
            total_ms: start.elapsed().as_secs_f64() * 1e3,
            notes,
        })
    }

    /// The tiles of the next run: a full batch where there are enough, else one.
    fn next_batch<'t>(&mut self, left: &'t [Tile]) -> Result<&'t [Tile], AnalysisError> {
        if self.batch > 1 && left.len() >= self.batch && self.wide.is_none() {
            match Runner::new(&self.device, &self.graph, &self.weights, self.batch) {
                Ok(runner) => self.wide = Some(runner),
                // Batches are only faster: where they do not fit, single tiles do.
                Err(e) if too_much(&e) => self.batch = 1,
                Err(e) => return Err(e.into()),
            }
        }
        let batch = self.wide.as_ref().map_or(1, Runner::batch);
        Ok(if left.len() >= batch { &left[..batch] } else { &left[..1] })
    }

    /// Runs some tiles; when the GPU fails, the CPU takes over for good.
    async fn run(&mut self, patch: &Patch, part: &[Tile]) -> Result<Run, AnalysisError> {
        let pad = self.settings.pad;
        let rgb: Vec<u8> = part.iter().flat_map(|t| tiles::extract(patch, t, self.field.input_px, pad)).collect();
        let outcome = self.runner(part.len()).run(Input::Rgb8(&rgb)).await;
        let error = match outcome {
            Ok(run) => return Ok(run),
            Err(e) if self.device.is_gpu() && lost(&e) => e,
            Err(e) => return Err(e.into()),
        };
        self.device = Device::cpu(&format!("{} failed: {error}", self.device.adapter().name));
        self.notes.push(format!("{error}; the CPU takes over"));
        self.single = Runner::new(&self.device, &self.graph, &self.weights, 1)?;
        self.wide = match part.len() {
            1 => None,
            n => Some(Runner::new(&self.device, &self.graph, &self.weights, n)?),
        };
        Ok(self.runner(part.len()).run(Input::Rgb8(&rgb)).await?)
    }

    fn runner(&mut self, samples: usize) -> &mut Runner {
        match &mut self.wide {
            Some(wide) if samples > 1 => wide,
            _ => &mut self.single,
        }
    }
}

/// Errors after which the device is of no more use.
fn lost(e: &EngineError) -> bool {
    matches!(e, EngineError::DeviceLost(_) | EngineError::Device(_) | EngineError::OutOfMemory { .. })
}

/// Errors that a smaller batch or another device may not have.
fn too_much(e: &EngineError) -> bool {
    lost(e) || matches!(e, EngineError::TooLarge { .. })
}

fn add(stages: &mut Times, stage: fovea_engine::Stage, ms: f64) {
    match stages.iter_mut().find(|(s, _)| *s == stage) {
        Some((_, sum)) => *sum += ms,
        None => stages.push((stage, ms)),
    }
}

/// Cuts a run's outputs into tiles; returns `[classes, map_h, map_w]`.
fn unpack(run: &Run, part: &[Tile], name: &str, done: &mut Vec<TileResult>) -> Result<[usize; 3], AnalysisError> {
    let get = |output: &str| run.get(output).ok_or_else(|| AnalysisError::NoOutput(output.to_string()));
    let (logits, raw, minmax) = (get(LOGITS)?, get(&raw_output(0))?, get(&minmax_output(0))?);
    let finite = |what, data: &[f32]| match data.iter().all(|v| v.is_finite()) {
        true => Ok(()),
        false => Err(AnalysisError::NotFinite { what, name: name.to_string() }),
    };
    finite("scores", &logits.data)?;
    finite("attention values", &raw.data)?;
    let &[_, classes, map_h, map_w] = &raw.shape[..] else { return Err(AnalysisError::NoOutput(raw_output(0))) };
    let map = (classes * map_h * map_w).max(1);
    let scores = logits.data.len().checked_div(part.len()).unwrap_or(0).max(1);
    let rows = logits.data.chunks_exact(scores).zip(raw.data.chunks_exact(map)).zip(minmax.data.chunks_exact(map));
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
    Ok([classes, map_h, map_w])
}
