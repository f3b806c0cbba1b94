//! The table of results.

use crate::error::PatchError;

/// One patch or tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// File name.
    pub file: String,
    /// Hex SHA-256 of the file's bytes.
    pub sha256: String,
    /// Left edge in image pixels.
    pub x: usize,
    /// Top edge in image pixels.
    pub y: usize,
    /// Width in image pixels.
    pub width: usize,
    /// Height in image pixels.
    pub height: usize,
    /// Micrometres per image pixel; empty where unknown.
    pub um_per_px: Option<f64>,
    /// One probability per class.
    pub probs: Vec<f32>,
    /// Name of the most likely class.
    pub pred: String,
    /// Hex SHA-256 of the Student's weights.
    pub model_sha256: String,
}

/// `file, sha256, x, y, width, height, um_per_px, prob_<class>…, pred, model_sha256`, one line per row, UTF-8.
///
/// # Errors
/// [`PatchError::Mismatch`] when a row has not one probability per class.
pub fn csv_table(classes: &[String], rows: &[Row]) -> Result<Vec<u8>, PatchError> {
    let fail = |e: ::csv::Error| PatchError::export("CSV", e);
    let mut table = ::csv::Writer::from_writer(Vec::new());
    let fixed = ["file", "sha256", "x", "y", "width", "height", "um_per_px"].map(str::to_owned);
    let probs = classes.iter().map(|c| format!("prob_{c}"));
    let header = fixed.into_iter().chain(probs).chain(["pred".to_owned(), "model_sha256".to_owned()]);
    table.write_record(header).map_err(fail)?;
    for row in rows {
        if row.probs.len() != classes.len() {
            return Err(PatchError::length("probabilities of a row", classes.len(), row.probs.len()));
        }
        table.write_record(fields(row)).map_err(fail)?;
    }
    table.into_inner().map_err(|e| PatchError::export("CSV", e))
}

fn fields(row: &Row) -> Vec<String> {
    let mut fields = vec![row.file.clone(), row.sha256.clone()];
    fields.extend([row.x, row.y, row.width, row.height].map(|n| n.to_string()));
    fields.push(row.um_per_px.map(|um| um.to_string()).unwrap_or_default());
    fields.extend(row.probs.iter().map(f32::to_string));
    fields.extend([row.pred.clone(), row.model_sha256.clone()]);
    fields
}
