//! Reading the model a command works with.

use super::parse;
use crate::analysis::{embedded, open_student};
use anyhow::{Context, bail};
use clap::Args;
use fovea_student::file::Student;
use fovea_student::load::BareInfo;
use serde_json::{Value, json};
use std::path::Path;

/// Largest model file that is read, in bytes.
const LARGEST: u64 = 8 << 30;

/// What a checkpoint does not say about itself.
#[derive(Clone, Debug, Default, Args)]
pub struct Facts {
    /// Side of the square image the model takes, in pixels (a bare checkpoint needs it)
    #[arg(long, value_name = "PX", value_parser = parse::pixels)]
    pub input: Option<usize>,
    /// Class names in the order of the scores
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub classes: Option<Vec<String>>,
    /// Micrometres per pixel of the model's input
    #[arg(long, value_name = "X", value_parser = parse::micrometres)]
    pub um_per_px: Option<f64>,
}

impl Facts {
    /// For the loaders.
    pub fn info(&self) -> BareInfo {
        let classes = self.classes.as_ref().map(|names| names.iter().map(|n| n.trim().to_string()).collect());
        BareInfo { classes, input_px: self.input, um_per_px: self.um_per_px, ..BareInfo::default() }
    }
}

/// The model in a file, or the embedded one.
pub fn open(path: Option<&Path>, info: &BareInfo) -> anyhow::Result<Student> {
    let Some(path) = path else { return Ok(open_student(embedded::STUDENT, embedded::STUDENT_NAME, info)?) };
    let bytes = read(path)?;
    let mut student = open_student(&bytes, &path.display().to_string(), info)?;
    // Errors name the whole path; records keep the user's folders out.
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if student.card.name == student.file_name {
        student.card.name.clone_from(&name);
    }
    student.file_name = name;
    Ok(student)
}

/// The bytes of a model file.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let facts = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if facts.is_dir() {
        bail!("this is a folder, not a model file: {}", path.display());
    }
    if facts.len() > LARGEST {
        bail!("the file has {} bytes; at most {LARGEST} are read: {}", facts.len(), path.display());
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What JSON outputs say about a model.
pub fn describe(student: &Student) -> Value {
    let card = &student.card;
    json!({
        "name": card.name,
        "file": student.file_name,
        "sha256": card.weights_sha256,
        "architecture": card.architecture,
        "classes": card.class_names,
        "input_px": card.input_px,
        "um_per_px": card.um_per_px,
        "synthetic": card.synthetic,
    })
}
