//! A model file and what the user says about it become a Student.

use super::AnalysisError;
use fovea_student::file::Student;
use fovea_student::graph::rebuild;
use fovea_student::load::{BareInfo, Loaded, load_with};
use fovea_student::onnx::Siblings;

/// Reads a model file. What `info` says fills what a bare checkpoint lacks, and overrides the card of a complete Student
/// (which is then noted).
///
/// # Errors
/// A file that cannot be used, facts that are missing or contradict it; every message names the file.
pub fn open_student(bytes: &[u8], name: &str, info: &BareInfo) -> Result<Student, AnalysisError> {
    open_student_with(bytes, name, info, &|_| None)
}

/// [`open_student`] for ONNX models that keep their weights in a second file: `siblings` gives the files beside the model by
/// plain name.
///
/// # Errors
/// As [`open_student`]; a second file that is missing is named.
pub fn open_student_with(
    bytes: &[u8],
    name: &str,
    info: &BareInfo,
    siblings: &Siblings<'_, '_>,
) -> Result<Student, AnalysisError> {
    match load_with(bytes, name, siblings)? {
        Loaded::Bare(checkpoint) => Ok(checkpoint.into_student(info)?),
        Loaded::Ready(student) => overridden(*student, info).map_err(|e| AnalysisError::Setting(format!("{e} ({name})"))),
    }
}

fn overridden(mut student: Student, info: &BareInfo) -> Result<Student, AnalysisError> {
    let card = &mut student.card;
    if let Some(px) = info.input_px.filter(|px| *px != card.input_px) {
        student.graph = rebuild(&student.graph, &[3, px, px])?;
        student.notes.push(format!("run at {px} px instead of the card's {} px, without self-check", card.input_px));
        card.input_px = px;
        card.self_check = None;
    }
    if let Some(names) = info.classes.as_ref().filter(|names| **names != card.class_names) {
        let (given, found) = (names.len(), card.class_names.len());
        if given != found {
            let what = format!("{given} class names are given, but the network scores {found} classes");
            return Err(AnalysisError::Setting(what));
        }
        student.notes.push(format!("classes renamed from {}", card.class_names.join(", ")));
        card.class_names = names.clone();
    }
    if let Some(um) = info.um_per_px {
        card.um_per_px = Some(um);
    }
    if let Some(view) = &info.view {
        card.view = view.clone();
        card.self_check = None;
    }
    if let Some(normalisation) = info.normalisation {
        card.view.normalisation = Some(normalisation);
        card.self_check = None;
    }
    card.validate(&student.graph).map_err(|e| AnalysisError::Setting(e.to_string()))?;
    Ok(student)
}
