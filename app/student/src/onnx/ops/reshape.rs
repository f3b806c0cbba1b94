//! Shapes: asking for them and changing them. The batch axis stays in front.

use super::super::OnnxError;
use super::super::host::{Host, Int};
use super::super::import::{Bound, Cx, Made, one};
use crate::graph::{Op, ValueId};

/// ONNX's shape of an activation.
fn onnx_shape(cx: &Cx<'_, '_>, x: ValueId) -> Vec<Int> {
    let item = cx.shape(x);
    std::iter::once(Int::BATCH).chain(item.iter().map(|&d| Int::known(d as i64))).collect()
}

pub(super) fn shape(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let sides = onnx_shape(cx, x);
    let rank = sides.len() as i64;
    let at = |v: i64| if v < 0 { v.saturating_add(rank) } else { v }.clamp(0, rank);
    let (start, end) = (at(cx.int("start", 0)?), at(cx.int("end", rank)?));
    let part: Vec<Int> = sides.into_iter().skip(start as usize).take(end.saturating_sub(start).max(0) as usize).collect();
    Ok(vec![Bound::Host(Host::ints(vec![part.len()], part))])
}

pub(super) fn size(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let n = cx.shape(x).iter().product::<usize>() as i64;
    Ok(vec![Bound::Host(Host::ints(vec![], vec![Int { n, batch: true }]))])
}

/// Gives `x` another shape, or leaves it when it has that shape.
fn to(cx: &mut Cx<'_, '_>, x: ValueId, shape: Vec<usize>) -> Made {
    if cx.shape(x) == shape { Ok(vec![Bound::Image(x)]) } else { one(cx.op(Op::Reshape { shape }, &[x])?) }
}

pub(super) fn flatten(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let shape = cx.shape(x);
    let rank = shape.len() as i64 + 1;
    let axis = cx.int("axis", 1)?;
    // Axis `rank` is allowed and flattens the batch too.
    match if axis < 0 { axis.saturating_add(rank) } else { axis } {
        1 => to(cx, x, vec![shape.iter().product()]),
        a if (0..=rank).contains(&a) => Err(cx.touches_batch()),
        _ => Err(cx.fail(format!("axis {axis} does not exist among {rank}"))),
    }
}

/// True when a target side stands for the batch.
fn is_batch(cx: &Cx<'_, '_>, side: Int) -> bool {
    // Exporters write the batch size they saw, and images are computed one by one, so 1 always fits.
    let fixed = cx.im.batch.is_some_and(|b| i64::try_from(b) == Ok(side.n));
    if side.batch { side.n == 1 } else { side.n == 1 || fixed }
}

pub(super) fn reshape(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let target = match cx.ints("shape")? {
        Some(shape) => Host::vector(&shape),
        None => cx.needed_host(1)?,
    };
    let target = cx.named(target.as_ints())?.to_vec();
    let item = cx.shape(x);
    let zero_copies = cx.int("allowzero", 0)? == 0;
    let Some((&front, rest)) = target.split_first() else { return Err(cx.touches_batch()) };
    let count: usize = item.iter().product();
    let mut open = None;
    let mut shape = vec![];
    for (i, &side) in rest.iter().enumerate() {
        let n = cx.named(side.plain())?;
        shape.push(match n {
            0 if zero_copies => *item.get(i).ok_or_else(|| cx.fail("it copies a side that is not there"))?,
            -1 if open.is_none() && (front.batch || front.n != -1) => {
                open = Some(i);
                1
            }
            n => usize::try_from(n).ok().filter(|&n| n > 0).ok_or_else(|| cx.fail(format!("it asks for a side of {n}")))?,
        });
    }
    let known = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).ok_or_else(|| cx.fail("its shape is absurd"))?;
    if let Some(i) = open {
        shape[i] = count / known;
    }
    let front_fits = is_batch(cx, front) || (!front.batch && (front.n == -1 || (front.n == 0 && zero_copies)));
    let fits = shape.iter().product::<usize>() == count;
    match (front_fits, fits) {
        (true, true) => to(cx, x, shape),
        (_, false) if !front.batch && front.n > 0 && !front_fits => Err(cx.touches_batch()),
        (true, false) => Err(cx.fail(format!("{item:?} per image cannot become {shape:?}"))),
        (false, _) => Err(cx.touches_batch()),
    }
}

