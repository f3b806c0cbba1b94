//! What a run leaves: the Student with the best weights, and in its card how it came to them.

use super::{TrainError, Trainer, checkpoint};
use crate::record::EpochRecord;
use fovea_student::Student;
use serde_json::json;

/// A trained Student.
#[derive(Clone, Debug)]
pub struct Trained {
    /// With the weights of the best epoch. Its test vector has to be measured anew by whoever can run it.
    pub student: Student,
    /// The epoch the weights are from; none when no epoch was finished: the weights are then the present ones.
    pub best: Option<EpochRecord>,
}

impl Trainer {
    /// The Student as trained so far, at any time.
    ///
    /// # Errors
    /// When the device does not return the weights.
    pub fn trained(&self) -> Result<Trained, TrainError> {
        let best = self.history.best().cloned();
        let weights = match &self.best {
            Some(weights) => weights.clone(),
            None => self.distiller.weights(&self.parameters)?,
        };
        let mut student = self.student.clone();
        let card = &mut student.card;
        card.weights_sha256 = weights.sha256();
        card.self_check = None;
        card.training.text = self.sentence(best.as_ref());
        card.training.record = json!({
            "program": concat!("fovea ", env!("CARGO_PKG_VERSION")),
            "settings": self.settings,
            "identity": checkpoint::identity(&self.student, &self.material, &self.knowledge),
            "origin": self.material.origin,
            "patches": { "train": self.material.train.len(), "validation": self.material.validation.len() },
            "teacher": self.knowledge.describe(),
            "epochs": self.history.epochs,
        });
        if !self.history.rates.is_empty() {
            card.training.record["rates"] = json!(self.history.rates);
        }
        student.weights = weights;
        Ok(Trained { student, best })
    }

    fn sentence(&self, best: Option<&EpochRecord>) -> String {
        let terms: Vec<String> = self.settings.terms.weights().iter().map(|(name, w)| format!("{w}·{name}")).collect();
        let state = match best {
            Some(e) => {
                format!("epoch {} of {}, validation κ {:.3}", e.epoch + 1, self.settings.epochs, e.validation.kappa)
            }
            None => "before the end of the first epoch".into(),
        };
        format!(
            "trained by Fovea on {} patches ({}) with {}; {state}",
            self.material.train.len(),
            self.material.origin,
            terms.join(" + ")
        )
    }
}
