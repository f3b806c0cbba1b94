//! Parts of activations, and their joining: concat, split, slice, pad.

use super::super::OnnxError;
use super::super::import::{Bound, Cx, Made, one};
use super::super::ranges::ranges;
use super::gather::pieces;
use crate::graph::{Op, ValueId};

pub(super) fn concat(cx: &mut Cx<'_, '_>) -> Made {
    let parts = (0..cx.node.inputs.len()).map(|i| cx.image(i)).collect::<Result<Vec<_>, _>>()?;
    let Some(&first) = parts.first() else { return Err(cx.fail("it joins nothing")) };
    let axis = cx.item_axis(cx.int("axis", 1)?, first)?;
    one(cx.op(Op::Concat { axis }, &parts)?)
}

/// Lengths of the parts of an axis: attribute, operand, a number of parts, or as many equal parts as there are outputs.
pub(in super::super) fn split_lengths(cx: &Cx<'_, '_>, full: usize) -> Result<Vec<usize>, OnnxError> {
    let given = match cx.ints("split")? {
        Some(lengths) => Some(lengths),
        None => cx.ints_at(1)?,
    };
    let outputs = cx.node.outputs.len();
    let lengths: Vec<usize> = match given {
        Some(v) => {
            let sides: Option<Vec<usize>> = v.iter().map(|&n| usize::try_from(n).ok()).collect();
            sides.ok_or_else(|| cx.fail(format!("its parts {v:?} are absurd")))?
        }
        None => {
            let parts = usize::try_from(cx.int("num_outputs", outputs as i64)?).ok().filter(|&n| n > 0 && n == outputs);
            let parts = parts.ok_or_else(|| cx.fail("its number of outputs is not that of its parts"))?;
            let each = full.div_ceil(parts);
            (0..parts).map(|i| each.min(full.saturating_sub(i.saturating_mul(each)))).collect()
        }
    };
    let sum = lengths.iter().try_fold(0usize, |n, &l| n.checked_add(l));
    if sum == Some(full) && lengths.len() >= outputs {
        Ok(lengths)
    } else {
        Err(cx.fail(format!("parts of {lengths:?} do not make {full}")))
    }
}

pub(super) fn split(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let axis = cx.item_axis(cx.int("axis", 0)?, x)?;
    let lengths = split_lengths(cx, cx.shape(x)[axis])?;
    let mut start = 0;
    let mut made = vec![];
    for (len, output) in lengths.into_iter().zip(&cx.node.outputs) {
        made.push(Bound::Image(cx.op_as(Op::Slice { axis, start, step: 1, len }, &[x], output)?));
        start += len;
    }
    Ok(made)
}

pub(super) fn slice(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let mut cuts = vec![];
    for range in ranges(cx)? {
        let rank = cx.shape(x).len() + 1;
        if cx.axis(range.axis, rank)? == 0 {
            // The whole batch, as `x[:, …]` is written by exporters.
            if range.start == 0 && range.step == 1 && (range.end >= i64::from(i32::MAX) || batch_end(cx, range.end)) {
                continue;
            }
            return Err(cx.touches_batch());
        }
        let axis = cx.item_axis(range.axis, x)?;
        let full = cx.shape(x)[axis];
        let (start, len) = range.on(full).ok_or_else(|| cx.fail("its range is absurd"))?;
        if len == 0 {
            return Err(cx.fail(format!("it leaves nothing of axis {} ({full} long)", range.axis)));
        }
        if len != full || range.step < 0 {
            cuts.push(Cut { axis, start, len, step: range.step });
        }
    }
    let mut y = x;
    let count = cuts.len();
    for (i, cut) in cuts.into_iter().enumerate() {
        y = cut.apply(cx, y, i + 1 == count)?;
    }
    one(y)
}

/// A slice of one axis, checked against its length; the step may be negative.
struct Cut {
    axis: usize,
    start: usize,
    len: usize,
    step: i64,
}

impl Cut {
    /// The `last` one makes the node's result.
    fn apply(&self, cx: &mut Cx<'_, '_>, x: ValueId, last: bool) -> Result<ValueId, OnnxError> {
        let &Self { axis, start, len, step } = self;
        let size = usize::try_from(step.unsigned_abs()).map_err(|_| cx.fail("its step is absurd"))?;
        if step > 0 {
            let cut = Op::Slice { axis, start, step: size, len };
            return if last { cx.op(cut, &[x]) } else { cx.part(cut, &[x], "cut") };
        }
        // Backwards (a flip): element by element. `on` has seen to it that all of them exist.
        let picks: Vec<usize> = (0..len).map(|i| start.saturating_sub(i.saturating_mul(size))).collect();
        pieces(cx, x, axis, &picks)
    }
}

fn batch_end(cx: &Cx<'_, '_>, end: i64) -> bool {
    cx.im.batch.is_some_and(|b| i64::try_from(b).is_ok_and(|b| end >= b))
}

/// Constant padding; pads and value are attributes up to opset 10 and operands since, axes an operand since 18.
pub(super) fn pad(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let mode = cx.text("mode", "constant")?;
    if mode != "constant" {
        return Err(cx.fail(format!("padding by '{mode}' is not supported, only by a constant")));
    }
    let pads = match cx.ints("pads")? {
        Some(pads) => pads,
        None => cx.ints_at(1)?.ok_or_else(|| cx.fail("its pads are missing"))?,
    };
    let value = cx.scalar_at(2)?.unwrap_or(cx.float("value", 0.0)?);
    if value.is_nan() {
        return Err(cx.fail("it pads with NaN"));
    }
    let rank = cx.shape(x).len() + 1;
    let axes = cx.ints_at(3)?.unwrap_or_else(|| (0..rank as i64).collect());
    if pads.len() != axes.len().saturating_mul(2) {
        return Err(cx.fail(format!("{} pads do not fit {} axes", pads.len(), axes.len())));
    }
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (i, &axis) in axes.iter().enumerate() {
        let axis = cx.axis(axis, rank)?;
        let side =
            |n: i64| usize::try_from(n).map_err(|_| cx.fail("it pads by a negative number (cropping), which is not supported"));
        (before[axis], after[axis]) = (side(pads[i])?, side(pads[i + axes.len()])?);
    }
    if before[0] != 0 || after[0] != 0 {
        return Err(cx.touches_batch());
    }
    // Infinities become the largest finite numbers: JSON, in which graphs are stored, has none.
    let value = value.clamp(f32::MIN, f32::MAX);
    one(cx.op(Op::Pad { before: before.split_off(1), after: after.split_off(1), value }, &[x])?)
}
