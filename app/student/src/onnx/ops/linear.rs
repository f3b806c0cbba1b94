//! Matrix products with constant weights.

use super::super::OnnxError;
use super::super::host::Host;
use super::super::import::{Bound, Cx, Made, one};
use crate::graph::Op;

pub(super) fn gemm(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    if cx.int("transA", 0)? != 0 {
        return Err(cx.touches_batch());
    }
    let features = cx.shape(x);
    if features.len() != 1 {
        return Err(cx.fail(format!("it takes a row of features per image and gets {features:?}")));
    }
    let transposed = cx.int("transB", 0)? == 0;
    let (alpha, beta) = (cx.float("alpha", 1.0)?, cx.float("beta", 1.0)?);
    let weights = cx.needed_host(1)?;
    let [rows, columns] = weights.shape[..] else {
        return Err(cx.fail(format!("its weights {:?} are not a matrix", weights.shape)));
    };
    let width = if transposed { columns } else { rows };
    let w = scaled(cx, 1, &weights, alpha, "alpha")?;
    let mut operands = vec![x, w];
    if let Some(bias) = cx.host(2)? {
        let row = cx.named(bias_row(&bias, width))?;
        operands.push(scaled(cx, 2, &row, beta, "beta")?);
    }
    one(cx.op(Op::Linear { transposed }, &operands)?)
}

/// A constant operand times a factor; it keeps its name when the factor is one.
fn scaled(cx: &mut Cx<'_, '_>, i: usize, host: &Host, factor: f32, what: &str) -> Result<crate::graph::ValueId, OnnxError> {
    let name = cx.node.inputs.get(i).cloned().unwrap_or_default();
    if factor == 1.0 {
        return cx.constant(&name, host, &host.shape);
    }
    let data = cx.named(host.as_f32())?;
    let host = Host::floats(host.shape.clone(), data.iter().map(|v| v * factor).collect());
    cx.constant(&format!("{name}.{what}"), &host, &host.shape)
}

/// A bias that is broadcast over the batch, as one row.
fn bias_row(bias: &Host, width: usize) -> Result<Host, String> {
    let fits = match bias.shape[..] {
        [] | [1] | [1, 1] => true,
        [n] | [1, n] => n == width,
        _ => false,
    };
    if !fits {
        return Err(format!("its bias {:?} is not one row of {width}", bias.shape));
    }
    match bias.scalar() {
        Some(one) if width != 1 => Ok(Host::floats(vec![width], vec![one; width])),
        _ => Ok(bias.reshaped(vec![width])),
    }
}

pub(super) fn matmul(cx: &mut Cx<'_, '_>) -> Made {
    let x = match (cx.operand(0)?, cx.operand(1)?) {
        (Bound::Image(x), Bound::Host(_)) => x,
        (Bound::Loose(_), _) | (_, Bound::Loose(_)) => return Err(cx.touches_batch()),
        (Bound::Image(_), Bound::Image(_)) => {
            return Err(cx.fail("it multiplies two values of the image (attention); only constant weights are supported"));
        }
        _ => return Err(cx.fail("its weights are on the left; only constant right operands are supported")),
    };
    let weights = cx.needed_host(1)?;
    let extra = weights.shape.len().saturating_sub(2);
    if weights.shape[..extra].iter().any(|&d| d != 1) || weights.shape.len() < 2 || extra > cx.shape(x).len().saturating_sub(1) {
        return Err(cx.fail(format!("its weights {:?} are not one matrix", weights.shape)));
    }
    let w = cx.weight(1, &weights.shape[extra..])?;
    one(cx.op(Op::Linear { transposed: true }, &[x, w])?)
}
