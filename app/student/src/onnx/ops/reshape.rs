//! Shapes: asking for them and changing them.

use super::super::OnnxError;
use super::super::host::Host;
use super::super::import::{Bound, Cx, Made, one};
use crate::graph::{Op, ValueId};

pub(super) fn shape(cx: &mut Cx<'_, '_>) -> Made {
    let (_, sides) = whole(cx, 0)?;
    let rank = sides.len() as i64;
    let at = |v: i64| if v < 0 { v.saturating_add(rank) } else { v }.clamp(0, rank) as usize;
    let (start, end) = (at(cx.int("start", 0)?), at(cx.int("end", rank)?));
    let part: Vec<i64> = sides.get(start..end).unwrap_or(&[]).iter().map(|&d| d as i64).collect();
    Ok(vec![Bound::Host(Host::vector(&part))])
}

pub(super) fn size(cx: &mut Cx<'_, '_>) -> Made {
    let (_, sides) = whole(cx, 0)?;
    Ok(vec![Bound::Host(Host::ints(vec![], vec![sides.iter().product::<usize>() as i64]))])
}

/// Operand `i`, which depends on the image, and ONNX's shape of it for a batch of one.
pub(super) fn whole(cx: &Cx<'_, '_>, i: usize) -> Result<(ValueId, Vec<usize>), OnnxError> {
    match cx.operand(i)? {
        Bound::Image(id) => Ok((id, [&[1], &cx.shape(id)[..]].concat())),
        Bound::Loose(id) => Ok((id, cx.shape(id))),
        Bound::Host(_) => Err(cx.fail("two constants meet that cannot be computed now")),
    }
}

/// `x` with ONNX's shape `whole`: an image value again when the first axis can be the batch.
pub(super) fn settle(cx: &mut Cx<'_, '_>, x: ValueId, whole: &[usize]) -> Made {
    match whole.split_first() {
        Some((1, item)) => to(cx, x, item.to_vec()),
        _ if cx.shape(x) == whole => Ok(vec![Bound::Loose(x)]),
        _ => Ok(vec![Bound::Loose(cx.op(Op::Reshape { shape: whole.to_vec() }, &[x])?)]),
    }
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

/// True for the batch size the exporter saw, where one image stands now.
fn is_fixed_batch(cx: &Cx<'_, '_>, side: i64) -> bool {
    cx.im.batch.is_some_and(|b| i64::try_from(b) == Ok(side))
}

pub(super) fn reshape(cx: &mut Cx<'_, '_>) -> Made {
    let (x, old) = whole(cx, 0)?;
    let mut target = match cx.ints("shape")? {
        Some(shape) => shape,
        None => cx.ints_at(1)?.ok_or_else(|| cx.fail("its shape is missing"))?,
    };
    if let Some(front) = target.first_mut().filter(|n| is_fixed_batch(cx, **n)) {
        *front = 1;
    }
    let new = reshaped(cx, &old, &target)?;
    settle(cx, x, &new)
}

/// The sides a reshape asks for: 0 copies, −1 takes what is left.
pub(in super::super) fn reshaped(cx: &Cx<'_, '_>, old: &[usize], target: &[i64]) -> Result<Vec<usize>, OnnxError> {
    let product = |sides: &[usize]| sides.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let zero_copies = cx.int("allowzero", 0)? == 0;
    let mut new = vec![];
    for (i, &n) in target.iter().enumerate() {
        new.push(match n {
            0 if zero_copies => *old.get(i).ok_or_else(|| cx.fail("it copies a side that is not there"))?,
            -1 => 1,
            n => usize::try_from(n).map_err(|_| cx.fail(format!("it asks for a side of {n}")))?,
        });
    }
    let count = product(old);
    if let Some(open) = target.iter().position(|&n| n == -1) {
        new[open] = count.zip(product(&new)).and_then(|(all, known)| all.checked_div(known)).unwrap_or(0);
    }
    if count.is_some() && product(&new) == count { Ok(new) } else { Err(cx.fail(format!("{old:?} cannot become {target:?}"))) }
}

pub(super) fn transpose(cx: &mut Cx<'_, '_>) -> Made {
    let (x, old) = whole(cx, 0)?;
    let rank = old.len();
    let perm = cx.ints("perm")?.unwrap_or_else(|| (0..rank as i64).rev().collect());
    let perm = perm.iter().map(|&p| cx.axis(p, rank)).collect::<Result<Vec<_>, _>>()?;
    let image = cx.shape(x).len() < rank;
    match perm.split_first() {
        Some((0, rest)) if image && perm.len() == rank && !rest.contains(&0) => {
            let perm: Vec<usize> = rest.iter().map(|p| p - 1).collect();
            one(cx.op(Op::Transpose { perm }, &[x])?)
        }
        _ => {
            let with_batch = if image { cx.part(Op::Reshape { shape: old }, &[x], "batch")? } else { x };
            let turned = cx.part(Op::Transpose { perm }, &[with_batch], "turned")?;
            let shape = cx.shape(turned);
            settle(cx, turned, &shape)
        }
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

/// The shape with sides of one put in; ONNX counts their axes in the result.
pub(in super::super) fn unsqueezed(cx: &Cx<'_, '_>, shape: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let axes = axes(cx)?.ok_or_else(|| cx.fail("its axes are missing"))?;
    let rank = shape.len().saturating_add(axes.len());
    let added = axes.iter().map(|&a| cx.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut old = shape.iter();
    let wide: Option<Vec<usize>> = (0..rank).map(|i| if added.contains(&i) { Some(1) } else { old.next().copied() }).collect();
    wide.filter(|_| old.next().is_none()).ok_or_else(|| cx.fail(format!("its axes {axes:?} are doubled")))
}

pub(super) fn unsqueeze(cx: &mut Cx<'_, '_>) -> Made {
    let (x, old) = whole(cx, 0)?;
    let wide = unsqueezed(cx, &old)?;
    settle(cx, x, &wide)
}

pub(super) fn expand(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let target = cx.ints_at(1)?.ok_or_else(|| cx.fail("its shape is missing"))?;
    let item = cx.shape(x);
    let sides = if target.len() == item.len() + 1 {
        if target[0] != 1 && !is_fixed_batch(cx, target[0]) {
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
    for (old, &n) in shape[missing..].iter_mut().zip(sides) {
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
