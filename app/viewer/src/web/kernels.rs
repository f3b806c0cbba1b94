//! The kernels' known answers, run in the browser: it rejects WGSL that naga accepts. Not part of the published module.

use super::object::Fields;
use super::page::breathe;
use fovea_engine::{Gpu, run_call};
use fovea_shaders::testing::{Case, cases};
use js_sys::{Array, Object};
use std::sync::Arc;

/// Runs the cases whose label contains `filter`; one object per case.
pub async fn run(gpu: &Arc<Gpu>, filter: &str) -> Array {
    let out = Array::new();
    for case in cases().iter().filter(|c| c.label.contains(filter)) {
        out.push(&test(gpu, case).await.into());
        breathe().await;
    }
    out
}

async fn test(gpu: &Arc<Gpu>, case: &Case) -> Object {
    let inputs: Vec<&[f32]> = case.inputs.iter().map(Vec::as_slice).collect();
    let outcome = run_call(gpu, &case.call, &inputs, case.out_len, f32::NAN, u64::MAX).await.map_err(|e| e.to_string());
    let checked = outcome.and_then(|out| Ok((case.error(&out)?, case.check(&out))));
    let (error, message) = match checked {
        Ok((error, Ok(()))) => (error, String::new()),
        Ok((error, Err(message))) => (error, message),
        Err(message) => (f64::INFINITY, message),
    };
    let fields = Fields::default().with("label", case.label.as_str()).with("max_rel_error", error);
    fields.with("ok", message.is_empty()).with("message", message).done()
}
