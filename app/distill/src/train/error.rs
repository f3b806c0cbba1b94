//! Why a run cannot start or go on.

use crate::data::DataError;
use crate::parameters::ReadError;
use crate::settings::SettingsError;
use crate::step::StepError;
use crate::targets::TargetsError;
use crate::views::ViewError;
use fovea_student::file::WriteError;

/// What went wrong. After any of these the last checkpoint is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A step cannot be prepared or made.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The device did not return what it computed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A picture cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A view cannot be made.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The Teacher's targets do not fit.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// Data and Student do not fit each other.
    #[error("{0}")]
    Unfit(String),
    /// Weights or gradients are not finite any more.
    #[error(
        "training broke off in epoch {epoch}, step {step}: {what} is not finite; the last checkpoint is unharmed (a smaller 'optimiser.lr' may help)"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step, from 1.
        step: usize,
        /// Loss term or gradient.
        what: String,
    },
    /// A checkpoint that cannot be read, or belongs to another run.
    #[error("the checkpoint cannot be used: {0}")]
    Checkpoint(String),
    /// The trained Student cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}
