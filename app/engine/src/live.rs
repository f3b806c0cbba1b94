//! Interactive runs on the window's device: one patch at a time, in slices, never blocking a frame.

use crate::error::EngineError;
use crate::gpu::wait::Staging;
use crate::gpu::{Gpu, GpuRun, MapTexture, Signal};
use crate::plan::{Plan, Stage};
use crate::run::Input;
use fovea_student::explain::raw_output;
use fovea_student::graph::{Graph, LOGITS};
use fovea_student::weights::Weights;
use std::collections::BTreeMap;
use std::sync::Arc;
use web_time::Instant;

/// Longest time one submit may keep the GPU from drawing the window, in milliseconds.
const SLICE_MS: f64 = 8.0;

/// Long layers are cut to pieces of this many estimated operations: about 1 ms at 1 TFLOP/s.
const PIECE: u64 = 1_000_000_000;

/// First guess of a GPU's speed, estimated operations per millisecond (an integrated one); corrected after every slice.
const FIRST_RATE: f64 = 3e8;

/// A graph ready for interactive runs, one sample at a time.
pub struct LiveRun {
    run: GpuRun,
    /// Outputs that hold raw maps.
    maps: Vec<usize>,
    logits: usize,
    /// Measured speed in estimated operations per millisecond.
    rate: f64,
    state: State,
    watch: Watch,
}

enum State {
    Idle,
    Running(Running),
    Reading(Box<Reading>),
}

struct Running {
    ticket: u64,
    next: usize,
    slice: Option<Slice>,
    ms: BTreeMap<Stage, f64>,
}

/// A slice under way.
struct Slice {
    cost: u64,
    stage: Stage,
    done: Signal<f64>,
}

struct Reading {
    ticket: u64,
    textures: Vec<Option<MapTexture>>,
    /// The scores, then the maps.
    copies: Vec<Copied>,
    start: Instant,
    ms: BTreeMap<Stage, f64>,
}

type Mapped = Result<(), wgpu::BufferAsyncError>;

/// An output on its way back.
struct Copied {
    staging: Staging,
    mapped: Signal<Mapped>,
    data: Option<Vec<f32>>,
}

impl Copied {
    /// Takes the data once they are there; true when they are.
    fn arrived(&mut self) -> Result<bool, EngineError> {
        if self.data.is_none() {
            self.data = match self.mapped.take() {
                None => None,
                Some(Ok(())) => Some(self.staging.data()?),
                Some(Err(e)) => return Err(EngineError::Device(e.to_string())),
            };
        }
        Ok(self.data.is_some())
    }
}

/// Where an interactive run stands.
#[derive(Clone, Debug)]
pub enum LiveStatus {
    /// Nothing under way.
    Idle,
    /// Under way.
    Running {
        /// Share of the work that is done, 0 to 1.
        fraction: f32,
    },
    /// Finished; reported once.
    Done(Box<LiveResult>),
}

/// Result of an interactive run.
#[derive(Clone, Debug)]
pub struct LiveResult {
    /// The number the request was started with.
    pub ticket: u64,
    /// Pre-softmax scores, one per class.
    pub logits: Vec<f32>,
    /// One per map the graph was explained with, in that order.
    pub maps: Vec<LiveMap>,
    /// Milliseconds per stage: time the GPU had work of that stage.
    pub stages: Vec<(Stage, f64)>,
}

/// One raw map of an interactive run.
#[derive(Clone, Debug)]
pub struct LiveMap {
    /// On the device, for drawing.
    pub texture: Option<MapTexture>,
    /// The same values `(classes, h, w)` for ranges and exports.
    pub data: Vec<f32>,
}

impl LiveRun {
    /// Compiles a graph, explained or not, for the window's device.
    ///
    /// # Errors
    /// See [`crate::Runner::new`].
    pub fn new(gpu: Arc<Gpu>, graph: &Graph, weights: &Weights) -> Result<Self, EngineError> {
        let plan = Arc::new(Plan::for_target(graph, weights, 1, gpu.target())?);
        let at = |name: &str| plan.outputs.iter().position(|o| o.name == name);
        let logits = at(LOGITS).ok_or_else(|| fovea_student::graph::GraphError::NoValue(LOGITS.into()))?;
        let maps = (0..).map_while(|i| at(&raw_output(i))).collect();
        let watch = Watch::new(&gpu);
        let run = GpuRun::new(gpu, plan, PIECE)?;
        Ok(Self { run, maps, logits, rate: FIRST_RATE, state: State::Idle, watch })
    }

