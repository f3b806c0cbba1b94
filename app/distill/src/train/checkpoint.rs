//! A run as bytes: weights, the best weights, what the optimiser remembers, and where it was. Resuming from them comes to the same
//! numbers as not stopping: order, views and augmentations follow from seed and position alone.

use super::{Knowledge, Material, Position, TrainError, Trainer};
use crate::adam::Adam;
use crate::metrics::Scores;
use crate::record::{Ending, History, Losses};
use crate::settings::TrainSettings;
use burn::tensor::Device;
use fovea_student::{Student, Tensor, Weights};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Version of the format.
const VERSION: u32 = 2;
const STATE: &str = "fovea.run";
const NOW: &str = "now.";
const BEST: &str = "best.";
const ADAM: &str = "adam.";
/// Sums of this epoch's losses, in double precision: terms, then the total.
const SUMS: &str = "sums";
/// Everything that happened, as JSON; a tensor, since safetensors bounds its header. Version 1 had it there.
const HISTORY: &str = "history";

#[derive(Serialize, Deserialize)]
struct State {
    version: u32,
    settings: TrainSettings,
    /// What must be the same for the numbers to go on: Student, data, Teacher.
    identity: BTreeMap<String, String>,
    at: Position,
    terms: Vec<String>,
    #[serde(default)]
    history: History,
    adam_steps: BTreeMap<String, i32>,
    ending: Option<Ending>,
}

impl Trainer {
    /// The run as it stands, between two units of work.
    ///
    /// # Errors
    /// When the device does not return the weights.
    pub fn checkpoint(&self) -> Result<Vec<u8>, TrainError> {
        let (memory, adam_steps) = self.adam.memory(&self.parameters)?;
        let mut tensors = Vec::new();
        let mut add = |prefix: &str, weights: &Weights| {
            for (name, tensor) in weights.iter() {
                let bytes: Vec<u8> = tensor.data().iter().flat_map(|v| v.to_le_bytes()).collect();
                tensors.push((format!("{prefix}{name}"), Dtype::F32, tensor.shape().to_vec(), bytes));
            }
        };
        add(NOW, &self.parameters.weights()?);
        self.best.iter().for_each(|best| add(BEST, best));
        add(ADAM, &memory);
        let sums: Vec<f64> = self.sums.terms.iter().map(|(_, v)| *v).chain([self.sums.total]).collect();
        tensors.push((SUMS.into(), Dtype::F64, vec![sums.len()], sums.iter().flat_map(|v| v.to_le_bytes()).collect()));
        let state = State {
            version: VERSION,
            settings: self.settings.clone(),
            identity: identity(&self.student, &self.material, &self.knowledge),
            at: self.at,
            terms: self.sums.terms.iter().map(|(name, _)| name.clone()).collect(),
            history: History::default(),
            adam_steps,
            ending: self.ending,
        };
        let json = |e: serde_json::Error| TrainError::Checkpoint(e.to_string());
        let history = serde_json::to_vec(&self.history).map_err(json)?;
        tensors.push((HISTORY.into(), Dtype::U8, vec![history.len()], history));
        let text = serde_json::to_string(&state).map_err(json)?;
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)));
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>().map_err(unreadable)?;
        safetensors::serialize(views, Some(HashMap::from([(STATE.to_string(), text)]))).map_err(unreadable)
    }

    /// [`Trainer::new`] for the same run, which then goes on where `checkpoint` was written. Only `epochs`, `patience`,
    /// `picture_memory` and the optimiser's `lr` (for a run that diverged) may have changed.
    ///
    /// # Errors
    /// A checkpoint that is damaged, or that belongs to other settings, another Student, other data or another Teacher; the message
    /// names both sides.
    pub fn resume(
        checkpoint: &[u8],
        student: Student,
        settings: TrainSettings,
        material: Material,
        knowledge: Knowledge,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let (state, tensors) = read(checkpoint)?;
        let mut trainer = Self::new(student, settings, material, knowledge, device)?;
        trainer.compare(&state)?;
        let part = |prefix: &str| -> Weights {
            let own = tensors.iter().filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_string(), t.clone())));
            own.collect()
        };
        trainer.take_weights(&part(NOW))?;
        let best = part(BEST);
        trainer.best = (!best.is_empty()).then_some(best);
        trainer.adam = Adam::restore(trainer.settings.optimiser.clone(), &part(ADAM), &state.adam_steps, device);
        trainer.sums = sums(checkpoint, &state)?;
        trainer.at = state.at;
        trainer.history = state.history;
        trainer.history.resumed_with(state.settings.optimiser.lr, trainer.at.epoch, trainer.at.step, &trainer.settings);
        trainer.scores = Scores::new(trainer.material.classes.len());
        // More epochs may have been allowed since.
        trainer.ending = trainer.ended().filter(|_| state.ending.is_some() || trainer.at.step == 0);
        Ok(trainer)
    }

    fn compare(&self, state: &State) -> Result<(), TrainError> {
        let mut said = state.settings.clone();
        let ours = &self.settings;
        (said.epochs, said.patience, said.picture_memory) = (ours.epochs, ours.patience, ours.picture_memory);
        said.optimiser.lr = ours.optimiser.lr;
        if said != *ours {
            let text = |s: &TrainSettings| serde_json::to_string(s).unwrap_or_default();
            let (theirs, ours) = (text(&state.settings), text(ours));
            return Err(TrainError::Checkpoint(format!("it was written with the settings {theirs}, this run has {ours}")));
        }
        // Version 1 wrote the hash of the scaled weights of a random start, which no later start has to the last bit.
        let scaled = state.version == 1 && self.student.card.weights_sha256 != self.student.weights.sha256();
        for (what, ours) in identity(&self.student, &self.material, &self.knowledge) {
            if scaled && what == "Student" {
                continue;
            }
            let theirs = state.identity.get(&what).map_or("nothing", String::as_str);
            if theirs != ours {
                return Err(TrainError::Checkpoint(format!("its {what} is {theirs}, this run's is {ours}")));
            }
        }
        Ok(())
    }

    /// Replaces the parameters by those of a checkpoint, which must be the same ones.
    fn take_weights(&mut self, now: &Weights) -> Result<(), TrainError> {
        let own = self.parameters.weights()?;
        for (name, tensor) in own.iter() {
            match now.get(name) {
                Some(found) if found.shape() == tensor.shape() => self.parameters.insert(name, found),
                Some(found) => {
                    let (theirs, ours) = (found.shape().to_vec(), tensor.shape());
                    return Err(TrainError::Checkpoint(format!("its '{name}' is {theirs:?}, this run's is {ours:?}")));
                }
                None => return Err(TrainError::Checkpoint(format!("it lacks '{name}'"))),
            }
        }
        Ok(())
    }
}

