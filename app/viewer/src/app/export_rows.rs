//! Rows and records of an export.

use fovea_patch::Patch;
use fovea_patch::export::{FileRecord, Row};

use super::look::Look;
use super::model::Model;
use super::state::{Item, Progress};

/// One line per patch of the gallery; `None` for those without a result.
pub fn item_row(item: &Item, model: &Model) -> Option<Row> {
    let summary = item.summary.as_ref()?;
    let [width, height] = item.size?;
    Some(Row {
        file: item.name.clone(),
        sha256: summary.sha256.to_string(),
        x: 0,
        y: 0,
        width,
        height,
        um_per_px: item.um_per_px,
        probs: summary.probabilities.to_vec(),
        pred: model.name(summary.predicted.into()).to_owned(),
        model_sha256: model.student.card.weights_sha256.clone(),
    })
}

/// One line per tile of a patch.
pub fn tile_rows(patch: &Patch, look: &Look, classes: &[String], model_sha256: &str) -> Vec<Row> {
    let row = |t: &crate::analysis::TileResult| {
        let tile = t.tile.clipped(patch.width, patch.height);
        Row {
            file: patch.name.clone(),
            sha256: patch.sha256.clone(),
            x: tile.x,
            y: tile.y,
            width: tile.width,
            height: tile.height,
            um_per_px: patch.um_per_px,
            probs: t.probabilities.clone(),
            pred: classes.get(t.predicted).cloned().unwrap_or_default(),
            model_sha256: model_sha256.to_owned(),
        }
    };
    look.result.tiles.iter().map(row).collect()
}

/// The patch in the record of the run.
pub fn file_record(item: &Item) -> FileRecord {
    let error = if let Progress::Failed(reason) = &item.progress { Some(reason.clone()) } else { None };
    let sha256 = item.summary.as_ref().map(|s| s.sha256.to_string());
    let notes = if item.synthetic { vec!["a synthetic drawing, not tissue".to_owned()] } else { vec![] };
    FileRecord { file: item.name.clone(), sha256, notes, error }
}
