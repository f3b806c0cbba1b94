//! A run in memory.

use super::driver::Run;
use super::order::{Start, StartTeacher};
use crate::data::{ImageStore, PictureMemory, Sample};
use crate::record::Progress;
use crate::targets::{TargetsError, TargetsFile};
use crate::train::{self, FileTeacher, Knowledge, Material, Set, TrainError, Trainer};
use burn::tensor::Device;
use fovea_student::{LoadError, Loaded, Student, load};
use std::sync::Arc;

/// Why a run in memory cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Student, data, settings or Teacher.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The targets.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// A model.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A checkpoint where a Student file has to be.
    #[error("this is a checkpoint without a card; open it in the window and export it first: {0}")]
    Bare(String),
}

/// A run in memory; its checkpoints go to whoever drives it.
pub struct MemoryRun(Trainer);

impl MemoryRun {
    /// Prepares what `start` says on `device`, or goes on from its checkpoint.
    ///
    /// # Errors
    /// Whatever does not fit; the message says which.
    pub fn open(start: Start, device: &Device) -> Result<Self, StartError> {
        let mut student = ready(&start.student, "the Student")?;
        let (px, memory) = (student.card.input_px, PictureMemory::new(start.settings.picture_memory));
        let set = |samples: Vec<Sample>| Set {
            labels: samples.iter().map(|sample| sample.label).collect(),
            store: Arc::new(ImageStore::sharing(samples, px, &memory)),
        };
        let material =
            Material { train: set(start.train), validation: set(start.validation), classes: start.classes, origin: start.origin };
        if start.settle {
            train::settle(&mut student, &material.train, device)?;
        }
        let terms = &start.settings.terms;
        let knowledge = match start.teacher {
            None => Knowledge::None,
            Some(StartTeacher::Live(name, bytes)) => Knowledge::live(&ready(&bytes, &name)?, terms, device)?,
            Some(StartTeacher::Targets(name, bytes)) => {
                Knowledge::File(Box::new(FileTeacher::new(TargetsFile::read(bytes, &name)?, terms)?))
            }
        };
        let trainer = match start.checkpoint {
            Some(bytes) => Trainer::resume(&bytes, student, start.settings, material, knowledge, device)?,
            None => Trainer::new(student, start.settings, material, knowledge, device)?,
        };
        Ok(Self(trainer))
    }
}

fn ready(bytes: &[u8], name: &str) -> Result<Student, StartError> {
    match load(bytes, name)? {
        Loaded::Ready(student) => Ok(*student),
        Loaded::Bare(_) => Err(StartError::Bare(name.into())),
    }
}

impl Run for MemoryRun {
    fn trainer(&self) -> &Trainer {
        &self.0
    }

    fn advance(&mut self) -> Result<(Progress, Option<Vec<u8>>), String> {
        let progress = self.0.advance().map_err(|e| e.to_string())?;
        let kept = if matches!(progress, Progress::Epoch { .. }) { self.keep()? } else { None };
        Ok((progress, kept))
    }

    fn keep(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.0.checkpoint().map(Some).map_err(|e| e.to_string())
    }
}
