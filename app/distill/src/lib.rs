//! Fine-tuning a Student by distillation: the method's loss terms, their gradients, the optimiser.
//!
//! A network is a [`fovea_student::Graph`]; [`lower`] runs it, or its explained form, with burn tensors. Because the explained
//! form is a graph like any other, first-order autodiff over it is the second-order gradient that attention distillation
//! needs at deep layers. burn lives in this crate and nowhere else.
#![warn(missing_docs)]

#[cfg(feature = "train")]
pub mod adam;
#[cfg(feature = "train")]
pub mod audit;
#[cfg(feature = "train")]
mod cached;
pub mod config;
pub mod data;
#[cfg(feature = "train")]
pub mod device;
pub mod files;
pub mod head;
pub mod layers;
#[cfg(feature = "train")]
pub mod losses;
#[cfg(feature = "train")]
pub mod lower;
pub mod metrics;
pub mod optimiser;
#[cfg(feature = "train")]
pub mod parameters;
pub mod record;
pub mod remote;
pub mod run;
pub mod settings;
#[cfg(feature = "train")]
pub mod step;
#[cfg(feature = "train")]
mod student;
pub mod synth;
pub mod targets;
#[cfg(feature = "train")]
pub mod teacher;
#[cfg(feature = "train")]
pub mod train;
pub mod views;

#[cfg(feature = "train")]
pub use adam::Adam;
#[cfg(feature = "train")]
pub use burn::tensor::{Device, DeviceKind};
pub use config::{At, AttentionForm, AttentionLoss, AttentionScale, ConfigError, Fm, Kd, Sr, SrKind, Terms};
#[cfg(feature = "train")]
pub use lower::LowerError;
pub use metrics::{Metrics, Scores};
pub use optimiser::{AdamSettings, Schedule};
#[cfg(feature = "train")]
pub use parameters::{Gradients, Parameters, ReadError};
pub use record::{Ending, EpochRecord, History, Losses, Progress, StepRecord};
pub use settings::{SettingsError, TrainSettings, TrainViews};
#[cfg(feature = "train")]
pub use step::{Batch, Distiller, Step, StepError};
#[cfg(feature = "train")]
pub use teacher::{Targets, Teacher};
#[cfg(feature = "train")]
pub use train::{FileTeacher, Knowledge, Material, Set, TrainError, Trained, Trainer};
pub use views::{Augmentation, ViewId, ViewSet};
