//! A run as people describe it in a file: which Student, which data, which Teacher, and [`TrainSettings`]. `fovea distill`, the window
//! and the study all start runs from it.

mod describe;
#[cfg(all(feature = "train", not(target_arch = "wasm32")))]
mod session;

pub use describe::describe;
#[cfg(all(feature = "train", not(target_arch = "wasm32")))]
pub use session::{CHECKPOINT, Opened, RECORD, RunError, Session, open_student, testset};

use crate::data::DataOptions;
use crate::settings::TrainSettings;
use fovea_student::card::Grid;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything about a run. As TOML it is what `fovea distill --config` reads; paths are relative to that file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// Folder for checkpoint, record and the trained Student.
    pub out: PathBuf,
    /// Where the Student starts.
    pub student: StudentStart,
    /// What it is trained on.
    pub data: DataPlace,
    /// Who teaches it; none for cross entropy alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherPlace>,
    /// How.
    #[serde(default)]
    pub train: TrainSettings,
    /// Steps between two checkpoints; one is also written at the end of every epoch. Default 50.
    #[serde(default = "fifty")]
    pub checkpoint_steps: usize,
}

fn fifty() -> usize {
    50
}

/// Where the Student starts: a Student file or checkpoint, torchvision's convolutions with a new head, or random weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentStart {
    /// From what.
    pub from: StartFrom,
    /// Side of the input in px; a Student file knows its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_px: Option<usize>,
    /// µm/px of the input; a Student file knows its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub um_per_px: Option<f64>,
    /// Reduction k = input px / target px that the Student sees; none leaves that of a Student file, or 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<usize>,
    /// On whose pixels it computes then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<Grid>,
    /// Name of the trained Student, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Marks the Student as trained on drawn pictures.
    #[serde(default)]
    pub synthetic: bool,
}

/// A start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StartFrom {
    /// A Student file, or a checkpoint of a network we know.
    File(PathBuf),
    /// A torchvision VGG16 state dict; the head is random.
    Torchvision {
        /// The state dict.
        file: PathBuf,
        /// Seed of the head.
        #[serde(default)]
        seed: u64,
    },
    /// Random weights. The reference starts from ImageNet's: a run like this says so in its record.
    Random {
        /// Every width of VGG16 is divided by this.
        #[serde(default = "one")]
        divisor: usize,
        /// Seed of the weights.
        #[serde(default)]
        seed: u64,
        /// Scale the layers on some training patches first (`train::settle`); default true.
        #[serde(default = "yes")]
        settle: bool,
    },
}

fn yes() -> bool {
    true
}

fn one() -> usize {
    1
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataPlace {
    /// Folder or table.
    pub path: PathBuf,
    /// How it is laid out.
    #[serde(flatten)]
    pub options: DataOptions,
}

/// Who teaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TeacherPlace {
    /// A targets file.
    Targets(PathBuf),
    /// The Teacher itself, which then runs along.
    Live(PathBuf),
}
