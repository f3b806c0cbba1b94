//! Elements of an activation by constant indices: never a lookup at run time, but slices, views and joins.
//!
//! Exporters write `as_strided`, `pixel_shuffle`-like views and adaptive pooling with cells that do not divide as gathers whose
//! indices are known; all of them are regular in one way or another.

use super::super::OnnxError;
use super::super::host::{Host, strides, walk};
use super::super::import::{Cx, Made};
use super::reshape::{settle, whole};
use crate::graph::{Op, ValueId};

/// Most pieces a gather may be cut into.
const MAX_PIECES: usize = 256;
/// Most indices that are looked at.
const MAX_PICKS: usize = 1 << 24;

/// Elements of one axis by constant indices of any shape.
pub(super) fn gather(cx: &mut Cx<'_, '_>) -> Made {
    let (x, old) = whole(cx, 0)?;
    let axis = cx.axis(cx.int("axis", 0)?, old.len())?;
    let indices = cx.needed_host(1)?;
    let (picks, shape) = wrapped(cx, &indices, axis, old[axis])?;
    // The axis in the graph's own shape, which lacks the batch of an image value.
    let own = axis.checked_sub(old.len() - cx.shape(x).len()).ok_or_else(|| cx.touches_batch())?;
    let part = match view(cx, x, own, &picks, &shape)? {
        Some(part) => part,
        None => pieces(cx, x, own, &picks)?,
    };
    settle(cx, part, &[&old[..axis], &shape, &old[axis + 1..]].concat())
}

/// Indices counted from the front, and their shape.
///
/// A model that is fixed to a batch of n may index an axis into which the batch was folded (`as_strided` after a flattening):
/// the axis is n times as long there, and the part for one image is the first n-th of the indices if the others repeat it.
fn wrapped(cx: &Cx<'_, '_>, indices: &Host, axis: usize, full: usize) -> Result<(Vec<usize>, Vec<usize>), OnnxError> {
    let picks = cx.named(indices.as_i64())?;
    let mut shape = indices.shape.clone();
    let outside = picks.iter().any(|&p| usize::try_from(p).is_ok_and(|p| p >= full));
    let batch = cx.im.batch.filter(|&n| n > 1 && axis == 0 && outside && shape.first().is_some_and(|s| s % n == 0));
    let Some(n) = batch else {
        let picks = picks.iter().map(|&p| cx.axis(p, full)).collect::<Result<Vec<_>, _>>()?;
        return Ok((picks, shape));
    };
    let each = picks.len() / n;
    let step = i64::try_from(full).map_err(|_| cx.touches_batch())?;
    let first = picks.get(..each).filter(|p| !p.is_empty()).ok_or_else(|| cx.fail("it picks nothing"))?;
    let repeats = picks
        .chunks(each)
        .zip(0i64..)
        .all(|(part, i)| part.iter().zip(first).all(|(&p, &q)| i.checked_mul(step).and_then(|s| s.checked_add(q)) == Some(p)));
    if !repeats {
        return Err(cx.touches_batch());
    }
    if let Some(front) = shape.first_mut() {
        *front /= n;
    }
    let picks = first.iter().map(|&p| cx.axis(p, full)).collect::<Result<Vec<_>, _>>()?;
    Ok((picks, shape))
}

/// The gather as a view: reshape, slices, transpose. `None` when the indices are not of the form Σ stride·index over a shape
/// whose strides nest in each other.
fn view(cx: &mut Cx<'_, '_>, x: ValueId, axis: usize, picks: &[usize], shape: &[usize]) -> Result<Option<ValueId>, OnnxError> {
    let full = cx.shape(x)[axis];
    if let Some(nested) = Nested::of(picks, shape, full) { nested.build(cx, x, axis).map(Some) } else { Ok(None) }
}

/// Indices that are a box of a row-major array: the axis seen as `digits`, of each a range, in another order.
struct Nested {
    /// Sides the axis splits into, outermost first.
    digits: Vec<usize>,
    /// First index and number of indices of each.
    ranges: Vec<(usize, usize)>,
    /// Result axis i is digit `order[i]`.
    order: Vec<usize>,
}

