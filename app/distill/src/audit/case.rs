//! A reference case: settings as its description has them, arrays as its file has them.

use super::AuditError;
use crate::config::{At, AttentionForm, AttentionLoss, AttentionScale, Fm, Kd, Sr, SrKind, Terms};
use crate::optimiser::AdamSettings;
use crate::step::{Batch, StepError};
use burn::tensor::Device;
use fovea_student::{Tensor, Weights};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// One training step of another program.
#[derive(Clone, Debug)]
pub struct Case {
    /// Name, for messages.
    pub name: String,
    /// Side of the images, in px.
    pub px: usize,
    /// Reduction factor of the Student's view.
    pub factor: usize,
    /// Terms with their weights.
    pub terms: Terms,
    /// Optimiser.
    pub adam: AdamSettings,
    /// Value of each term and of the total.
    pub reference: Vec<(String, f64)>,
    /// Parameters before the step.
    pub start: Weights,
    /// Gradients of the total.
    pub gradients: Weights,
    /// Parameters after the step.
    pub after: Weights,
    images: Vec<f32>,
    labels: Vec<usize>,
}

impl Case {
    /// Reads a case from its description (`{"attention_level", "weights", "loss", "adam", "input_pixels", "target_pixels"}`) and
    /// the bytes of its safetensors file (`image`, `label`, `step0.param.*`, `step0.grad.*`, `step1.param.*`).
    ///
    /// # Errors
    /// When something is missing or unusable.
    pub fn read(name: &str, description: &Value, bytes: &[u8]) -> Result<Self, AuditError> {
        let wrong = |reason: String| AuditError::Case { reason, case: name.into() };
        let file = SafeTensors::deserialize(bytes).map_err(|e| wrong(format!("not a safetensors file: {e}")))?;
        let side = |key: &str| {
            let v = description.get(key).and_then(Value::as_u64).and_then(|v| usize::try_from(v).ok()).filter(|v| *v > 0);
            v.ok_or_else(|| wrong(format!("no usable {key}")))
        };
        let (px, target) = (side("input_pixels")?, side("target_pixels")?);
        if target > px || !px.is_multiple_of(target) {
            return Err(wrong(format!("{px} px to {target} px is no whole factor")));
        }
        let one = |key: &str| file.tensor(key).ok().and_then(|t| floats(&t)).ok_or_else(|| wrong(format!("no array '{key}'")));
        let under = |prefix: &str| match under(&file, prefix) {
            found if found.is_empty() => Err(wrong(format!("no array '{prefix}*'"))),
            found => Ok(found),
        };
        Ok(Self {
            name: name.into(),
            px,
            factor: px / target,
            terms: terms(description).map_err(wrong)?,
            adam: settings(description).map_err(wrong)?,
            reference: losses(description).ok_or_else(|| wrong("no values of the loss".into()))?,
            start: under("step0.param.")?,
            gradients: under("step0.grad.")?,
            after: under("step1.param.")?,
            images: one("image")?,
            labels: one("label")?.into_iter().map(|l| l as usize).collect(),
        })
    }

    pub(super) fn batch(&self, device: &Device) -> Result<Batch, StepError> {
        Batch::new(self.images.clone(), self.px, self.labels.clone(), device)
    }
}

fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    match view.dtype() {
        Dtype::F32 => Some(view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        // Labels: small whole numbers.
        Dtype::I64 => Some(view.data().as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect()),
        _ => None,
    }
}

fn under(file: &SafeTensors<'_>, prefix: &str) -> Weights {
    let one = |(name, view): (&str, TensorView<'_>)| {
        let name = name.strip_prefix(prefix)?.to_string();
        Some((name, Tensor::new(view.shape().to_vec(), floats(&view)?).ok()?))
    };
    file.iter().filter_map(one).collect()
}

fn losses(description: &Value) -> Option<Vec<(String, f64)>> {
    let all = description.get("loss")?.as_object()?;
    all.iter().map(|(term, value)| Some((term.clone(), value.as_f64()?))).collect()
}

fn settings(description: &Value) -> Result<AdamSettings, String> {
    let adam = description.get("adam").ok_or("no settings of the optimiser")?;
    serde_json::from_value(adam.clone()).map_err(|e| format!("the settings of the optimiser: {e}"))
}

/// The terms of the reference's loss: those that have a weight.
fn terms(description: &Value) -> Result<Terms, String> {
    let weights = description.get("weights").and_then(Value::as_object).ok_or("no weights of the terms")?;
    if let Some(stranger) = weights.keys().find(|k| !["ce", "kd", "fm", "sr", "at"].contains(&k.as_str())) {
        return Err(format!("the term '{stranger}' is not known"));
    }
    let weight = |name: &str| weights.get(name).and_then(Value::as_f64);
    let at = match (weight("at"), description.get("attention_level").and_then(Value::as_i64)) {
        (Some(weight), Some(level)) => Some(At {
            weight,
            layer: level.to_string(),
            teacher_layer: None,
            form: AttentionForm::Positive,
            loss: AttentionLoss::L2,
            normalise: AttentionScale::MinMax,
        }),
        (Some(_), None) => return Err("the term 'at' has no attention_level".into()),
        (None, _) => None,
    };
    Ok(Terms {
        ce: weight("ce").unwrap_or(1.0),
        kd: weight("kd").map(|weight| Kd { weight, t: 1.0 }),
        fm: weight("fm").map(|weight| Fm { weight, layer: "-1".into() }),
        sr: weight("sr").map(|weight| Sr { weight, kind: SrKind::Last }),
        at: at.into_iter().collect(),
    })
}
