//! Reading the model a command works with.

use super::parse;
use crate::analysis::{embedded, open_student, open_student_with};
use anyhow::{Context, bail};
use clap::Args;
use fovea_student::card::Normalisation;
use fovea_student::file::Student;
use fovea_student::load::BareInfo;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;

/// Largest model file that is read, in bytes.
const LARGEST: u64 = 8 << 30;

/// What a checkpoint does not say about itself.
#[derive(Clone, Debug, Default, Args)]
pub struct Facts {
    /// Side of the square image the model takes, in pixels (a bare checkpoint needs it, and an ONNX model of open size)
    #[arg(long, value_name = "PX", value_parser = parse::pixels)]
    pub input: Option<usize>,
    /// Class names in the order of the scores
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub classes: Option<Vec<String>>,
    /// Micrometres per pixel of the model's input
    #[arg(long, value_name = "X", value_parser = parse::micrometres)]
    pub um_per_px: Option<f64>,
    /// Mean of red, green, blue (of values from 0 to 1) that the model's input is freed of
    #[arg(long, value_name = "R,G,B", requires = "std", allow_hyphen_values = true, value_parser = parse::channels)]
    pub mean: Option<[f32; 3]>,
    /// Standard deviation of red, green, blue that it is divided by
    #[arg(long, value_name = "R,G,B", requires = "mean", value_parser = parse::deviations)]
    pub std: Option<[f32; 3]>,
}

impl Facts {
    /// For the loaders.
    pub fn info(&self) -> BareInfo {
        let classes = self.classes.as_ref().map(|names| names.iter().map(|n| n.trim().to_string()).collect());
        let normalisation = self.mean.zip(self.std).map(|(mean, std)| Normalisation { mean, std });
        BareInfo { classes, input_px: self.input, um_per_px: self.um_per_px, normalisation, ..BareInfo::default() }
    }
}

/// The model in a file, or the embedded one.
pub fn open(path: Option<&Path>, info: &BareInfo) -> anyhow::Result<Student> {
    let Some(path) = path else { return Ok(open_student(embedded::STUDENT, embedded::STUDENT_NAME, info)?) };
    let mut student = open_file(path, info)?;
    // Errors name the whole path; records keep the user's folders out.
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if student.card.name == student.file_name {
        student.card.name.clone_from(&name);
    }
    student.file_name = name;
    Ok(student)
}

/// The model in a file; an ONNX model may keep its weights in other files of the same folder.
pub fn open_file(path: &Path, info: &BareInfo) -> anyhow::Result<Student> {
    let bytes = read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    // The loader has made sure that the name is plain. Why a file cannot be read matters less than which one it is.
    let sibling = |name: &str| read(&folder.join(name)).ok().map(Cow::Owned);
    Ok(open_student_with(&bytes, &path.display().to_string(), info, &sibling)?)
}

/// The bytes of a model file.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
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
