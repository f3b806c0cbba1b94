//! The training step of a case: terms, gradients and optimiser, recomputed by fovea-distill.

use super::AuditReport;
use super::case::{self, Array, Case};
use super::compare::{Comparison, Judged};
use super::compute;
use anyhow::Context;
use fovea_distill::audit::{self, Quantity, Recomputed};
use fovea_distill::{Device, DeviceKind, device};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A recomputed step.
pub struct Step {
    quantities: Vec<Comparison>,
    arrays: BTreeMap<String, Array>,
    on: &'static str,
}

impl Step {
    /// Adds it to what else is known of the case.
    pub fn add(self, quantities: &mut Vec<Comparison>, arrays: &mut BTreeMap<String, Array>, notes: &mut Vec<String>) {
        quantities.extend(self.quantities);
        arrays.extend(self.arrays);
        notes.push(format!("loss, gradients, optimiser (adam.*: fed the reference's gradients), updates: {}", self.on));
    }
}

/// The step on the CPU in double precision: whether the algorithm is right.
pub fn on_cpu(description: &Path, json: &Value, case: &Case) -> anyhow::Result<Step> {
    let device = device::double_precision().map_err(anyhow::Error::msg).context("double precision on the CPU")?;
    step(description, json, case, &device, "burn-flex, double precision")
}

/// The step on the GPU in single precision: whether it is computed as right there. Cases without a step give nothing.
pub fn on_gpu(description: &Path, name: &str) -> Option<AuditReport> {
    // A case that cannot be read has been reported.
    let json = case::describe(description).ok().filter(|json| json.get("network").is_none())?;
    let case = case::read(description, &json).ok().filter(|c| c.with_prefix("step0.grad.").next().is_some())?;
    let done = step(description, &json, &case, &Device::wgpu(DeviceKind::DefaultDevice), "burn-wgpu, single precision");
    Some(match done {
        Ok(done) => {
            let mut report = AuditReport { case: format!("{name} (burn-wgpu)"), ..AuditReport::default() };
            done.add(&mut report.quantities, &mut BTreeMap::new(), &mut report.notes);
            report
        }
        Err(e) => AuditReport::failed(format!("{name} (burn-wgpu)"), &e),
    })
}

fn step(description: &Path, json: &Value, case: &Case, device: &Device, on: &'static str) -> anyhow::Result<Step> {
    let path = description.with_extension("safetensors");
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let step = audit::Case::read(&case.name, json, &bytes)?;
    let student = compute::own_weights(case, step.px)?;
    let teacher = step.terms.needs_teacher().then(|| compute::teacher(case, step.px)).transpose()?;
    let done = step.recompute(&student, teacher.as_ref(), device)?;
    Ok(Step { quantities: step.compare(&done).into_iter().map(comparison).collect(), arrays: arrays(&done), on })
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
