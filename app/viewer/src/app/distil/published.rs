//! What the page tells pages and tests about itself.

use serde::Serialize;

use super::Distil;
use super::map_job::Side;

/// Where things are on screen: name, and left, top, width, height in points.
pub type Places = Vec<(String, [f32; 4])>;

/// The page's state in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PublishedDistil {
    /// `set-up` before the first run, else the run's stage.
    pub stage: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// What keeps a run from starting.
    pub problem: Option<String>,
    /// Epochs that are set.
    pub epochs: usize,
    /// Epoch it is in, from 0.
    pub epoch: usize,
    /// Steps made.
    pub steps: usize,
    /// Total loss of the first step.
    pub first_loss: Option<f64>,
    /// Total loss of the last step.
    pub last_loss: Option<f64>,
    /// Quadratic κ of each epoch on the validation patches.
    pub kappa: Vec<f64>,
    /// Maps of the present Student on screen.
    pub maps: usize,
    /// Maps of the Teacher on screen.
    pub teacher_maps: usize,
    /// The Student's self-check was measured; it can be exported.
    pub sealed: bool,
    /// Would be lost if the page were closed: a run under way, or a trained Student that was neither used nor exported.
    pub unsaved: bool,
    /// Where buttons are.
    pub places: Places,
}

impl Distil {
    /// The page's state in short.
    pub fn published(&self) -> PublishedDistil {
        let Some(run) = &self.run else {
            return PublishedDistil {
                stage: "set-up".into(),
                problem: self.problems.first().map(str::to_owned),
                epochs: self.form.train.epochs,
                places: self.places.clone(),
                ..PublishedDistil::default()
            };
        };
        let steps = &run.history.steps;
        PublishedDistil {
            stage: run.stage.word().into(),
            failure: if let super::Stage::Failed(reason) = &run.stage { Some(reason.clone()) } else { None },
            problem: self.problems.first().map(str::to_owned),
            epochs: self.form.train.epochs,
            epoch: run.epoch,
            steps: steps.len(),
            first_loss: steps.first().map(|s| s.losses.total),
            last_loss: steps.last().map(|s| s.losses.total),
            kappa: run.history.epochs.iter().map(|e| e.validation.kappa).collect(),
            maps: self.maps.shown(Side::Now),
            teacher_maps: self.maps.shown(Side::Teacher),
            sealed: matches!(self.sealer.done, Some(Ok(_))),
            unsaved: self.unsaved(),
            places: self.places.clone(),
        }
    }
}
