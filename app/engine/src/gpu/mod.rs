//! The plan on a wgpu device.

mod dispatch;
mod fault;
mod pipelines;
mod resources;
mod texture;
pub(crate) mod wait;

pub use texture::MapTexture;
pub(crate) use wait::Signal;

use crate::caps::{self, Caps};
use crate::device::AdapterReport;
use crate::error::EngineError;
use crate::plan::{Plan, Stage, Target};
use crate::run::{Input, pack_rgb};
use dispatch::Dispatch;
use fault::Faults;
use pipelines::Pipelines;
use resources::{ConstantCache, Resources};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use web_time::Instant;

/// A wgpu device with its pipelines, uploaded weights and faults.
pub struct Gpu {
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    report: AdapterReport,
    caps: Caps,
    computes: bool,
    pipelines: Pipelines,
    constants: ConstantCache,
    faults: Arc<Faults>,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu").field("adapter", &self.report).finish_non_exhaustive()
    }
}

impl Gpu {
    /// A device of its own on this adapter.
    pub(crate) async fn open(adapter: &wgpu::Adapter, info: &wgpu::AdapterInfo) -> Result<Arc<Self>, EngineError> {
        let descriptor = caps::device_descriptor(adapter);
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|e| EngineError::NoAdapter(e.to_string()))?;
        Ok(Self::shared(device, queue, info))
    }

    /// Wraps a device that a window owns: interactive work shares it. Its error and loss reports come to [`Gpu::fault`].
    pub fn shared(device: wgpu::Device, queue: wgpu::Queue, info: &wgpu::AdapterInfo) -> Arc<Self> {
        let faults = Faults::install(&device);
        let limits = device.limits();
        Arc::new(Self {
            report: AdapterReport::of(info),
            caps: Caps::of(&limits),
            computes: limits.max_compute_invocations_per_workgroup >= 256 && limits.max_storage_buffers_per_shader_stage >= 8,
            pipelines: Pipelines::default(),
            constants: ConstantCache::default(),
            faults,
            device,
            queue,
        })
    }

    /// The adapter.
    pub fn report(&self) -> &AdapterReport {
        &self.report
    }

    /// A hardware adapter whose device has what the kernels need.
    pub fn usable(&self) -> bool {
        self.computes && !self.report.software && !self.faults.lost()
    }

    /// Device loss or the oldest error that no run has picked up.
    pub fn fault(&self) -> Option<EngineError> {
        self.faults.check().err()
    }

    /// What plans for this device must respect.
    pub fn target(&self) -> Target {
        Target { piece: self.caps.max_piece(), software: self.report.software }
    }
}

/// A plan with its buffers and bind groups on one device.
pub(crate) struct GpuRun {
    gpu: Arc<Gpu>,
    plan: Arc<Plan>,
    resources: Resources,
    dispatches: Vec<Dispatch>,
}

/// Submits of a batch stay under this much estimated work, so that no driver watchdog fires on a slow GPU (a long 3×3 layer
/// counts 1 per floating-point operation).
const SUBMIT_COST: u64 = 500_000_000_000;

impl GpuRun {
    /// Uploads constants and makes buffers; dispatches are cut to pieces of at most `slice` estimated operations where the
    /// kernel allows it.
    pub(crate) fn new(gpu: Arc<Gpu>, plan: Arc<Plan>, slice: u64) -> Result<Self, EngineError> {
        let (bytes, what) = plan.largest();
        let limit = gpu.target().piece;
        if bytes > limit {
            return Err(EngineError::TooLarge { what: format!("'{what}'"), bytes, limit });
        }
        let dispatches = dispatch::cut(&plan, slice)?;
        let resources = Resources::new(&gpu, &plan, &dispatches)?;
        gpu.faults.check()?;
        Ok(Self { gpu, plan, resources, dispatches })
    }

