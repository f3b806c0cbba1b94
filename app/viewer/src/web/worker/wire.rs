//! Jobs and answers as a JSON header and byte buffers, which the browser moves from one thread to the other without copying.

mod heads;
#[cfg(test)]
mod tests;

use crate::analysis::{PatchResult, Settings};
use fovea_distill::remote::Parcel;
use fovea_patch::Patch;
use fovea_student::file::{self, Student};
use heads::{PatchHead, ResultHead, SettingsHead};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the Worker is asked to do.
#[derive(Clone, Debug)]
pub enum Job {
    /// Take this Student for the jobs that follow, and run its self-check.
    Student {
        /// The model.
        student: Arc<Student>,
        /// Where it will run, and so where it is checked.
        settings: Settings,
    },
    /// Decode a picture.
    Decode {
        /// File name.
        name: String,
        /// The file.
        bytes: Arc<[u8]>,
        /// Most pixels it may have.
        max_pixels: u64,
    },
    /// Analyse a patch.
    Analyze {
        /// Its pixels.
        patch: Arc<Patch>,
        /// Layer, method, view, device.
        settings: Settings,
    },
}

/// What comes of a job.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The Student is in place.
    Student {
        /// Where it runs, one line for people.
        executor: String,
    },
    /// A decoded picture.
    Patch(Patch),
    /// A result.
    Result {
        /// Scores and maps.
        result: PatchResult,
        /// Where it ran, one line for people.
        executor: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
enum JobHead {
    Student { name: String, settings: SettingsHead },
    Decode { name: String, max_pixels: u64 },
    Analyze { patch: PatchHead, settings: SettingsHead },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum AnswerHead {
    Student { executor: String },
    Patch { patch: PatchHead },
    Result { result: ResultHead, executor: String },
}

/// Head and only buffer of a message.
fn open<T: DeserializeOwned>(parcel: Parcel) -> Result<(T, Vec<u8>), String> {
    let (head, parts) = parcel.open()?;
    Ok((head, parts.into_iter().next().unwrap_or_default()))
}

impl Job {
    /// The job as a message.
    ///
    /// # Errors
    /// A Student that cannot be written.
    pub fn pack(&self) -> Result<Parcel, String> {
        match self {
            Self::Student { student, settings } => {
                let bytes = file::write(student).map_err(|e| e.to_string())?;
                Parcel::new(&JobHead::Student { name: student.file_name.clone(), settings: settings.into() }, vec![bytes])
            }
            Self::Decode { name, bytes, max_pixels } => {
                Parcel::new(&JobHead::Decode { name: name.clone(), max_pixels: *max_pixels }, vec![bytes.to_vec()])
            }
            Self::Analyze { patch, settings } => {
                let head = JobHead::Analyze { patch: patch.as_ref().into(), settings: settings.into() };
                Parcel::new(&head, vec![patch.rgb.clone()])
            }
        }
    }

    /// The job of a message.
    ///
    /// # Errors
    /// A message that is none.
    pub fn unpack(parcel: Parcel) -> Result<Self, String> {
        let (head, bytes) = open(parcel)?;
        Ok(match head {
            JobHead::Student { name, settings } => {
                let student = crate::analysis::open_student(&bytes, &name, &Default::default()).map_err(|e| e.to_string())?;
                Self::Student { student: Arc::new(student), settings: settings.unpack()? }
            }
            JobHead::Decode { name, max_pixels } => Self::Decode { name, bytes: bytes.into(), max_pixels },
            JobHead::Analyze { patch, settings } => {
                Self::Analyze { patch: Arc::new(patch.with(bytes)?), settings: settings.unpack()? }
            }
        })
    }
}

impl Answer {
    /// The answer as a message.
    ///
    /// # Errors
    /// Only where JSON cannot hold a value.
    pub fn pack(self) -> Result<Parcel, String> {
        match self {
            Self::Student { executor } => Parcel::new(&AnswerHead::Student { executor }, vec![]),
            Self::Patch(patch) => Parcel::new(&AnswerHead::Patch { patch: (&patch).into() }, vec![patch.rgb]),
            Self::Result { result, executor } => {
                let (result, part) = heads::pack_result(&result);
                Parcel::new(&AnswerHead::Result { result, executor }, vec![part])
            }
        }
    }

    /// The answer of a message.
    ///
    /// # Errors
    /// A message that is none.
    pub fn unpack(parcel: Parcel) -> Result<Self, String> {
        let (head, part) = open(parcel)?;
        Ok(match head {
            AnswerHead::Student { executor } => Self::Student { executor },
            AnswerHead::Patch { patch } => Self::Patch(patch.with(part)?),
            AnswerHead::Result { result, executor } => Self::Result { result: result.unpack(&part)?, executor },
        })
    }
}
