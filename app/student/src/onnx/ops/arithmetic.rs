//! Arithmetic of two or more operands, with broadcasting.

use super::super::OnnxError;
use super::super::import::{Bound, Cx, Made, one};
use crate::graph::{Binary, Op, Unary, ValueId};

/// Operand `i`, a constant that broadcasts against `x`: what stands for the batch axis is taken off.
pub(super) fn constant(cx: &mut Cx<'_, '_>, i: usize, x: ValueId) -> Result<ValueId, OnnxError> {
    let shape = cx.needed_host(i)?.shape;
    let rank = cx.shape(x).len() + 1;
    match shape.split_first() {
        Some((1, item)) if shape.len() == rank => cx.weight(i, item),
        _ if shape.len() < rank => cx.weight(i, &shape),
        _ => Err(cx.fail(format!("its constant operand {shape:?} does not broadcast over images"))),
    }
}

/// Two activations broadcast without batch only when their axes correspond.
fn same_rank(cx: &Cx<'_, '_>, a: ValueId, b: ValueId) -> Result<(), OnnxError> {
    let (a, b) = (cx.shape(a), cx.shape(b));
    if a.len() == b.len() {
        Ok(())
    } else {
        Err(cx.fail(format!("{a:?} and {b:?} per image would broadcast over the batch axis")))
    }
}

pub(super) fn binary(cx: &mut Cx<'_, '_>) -> Made {
    let kind = match cx.node.op.as_str() {
        "Add" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        "Div" => Binary::Div,
        _ => Binary::Pow,
    };
    let (a, b) = (cx.operand(0)?, cx.operand(1)?);
    let (a, b) = match (a, b) {
        (Bound::Image(a), Bound::Image(b)) => {
            same_rank(cx, a, b)?;
            (a, b)
        }
        (Bound::Image(a), Bound::Host(b)) => {
            let simple = b.scalar().filter(|_| b.shape.len() <= cx.shape(a).len() + 1).and_then(|s| with_scalar(kind, s));
            if let Some(unary) = simple {
                return one(cx.op(Op::Unary(unary), &[a])?);
            }
            (a, constant(cx, 1, a)?)
        }
        (Bound::Host(a), Bound::Image(b)) => {
            if let Some(s) = a.scalar().filter(|_| a.shape.len() <= cx.shape(b).len() + 1) {
                return before_scalar(cx, kind, s, b);
            }
            (constant(cx, 0, b)?, b)
        }
        (Bound::Host(_), Bound::Host(_)) => return Err(cx.fail("two constants meet that cannot be computed now")),
        _ => return Err(cx.touches_batch()),
    };
    one(cx.op(Op::Binary(kind), &[a, b])?)
}

/// x ∘ s as one function.
fn with_scalar(kind: Binary, s: f32) -> Option<Unary> {
    let unary = match kind {
        Binary::Add => Unary::Affine(1.0, s),
        Binary::Sub => Unary::Affine(1.0, -s),
        Binary::Mul => Unary::Affine(s, 0.0),
        Binary::Div => Unary::Affine(1.0 / s, 0.0),
        Binary::Pow => Unary::Pow(s),
        Binary::Max | Binary::Min => return None,
    };
    let finite = s.is_finite() && !matches!(unary, Unary::Affine(a, _) if !a.is_finite());
    finite.then_some(unary)
}

/// s ∘ x.
fn before_scalar(cx: &mut Cx<'_, '_>, kind: Binary, s: f32, x: ValueId) -> Made {
    let unary = match kind {
        Binary::Add => Unary::Affine(1.0, s),
        Binary::Sub => Unary::Affine(-1.0, s),
        Binary::Mul => Unary::Affine(s, 0.0),
        Binary::Div if s == 1.0 => Unary::Reciprocal,
        _ => {
            let base = constant(cx, 0, x)?;
            return one(cx.op(Op::Binary(kind), &[base, x])?);
        }
    };
    one(cx.op(Op::Unary(unary), &[x])?)
}

/// Any number of operands, from left to right.
pub(super) fn many(cx: &mut Cx<'_, '_>) -> Made {
    let kind = match cx.node.op.as_str() {
        "Max" => Binary::Max,
        "Min" => Binary::Min,
        _ => Binary::Add,
    };
    let count = cx.node.inputs.len();
    let operands = (0..count).map(|i| cx.operand(i)).collect::<Result<Vec<_>, _>>()?;
    let image = operands.iter().find_map(|o| if let Bound::Image(id) = o { Some(*id) } else { None });
    let image = image.ok_or_else(|| cx.fail("constants meet that cannot be computed now"))?;
    let mean = cx.node.op == "Mean";
    let mut sum: Option<ValueId> = None;
    for (i, operand) in operands.into_iter().enumerate() {
        let value = match operand {
            Bound::Image(id) => {
                same_rank(cx, id, image)?;
                id
            }
            Bound::Host(_) => constant(cx, i, image)?,
            Bound::Loose(_) => return Err(cx.touches_batch()),
        };
        sum = Some(match sum {
            None => value,
            Some(so_far) if i + 1 == count && !mean => cx.op(Op::Binary(kind), &[so_far, value])?,
            Some(so_far) => cx.part(Op::Binary(kind), &[so_far, value], "partial")?,
        });
    }
    let sum = sum.unwrap_or(image);
    one(if mean && count > 1 { cx.op(Op::Unary(Unary::Affine(1.0 / count as f32, 0.0)), &[sum])? } else { sum })
}
