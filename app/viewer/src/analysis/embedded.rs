//! What the program carries with it, so that its first screen and a first run need no file. All of it is synthetic:
//! `assets/README.md` says how each was made.

use super::{AnalysisError, open_student};
use fovea_patch::{Limits, Patch, PatchError, decode};
use fovea_student::file::Student;
use fovea_student::load::BareInfo;

/// Bytes of the embedded Student.
pub const STUDENT: &[u8] = include_bytes!("../../../../assets/students/drawn-vgg-thin-2.5x.safetensors");

/// Its file name.
pub const STUDENT_NAME: &str = "drawn-vgg-thin-2.5x.safetensors";

/// An embedded picture file.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// File name; the class it was drawn for is part of it.
    pub name: &'static str,
    /// The file's bytes.
    pub bytes: &'static [u8],
}

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        [$(Sample { name: $name, bytes: include_bytes!(concat!("../../../../assets/samples/", $name)) }),*]
    };
}

/// Drawn patches, two per class: drawings, not tissue. The first one shown has a focus to look at.
pub const SAMPLES: [Sample; 8] = samples![
    "drawn_G3_1.jpg",
    "drawn_G3_2.jpg",
    "drawn_G4_1.jpg",
    "drawn_G4_2.jpg",
    "drawn_G5_1.jpg",
    "drawn_G5_2.jpg",
    "drawn_NC_1.jpg",
    "drawn_NC_2.jpg",
];

/// The embedded Student, ready to use.
///
/// # Errors
/// Only when the program was built with a damaged asset.
pub fn student() -> Result<Student, AnalysisError> {
    open_student(STUDENT, STUDENT_NAME, &BareInfo::default())
}

impl Sample {
    /// The picture.
    ///
    /// # Errors
    /// Only when the program was built with a damaged asset.
    pub fn decode(&self) -> Result<Patch, PatchError> {
        let mut patch = decode(self.bytes, self.name, &Limits::default())?;
        patch.notes.push("a synthetic drawing, not tissue".into());
        Ok(patch)
    }
}
