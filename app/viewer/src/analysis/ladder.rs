//! The magnification ladder: the same patch as the Student would see it at 10×, 5×, 2.5× and 1.25×.

use super::{AnalysisError, Analyzer, PatchResult, Settings};
use fovea_engine::Device;
use fovea_patch::Patch;
use fovea_student::file::Student;

/// Reduction factors of the ladder.
const FACTORS: [usize; 4] = [1, 2, 4, 8];

/// Micrometres per pixel that count as 10×.
const UM_AT_10: f64 = 1.0;

/// Factors that divide the input.
pub fn factors(input_px: usize) -> Vec<usize> {
    FACTORS.into_iter().filter(|k| input_px.is_multiple_of(*k) && input_px > *k).collect()
}

/// One step of the ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Reduction relative to the Student's input.
    pub k: usize,
    /// What it is called: `5×`; of a Student with unknown µm/px, its input counts as 10×.
    pub label: String,
    /// Result, or why there is none at this step.
    pub outcome: Result<PatchResult, AnalysisError>,
}

impl Rung {
    /// `10×`, `2.5×`, `1.25×`: two decimals where they are needed.
    pub(crate) fn label_at(k: usize, um_per_px: Option<f64>) -> String {
        let power = 10.0 * UM_AT_10 / um_per_px.unwrap_or(UM_AT_10) / k as f64;
        let text = format!("{power:.2}");
        format!("{}×", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Analyzers for every step, compiled when first climbed.
pub struct Ladder {
    device: Device,
    student: Student,
    settings: Settings,
    steps: Vec<(usize, Option<Analyzer>)>,
}

impl Ladder {
    /// A ladder for a Student; of the settings' view only the grid counts. Weights are shared, not copied.
    pub fn new(device: &Device, student: &Student, settings: Settings) -> Self {
        let steps = factors(student.card.input_px).into_iter().map(|k| (k, None)).collect();
        Self { device: device.clone(), student: student.clone(), settings, steps }
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Never: every input has the step k = 1.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// One step, counted from the sharpest; `None` past the last.
    pub async fn step(&mut self, index: usize, patch: &Patch) -> Option<Rung> {
        let k = self.steps.get(index)?.0;
        let outcome = self.analyze(index, k, patch).await;
        Some(Rung { k, label: Rung::label_at(k, self.student.card.um_per_px), outcome })
    }

    /// All steps, sharpest first. A step that fails does not stop the others.
    pub async fn climb(&mut self, patch: &Patch) -> Vec<Rung> {
        let mut rungs = vec![];
        for index in 0..self.steps.len() {
            rungs.extend(self.step(index, patch).await);
        }
        rungs
    }

    async fn analyze(&mut self, index: usize, k: usize, patch: &Patch) -> Result<PatchResult, AnalysisError> {
        if let Some((_, slot @ None)) = self.steps.get_mut(index) {
            let mut settings = self.settings.clone();
            settings.view.k = Some(k);
            *slot = Some(Analyzer::new(&self.device, &self.student, settings)?);
        }
        match self.steps.get_mut(index) {
            Some((_, Some(analyzer))) => analyzer.analyze_patch(patch).await,
            _ => Err(AnalysisError::Setting(format!("the ladder has no step {index}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_do_not_divide_are_left_out() {
        assert_eq!(factors(128), [1, 2, 4, 8]);
        assert_eq!(factors(100), [1, 2, 4]);
        assert_eq!(factors(75), [1]);
    }

    #[test]
    fn labels_are_magnifications() {
        assert_eq!([1, 2, 4, 8].map(|k| Rung::label_at(k, None)), ["10×", "5×", "2.5×", "1.25×"]);
        assert_eq!(Rung::label_at(1, Some(0.5)), "20×");
    }
}
