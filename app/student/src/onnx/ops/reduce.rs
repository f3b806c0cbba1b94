//! Reductions.

use super::super::OnnxError;
use super::super::import::{Bound, Cx, Made, one};
use crate::graph::{Binary, Op, Reduction, Unary, ValueId};

/// Reduced axes of the graph, ascending; `None` when nothing is reduced.
fn axes(cx: &Cx<'_, '_>, x: ValueId) -> Result<Option<Vec<usize>>, OnnxError> {
    let given = match cx.ints("axes")? {
        Some(axes) => Some(axes),
        None => cx.ints_at(1)?,
    };
    let given = given.unwrap_or_default();
    if given.is_empty() {
        // All axes, the batch among them.
        return if cx.int("noop_with_empty_axes", 0)? != 0 { Ok(None) } else { Err(cx.touches_batch()) };
    }
    let mut axes = given.iter().map(|&a| cx.item_axis(a, x)).collect::<Result<Vec<_>, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(Some(axes))
}

pub(super) fn reduce(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let Some(axes) = axes(cx, x)? else { return Ok(vec![Bound::Image(x)]) };
    let keep = cx.int("keepdims", 1)? != 0;
    let over = |kind| Op::Reduce { kind, axes, keep };
    let made = match cx.node.op.as_str() {
        "ReduceMean" => cx.op(over(Reduction::Mean), &[x])?,
        "ReduceSum" => cx.op(over(Reduction::Sum), &[x])?,
        "ReduceMax" => cx.op(over(Reduction::Max), &[x])?,
        "ReduceMin" => cx.op(over(Reduction::Min), &[x])?,
        "ReduceL1" => {
            let size = cx.un(Unary::Abs, x, "abs")?;
            cx.op(over(Reduction::Sum), &[size])?
        }
        "ReduceSumSquare" => {
            let square = cx.part(Op::Binary(Binary::Mul), &[x, x], "square")?;
            cx.op(over(Reduction::Sum), &[square])?
        }
        _ => {
            let square = cx.part(Op::Binary(Binary::Mul), &[x, x], "square")?;
            let sum = cx.part(over(Reduction::Sum), &[square], "sum")?;
            cx.op(Op::Unary(Unary::Sqrt), &[sum])?
        }
    };
    one(made)
}
