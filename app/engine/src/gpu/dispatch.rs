//! Steps as dispatches: long layers are cut so that a submit can stop between the pieces.

use crate::error::EngineError;
use crate::plan::{Plan, Step};
use fovea_shaders::kernel::Call;

/// One dispatch of a step, or a part of it.
#[derive(Clone, Debug)]
pub(crate) struct Dispatch {
    /// Index of the step.
    pub step: usize,
    /// The call with the first workgroup set.
    pub call: Call,
    /// Workgroups per dimension.
    pub groups: [u32; 3],
    /// Estimated work: floating-point operations, a moved byte counting ten.
    pub cost: u64,
}

/// All dispatches of a plan, none of more than about `slice` estimated operations where the kernel can be cut.
pub(crate) fn cut(plan: &Plan, slice: u64) -> Result<Vec<Dispatch>, EngineError> {
    let mut out = vec![];
    for (i, step) in plan.steps.iter().enumerate() {
        let total = step.call.workgroups();
        let cost = step.call.flops().saturating_add(step.call.bytes().saturating_mul(10));
        let pieces = if step.call.with_base(0).is_some() { cost.div_ceil(slice.max(1)).clamp(1, total.max(1)) } else { 1 };
        let per_piece = total.div_ceil(pieces);
        let mut base = 0;
        while base < total {
            let groups = per_piece.min(total - base);
            out.push(piece(i, step, base, groups, cost / pieces)?);
            base += groups;
        }
    }
    Ok(out)
}

fn piece(index: usize, step: &Step, base: u64, groups: u64, cost: u64) -> Result<Dispatch, EngineError> {
    let call = match base {
        0 => step.call,
        // Only calls that can be cut have a second piece, and their workgroups fit u32.
        _ => step.call.with_base(base as u32).unwrap_or(step.call),
    };
    let groups = call.dispatch(groups).map_err(|e| EngineError::Unsupported { what: e.to_string(), node: step.label.clone() })?;
    Ok(Dispatch { step: index, call, groups, cost })
}
