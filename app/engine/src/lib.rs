//! Runs networks: a graph becomes a plan, a plan runs on the GPU's WGSL kernels or on their CPU twins.
//!
//! [`Device`] says where, [`Runner`] runs batches, [`LiveRun`] runs single patches in slices beside a window.
#![warn(missing_docs)]

#[cfg(target_arch = "wasm32")]
mod browser;
mod caps;
mod cpu;
mod device;
mod error;
mod gpu;
mod live;
mod plan;
mod run;
mod single;

#[cfg(target_arch = "wasm32")]
pub use browser::adapter_name;
pub use caps::device_descriptor;
pub use device::{AdapterReport, Device, Preference};
pub use error::EngineError;
pub use gpu::{Gpu, MapTexture};
pub use live::{LiveMap, LiveResult, LiveRun, LiveStatus};
pub use plan::{Constant, ConvWeights, Place, Plan, PlanOutput, Stage, Step, Target};
pub use run::{Input, NamedTensor, Run, Runner};
pub use single::run_call;
