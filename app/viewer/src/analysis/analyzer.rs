//! A Student with its explanation, compiled for a device and fed with tiles.

use super::outputs::Outputs;
use super::result::{mean_probabilities, min_max, notes};
use super::{AnalysisError, MoreMaps, PatchResult, Settings, Times, automatic_batch};
use fovea_engine::{Device, EngineError, Input, Preference, Run, Runner};
use fovea_patch::{Field, Patch, Tile, Turn, tiles};
use fovea_student::explain::raw_output;
use fovea_student::file::Student;
use fovea_student::scores::argmax;
use fovea_student::{Graph, Weights};
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
        let (mut done, mut stages, mut maps) = (Vec::with_capacity(plan.tiles.len()), Times::new(), vec![]);
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
            let pad = self.settings.pad;
            let rgb: Vec<Vec<u8>> = part.iter().map(|t| tiles::extract(patch, t, self.field.input_px, pad)).collect();
            let finished = done.len();
            let mut alive = || progress(finished, plan.tiles.len());
            let outputs = self.outputs(&rgb, &mut alive, &mut stages).await?;
            outputs.check(&patch.name)?;
            outputs.cut(part, &mut done, &mut maps);
        }
        progress(done.len(), plan.tiles.len());
        let probabilities = mean_probabilities(patch, &done);
        let (classes, map_h, map_w) = self.map_shape(0)?;
        let shapes = (1..=maps.len()).map(|i| self.map_shape(i)).collect::<Result<Vec<_>, _>>()?;
        let more = maps.into_iter().zip(shapes).map(|(tiles, (_, map_h, map_w))| MoreMaps { map_h, map_w, tiles }).collect();
        Ok(PatchResult {
            name: patch.name.clone(),
            sha256: patch.sha256.clone(),
            width: patch.width,
            height: patch.height,
            notes: notes(patch, &plan, &self.settings),
            plan,
            tiles: done,
            classes,
            map_h,
            map_w,
            more,
            predicted: argmax(&probabilities),
            probabilities,
            stages,
            total_ms: start.elapsed().as_secs_f64() * 1e3,
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

    /// Classes, height and width of a map.
    fn map_shape(&self, index: usize) -> Result<(usize, usize, usize), AnalysisError> {
        let name = raw_output(index);
        match self.graph.value(self.graph.output(&name)?).shape[..] {
            [classes, h, w] => Ok((classes, h, w)),
            _ => Err(AnalysisError::NoOutput(name)),
        }
    }

    /// Scores and maps of some images; with aug-smooth the maps are means over the turned images, the scores those of the
    /// image as it is.
    async fn outputs(
        &mut self,
        images: &[Vec<u8>],
        alive: &mut dyn FnMut() -> bool,
        stages: &mut Times,
    ) -> Result<Outputs, AnalysisError> {
        let plain = self.run(&images.concat(), images.len()).await?;
        plain.stages.iter().for_each(|(stage, ms)| add(stages, *stage, *ms));
        let mut outputs = Outputs::new(&plain, 1 + self.settings.more.len())?;
        if !self.settings.aug_smooth {
            return Ok(outputs);
        }
        let shapes: Vec<(usize, usize)> = outputs.maps.iter().map(|m| (m.h, m.w)).collect();
        let turns = Turn::for_maps(&shapes);
        let share = 1.0 / turns.len().max(1) as f32;
        outputs.maps.iter_mut().for_each(|m| m.raw.iter_mut().for_each(|v| *v *= share));
        for turn in turns.into_iter().skip(1) {
            if !alive() {
                return Err(EngineError::Cancelled.into());
            }
            #[cfg(target_arch = "wasm32")]
            crate::web::breathe().await;
            let turned: Vec<u8> = images.iter().flat_map(|rgb| turn.image(rgb, self.field.input_px)).collect();
            let run = self.run(&turned, images.len()).await?;
            run.stages.iter().for_each(|(stage, ms)| add(stages, *stage, *ms));
            for (sum, map) in outputs.maps.iter_mut().zip(Outputs::new(&run, shapes.len())?.maps) {
                turn.add_back(&map.raw, (map.h, map.w), share, &mut sum.raw);
            }
        }
        outputs.maps.iter_mut().for_each(|m| m.minmax = m.raw.chunks_exact(m.cells()).flat_map(min_max).collect());
        Ok(outputs)
    }

    /// Runs some images; when the GPU fails, the CPU takes over for good.
    async fn run(&mut self, rgb: &[u8], samples: usize) -> Result<Run, AnalysisError> {
        let outcome = self.runner(samples).run(Input::Rgb8(rgb)).await;
        let error = match outcome {
            Ok(run) => return Ok(run),
            Err(e) if self.device.is_gpu() && lost(&e) => e,
            Err(e) => return Err(e.into()),
        };
        self.device = Device::cpu(&format!("{} failed: {error}", self.device.adapter().name));
        self.notes.push(format!("{error}; the CPU takes over"));
        self.single = Runner::new(&self.device, &self.graph, &self.weights, 1)?;
        self.wide = match samples {
            1 => None,
            n => Some(Runner::new(&self.device, &self.graph, &self.weights, n)?),
        };
        Ok(self.runner(samples).run(Input::Rgb8(rgb)).await?)
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
