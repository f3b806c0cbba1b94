//! `run.json`: what was run on what, so that a result can be explained and repeated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::NOTICE;
use crate::error::PatchError;

/// The Student that was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Its name or file name, without folders.
    pub name: String,
    /// Hex SHA-256 of its weights.
    pub sha256: String,
    /// Class names in order.
    pub classes: Vec<String>,
}

/// One input file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    /// File name.
    pub file: String,
    /// Hex SHA-256 of its bytes; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What was done to its pixels, and how its scale was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why there is no result for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The record of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Always [`NOTICE`].
    pub notice: String,
    /// Program name and version.
    pub program: String,
    /// Date and time, ISO 8601, from the caller's clock.
    pub date: String,
    /// What computed: adapter name and backend, or the CPU.
    pub adapter: String,
    /// The Student.
    pub model: ModelRecord,
    /// Settings as the command line or the window had them.
    pub settings: Value,
    /// Versions of whatever the numbers depend on, by name.
    pub versions: BTreeMap<String, String>,
    /// Every input, failed ones included.
    pub files: Vec<FileRecord>,
}

impl RunRecord {
    /// An empty record; `date` is ISO 8601.
    #[must_use]
    pub fn new(program: &str, date: &str, adapter: &str, model: ModelRecord, settings: Value) -> Self {
        Self {
            notice: NOTICE.to_owned(),
            program: program.to_owned(),
            date: date.to_owned(),
            adapter: adapter.to_owned(),
            model,
            settings,
            versions: BTreeMap::new(),
            files: Vec::new(),
        }
    }

    /// Inputs without a result.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.files.iter().filter(|f| f.error.is_some()).count()
    }

    /// The bytes of `run.json`.
    ///
    /// # Errors
    /// [`PatchError::Export`] when the settings cannot be written as JSON.
    pub fn to_json(&self) -> Result<Vec<u8>, PatchError> {
        serde_json::to_vec_pretty(self).map_err(|e| PatchError::export("run.json", e))
    }
}
