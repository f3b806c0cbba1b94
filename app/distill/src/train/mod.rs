//! The training loop as a state machine: [`Trainer::advance`] does one unit of work (an optimiser step, or some validation patches)
//! and says what it came to. Whoever drives it — a thread, a Worker, a command line — may stop between two units for good or for a
//! while; nothing is lost.

mod checkpoint;
pub(crate) mod cut;
mod error;
mod feed;
mod file_teacher;
mod front;
mod knowledge;
mod outcome;
mod settle;

pub use error::TrainError;
pub use feed::Set;
pub use knowledge::{FileTeacher, Knowledge};
pub use outcome::Trained;
pub use settle::settle;

use crate::adam::Adam;
use crate::metrics::Scores;
use crate::parameters::Parameters;
use crate::record::{Ending, EpochRecord, History, Losses, Progress, StepRecord};
use crate::settings::TrainSettings;
use crate::step::{Batch, Distiller, Step, StepError};
use burn::tensor::Device;
use feed::{Feed, HostBatch};
use fovea_student::{Student, Weights};
use front::Front;
use serde::{Deserialize, Serialize};

/// What is trained on, and what it is judged on.
#[derive(Clone)]
pub struct Material {
    /// Patches that are trained on.
    pub train: Set,
    /// Patches that decide which weights are kept.
    pub validation: Set,
    /// Class names, in the order of the labels.
    pub classes: Vec<String>,
    /// For people: where the patches come from.
    pub origin: String,
}

/// Where a run is. `step` = steps of an epoch: its steps are done, validation is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    epoch: usize,
    step: usize,
}

/// A run.
pub struct Trainer {
    student: Student,
    settings: TrainSettings,
    material: Material,
    knowledge: Knowledge,
    device: Device,
    distiller: Distiller,
    parameters: Parameters,
    adam: Adam,
    feed: Feed,
    front: Front,
    at: Position,
    /// Sum of the losses of this epoch's steps.
    sums: Losses,
    history: History,
    /// Weights of the best epoch.
    best: Option<Weights>,
    scores: Scores,
    ending: Option<Ending>,
}

impl Trainer {
    /// Prepares a run of `student` on `device`.
    ///
    /// # Errors
    /// Settings, data, Student and Teacher that contradict each other; the message says which.
    pub fn new(
        student: Student,
        settings: TrainSettings,
        material: Material,
        knowledge: Knowledge,
        device: &Device,
    ) -> Result<Self, TrainError> {
        settings.validate()?;
        check(&student, &settings, &material, &knowledge)?;
        let (view, px) = (&student.card.view, student.card.input_px);
        let shape = knowledge.last_shape();
        let mut distiller = Distiller::new(&student.graph, &student.weights, view, px, settings.terms.clone(), shape)?;
        if let Some(layer) = &settings.freeze {
            distiller.freeze(layer)?;
        }
        if distiller.trainable().next().is_none() {
            return Err(TrainError::Unfit("nothing is left to train: 'freeze' reaches the end of the network".into()));
        }
        let classes = material.classes.len();
        Ok(Self {
            parameters: distiller.parameters(&student.weights, device),
            adam: Adam::new(settings.optimiser.clone()),
            feed: Feed::new(material.train.clone(), settings.clone(), classes),
            front: Front::new(settings.picture_memory),
            device: device.clone(),
            student,
            settings,
            material,
            knowledge,
            distiller,
            at: Position::default(),
            sums: Losses::default(),
            history: History::default(),
            best: None,
            scores: Scores::new(classes),
            ending: None,
        })
    }

    /// The Student the run starts from.
    pub fn start(&self) -> &Student {
        &self.student
    }

    /// Optimiser steps of an epoch.
    pub fn steps(&self) -> usize {
        self.material.train.len() / self.settings.batch
    }

    /// What happened so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the run was told.
    pub fn settings(&self) -> &TrainSettings {
        &self.settings
    }

    /// Share of the whole run that is done, 0 to 1, were it to go through all epochs.
    pub fn share(&self) -> f64 {
        let all = (self.settings.epochs * self.steps()).max(1);
        (self.at.epoch * self.steps() + self.at.step) as f64 / all as f64
    }

