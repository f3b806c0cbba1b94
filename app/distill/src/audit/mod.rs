//! One training step recomputed beside the numbers another program made of it: terms, gradients, optimiser, new parameters.

mod case;
mod quantity;

pub use case::Case;
pub use quantity::{Judged, Quantity};

use crate::adam::Adam;
use crate::parameters::{Gradients, Parameters, ReadError};
use crate::record::Losses;
use crate::step::{Distiller, StepError};
use crate::teacher::Teacher;
use burn::tensor::Device;
use fovea_student::file::Student;
use fovea_student::{View, Weights};

/// Why a case cannot be recomputed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The description or the arrays are not those of a training step.
    #[error("{reason} (case {case})")]
    Case {
        /// What is wrong.
        reason: String,
        /// Case.
        case: String,
    },
    /// The step cannot be made.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The device failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What this program makes of a case.
#[derive(Clone, Debug)]
pub struct Recomputed {
    /// Terms and total.
    pub losses: Losses,
    /// ∂total/∂parameter.
    pub gradients: Weights,
    /// Parameters after the step.
    pub after: Weights,
    /// Parameters after the optimiser alone, fed the reference's gradients.
    pub fed: Weights,
}

impl Case {
    /// Makes the step on a device. `student` has the parameters from before the step; `teacher` may be left out when no term needs
    /// one.
    ///
    /// # Errors
    /// When networks and case do not fit each other, or the device fails.
    pub fn recompute(&self, student: &Student, teacher: Option<&Student>, device: &Device) -> Result<Recomputed, AuditError> {
        let none = View::default();
        let teacher = match teacher.filter(|_| self.terms.needs_teacher()) {
            Some(t) => Some(Teacher::new(&t.graph, &t.weights, &none, self.px, &self.terms, device)?),
            None => None,
        };
        let last = teacher.as_ref().and_then(Teacher::last_shape);
        let view = View { factor: self.factor, ..View::default() };
        let distiller = Distiller::new(&student.graph, &student.weights, &view, self.px, self.terms.clone(), last)?;
        let batch = self.batch(device)?;
        let targets = teacher.map(|t| t.targets(batch.images.clone())).transpose()?;
        let mut parameters = distiller.parameters(&student.weights, device);
        let step = distiller.step(&parameters, &batch, targets.as_ref())?;
        let (losses, gradients) = (step.values()?, step.gradients.weights(&parameters)?);
        Adam::new(self.adam.clone()).update(&mut parameters, &step.gradients);
        let after = distiller.weights(&parameters)?;
        Ok(Recomputed { losses, gradients, after, fed: self.fed(device)? })
    }

    fn fed(&self, device: &Device) -> Result<Weights, AuditError> {
        let mut parameters = Parameters::new(&self.start, device);
        Adam::new(self.adam.clone()).update(&mut parameters, &Gradients::from_weights(&self.gradients, device));
        Ok(parameters.weights()?)
    }

    /// Everything of the reference beside what was recomputed.
    pub fn compare(&self, done: &Recomputed) -> Vec<Quantity> {
        let mut all = self.losses(&done.losses);
        let gradients = self.gradients.iter().map(|(n, want)| Quantity::gradient(n, done.gradients.get(n), want));
        all.extend(gradients);
        let strangers = done.gradients.iter().filter(|(n, _)| self.gradients.get(n).is_none());
        all.extend(strangers.map(|(n, _)| Quantity::failed(&format!("step0.grad.{n}"), "the reference has no such gradient")));
        all.extend(self.after.iter().map(|(n, want)| Quantity::fed(n, done.fed.get(n), want)));
        all.extend(self.after.iter().map(|(n, want)| Quantity::update(n, done.after.get(n), want, self.start.get(n))));
        all
    }

    fn losses(&self, done: &Losses) -> Vec<Quantity> {
        let total = [("total".to_string(), done.total)];
        let find = |term: &str| done.terms.iter().chain(&total).find(|(n, _)| n == term).map(|(_, v)| *v);
        self.reference.iter().map(|(term, want)| Quantity::loss(term, find(term), *want)).collect()
    }
}
