//! From a graph to a list of kernel calls over a few reused buffers.
//!
//! The plan is the same for every executor: a [`Step`] is a [`Call`] with its operands' places. Fusing, folding and packing
//! happen here, after `explain`; the graph itself stays unfused.

mod constants;
mod fuse;
mod lower;
mod memory;
mod ops;
mod strides;

pub use constants::{Constant, ConvWeights};

use crate::error::EngineError;
use fovea_shaders::kernel::Call;
use fovea_student::graph::{Graph, Lead, Value};
use fovea_student::weights::Weights;

/// Where an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Working buffer.
    Slot(usize),
    /// [`Plan::constants`].
    Constant(usize),
    /// An operand this call does not have (no bias): executors bind a dummy.
    Absent,
}

/// What a step belongs to, for timings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Pixels to the executor, and to f32.
    Upload,
    /// The network's own operations.
    Network,
    /// Gradients and maps.
    Attention,
    /// Results back to the program.
    Readback,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Upload => "upload",
            Stage::Network => "network",
            Stage::Attention => "attention",
            Stage::Readback => "readback",
        })
    }
}

/// One kernel call.
#[derive(Clone, Debug)]
pub struct Step {
    /// Source node, for messages and profiles.
    pub label: String,
    /// Kernel and parameters.
    pub call: Call,
    /// Operands in the kernel's order.
    pub inputs: Vec<Place>,
    /// Working buffer that receives the result.
    pub output: usize,
    /// Stage for timings.
    pub stage: Stage,
}

/// A named result and where it ends up.
#[derive(Clone, Debug)]
pub struct PlanOutput {
    /// Name in the graph.
    pub name: String,
    /// Shape with the sample (or sample · class) axis in front.
    pub shape: Vec<usize>,
    /// Place after the last step.
    pub place: Place,
}

/// What the executor of a plan is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Most bytes one binding shows.
    pub piece: u64,
    /// A GPU that is a CPU: workgroup memory is slow there.
    pub software: bool,
}

impl Target {
    /// No limits: the CPU twins.
    pub const ANY: Self = Self { piece: u64::MAX, software: false };
}

/// A compiled graph for a fixed batch.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Samples per run.
    pub batch: usize,
    /// `[channels, height, width]` of one sample.
    pub input_shape: Vec<usize>,
    /// Buffer of the f32 image batch.
    pub input: usize,
    /// Buffer of the packed RGBA8 pixels; [`Plan::steps`] then starts with the step that unpacks them into `input`.
    pub pixels: Option<usize>,
    /// Calls in order.
    pub steps: Vec<Step>,
    /// Length of each working buffer, in f32 elements.
    pub slots: Vec<usize>,
    /// Weights and derived constants.
    pub constants: Vec<Constant>,
    /// Results.
    pub outputs: Vec<PlanOutput>,
}

impl Plan {
    /// Compiles a validated graph.
    ///
    /// # Errors
    /// Missing or misshapen weights; operations no kernel exists for; sizes past 32-bit indexing.
    pub fn new(graph: &Graph, weights: &Weights, batch: usize) -> Result<Self, EngineError> {
        Self::for_target(graph, weights, batch, Target::ANY)
    }

    /// Compiles for an executor: matrices past its binding limit are split.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn for_target(graph: &Graph, weights: &Weights, batch: usize, target: Target) -> Result<Self, EngineError> {
        graph.validate()?;
        lower::lower(graph, weights, batch.max(1), target).map(memory::reuse)
    }

    /// Bytes of all working buffers.
    pub fn working_bytes(&self) -> u64 {
        self.slots.iter().map(|&l| 4 * l as u64).sum()
    }

    /// Bytes of all constants.
    pub fn constant_bytes(&self) -> u64 {
        self.constants.iter().map(|c| 4 * c.data.len() as u64).sum()
    }

    /// The longest buffer or constant and whose it is, for limits.
    pub fn largest(&self) -> (u64, &str) {
        let steps = self.steps.iter().map(|s| (4 * self.slots[s.output] as u64, s.label.as_str()));
        let constants = self.constants.iter().map(|c| (4 * c.packed_len() as u64, c.label.as_str()));
        steps.chain(constants).max_by_key(|(n, _)| *n).unwrap_or((0, ""))
    }

    /// Floating-point operations of one run.
    pub fn flops(&self) -> u64 {
        self.steps.iter().map(|s| s.call.flops()).sum()
    }
}

/// How many items of a value one run holds.
pub(crate) fn items(lead: Lead, batch: usize, classes: usize) -> usize {
    match lead {
        Lead::Constant => 1,
        Lead::Sample => batch,
        Lead::SampleClass => batch * classes.max(1),
    }
}

/// Number of elements of a value in one run.
pub(crate) fn run_len(v: &Value, batch: usize, classes: usize) -> Result<usize, EngineError> {
    let len = v.len().checked_mul(items(v.lead, batch, classes));
    len.filter(|&l| l <= u32::MAX as usize / 4).ok_or_else(|| EngineError::TooLarge {
        what: format!("the values of '{}' in a batch of {batch}", v.name),
        bytes: 4 * v.len() as u64 * items(v.lead, batch, classes) as u64,
        limit: u64::from(u32::MAX),
    })
}