    pub(crate) fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    pub(crate) fn dispatches(&self) -> &[Dispatch] {
        &self.dispatches
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn buffer_of(&self, place: crate::plan::Place) -> &wgpu::Buffer {
        self.resources.buffer(place)
    }

    /// Writes the input; returns the first dispatch to run.
    pub(crate) fn upload(&self, input: Input<'_>) -> Result<usize, EngineError> {
        let write = |slot: usize, bytes: &[u8]| self.gpu.queue.write_buffer(self.resources.slot(slot), 0, bytes);
        match (input, self.plan.pixels) {
            (Input::Rgb8(rgb), Some(pixels)) => {
                let packed: Vec<u32> = pack_rgb(rgb).collect();
                write(pixels, bytemuck::cast_slice(&packed));
                Ok(0)
            }
            (Input::F32(x), pixels) => {
                write(self.plan.input, bytemuck::cast_slice(x));
                let unpack = usize::from(pixels.is_some());
                Ok(self.dispatches.iter().take_while(|d| d.step < unpack).count())
            }
            (Input::Rgb8(rgb), None) => Err(EngineError::Input { got: rgb.len(), want: 0 }),
        }
    }

    /// Records a run of dispatches in one pass.
    pub(crate) fn encode(&self, encoder: &mut wgpu::CommandEncoder, dispatches: std::ops::Range<usize>) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: Some("fovea"), timestamp_writes: None });
        for (i, d) in dispatches.clone().zip(&self.dispatches[dispatches]) {
            pass.set_pipeline(&self.resources.steps[d.step].pipeline.compute);
            pass.set_bind_group(0, &self.resources.steps[d.step].bind_group, &[self.resources.offsets[i]]);
            pass.dispatch_workgroups(d.groups[0], d.groups[1], d.groups[2]);
        }
    }

    /// Runs everything and reads all outputs back.
    pub(crate) async fn run(
        &mut self,
        input: Input<'_>,
        cancel: &AtomicBool,
        ms: &mut BTreeMap<Stage, f64>,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut lap = Lap::new(ms);
        let mut next = self.upload(input)?;
        lap.end(Stage::Upload);
        while next < self.dispatches.len() {
            if cancel.swap(false, Ordering::Relaxed) {
                return Err(EngineError::Cancelled);
            }
            let (end, stage) = self.submit_end(next);
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            self.encode(&mut encoder, next..end);
            let submitted = self.gpu.queue.submit([encoder.finish()]);
            wait::done(&self.gpu, submitted).await?;
            lap.end(stage);
            next = end;
        }
        let wanted: Vec<_> = self.plan.outputs.iter().map(|o| (self.buffer_of(o.place), o.shape.iter().product())).collect();
        let data = wait::read(&self.gpu, &wanted).await?;
        lap.end(Stage::Readback);
        self.gpu.faults.check()?;
        Ok(data)
    }

    /// Where the submit that starts at `next` ends: at a stage's end or when it holds enough work.
    fn submit_end(&self, next: usize) -> (usize, Stage) {
        let stage = |i: usize| self.plan.steps[self.dispatches[i].step].stage;
        let kind = |i: usize| stage(i) == Stage::Attention;
        let mut cost = 0u64;
        let mut end = next;
        while end < self.dispatches.len() && kind(end) == kind(next) {
            cost = cost.saturating_add(self.dispatches[end].cost);
            if end > next && cost > SUBMIT_COST {
                break;
            }
            end += 1;
        }
        (end, stage(end - 1))
    }
}

/// Adds the time since the last lap to a stage.
struct Lap<'a> {
    ms: &'a mut BTreeMap<Stage, f64>,
    start: Instant,
}

impl<'a> Lap<'a> {
    fn new(ms: &'a mut BTreeMap<Stage, f64>) -> Self {
        Self { ms, start: Instant::now() }
    }

    fn end(&mut self, stage: Stage) {
        *self.ms.entry(stage).or_default() += self.start.elapsed().as_secs_f64() * 1e3;
        self.start = Instant::now();
    }
}