impl Nested {
    fn of(picks: &[usize], shape: &[usize], full: usize) -> Option<Self> {
        let &start = picks.first()?;
        let sides: Vec<usize> = shape.iter().copied().filter(|&n| n > 1).collect();
        let own = strides(&sides);
        let steps: Option<Vec<usize>> = own.iter().map(|&s| picks.get(s)?.checked_sub(start)).collect();
        let steps = steps?;
        if sides.len() < 2 || steps.contains(&0) || picks.len() > MAX_PICKS || walk(&sides, &steps, start) != picks {
            return None;
        }
        let mut order: Vec<usize> = (0..sides.len()).collect();
        order.sort_by(|&a, &b| steps[b].cmp(&steps[a]));
        let (mut digits, mut ranges, mut place) = (vec![], vec![], vec![0; sides.len()]);
        let (mut above, mut rest) = (full, start);
        for &i in &order {
            if above % steps[i] != 0 {
                return None;
            }
            let (digit, first) = (above / steps[i], rest / steps[i]);
            if first.checked_add(sides[i])? > digit {
                return None;
            }
            place[i] = digits.len();
            digits.push(digit);
            ranges.push((first, sides[i]));
            (above, rest) = (steps[i], rest % steps[i]);
        }
        // What lies within the innermost stride.
        digits.push(above);
        ranges.push((rest, 1));
        place.push(sides.len());
        Some(Self { digits, ranges, order: place })
    }

    /// The axis is replaced by one axis per result axis, and a last one of length 1.
    fn build(&self, cx: &mut Cx<'_, '_>, x: ValueId, axis: usize) -> Result<ValueId, OnnxError> {
        let old = cx.shape(x);
        let count = self.digits.len();
        let split = [&old[..axis], &self.digits, &old[axis + 1..]].concat();
        let mut y = cx.part(Op::Reshape { shape: split }, &[x], "digits")?;
        for (i, (&(start, len), &digit)) in self.ranges.iter().zip(&self.digits).enumerate() {
            if len != digit {
                y = cx.part(Op::Slice { axis: axis + i, start, step: 1, len }, &[y], "digit")?;
            }
        }
        if self.order.iter().enumerate().any(|(i, &p)| i != p) {
            let inner = self.order.iter().map(|p| axis + p);
            let perm = (0..axis).chain(inner).chain(axis + count..old.len() + count - 1).collect();
            y = cx.part(Op::Transpose { perm }, &[y], "ordered")?;
        }
        Ok(y)
    }
}

/// One slice for each regular run of indices.
pub(super) fn pieces(cx: &mut Cx<'_, '_>, x: ValueId, axis: usize, picks: &[usize]) -> Result<ValueId, OnnxError> {
    let runs = runs(picks);
    if runs.len() > MAX_PIECES {
        let what = format!("it picks {} elements in no regular order; {MAX_PIECES} pieces are supported", picks.len());
        return Err(cx.fail(what));
    }
    match runs[..] {
        [] => return Err(cx.fail("it picks nothing")),
        [(0, 1, len)] if len == cx.shape(x)[axis] => return Ok(x),
        [(start, step, len)] => return cx.part(Op::Slice { axis, start, step, len }, &[x], "part"),
        _ => {}
    }
    let mut parts = vec![];
    for (start, step, len) in runs {
        parts.push(cx.part(Op::Slice { axis, start, step, len }, &[x], "piece")?);
    }
    cx.part(Op::Concat { axis }, &parts, "pieces")
}

/// Start, step and length of the longest ascending runs, greedily.
fn runs(picks: &[usize]) -> Vec<(usize, usize, usize)> {
    let mut runs = vec![];
    let mut rest = picks;
    while let Some(&start) = rest.first() {
        let step = rest.get(1).and_then(|next| next.checked_sub(start)).filter(|&s| s > 0);
        let len = step.map_or(1, |s| 1 + rest.windows(2).take_while(|w| w[1].checked_sub(w[0]) == Some(s)).count());
        runs.push((start, step.unwrap_or(1), len));
        rest = &rest[len..];
    }
    runs
}

/// Elements by constant indices into the first axes together, as exporters write `x[:, :, rows, columns]`: supported where each
/// axis has its own index (a grid), which is a gather for each.
pub(super) fn gather_nd(cx: &mut Cx<'_, '_>) -> Made {
    if cx.int("batch_dims", 0)? != 0 {
        return Err(cx.fail("batch_dims is not supported on values of the image"));
    }
    let (x, old) = whole(cx, 0)?;
    let indices = cx.needed_host(1)?;
    let Some((&k, outer)) = indices.shape.split_last().filter(|(k, _)| (1..=old.len()).contains(*k)) else {
        return Err(cx.fail(format!("its indices {:?} do not fit {old:?}", indices.shape)));
    };
    let grid = cx.named(grid(cx.named(indices.as_i64())?, outer, k))?;
    let mut y = if cx.shape(x).len() == old.len() { x } else { cx.part(Op::Reshape { shape: old.clone() }, &[x], "whole")? };
    let mut split = vec![];
    let mut made = vec![];
    for (axis, (dims, picks)) in grid.into_iter().enumerate() {
        let picks = picks.into_iter().map(|p| cx.axis(p, old[axis])).collect::<Result<Vec<_>, _>>()?;
        y = pieces(cx, y, axis, &picks)?;
        split.extend(dims.iter().map(|&d| outer[d]));
        made.extend(dims);
    }
    let tail = &old[k..];
    if made.windows(2).any(|w| w[0] > w[1]) {
        y = cx.part(Op::Reshape { shape: [&split, tail].concat() }, &[y], "grid")?;
        let mut order: Vec<usize> = (0..made.len()).collect();
        order.sort_by_key(|&i| made[i]);
        let perm = order.into_iter().chain(made.len()..made.len() + tail.len()).collect();
        y = cx.part(Op::Transpose { perm }, &[y], "ordered")?;
    }
    settle(cx, y, &[outer, tail].concat())
}