fn unreadable(e: safetensors::SafeTensorError) -> TrainError {
    TrainError::Checkpoint(format!("it is damaged or cut off ({e})"))
}

fn read(bytes: &[u8]) -> Result<(State, Weights), TrainError> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let said = header.metadata().as_ref().and_then(|m| m.get(STATE));
    let text = said.ok_or_else(|| TrainError::Checkpoint("it is no checkpoint of this program".into()))?;
    let json = |e: serde_json::Error| TrainError::Checkpoint(e.to_string());
    let mut state: State = serde_json::from_str(text).map_err(json)?;
    if state.version > VERSION {
        let version = state.version;
        return Err(TrainError::Checkpoint(format!("it has version {version}; this program reads up to {VERSION}")));
    }
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    if state.version > 1 {
        state.history = serde_json::from_slice(file.tensor(HISTORY).map_err(unreadable)?.data()).map_err(json)?;
    }
    let mut tensors = Weights::new();
    for (name, view) in file.iter().filter(|(_, view)| view.dtype() == Dtype::F32) {
        let data: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let tensor = Tensor::new(view.shape().to_vec(), data).map_err(|e| TrainError::Checkpoint(format!("{e} ('{name}')")))?;
        tensors.insert(name, tensor);
    }
    match tensors.first_not_finite() {
        Some(name) => Err(TrainError::Checkpoint(format!("'{name}' holds a number that is not finite"))),
        None => Ok((state, tensors)),
    }
}

fn sums(bytes: &[u8], state: &State) -> Result<Losses, TrainError> {
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let view = file.tensor(SUMS).map_err(unreadable)?;
    let mut values: Vec<f64> = view.data().as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    if view.dtype() != Dtype::F64 || values.len() != state.terms.len() + 1 {
        return Err(TrainError::Checkpoint("its sums of losses do not fit its terms".into()));
    }
    let total = values.pop().unwrap_or_default();
    Ok(Losses { terms: state.terms.iter().cloned().zip(values).collect(), total })
}

/// What a run's numbers depend on besides the settings.
pub(super) fn identity(student: &Student, material: &Material, knowledge: &Knowledge) -> BTreeMap<String, String> {
    let view = serde_json::to_string(&student.card.view).unwrap_or_default();
    BTreeMap::from([
        // The card's hash: random weights are scaled on some patches at every start, which two machines do not do to the last bit, and
        // its hash is of the weights before that.
        ("Student".into(), student.card.weights_sha256.clone()),
        ("view".into(), view),
        ("training set".into(), material.train.fingerprint()),
        ("validation set".into(), material.validation.fingerprint()),
        ("Teacher".into(), knowledge.name()),
    ])
}
