//! The JSON document on standard output, and what the other outputs are made from.

use crate::analysis::PatchResult;
use fovea_engine::Device;
use fovea_patch::{NOTICE, Patch};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// One file's entry.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FileReport {
    /// What the results call it.
    pub file: String,
    /// Its path as given.
    pub path: String,
    /// Hex SHA-256 of its bytes; absent when it could not be decoded.
    pub sha256: Option<String>,
    /// Pixels.
    pub width: Option<usize>,
    /// Pixels.
    pub height: Option<usize>,
    /// Scale used, if any is known.
    pub um_per_px: Option<f64>,
    /// Level-0 position on the slide, from the name.
    pub position: Option<(i64, i64)>,
    /// Most likely class.
    pub predicted: Option<String>,
    /// Probability by class: of several tiles the mean, by area.
    pub probabilities: Map<String, Value>,
    /// Least and greatest raw attention value of the file.
    pub attention_range: Option<(f32, f32)>,
    /// Each tile.
    pub tiles: Vec<TileReport>,
    /// Milliseconds by stage, and in all.
    pub ms: Map<String, Value>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Why there is no result.
    pub error: Option<String>,
}

/// One tile's entry.
#[derive(Clone, Debug, Serialize)]
pub struct TileReport {
    /// Left edge, image pixels.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Width inside the image.
    pub width: usize,
    /// Height inside the image.
    pub height: usize,
    /// Most likely class.
    pub predicted: String,
    /// Probabilities in the order of the Student's classes.
    pub probabilities: Vec<f32>,
    /// Pre-softmax scores likewise.
    pub logits: Vec<f32>,
}

impl FileReport {
    /// A file that gave no result.
    pub fn failed(file: &str, path: String, error: String) -> Self {
        Self { file: file.into(), path, error: Some(error), ..Self::default() }
    }

    /// A file that did; `um_per_px` is the scale that was used.
    pub fn done(path: String, patch: &Patch, result: &PatchResult, classes: &[String], um_per_px: Option<f64>) -> Self {
        let class = |i: usize| classes.get(i).cloned().unwrap_or_else(|| format!("class {i}"));
        let tiles = result.tiles.iter().map(|t| {
            let inside = t.tile.clipped(result.width, result.height);
            TileReport {
                x: inside.x,
                y: inside.y,
                width: inside.width,
                height: inside.height,
                predicted: class(t.predicted),
                probabilities: t.probabilities.clone(),
                logits: t.logits.clone(),
            }
        });
        let mut ms: Map<String, Value> = result.stages.iter().map(|(s, ms)| (s.to_string(), round(*ms))).collect();
        ms.insert("total".into(), round(result.total_ms));
        Self {
            file: patch.name.clone(),
            path,
            sha256: Some(patch.sha256.clone()),
            width: Some(result.width),
            height: Some(result.height),
            um_per_px,
            position: patch.position,
            predicted: Some(class(result.predicted)),
            probabilities: result.probabilities.iter().enumerate().map(|(i, p)| (class(i), json!(p))).collect(),
            attention_range: result.raw_range(),
            tiles: tiles.collect(),
            ms,
            notes: result.notes.clone(),
            error: None,
        }
    }
}

/// Microseconds are the last digit that means something.
fn round(ms: f64) -> Value {
    json!((ms * 1e3).round() / 1e3)
}

/// The adapter as JSON.
pub fn adapter(device: &Device) -> Value {
    let a = device.adapter();
    json!({ "name": a.name, "backend": a.backend, "driver": a.driver, "software": a.software, "found": a.found })
}

/// Name and version of the program.
pub fn program() -> String {
    format!("fovea {}", env!("CARGO_PKG_VERSION"))
}

/// The whole document.
pub fn document(device: &Device, student: Value, settings: &Value, notes: &[String], files: &[FileReport]) -> Value {
    json!({
        "notice": NOTICE,
        "program": program(),
        "device": device.describe(),
        "executor": if device.is_gpu() { "gpu" } else { "cpu" },
        "adapter": adapter(device),
        "student": student,
        "settings": settings,
        "notes": notes,
        "files": files,
    })
}