    /// Bytes of weights and working buffers.
    pub fn memory_bytes(&self) -> u64 {
        self.run.plan().working_bytes() + self.run.plan().constant_bytes()
    }

    /// Begins with a patch `(h, w, 3)`; what was under way is dropped: the latest request wins.
    ///
    /// # Errors
    /// Pixels that do not fit the network.
    pub fn start(&mut self, rgb8: &[u8], ticket: u64) -> Result<(), EngineError> {
        let want = match self.run.plan().input_shape[..] {
            [3, h, w] => 3 * h * w,
            _ => 0,
        };
        if rgb8.len() != want {
            return Err(EngineError::Input { got: rgb8.len(), want });
        }
        let start = Instant::now();
        let next = self.run.upload(Input::Rgb8(rgb8))?;
        let ms = BTreeMap::from([(Stage::Upload, start.elapsed().as_secs_f64() * 1e3)]);
        self.state = State::Running(Running { ticket, next, slice: None, ms });
        Ok(())
    }

    /// Looks after the run; call it once per frame. It submits the next slice when the one before has finished.
    ///
    /// # Errors
    /// Device loss or an error the device reported; the run is dropped.
    pub fn poll(&mut self) -> Result<LiveStatus, EngineError> {
        self.watch.poll(self.run.gpu());
        if let Some(fault) = self.run.gpu().fault() {
            self.state = State::Idle;
            return Err(fault);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => Ok(LiveStatus::Idle),
            State::Running(running) => Ok(self.advance(running)),
            State::Reading(reading) => self.read(*reading),
        }
    }

    fn advance(&mut self, mut running: Running) -> LiveStatus {
        if let Some(slice) = running.slice.take() {
            let Some(ms) = slice.done.take() else {
                running.slice = Some(slice);
                return self.keep(running);
            };
            *running.ms.entry(slice.stage).or_default() += ms;
            // A running mean damps the noise of a shared GPU; the clamp keeps one stalled frame from starving the run.
            let seen = (slice.cost as f64 / ms.max(0.05)).clamp(self.rate / 4.0, self.rate * 4.0);
            self.rate = 0.5 * self.rate + 0.5 * seen;
        }
        if running.next == self.run.dispatches().len() {
            self.state = State::Reading(Box::new(self.begin_reading(running)));
            return LiveStatus::Running { fraction: 1.0 };
        }
        let (end, cost) = self.slice_end(running.next);
        let mut encoder = self.run.gpu().device.create_command_encoder(&Default::default());
        self.run.encode(&mut encoder, running.next..end);
        let stage = self.run.plan().steps[self.run.dispatches()[end - 1].step].stage;
        let done = self.watch.submit(self.run.gpu(), encoder.finish());
        running.next = end;
        running.slice = Some(Slice { cost, stage, done });
        self.keep(running)
    }

    fn keep(&mut self, running: Running) -> LiveStatus {
        let fraction = running.next as f32 / self.run.dispatches().len().max(1) as f32;
        self.state = State::Running(running);
        LiveStatus::Running { fraction }
    }

    /// As many dispatches as fit the slice at the measured speed, at least one; stages do not mix.
    fn slice_end(&self, next: usize) -> (usize, u64) {
        let budget = (self.rate * SLICE_MS) as u64;
        let all = self.run.dispatches();
        let stage = |i: usize| self.run.plan().steps[all[i].step].stage;
        let mut cost = 0u64;
        let mut end = next;
        while end < all.len() && stage(end) == stage(next) && (end == next || cost.saturating_add(all[end].cost) <= budget) {
            cost = cost.saturating_add(all[end].cost);
            end += 1;
        }
        (end, cost)
    }