/// The index axes that an indexed axis depends on, and its indices over them (row-major).
type Along = (Vec<usize>, Vec<i64>);

/// [`Along`] of each indexed axis.
fn grid(indices: &[i64], outer: &[usize], k: usize) -> Result<Vec<Along>, String> {
    let steps = strides(outer);
    let irregular = || "its indices are no grid of rows and columns; only such are supported".to_string();
    if indices.is_empty() || indices.len() > MAX_PICKS {
        return Err("it picks nothing, or too much".into());
    }
    let at = |flat: usize, c: usize| indices.get(flat * k + c).copied();
    let mut used = vec![false; outer.len()];
    let mut axes = vec![];
    for c in 0..k {
        let dims: Vec<usize> = (0..outer.len()).filter(|&d| outer[d] > 1 && varies(indices, k, c, steps[d], outer[d])).collect();
        if dims.iter().any(|&d| std::mem::replace(&mut used[d], true)) {
            return Err(irregular());
        }
        let (sides, own): (Vec<usize>, Vec<usize>) = dims.iter().map(|&d| (outer[d], steps[d])).unzip();
        let picks = walk(&sides, &own, 0).into_iter().map(|f| at(f, c)).collect::<Option<Vec<_>>>().ok_or_else(irregular)?;
        axes.push((dims, picks));
    }
    let all = outer.iter().zip(&used).all(|(&n, &u)| n == 1 || u);
    if all { Ok(axes) } else { Err(irregular()) }
}

/// True when component `c` changes along the index axis of this stride and length.
fn varies(indices: &[i64], k: usize, c: usize, stride: usize, len: usize) -> bool {
    let count = indices.len() / k;
    (0..count).any(|flat| {
        let first = flat - (flat / stride % len) * stride;
        indices[flat * k + c] != indices[first * k + c]
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn runs_are_as_long_as_they_can_be() {
        assert_eq!(runs(&[0, 1, 2, 3]), [(0, 1, 4)]);
        assert_eq!(runs(&[0, 1, 2, 2, 3, 4]), [(0, 1, 3), (2, 1, 3)]);
        assert_eq!(runs(&[5, 3, 1]), [(5, 1, 1), (3, 1, 1), (1, 1, 1)]);
        assert_eq!(runs(&[1, 3, 5, 9]), [(1, 2, 3), (9, 1, 1)]);
        assert_eq!(runs(&[]), []);
    }

    #[test]
    fn boxes_of_an_array_are_views() {
        // A 4 × 6 array, transposed, without its first row and last column.
        let picks: Vec<usize> = (0..5).flat_map(|c| (1..4).map(move |r| r * 6 + c)).collect();
        let n = Nested::of(&picks, &[5, 3], 24).unwrap();
        assert_eq!((n.digits, n.ranges, n.order), (vec![4, 6, 1], vec![(1, 3), (0, 5), (0, 1)], vec![1, 0, 2]));
        assert!(Nested::of(&[0, 1, 1, 2], &[2, 2], 4).is_none(), "overlapping windows do not nest");
        assert!(Nested::of(&[0, 1, 2, 4], &[2, 2], 5).is_none());
        assert!(Nested::of(&[], &[0], 5).is_none());
    }

    #[test]
    fn rows_and_columns_are_told_apart() {
        let (rows, columns) = ([0i64, 2, 2], [1i64, 0]);
        let flat: Vec<i64> = columns.iter().flat_map(|c| rows.iter().flat_map(move |r| [*r, *c])).collect();
        let axes = grid(&flat, &[2, 3], 2).unwrap();
        assert_eq!(axes, [(vec![1], rows.to_vec()), (vec![0], columns.to_vec())]);
        assert!(grid(&[0, 0, 1, 1], &[2], 2).is_err(), "a diagonal is no grid");
        assert!(grid(&[0, 0], &[2], 1).is_err(), "repetition");
    }
}