    /// Does the next unit of work.
    ///
    /// # Errors
    /// Unreadable pictures, targets that lack a view, numbers that are not finite. The weights are those before the unit.
    pub fn advance(&mut self) -> Result<Progress, TrainError> {
        if let Some(reason) = self.ending {
            return Ok(Progress::Finished { reason });
        }
        if self.at.step < self.steps() { self.train() } else { self.validate() }
    }

    fn train(&mut self) -> Result<Progress, TrainError> {
        let at = self.at;
        let batch = self.feed.batch((at.epoch, at.step), self.next())?;
        let (losses, step, gradient_norm) = self.gradients(&batch)?;
        let (done, all) = (at.epoch * self.steps() + at.step, self.settings.epochs * self.steps());
        self.adam.update_by(&mut self.parameters, &step.gradients, self.settings.schedule.factor(done, all));
        self.sums.add(&losses);
        let record = StepRecord { epoch: at.epoch, step: at.step, losses, gradient_norm };
        self.history.steps.push(record.clone());
        self.at.step += 1;
        Ok(Progress::Step { record, of: self.steps() })
    }

    fn next(&self) -> Option<(usize, usize)> {
        let Position { epoch, step } = self.at;
        match step + 1 < self.steps() {
            true => Some((epoch, step + 1)),
            false => (epoch + 1 < self.settings.epochs).then_some((epoch + 1, 0)),
        }
    }

    /// Losses and gradients of a batch, part by part; refuses what is not finite.
    fn gradients(&mut self, host: &HostBatch) -> Result<(Losses, Step, f64), TrainError> {
        let part = self.settings.batch / self.settings.accumulate.max(1);
        let (mut losses, mut sum) = (Losses::default(), None::<Step>);
        let mut parts = 0;
        for from in (0..host.labels.len()).step_by(part.max(1)) {
            let (batch, keys) = self.part(host, from, part)?;
            let targets = self.knowledge.targets(&batch.images, keys, &self.device)?;
            let batch = Batch { images: self.front.of(&self.distiller, &self.parameters, batch.images, keys)?, ..batch };
            let step = self.distiller.step(&self.parameters, &batch, targets.as_ref())?;
            losses.add(&step.values().map_err(|e| self.diverged(e))?);
            match &mut sum {
                Some(sum) => sum.gradients.accumulate(step.gradients),
                None => sum = Some(step),
            }
            parts += 1;
        }
        let mut sum = sum.ok_or_else(|| TrainError::Unfit("a batch is empty".into()))?;
        if parts > 1 {
            sum.gradients.scale(1.0 / f64::from(parts));
        }
        let norm = sum.gradients.norm()?;
        if !norm.is_finite() {
            return Err(self.broken_off("the gradient"));
        }
        Ok((losses.scaled(1.0 / f64::from(parts)), sum, norm))
    }

