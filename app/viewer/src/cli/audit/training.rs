//! The training step of a case: terms, gradients and optimiser, recomputed by fovea-distill.

use super::case::{Array, Case};
use super::compare::{Comparison, Judged};
use super::compute;
use anyhow::Context;
use fovea_distill::audit::{self, Quantity, Recomputed};
use fovea_distill::{Device, DeviceKind, device};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A burn device with what reports call it.
pub struct Trainer {
    device: Device,
    /// Device and precision.
    pub name: &'static str,
}

impl Trainer {
    /// The CPU in double precision: whether the algorithm is right.
    pub fn flex() -> anyhow::Result<Self> {
        let device = device::double_precision().map_err(anyhow::Error::msg).context("double precision on the CPU")?;
        Ok(Self { device, name: "burn-flex, double precision" })
    }

    /// The GPU in single precision: whether it is computed as right there.
    pub fn wgpu() -> Self {
        Self { device: Device::wgpu(DeviceKind::DefaultDevice), name: "burn-wgpu, single precision" }
    }

    /// Every quantity of the step, and the arrays under their reference names.
    pub fn audit(
        &self,
        description: &Path,
        json: &Value,
        case: &Case,
    ) -> anyhow::Result<(Vec<Comparison>, BTreeMap<String, Array>)> {
        let path = description.with_extension("safetensors");
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let step = audit::Case::read(&case.name, json, &bytes)?;
        let student = compute::own_weights(case, step.px)?;
        let teacher = step.terms.needs_teacher().then(|| compute::teacher(case, step.px)).transpose()?;
        let done = step.recompute(&student, teacher.as_ref(), &self.device)?;
        Ok((step.compare(&done).into_iter().map(comparison).collect(), arrays(&done)))
    }
}

fn comparison(q: Quantity) -> Comparison {
    let finite = |v: f64| Some(v).filter(|v| v.is_finite());
    Comparison {
        max_abs: finite(q.max_abs),
        relative: finite(q.relative),
        tolerance: q.tolerance,
        judged: match q.judged {
            audit::Judged::Relative => Judged::Relative,
            audit::Judged::MaxAbs => Judged::MaxAbs,
        },
        sensitivity: None,
        ok: q.ok(),
        error: q.error,
        name: q.name,
        shape: q.shape,
    }
}

/// Losses as arrays without axes; gradients; parameters after the step.
fn arrays(done: &Recomputed) -> BTreeMap<String, Array> {
    let total = ("total".to_string(), done.losses.total);
    let losses = done.losses.terms.iter().chain([&total]);
    let mut out: BTreeMap<String, Array> =
        losses.map(|(term, v)| (format!("loss.{term}"), Array { shape: vec![], data: vec![*v as f32] })).collect();
    for (prefix, weights) in [("step0.grad.", &done.gradients), ("step1.param.", &done.after)] {
        let all = weights.iter();
        out.extend(all.map(|(n, t)| (format!("{prefix}{n}"), Array { shape: t.shape().to_vec(), data: t.data().to_vec() })));
    }
    out
}
