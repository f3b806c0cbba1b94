//! One kernel call on a GPU, through the same plan and executor as a network: what the kernel tests run, natively and in a
//! browser.

use crate::error::EngineError;
use crate::gpu::{Gpu, GpuRun};
use crate::plan::{Constant, ConvWeights, Place, Plan, PlanOutput, Stage, Step};
use crate::run::Input;
use fovea_shaders::kernel::Call;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Runs `call` on `inputs` (in the order of the kernel's bindings, convolution weights not packed; an empty one is absent) and
/// returns `out_len` elements, which hold `poison` until the kernel writes them. A call of more than `slice` estimated
/// operations is cut into several dispatches where its kernel can be cut, as interactive runs do; `u64::MAX` never cuts.
///
/// # Errors
/// A call that the device's limits do not allow, and whatever the device reports.
pub async fn run_call(
    gpu: &Arc<Gpu>,
    call: &Call,
    inputs: &[&[f32]],
    out_len: usize,
    poison: f32,
    slice: u64,
) -> Result<Vec<f32>, EngineError> {
    let wanted = call.kernel().inputs;
    if inputs.len() != wanted {
        let what = format!("a call with {} inputs instead of {wanted}", inputs.len());
        return Err(EngineError::Unsupported { what, node: call.label().into() });
    }
    let plan = Arc::new(plan(call, inputs, out_len));
    let mut run = GpuRun::new(gpu.clone(), plan, slice)?;
    // The plan's input buffer is the output of its one step: uploading an "image" poisons it.
    let poisoned = vec![poison; out_len];
    let outputs = run.run(Input::F32(&poisoned), &AtomicBool::new(false), &mut BTreeMap::new()).await?;
    Ok(outputs.into_iter().next().unwrap_or_default())
}

fn plan(call: &Call, inputs: &[&[f32]], out_len: usize) -> Plan {
    let mut constants = vec![];
    let places = inputs.iter().enumerate().map(|(i, data)| {
        if data.is_empty() {
            return Place::Absent;
        }
        constants.push(Constant { label: call.label().into(), data: (*data).into(), conv: weights(call, i) });
        Place::Constant(constants.len() - 1)
    });
    let step = Step { label: call.label().into(), call: *call, inputs: places.collect(), output: 0, stage: Stage::Network };
    Plan {
        batch: 1,
        input_shape: vec![out_len],
        input: 0,
        pixels: None,
        steps: vec![step],
        slots: vec![out_len],
        constants,
        outputs: vec![PlanOutput { name: call.label().into(), shape: vec![out_len], place: Place::Slot(0) }],
    }
}

/// How input `index` of a call has to be packed, when it is the weights of a convolution.
fn weights(call: &Call, index: usize) -> Option<ConvWeights> {
    match call {
        Call::Conv2d { params: p, path } if index == 1 => {
            let (oc, ic) = (p.oc as usize, (p.ic / p.groups.max(1)) as usize);
            Some(ConvWeights { path: *path, oc, ic, kh: p.kh as usize, kw: p.kw as usize })
        }
        _ => None,
    }
}
