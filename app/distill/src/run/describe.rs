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