    fn part<'b>(&self, host: &'b HostBatch, from: usize, count: usize) -> Result<(Batch, &'b [feed::Key]), TrainError> {
        let to = host.labels.len().min(from + count);
        let px = self.material.train.store.px();
        let len = 3 * px * px;
        let pixels = host.pixels.get(from * len..to * len).unwrap_or_default().to_vec();
        let batch = Batch::new(pixels, px, host.labels[from..to].to_vec(), &self.device)?;
        Ok((batch, &host.keys[from..to]))
    }

    fn diverged(&self, error: StepError) -> TrainError {
        match error {
            StepError::NotFinite { term, .. } => self.broken_off(&format!("the loss term '{term}'")),
            other => other.into(),
        }
    }

    fn broken_off(&self, what: &str) -> TrainError {
        TrainError::Diverged { epoch: self.at.epoch + 1, step: self.at.step + 1, what: what.into() }
    }

    fn validate(&mut self) -> Result<Progress, TrainError> {
        let set = self.material.validation.clone();
        self.score(&set)?;
        if self.scores.len() < set.len() {
            return Ok(Progress::Validating { epoch: self.at.epoch, done: self.scores.len(), of: set.len() });
        }
        let validation = std::mem::replace(&mut self.scores, Scores::new(self.material.classes.len())).metrics();
        let before = self.history.best().map(|e| e.validation.kappa);
        let kept = before.is_none_or(|kappa| validation.kappa > kappa + self.settings.least_gain);
        if kept {
            self.best = Some(self.distiller.weights(&self.parameters)?);
        }
        let losses = self.sums.scaled(1.0 / self.steps().max(1) as f64);
        let record = EpochRecord { epoch: self.at.epoch, losses, validation, kept };
        self.history.epochs.push(record.clone());
        self.sums = Losses::default();
        self.at = Position { epoch: self.at.epoch + 1, step: 0 };
        self.ending = self.ended();
        Ok(Progress::Epoch { record })
    }

    fn ended(&self) -> Option<Ending> {
        let since = self.history.epochs.iter().rev().take_while(|e| !e.kept).count();
        let tired = self.settings.patience.is_some_and(|patience| since >= patience);
        match self.at.epoch >= self.settings.epochs {
            true => Some(Ending::Epochs),
            false => tired.then_some(Ending::Patience),
        }
    }

    /// Scores a set with the weights of `student`, which has to be this run's.
    ///
    /// # Errors
    /// Unreadable pictures, a failing device.
    pub fn judge(&mut self, student: &Student, set: &Set) -> Result<Scores, TrainError> {
        let now = std::mem::replace(&mut self.parameters, self.distiller.parameters(&student.weights, &self.device));
        let before = std::mem::replace(&mut self.scores, Scores::new(self.material.classes.len()));
        let mut outcome = Ok(());
        while outcome.is_ok() && self.scores.len() < set.len() {
            outcome = self.score(set);
        }
        self.parameters = now;
        let scores = std::mem::replace(&mut self.scores, before);
        outcome.map(|()| scores)
    }

    /// Judges the next patches of a set.
    fn score(&mut self, set: &Set) -> Result<(), TrainError> {
        // No more at once than a training step holds.
        let part = (self.settings.batch / self.settings.accumulate.max(1)).max(1);
        let host = feed::plain(set, self.scores.len(), part)?;
        let px = set.store.px();
        let batch = Batch::new(host.pixels, px, host.labels, &self.device)?;
        // Not kept: validation patches are as many as the memory for training features may be.
        let images = self.distiller.front(&self.parameters, batch.images)?;
        let logits = self.distiller.logits(&self.parameters, images)?;
        let values = logits.try_into_vec_as::<f32>();
        let values = values.map_err(|source| crate::parameters::ReadError::Device { source, name: "logits".into() })?;
        if values.iter().any(|v| !v.is_finite()) {
            return Err(self.broken_off("a logit of a validation patch"));
        }
        self.scores.add_logits(&values, &batch.labels);
        Ok(())
    }
}

/// Whether data, Student and Teacher fit each other and the settings.
fn check(student: &Student, settings: &TrainSettings, material: &Material, knowledge: &Knowledge) -> Result<(), TrainError> {
    let unfit = |text: String| Err(TrainError::Unfit(text));
    let (ours, theirs) = (&student.card.class_names, &material.classes);
    if ours != theirs {
        return unfit(format!("the Student's classes are {}, those of the data {}", ours.join(", "), theirs.join(", ")));
    }
    let (px, data) = (student.card.input_px, material.train.store.px());
    if px != data || px != material.validation.store.px() {
        return unfit(format!("the Student takes {px} px, the pictures are made for {data} px"));
    }
    if material.train.len() < settings.batch {
        let n = material.train.len();
        return unfit(format!("the batch of {} is larger than the training set of {n} patches", settings.batch));
    }
    if material.validation.is_empty() {
        return unfit("there are no validation patches: without them no weights can be kept".into());
    }
    let labels = || material.train.labels.iter().chain(&material.validation.labels);
    if let Some(label) = labels().find(|label| **label >= ours.len()) {
        return unfit(format!("a patch has the label {label}, there are {} classes", ours.len()));
    }
    let different: std::collections::BTreeSet<_> = material.train.labels.iter().collect();
    if different.len() < 2 {
        return unfit("all training patches are of one class".into());
    }
    knowledge.check(student, settings, material)
}
