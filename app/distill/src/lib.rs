//! Fine-tuning a Student by distillation: the method's loss terms, their gradients, the optimiser.
//!
//! A network is a [`fovea_student::Graph`]; [`lower`] runs it, or its explained form, with burn tensors. Because the explained
//! form is a graph like any other, first-order autodiff over it is the second-order gradient that attention distillation
//! needs at deep layers. burn lives in this crate and nowhere else.
#![warn(missing_docs)]

pub mod adam;
pub mod audit;
mod cached;
pub mod config;
pub mod device;
pub mod head;
pub mod layers;
pub mod losses;
pub mod lower;
pub mod parameters;
pub mod step;
mod student;
pub mod targets;
pub mod teacher;
pub mod views;

pub use adam::{Adam, AdamSettings};
pub use burn::tensor::{Device, DeviceKind};
pub use config::{At, AttentionForm, AttentionLoss, AttentionScale, ConfigError, Fm, Kd, Sr, SrKind, Terms};
pub use lower::LowerError;
pub use parameters::{Gradients, Parameters, ReadError};
pub use step::{Batch, Distiller, LossValues, Step, StepError};
pub use teacher::{Targets, Teacher};
pub use views::{Augmentation, ViewId, ViewSet};