pub(super) fn transpose(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let rank = cx.shape(x).len() + 1;
    let perm = cx.ints("perm")?.unwrap_or_else(|| (0..rank as i64).rev().collect());
    let perm = perm.iter().map(|&p| cx.axis(p, rank)).collect::<Result<Vec<_>, _>>()?;
    match perm.split_first() {
        Some((0, rest)) if perm.len() == rank && !rest.contains(&0) => {
            let perm: Vec<usize> = rest.iter().map(|p| p - 1).collect();
            one(cx.op(Op::Transpose { perm }, &[x])?)
        }
        _ => Err(cx.touches_batch()),
    }
}

/// Axes as an attribute (up to opset 12) or an operand.
pub(in super::super) fn axes(cx: &Cx<'_, '_>) -> Result<Option<Vec<i64>>, OnnxError> {
    match cx.ints("axes")? {
        Some(axes) => Ok(Some(axes)),
        None => cx.ints_at(1),
    }
}

pub(super) fn squeeze(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let shape = cx.shape(x);
    let gone: Vec<usize> = match axes(cx)? {
        Some(axes) => axes.iter().map(|&a| cx.item_axis(a, x)).collect::<Result<_, _>>()?,
        None => (0..shape.len()).filter(|&i| shape[i] == 1).collect(),
    };
    if let Some(&axis) = gone.iter().find(|&&a| shape[a] != 1) {
        return Err(cx.fail(format!("axis {} of {shape:?} per image is not 1 long", axis + 1)));
    }
    let rest = shape.iter().enumerate().filter(|(i, _)| !gone.contains(i)).map(|(_, &d)| d).collect();
    to(cx, x, rest)
}

/// The shape with sides of one put in; ONNX counts their axes in the result. Works with and without a batch axis in front.
pub(in super::super) fn unsqueezed(cx: &Cx<'_, '_>, shape: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let axes = axes(cx)?.ok_or_else(|| cx.fail("its axes are missing"))?;
    let rank = shape.len().saturating_add(axes.len());
    let added = axes.iter().map(|&a| cx.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut old = shape.iter();
    let wide: Option<Vec<usize>> = (0..rank).map(|i| if added.contains(&i) { Some(1) } else { old.next().copied() }).collect();
    wide.filter(|_| old.next().is_none()).ok_or_else(|| cx.fail(format!("its axes {axes:?} are doubled")))
}

pub(super) fn unsqueeze(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    // A batch of one that nobody asks for stands in front while the axes are counted.
    const BATCH: usize = usize::MAX;
    let wide = unsqueezed(cx, &[&[BATCH], &cx.shape(x)[..]].concat())?;
    match wide.split_first() {
        Some((&BATCH, item)) => to(cx, x, item.to_vec()),
        _ => Err(cx.touches_batch()),
    }
}

pub(super) fn expand(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let target = cx.needed_host(1)?;
    let target = cx.named(target.as_ints())?.to_vec();
    let item = cx.shape(x);
    let sides = if target.len() == item.len() + 1 {
        if !is_batch(cx, target[0]) {
            return Err(cx.touches_batch());
        }
        &target[1..]
    } else if target.len() <= item.len() {
        &target[..]
    } else {
        return Err(cx.touches_batch());
    };
    let missing = item.len() - sides.len();
    let mut shape = item.clone();
    for (old, side) in shape[missing..].iter_mut().zip(sides) {
        let n = cx.named(side.plain())?;
        let n = usize::try_from(n).ok().filter(|&n| n > 0).ok_or_else(|| cx.fail(format!("it asks for a side of {n}")))?;
        match (*old, n) {
            (_, 1) => {}
            (1, _) => *old = n,
            (a, b) if a == b => {}
            (a, b) => return Err(cx.fail(format!("a side of {a} does not expand to {b}"))),
        }
    }
    if shape == item { Ok(vec![Bound::Image(x)]) } else { one(cx.op(Op::Expand { shape }, &[x])?) }
}
