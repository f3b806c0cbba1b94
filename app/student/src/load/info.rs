//! What a user says about a bare checkpoint.

use super::Reason;
use crate::card::{Normalisation, View};
use serde_json::Value;

/// What a bare checkpoint does not say. Nothing is assumed silently: what stays unknown is noted in the Student.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BareInfo {
    /// Class names in the order of the scores (`--classes`).
    pub classes: Option<Vec<String>>,
    /// Side of the square image the network takes, in px (`--input`).
    pub input_px: Option<usize>,
    /// Micrometres per px of that image (`--um-per-px`).
    pub um_per_px: Option<f64>,
    /// Input view; none means the Teacher's own: the image as it is, values in [0, 1].
    pub view: Option<View>,
    /// Mean and standard deviation of the input (`--mean`, `--std`); goes over what the view says.
    pub normalisation: Option<Normalisation>,
    /// Where the training data came from, licence and the like, as free text.
    pub licence: Option<String>,
}

impl BareInfo {
    /// Reads a WSInfer `config.json` (class names, px, µm/px, normalisation).
    ///
    /// # Errors
    /// When it is no JSON object, or a field has the wrong type.
    pub fn from_wsinfer(text: &str) -> Result<Self, Reason> {
        let wrong = |what: &str| Reason::Given(format!("the WSInfer configuration is unusable: {what}"));
        let config: Value = serde_json::from_str(text).map_err(|e| wrong(&e.to_string()))?;
        let config = config.as_object().ok_or_else(|| wrong("it is no object"))?;
        let classes = match config.get("class_names") {
            None => None,
            Some(v) => Some(serde_json::from_value::<Vec<String>>(v.clone()).map_err(|_| wrong("class_names"))?),
        };
        let number = |key: &str| config.get(key).map(|v| v.as_f64().filter(|n| *n > 0.0).ok_or_else(|| wrong(key))).transpose();
        let (patch, spacing) = (number("patch_size_pixels")?, number("spacing_um_px")?);
        let mut info = Self { classes, ..Self::default() };
        let steps = config.get("transform").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let step = |name: &str| steps.iter().find(|s| s["name"] == name).map(|s| &s["arguments"]);
        let resized = step("Resize").and_then(|a| a["size"].as_f64());
        // WSInfer cuts a patch of `patch` px at `spacing` and resizes it to what the network takes.
        info.input_px = resized.or(patch).map(|px| px as usize);
        info.um_per_px = spacing.zip(patch).map(|(s, p)| s * p / resized.unwrap_or(p));
        if let Some(arguments) = step("Normalize") {
            let triple = |key: &str| serde_json::from_value::<[f32; 3]>(arguments[key].clone()).map_err(|_| wrong(key));
            let normalisation = Some(Normalisation { mean: triple("mean")?, std: triple("std")? });
            info.view = Some(View { normalisation, ..View::default() });
        }
        Ok(info)
    }
}
