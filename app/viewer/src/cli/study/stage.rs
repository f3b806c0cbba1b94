//! One training of a study: driven to its end, or taken from where it was left.

use super::judge::{Judged, judge};
use crate::cli::distill::{self, Stop, drive};
use anyhow::{Context, bail};
use fovea_distill::files::write_whole;
use fovea_distill::run::{CHECKPOINT, RunFile, Session};
use fovea_distill::{Device, EpochRecord, History};
use fovea_student::{Loaded, Student, load};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// File name of a training's outcome.
const OUTCOME: &str = "outcome.json";
/// File name of the judged test patches.
const JUDGED: &str = "test.json";

/// A finished training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was run, so that a changed plan is noticed.
    pub run: RunFile,
    /// The epoch whose weights were kept.
    pub best: Option<EpochRecord>,
    /// Validation κ of every epoch.
    pub kappas: Vec<f64>,
}

/// Where and with what a study computes.
pub struct Bench<'a> {
    /// The study's folder.
    pub out: &'a Path,
    /// burn's device.
    pub device: &'a Device,
    /// The engine's.
    pub engine: &'a fovea_engine::Device,
    /// Show progress.
    pub show: bool,
}

impl Bench<'_> {
    /// The outcome of a run, trained now if it has not been. None: interrupted.
    ///
    /// # Errors
    /// A run that cannot be made; an outcome of another plan in its place.
    pub fn train(&self, run: &RunFile) -> anyhow::Result<Option<Outcome>> {
        let folder = self.out.join(&run.out);
        if let Some(found) = read::<Outcome>(&folder.join(OUTCOME))? {
            if found.run != *run {
                bail!("another plan's run stands here: {}", folder.display());
            }
            return Ok(Some(found));
        }
        if self.show {
            eprintln!("{}", run.out.display());
        }
        let opened = Session::open(run, self.out, self.device, false)?;
        let mut session = opened.session;
        if let Stop::Interrupted = drive(&mut session, self.show)? {
            return Ok(None);
        }
        let trained = session.trained()?;
        let mut student = trained.student;
        student.file_name = distill::STUDENT.into();
        session.write(distill::STUDENT, &crate::cli::import::checked(&mut student)?)?;
        let History { epochs, .. } = session.trainer().history();
        let kappas = epochs.iter().map(|e| e.validation.kappa).collect();
        let outcome = Outcome { run: run.clone(), best: trained.best, kappas };
        session.write(OUTCOME, &serde_json::to_vec(&outcome)?)?;
        // It holds the weights three times over and is of no more use.
        let _ = std::fs::remove_file(folder.join(CHECKPOINT));
        Ok(Some(outcome))
    }

    /// Where a run's Student is.
    pub fn student_file(&self, run: &RunFile) -> PathBuf {
        self.out.join(&run.out).join(distill::STUDENT)
    }

    /// A finished run's Student.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn student(&self, run: &RunFile) -> anyhow::Result<Student> {
        let file = self.student_file(run);
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        match load(&bytes, distill::STUDENT)? {
            Loaded::Ready(student) => Ok(*student),
            Loaded::Bare(_) => bail!("this is no Student file: {}", file.display()),
        }
    }

    /// The test patches as a finished run's Student judges them, judged now if they have not been.
    ///
    /// # Errors
    /// Unreadable patches; a failing device.
    pub fn judged(&self, run: &RunFile, samples: &[fovea_distill::data::Sample]) -> anyhow::Result<Vec<Judged>> {
        let file = self.out.join(&run.out).join(JUDGED);
        if let Some(rows) = read::<Vec<Judged>>(&file)? {
            return Ok(rows);
        }
        let bar = crate::cli::bar(samples.len(), self.show);
        let rows = judge(&self.student(run)?, self.engine, samples, &mut || bar.inc(1))?;
        bar.finish_and_clear();
        self.write(&run.out.join(JUDGED), &serde_json::to_vec(&rows)?)?;
        Ok(rows)
    }

    /// Writes a file of the study.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, name: &Path, bytes: &[u8]) -> anyhow::Result<()> {
        let file = self.out.join(name);
        write_whole(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// A JSON file that may not be there yet.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Option<T>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).with_context(|| format!("this is damaged: {}", file.display()))?)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// A run's outcome, where it is finished.
///
/// # Errors
/// When it cannot be read.
pub fn outcome(out: &Path, run: &RunFile) -> anyhow::Result<Option<Outcome>> {
    read(&out.join(&run.out).join(OUTCOME))
}
