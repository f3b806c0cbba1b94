//! Batches: input in, named tensors out, on either executor.

use crate::cpu::CpuRun;
use crate::device::Device;
use crate::error::EngineError;
use crate::gpu::GpuRun;
use crate::plan::{Place, Plan, Stage, Target};
use fovea_student::graph::Graph;
use fovea_student::weights::Weights;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use web_time::Instant;

/// Samples to run.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// `(n, channels, h, w)`, as the graph wants them.
    F32(&'a [f32]),
    /// `(n, h, w, 3)` bytes, which become value / 255. Only for three-channel networks.
    Rgb8(&'a [u8]),
}

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Output name of the graph.
    pub name: String,
    /// Shape with the sample axis in front.
    pub shape: Vec<usize>,
    /// Elements in row-major order.
    pub data: Vec<f32>,
}

/// Results of one run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Number of samples.
    pub samples: usize,
    /// All outputs of the graph.
    pub outputs: Vec<NamedTensor>,
    /// Wall-clock milliseconds per stage.
    pub stages: Vec<(Stage, f64)>,
}

impl Run {
    /// One output by name.
    pub fn get(&self, name: &str) -> Option<&NamedTensor> {
        self.outputs.iter().find(|o| o.name == name)
    }
}

enum Executor {
    Cpu(Box<CpuRun>),
    Gpu(Box<GpuRun>),
}

/// A graph compiled for one device.
pub struct Runner {
    plan: Arc<Plan>,
    executor: Executor,
    cancel: Arc<AtomicBool>,
}

impl Runner {
    /// Compiles a graph for up to `batch` samples a run. Where that is too large for the device's buffers, the batch is halved
    /// until it fits: see [`Runner::batch`].
    ///
    /// # Errors
    /// See [`Plan::new`]; a single sample past the device's limits; no memory.
    pub fn new(device: &Device, graph: &Graph, weights: &Weights, batch: usize) -> Result<Self, EngineError> {
        let plan = match device {
            Device::Cpu { .. } => Plan::new(graph, weights, batch)?,
            Device::Gpu(gpu) => fitting(graph, weights, batch, gpu.target())?,
        };
        Self::with_plan(device, plan)
    }

    /// Puts a plan on a device.
    ///
    /// # Errors
    /// A buffer past the device's limits; no memory.
    pub fn with_plan(device: &Device, plan: Plan) -> Result<Self, EngineError> {
        let plan = Arc::new(plan);
        let executor = match device {
            Device::Cpu { .. } => Executor::Cpu(Box::new(CpuRun::new(plan.clone()))),
            Device::Gpu(gpu) => Executor::Gpu(Box::new(GpuRun::new(gpu.clone(), plan.clone(), u64::MAX)?)),
        };
        Ok(Self { plan, executor, cancel: Arc::default() })
    }

    /// Most samples per run.
    pub fn batch(&self) -> usize {
        self.plan.batch
    }

    /// `[channels, height, width]` of one sample.
    pub fn input_shape(&self) -> &[usize] {
        &self.plan.input_shape
    }

    /// The plan, for profiles and tests.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes of weights and working buffers.
    pub fn memory_bytes(&self) -> u64 {
        self.plan.working_bytes() + self.plan.constant_bytes()
    }

    /// Raise it from any thread to stop a run between two kernels; lower it before the next run.
    pub fn cancel_flag(&self) -> Arc<AtomicBool> {
        self.cancel.clone()
    }

    /// Runs up to [`Runner::batch`] samples. Natively this blocks the thread that polls it; in a browser it awaits.
    ///
    /// # Errors
    /// Input of the wrong length; cancellation; a lost device or one without memory.
    pub async fn run(&mut self, input: Input<'_>) -> Result<Run, EngineError> {
        let samples = self.samples(&input)?;
        let mut ms = BTreeMap::new();
        let outputs = match &mut self.executor {
            Executor::Cpu(run) => run_cpu(run, &self.plan, input, &self.cancel, &mut ms)?,
            Executor::Gpu(run) => run.run(input, &self.cancel, &mut ms).await?,
        };
        let outputs = self.plan.outputs.iter().zip(outputs).map(|(o, mut data)| {
            let mut shape = o.shape.clone();
            let per_sample = shape[0] / self.plan.batch.min(shape[0]).max(1);
            shape[0] = samples * per_sample;
            data.truncate(shape.iter().product());
            NamedTensor { name: o.name.clone(), shape, data }
        });
        Ok(Run { samples, outputs: outputs.collect(), stages: ms.into_iter().collect() })
    }

    fn samples(&self, input: &Input<'_>) -> Result<usize, EngineError> {
        let (got, one) = match input {
            Input::F32(x) => (x.len(), self.plan.input_shape.iter().product::<usize>()),
            Input::Rgb8(x) => match (self.plan.pixels, &self.plan.input_shape[..]) {
                (Some(_), [_, h, w]) => (x.len(), 3 * h * w),
                _ => (x.len(), usize::MAX),
            },
        };
        let fits = got > 0 && got % one == 0 && got / one <= self.plan.batch;
        if fits { Ok(got / one) } else { Err(EngineError::Input { got, want: one.saturating_mul(self.plan.batch) }) }
    }
}

/// The largest plan of at most `batch` samples whose buffers fit a binding.
fn fitting(graph: &Graph, weights: &Weights, batch: usize, target: Target) -> Result<Plan, EngineError> {
    let limit = target.piece;
    let mut batch = batch.max(1);
    loop {
        let plan = Plan::for_target(graph, weights, batch, target);
        match &plan {
            Ok(p) if p.largest().0 <= limit => return plan,
            Ok(p) if batch == 1 => {
                let (bytes, what) = p.largest();
                return Err(EngineError::TooLarge { what: format!("'{what}'"), bytes, limit });
            }
            Err(EngineError::TooLarge { .. }) if batch > 1 => {}
            Err(_) => return plan,
            Ok(_) => {}
        }
        batch /= 2;
    }
}

fn run_cpu(
    run: &mut CpuRun,
    plan: &Plan,
    input: Input<'_>,
    cancel: &AtomicBool,
    ms: &mut BTreeMap<Stage, f64>,
) -> Result<Vec<Vec<f32>>, EngineError> {
    let start = Instant::now();
    let first = match (input, plan.pixels) {
        (Input::Rgb8(rgb), Some(pixels)) => {
            let slot = run.slot_mut(pixels);
            slot.iter_mut().zip(pack_rgb(rgb)).for_each(|(s, p)| *s = f32::from_bits(p));
            0
        }
        (Input::F32(x), pixels) => {
            let slot = run.slot_mut(plan.input);
            slot[..x.len()].copy_from_slice(x);
            usize::from(pixels.is_some())
        }
        (Input::Rgb8(rgb), None) => return Err(EngineError::Input { got: rgb.len(), want: 0 }),
    };
    *ms.entry(Stage::Upload).or_default() += start.elapsed().as_secs_f64() * 1e3;
    run.run(first, cancel, ms)?;
    cancel.store(false, Ordering::Relaxed);
    let copy = |place: Place, len: usize| run.place(place)[..len].to_vec();
    Ok(plan.outputs.iter().map(|o| copy(o.place, o.shape.iter().product())).collect())
}

/// RGB bytes as packed RGBA8, red in the low byte.
pub(crate) fn pack_rgb(rgb: &[u8]) -> impl Iterator<Item = u32> + '_ {
    rgb.chunks_exact(3).map(|p| u32::from_le_bytes([p[0], p[1], p[2], 255]))
}
