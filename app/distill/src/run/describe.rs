//! What a run says of its Student's card before the first step.

use super::{StartFrom, StudentStart};
use fovea_student::Student;

/// The paper starts from ImageNet's weights: what does not has to say so.
const RANDOM: &str = "trained from random weights, not from ImageNet's";

/// Puts what `start` says into the card of the Student that was opened for it.
///
/// # Errors
/// Another input size than the Student's; a view the Student cannot have.
pub fn describe(start: &StudentStart, student: &mut Student) -> Result<(), String> {
    let card = &mut student.card;
    if let Some(px) = start.input_px.filter(|px| *px != card.input_px) {
        return Err(format!("'student.input_px' is {px}, the Student takes {} px", card.input_px));
    }
    card.um_per_px = start.um_per_px.or(card.um_per_px);
    card.view.factor = start.factor.unwrap_or(card.view.factor);
    card.view.grid = start.grid.unwrap_or(card.view.grid);
    // What was said of the weights before holds no longer once they are trained.
    card.synthetic = start.synthetic || (card.synthetic && matches!(start.from, StartFrom::File(_)));
    let random = matches!(start.from, StartFrom::Random { .. }) || card.notes.iter().any(|note| note.contains("untrained"));
    card.notes.retain(|note| !note.contains("untrained"));
    if random {
        card.notes.push(RANDOM.into());
    }
    if let Some(name) = &start.name {
        card.name.clone_from(name);
    }
    if start.synthetic {
        card.notes.push("trained on drawn pictures, for trying the program out".into());
    }
    card.view.validate(card.input_px).map_err(|e| e.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::run::StudentStart;
    use fovea_student::fresh::{Fresh, random_vgg16};
    use std::path::PathBuf;

    #[test]
    fn who_starts_from_random_weights_says_so() {
        let fresh = Fresh { divisor: 16, classes: vec!["a".into(), "b".into()], input_px: 32, seed: 1 };
        let start =
            |from| StudentStart { from, input_px: None, um_per_px: None, factor: None, grid: None, name: None, synthetic: false };
        let random = start(StartFrom::Random { divisor: 16, seed: 1, settle: true });
        let file = start(StartFrom::File(PathBuf::from("student.safetensors")));
        let mut student = random_vgg16(&fresh).unwrap();
        describe(&random, &mut student).unwrap();
        assert!(student.card.notes.iter().any(|note| note == RANDOM), "{:?}", student.card.notes);
        student.card.notes.clear();
        describe(&file, &mut student).unwrap();
        assert!(student.card.notes.is_empty(), "a trained file's start is its own matter");
    }
}