    fn begin_reading(&self, running: Running) -> Reading {
        let gpu = self.run.gpu();
        let plan = self.run.plan();
        let mut encoder = gpu.device.create_command_encoder(&Default::default());
        let stage = |encoder: &mut wgpu::CommandEncoder, output: usize| {
            let o = &plan.outputs[output];
            Staging::copy(gpu, encoder, self.run.buffer_of(o.place), o.shape.iter().product())
        };
        let outputs = std::iter::once(&self.logits).chain(&self.maps);
        let staged: Vec<Staging> = outputs.map(|&o| stage(&mut encoder, o)).collect();
        let texture = |&m: &usize| match plan.outputs[m].shape[..] {
            [1, classes, h, w] => Some(self.run.to_texture(&mut encoder, plan.outputs[m].place, [classes, h, w])),
            _ => None,
        };
        let textures = self.maps.iter().map(texture).collect();
        gpu.queue.submit([encoder.finish()]);
        let copy = |staging: Staging| Copied { mapped: staging.map(), staging, data: None };
        let copies = staged.into_iter().map(copy).collect();
        Reading { ticket: running.ticket, textures, copies, start: Instant::now(), ms: running.ms }
    }

    fn read(&mut self, mut r: Reading) -> Result<LiveStatus, EngineError> {
        let mut all = true;
        for copy in &mut r.copies {
            all &= copy.arrived()?;
        }
        if !all {
            self.state = State::Reading(Box::new(r));
            return Ok(LiveStatus::Running { fraction: 1.0 });
        }
        r.ms.insert(Stage::Readback, r.start.elapsed().as_secs_f64() * 1e3);
        let mut data = r.copies.into_iter().map(|c| c.data.unwrap_or_default());
        let logits = data.next().unwrap_or_default();
        let maps = r.textures.into_iter().zip(data).map(|(texture, data)| LiveMap { texture, data }).collect();
        Ok(LiveStatus::Done(Box::new(LiveResult { ticket: r.ticket, logits, maps, stages: r.ms.into_iter().collect() })))
    }
}

/// Measures how long submits take. Natively a thread waits for each, since callbacks otherwise fire only when a frame polls and
/// would measure frames; in a browser the event loop calls back by itself.
struct Watch {
    #[cfg(not(target_arch = "wasm32"))]
    orders: std::sync::mpsc::Sender<(wgpu::SubmissionIndex, Instant, Signal<f64>)>,
}

impl Watch {
    #[cfg(not(target_arch = "wasm32"))]
    fn new(gpu: &Arc<Gpu>) -> Self {
        let (orders, incoming) = std::sync::mpsc::channel::<(wgpu::SubmissionIndex, Instant, Signal<f64>)>();
        let device = gpu.device.clone();
        // Ends when the sender is dropped with its `LiveRun`.
        std::thread::spawn(move || {
            for (index, start, done) in incoming {
                let _ = device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None });
                done.set(start.elapsed().as_secs_f64() * 1e3);
            }
        });
        Self { orders }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn submit(&self, gpu: &Gpu, commands: wgpu::CommandBuffer) -> Signal<f64> {
        let done = Signal::new();
        let start = Instant::now();
        let index = gpu.queue.submit([commands]);
        if self.orders.send((index, start, done.clone())).is_err() {
            // The watcher is gone only when the program ends; count the slice as done.
            done.set(SLICE_MS);
        }
        done
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn poll(&self, gpu: &Gpu) {
        // Errors come back through the device's loss callback.
        let _ = gpu.device.poll(wgpu::PollType::Poll);
    }

    #[cfg(target_arch = "wasm32")]
    fn new(_: &Arc<Gpu>) -> Self {
        Self {}
    }

    #[cfg(target_arch = "wasm32")]
    fn submit(&self, gpu: &Gpu, commands: wgpu::CommandBuffer) -> Signal<f64> {
        let done = Signal::new();
        let (set, start) = (done.clone(), Instant::now());
        gpu.queue.submit([commands]);
        gpu.queue.on_submitted_work_done(move || set.set(start.elapsed().as_secs_f64() * 1e3));
        done
    }

    #[cfg(target_arch = "wasm32")]
    fn poll(&self, _: &Gpu) {}
}
