//! Activations.

use super::super::OnnxError;
use super::super::import::{Cx, Made, one};
use crate::graph::{Binary, Op, Unary, ValueId};

/// True for functions of one operand and attributes alone.
pub(super) fn is_plain(op: &str) -> bool {
    let single =
        ["Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Swish", "Tanh", "Erf", "Gelu", "Exp", "Log", "Neg", "Abs"];
    let composed = ["Reciprocal", "Sqrt", "Softplus", "Elu", "Selu", "Celu", "Mish", "Softsign", "ThresholdedRelu", "Sign"];
    single.contains(&op) || composed.contains(&op)
}

pub(super) fn plain(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let unary = match cx.node.op.as_str() {
        "Relu" => Unary::Relu,
        "LeakyRelu" => Unary::LeakyRelu(cx.float("alpha", 0.01)?),
        "Sigmoid" => Unary::Sigmoid,
        "HardSigmoid" => Unary::HardSigmoid(cx.float("alpha", 0.2)?, cx.float("beta", 0.5)?),
        "HardSwish" => Unary::HardSwish,
        "Swish" if cx.float("alpha", 1.0)? == 1.0 => Unary::Silu,
        "Tanh" => Unary::Tanh,
        "Erf" => Unary::Erf,
        "Gelu" => match cx.text("approximate", "none")?.as_str() {
            "none" => Unary::Gelu,
            "tanh" => Unary::GeluTanh,
            other => return Err(cx.fail(format!("the approximation '{other}' is unknown"))),
        },
        "Exp" => Unary::Exp,
        "Log" => Unary::Log,
        "Neg" => Unary::Neg,
        "Abs" => Unary::Abs,
        "Reciprocal" => Unary::Reciprocal,
        "Sqrt" => Unary::Sqrt,
        "Softplus" => Unary::Softplus,
        _ => return composed(cx, x),
    };
    one(cx.op(Op::Unary(unary), &[x])?)
}

/// What the vocabulary has no word for.
fn composed(cx: &mut Cx<'_, '_>, x: ValueId) -> Made {
    let made = match cx.node.op.as_str() {
        "Swish" => {
            let alpha = cx.float("alpha", 1.0)?;
            let steep = cx.un(Unary::Affine(alpha, 0.0), x, "steep")?;
            let gate = cx.un(Unary::Sigmoid, steep, "gate")?;
            cx.op(Op::Binary(Binary::Mul), &[x, gate])?
        }
        "Mish" => {
            let soft = cx.un(Unary::Softplus, x, "softplus")?;
            let gate = cx.un(Unary::Tanh, soft, "tanh")?;
            cx.op(Op::Binary(Binary::Mul), &[x, gate])?
        }
        "Softsign" => {
            let size = cx.un(Unary::Abs, x, "abs")?;
            let divisor = cx.un(Unary::Affine(1.0, 1.0), size, "divisor")?;
            cx.op(Op::Binary(Binary::Div), &[x, divisor])?
        }
        "ThresholdedRelu" => {
            let alpha = cx.float("alpha", 1.0)?;
            let above = cx.un(Unary::Affine(1.0, -alpha), x, "above")?;
            let gate = cx.un(Unary::Step, above, "gate")?;
            cx.op(Op::Binary(Binary::Mul), &[x, gate])?
        }
        "Sign" => {
            let up = cx.un(Unary::Step, x, "up")?;
            let turned = cx.un(Unary::Neg, x, "turned")?;
            let down = cx.un(Unary::Step, turned, "down")?;
            cx.op(Op::Binary(Binary::Sub), &[up, down])?
        }
        _ => exponential(cx, x)?,
    };
    one(made)
}

/// γ · (max(x, 0) + α · (exp(min(x, 0) / β) − 1)): ELU, SELU and CELU.
fn exponential(cx: &mut Cx<'_, '_>, x: ValueId) -> Result<ValueId, OnnxError> {
    let (alpha, beta, gamma) = match cx.node.op.as_str() {
        "Elu" => (cx.float("alpha", 1.0)?, 1.0, 1.0),
        "Selu" => (cx.float("alpha", 1.673_263_2)?, 1.0, cx.float("gamma", 1.050_701)?),
        _ => {
            let alpha = cx.float("alpha", 1.0)?;
            (alpha, alpha, 1.0)
        }
    };
    if beta == 0.0 {
        return Err(cx.fail("its alpha is zero"));
    }
    let mut below = cx.un(Unary::Clip(f32::MIN, 0.0), x, "below")?;
    if beta != 1.0 {
        below = cx.un(Unary::Affine(1.0 / beta, 0.0), below, "narrowed")?;
    }
    let exp = cx.un(Unary::Exp, below, "exp")?;
    let left = cx.un(Unary::Affine(gamma * alpha, -gamma * alpha), exp, "left")?;
    let mut right = cx.un(Unary::Relu, x, "right")?;
    if gamma != 1.0 {
        right = cx.un(Unary::Affine(gamma, 0.0), right, "scaled")?;
    }
    cx.op(Op::Binary(Binary::Add), &[right, left])
}

/// Bounds are attributes up to opset 10 and operands since.
pub(super) fn clip(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    // Finite stand-ins for "no bound": JSON, in which graphs are stored, has no infinities.
    let low = cx.scalar_at(1)?.unwrap_or(cx.float("min", f32::MIN)?);
    let high = cx.scalar_at(2)?.unwrap_or(cx.float("max", f32::MAX)?);
    if low.is_nan() || high.is_nan() {
        return Err(cx.fail("its bounds are no numbers"));
    }
    one(cx.op(Op::Unary(Unary::Clip(low.max(f32::MIN), high.min(f32::MAX))), &[x])?)
}

/// max(x, 0) − slope · max(−x, 0).
pub(super) fn prelu(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let slope = cx.needed_host(1)?;
    if let Some(slope) = slope.scalar() {
        return one(cx.op(Op::Unary(Unary::LeakyRelu(slope)), &[x])?);
    }
    let slope = super::arithmetic::constant(cx, 1, x)?;
    let right = cx.un(Unary::Relu, x, "right")?;
    let turned = cx.un(Unary::Neg, x, "turned")?;
    let left = cx.un(Unary::Relu, turned, "left")?;
    let scaled = cx.part(Op::Binary(Binary::Mul), &[left, slope], "scaled")?;
    one(cx.op(Op::Binary(Binary::Sub), &[right, scaled])?)
}

/// Softmax within the network. Before opset 13 it runs jointly over all axes from `axis` on.
pub(super) fn softmax(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let shape = cx.shape(x);
    let joint = cx.node.opset < 13;
    let axis = cx.item_axis(cx.int("axis", if joint { 1 } else { -1 })?, x)?;
    let log = cx.node.op == "LogSoftmax";
    let split = joint && axis + 1 < shape.len();
    let mut y = x;
    if split {
        let rows = [&shape[..axis], &[shape[axis..].iter().product()]].concat();
        y = cx.part(Op::Reshape { shape: rows }, &[y], "rows")?;
    }
    y = if log || split { cx.part(Op::Softmax { axis }, &[y], "softmax")? } else { cx.op(Op::Softmax { axis }, &[y])? };
    if log {
        y = if split { cx.un(Unary::Log, y, "log")? } else { cx.op(Op::Unary(Unary::Log), &[y])? };
    }
    one(if split { cx.op(Op::Reshape { shape }, &[y])? } else { y })
}
