//! Conditions on values of the image, as masks of zeros and ones (PyTorch's piecewise functions are exported so).

use super::super::OnnxError;
use super::super::import::{Bound, Cx, Made, one};
use super::arithmetic::constant;
use crate::graph::{Binary, Op, Unary, ValueId};

/// Operand `i` as a value of the graph beside `image`.
fn beside(cx: &mut Cx<'_, '_>, i: usize, image: ValueId) -> Result<ValueId, OnnxError> {
    match cx.operand(i)? {
        Bound::Image(id) if cx.shape(id).len() == cx.shape(image).len() => Ok(id),
        Bound::Host(_) => constant(cx, i, image),
        Bound::Image(_) | Bound::Loose(_) => Err(cx.touches_batch()),
    }
}

fn first_image(cx: &Cx<'_, '_>, among: &[usize]) -> Result<ValueId, OnnxError> {
    for &i in among {
        if let Bound::Image(id) = cx.operand(i)? {
            return Ok(id);
        }
    }
    Err(cx.fail("constants meet that cannot be computed now"))
}

/// 1 where a > b.
fn greater(cx: &mut Cx<'_, '_>, a: ValueId, b: ValueId) -> Result<ValueId, OnnxError> {
    let gap = cx.part(Op::Binary(Binary::Sub), &[a, b], "gap")?;
    cx.un(Unary::Step, gap, "step")
}

pub(super) fn compare(cx: &mut Cx<'_, '_>) -> Made {
    let image = first_image(cx, &[0, 1])?;
    let (a, b) = (beside(cx, 0, image)?, beside(cx, 1, image)?);
    let not = Op::Unary(Unary::Affine(-1.0, 1.0));
    one(match cx.node.op.as_str() {
        "Greater" => greater(cx, a, b)?,
        "Less" => greater(cx, b, a)?,
        "LessOrEqual" => {
            let above = greater(cx, a, b)?;
            cx.op(not, &[above])?
        }
        "GreaterOrEqual" => {
            let below = greater(cx, b, a)?;
            cx.op(not, &[below])?
        }
        _ => {
            let (above, below) = (greater(cx, a, b)?, greater(cx, b, a)?);
            let apart = cx.part(Op::Binary(Binary::Add), &[above, below], "apart")?;
            cx.op(not, &[apart])?
        }
    })
}

pub(super) fn not(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    one(cx.op(Op::Unary(Unary::Affine(-1.0, 1.0)), &[x])?)
}

pub(super) fn and(cx: &mut Cx<'_, '_>) -> Made {
    let image = first_image(cx, &[0, 1])?;
    let (a, b) = (beside(cx, 0, image)?, beside(cx, 1, image)?);
    one(cx.op(Op::Binary(Binary::Mul), &[a, b])?)
}

/// mask · a + (1 − mask) · b. The side that is not taken may have overflowed, and 0 · ∞ is no number: both are kept finite.
pub(super) fn choose(cx: &mut Cx<'_, '_>) -> Made {
    let image = first_image(cx, &[0, 1, 2])?;
    let mask = beside(cx, 0, image)?;
    let other = cx.un(Unary::Affine(-1.0, 1.0), mask, "other")?;
    let mut sides = vec![];
    for (i, mask) in [(1, mask), (2, other)] {
        let side = beside(cx, i, image)?;
        let finite = cx.un(Unary::Clip(f32::MIN, f32::MAX), side, "finite")?;
        sides.push(cx.part(Op::Binary(Binary::Mul), &[mask, finite], "side")?);
    }
    one(cx.op(Op::Binary(Binary::Add), &sides)?)
}
