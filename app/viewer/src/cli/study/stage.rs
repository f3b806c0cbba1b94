//! One training of a study: driven to its end, or taken from where it was left.

use super::judge::{Tested, judge};
use super::origin::Origin;
use crate::cli::distill::{self, Stop, drive};
use anyhow::{Context, bail};
use fovea_distill::data::Sample;
use fovea_distill::files::write_whole;
use fovea_distill::run::{CHECKPOINT, RunFile, Session};
use fovea_distill::{Device, EpochRecord, History};
use fovea_student::{Loaded, Student, load};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
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
    /// What it was trained on and by whom.
    #[serde(default)]
    pub origin: Origin,
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
    /// Fingerprint of the data set.
    pub data: String,
    /// SHA-256 of the Teacher's weights, once it is trained.
    pub teacher: OnceCell<String>,
}

impl Bench<'_> {
    /// What the results of a run are about.
    fn origin(&self, run: &RunFile) -> Origin {
        let teacher = run.teacher.as_ref().and_then(|_| self.teacher.get().cloned());
        Origin { data: Some(self.data.clone()), teacher }
    }

    /// The outcome of a run, where it is finished.
    ///
    /// # Errors
    /// An outcome of another plan, data set or Teacher in its place; one that cannot be read.
    pub fn outcome(&self, run: &RunFile) -> anyhow::Result<Option<Outcome>> {
        let file = self.out.join(&run.out).join(OUTCOME);
        let Some(found) = read::<Outcome>(&file)? else { return Ok(None) };
        // The data may have moved: whether it is the same is for its fingerprint to say.
        let mut told = found.run.clone();
        told.data.path.clone_from(&run.data.path);
        if told != *run {
            bail!("another plan's run stands here: {}", file.display());
        }
        found.origin.check(&self.origin(run), &file)?;
        Ok(Some(found))
    }

    /// The outcome of a run, trained now if it has not been. None: interrupted.
    ///
    /// # Errors
    /// A run that cannot be made; an outcome of another plan, data set or Teacher in its place.
    pub fn train(&self, run: &RunFile) -> anyhow::Result<Option<Outcome>> {
        let folder = self.out.join(&run.out);
        if let Some(found) = self.outcome(run)? {
            let (then, now) = (&found.run.data.path, &run.data.path);
            if found.origin.data.is_none() && then != now {
                let (then, now) = (then.display(), now.display());
                bail!("this run does not say what its data set was; it was at {then}, not at {now}: {}", folder.display());
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
        let outcome = Outcome { run: run.clone(), origin: self.origin(run), best: trained.best, kappas };
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

    /// The finished Teacher; from now on it is known who it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn meet(&self, run: &RunFile) -> anyhow::Result<Student> {
        let teacher = self.student(run)?;
        // A second time it is the same.
        let _ = self.teacher.set(teacher.weights.sha256());
        Ok(teacher)
    }

    /// The test patches as a finished run's Student judges them, judged now if they have not been.
    ///
    /// # Errors
    /// Unreadable patches; a failing device; results of another data set or Teacher in their place.
    pub fn judged(&self, run: &RunFile, samples: &[Sample]) -> anyhow::Result<Tested> {
        let file = self.out.join(&run.out).join(JUDGED);
        let origin = self.origin(run);
        if let Some(found) = read::<Tested>(&file)? {
            found.check(&origin, samples, &file)?;
            return Ok(found);
        }
        let bar = crate::cli::bar(samples.len(), self.show);
        let tested = judge(&self.student(run)?, self.engine, samples, origin, &mut || bar.inc(1))?;
        bar.finish_and_clear();
        self.write(&run.out.join(JUDGED), &serde_json::to_vec(&tested)?)?;
        Ok(tested)
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
fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Option<T>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).with_context(|| format!("this is damaged: {}", file.display()))?)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn outcomes_of_older_versions_are_read() {
        let text = r#"{"run":{"out":"teacher","student":{"from":{"random":{"divisor":8,"seed":1,"settle":true}},"factor":1},
            "data":{"path":"/sets/a","layout":"auto","validation_share":0.2,"split_seed":0,"fold":1},
            "train":{"epochs":15,"views":"continuous"},"checkpoint_steps":100},"best":null,"kappas":[0.25,0.5]}"#;
        let before: Outcome = serde_json::from_str(text).unwrap();
        assert_eq!((before.origin.clone(), before.kappas.len()), (Origin::default(), 2));
        let now = Outcome { origin: Origin { data: Some("x".into()), teacher: Some("y".into()) }, ..before };
        assert_eq!(serde_json::from_slice::<Outcome>(&serde_json::to_vec(&now).unwrap()).unwrap(), now);
    }
}
