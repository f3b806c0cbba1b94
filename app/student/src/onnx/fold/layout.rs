//! Moving known elements about: reshape, transpose, slice, gather, concat, …

use super::super::OnnxError;
use super::super::host::{Data, Host, strides, walk};
use super::super::import::Cx;
use super::super::ops::{reshaped, split_lengths, squeeze_axes, unsqueezed};
use super::super::ranges::ranges;
use super::charge;
use super::elementwise::spread;

pub(super) fn fold(cx: &mut Cx<'_, '_>, hosts: &[Host]) -> Result<Option<Vec<Host>>, OnnxError> {
    let x = &hosts[0];
    let made = match cx.node.op.as_str() {
        "Identity" | "Dropout" => x.clone(),
        "Shape" => Host::vector(&x.shape.iter().map(|&d| d as i64).collect::<Vec<_>>()),
        "Size" => Host::ints(vec![], vec![x.len() as i64]),
        "Reshape" => reshape(cx, x)?,
        "Flatten" => flatten(cx, x)?,
        "Squeeze" => squeeze(cx, x)?,
        "Unsqueeze" => x.reshaped(unsqueezed(cx, &x.shape)?),
        "Transpose" => transpose(cx, x)?,
        "Expand" => expand(cx, x)?,
        "Slice" => slice(cx, x)?,
        "Gather" => gather(cx, x)?,
        "Concat" => concat(cx, hosts)?,
        "Range" => range(cx)?,
        "Split" => return split(cx, x).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(vec![made]))
}

fn side(cx: &Cx<'_, '_>, n: i64) -> Result<usize, OnnxError> {
    usize::try_from(n).map_err(|_| cx.fail(format!("it asks for a side of {n}")))
}

fn reshape(cx: &Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let target = match cx.ints("shape")? {
        Some(shape) => shape,
        None => cx.ints_at(1)?.ok_or_else(|| cx.fail("its shape is missing"))?,
    };
    Ok(x.reshaped(reshaped(cx, &x.shape, &target)?))
}

fn flatten(cx: &Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let axis = cx.axis(cx.int("axis", 1)?, x.shape.len() + 1)?;
    let (front, back) = x.shape.split_at(axis.min(x.shape.len()));
    Ok(x.reshaped(vec![front.iter().product(), back.iter().product()]))
}

fn squeeze(cx: &Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let gone = match squeeze_axes(cx)? {
        Some(axes) => axes.iter().map(|&a| cx.axis(a, x.shape.len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..x.shape.len()).filter(|&i| x.shape[i] == 1).collect(),
    };
    if gone.iter().any(|&a| x.shape[a] != 1) {
        return Err(cx.fail(format!("an axis of {:?} is not 1 long", x.shape)));
    }
    Ok(x.reshaped((0..x.shape.len()).filter(|i| !gone.contains(i)).map(|i| x.shape[i]).collect()))
}

fn transpose(cx: &mut Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let rank = x.shape.len();
    let perm = cx.ints("perm")?.unwrap_or_else(|| (0..rank as i64).rev().collect());
    let perm = perm.iter().map(|&p| cx.axis(p, rank)).collect::<Result<Vec<_>, _>>()?;
    let mut seen = perm.clone();
    seen.sort_unstable();
    if !seen.into_iter().eq(0..rank) {
        return Err(cx.fail(format!("{perm:?} is no permutation of {rank} axes")));
    }
    let steps = strides(&x.shape);
    let shape: Vec<usize> = perm.iter().map(|&p| x.shape[p]).collect();
    charge(cx, &shape)?;
    let from = walk(&shape, &perm.iter().map(|&p| steps[p]).collect::<Vec<_>>(), 0);
    cx.named(x.picked(shape, &from))
}

fn expand(cx: &mut Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let target = cx.ints_at(1)?.ok_or_else(|| cx.fail("its shape is missing"))?;
    let rank = target.len().max(x.shape.len());
    if rank > 16 {
        return Err(cx.fail("its shape has too many axes"));
    }
    let mut shape = vec![1; rank];
    shape[rank - x.shape.len()..].copy_from_slice(&x.shape);
    for (old, &n) in shape[rank - target.len()..].iter_mut().zip(&target) {
        match (*old, side(cx, n)?) {
            (_, 1) => {}
            (1, n) => *old = n,
            (a, b) if a == b => {}
            (a, b) => return Err(cx.fail(format!("a side of {a} does not expand to {b}"))),
        }
    }
    charge(cx, &shape)?;
    let from = spread(&x.shape, &shape);
    cx.named(x.picked(shape, &from))
}

/// Everything up to `axis`, the picked indices of it, everything after.
fn along(cx: &mut Cx<'_, '_>, x: &Host, axis: usize, picks: &[usize], middle: &[usize]) -> Result<Host, OnnxError> {
    let shape = [&x.shape[..axis], middle, &x.shape[axis + 1..]].concat();
    charge(cx, &shape)?;
    let inner: usize = x.shape[axis + 1..].iter().product();
    let outer: usize = x.shape[..axis].iter().product();
    let block = x.shape[axis].saturating_mul(inner);
    let starts =
        (0..outer).flat_map(|o| picks.iter().map(move |&p| o.saturating_mul(block).saturating_add(p.saturating_mul(inner))));
    let from: Vec<usize> = starts.flat_map(|start| start..start.saturating_add(inner)).collect();
    cx.named(x.picked(shape, &from))
}

fn slice(cx: &mut Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let mut y = x.clone();
    for range in ranges(cx)? {
        let axis = cx.axis(range.axis, y.shape.len())?;
        let (start, count) = range.on(y.shape[axis]).ok_or_else(|| cx.fail("its range is absurd"))?;
        let index = |i: usize| i64::try_from(i).ok()?.checked_mul(range.step)?.checked_add(start as i64);
        let picks = (0..count).map(|i| index(i).and_then(|p| usize::try_from(p).ok())).collect::<Option<Vec<_>>>();
        let picks = picks.ok_or_else(|| cx.fail("its range is absurd"))?;
        y = along(cx, &y, axis, &picks, &[count])?;
    }
    Ok(y)
}

fn gather(cx: &mut Cx<'_, '_>, x: &Host) -> Result<Host, OnnxError> {
    let axis = cx.axis(cx.int("axis", 0)?, x.shape.len())?;
    let indices = cx.needed_host(1)?;
    let picks = cx.named(indices.as_i64())?;
    let picks = picks.iter().map(|&p| cx.axis(p, x.shape[axis])).collect::<Result<Vec<_>, _>>()?;
    along(cx, x, axis, &picks, &indices.shape)
}

fn split(cx: &mut Cx<'_, '_>, x: &Host) -> Result<Vec<Host>, OnnxError> {
    let axis = cx.axis(cx.int("axis", 0)?, x.shape.len())?;
    let mut start = 0usize;
    let mut parts = vec![];
    for len in split_lengths(cx, x.shape[axis])? {
        let picks: Vec<usize> = (start..start + len).collect();
        parts.push(along(cx, x, axis, &picks, &[len])?);
        start += len;
    }
    Ok(parts)
}

fn concat(cx: &mut Cx<'_, '_>, hosts: &[Host]) -> Result<Host, OnnxError> {
    let first = &hosts[0];
    let axis = cx.axis(cx.int("axis", 0)?, first.shape.len())?;
    let mut shape = first.shape.clone();
    shape[axis] = 0;
    for h in hosts {
        let fits = h.shape.len() == shape.len() && (0..shape.len()).all(|i| i == axis || h.shape[i] == shape[i]);
        shape[axis] = shape[axis]
            .checked_add(*h.shape.get(axis).unwrap_or(&0))
            .filter(|_| fits)
            .ok_or_else(|| cx.fail("its parts do not fit"))?;
    }
    charge(cx, &shape)?;
    let outer: usize = shape[..axis].iter().product();
    let blocks: Vec<usize> = hosts.iter().map(|h| h.shape[axis..].iter().product()).collect();
    let runs = || (0..outer).flat_map(|o| blocks.iter().enumerate().map(move |(i, &n)| (i, o * n..o * n + n)));
    if hosts.iter().all(|h| matches!(h.data, Data::Ints(_))) {
        let all = hosts.iter().map(|h| cx.named(h.as_i64())).collect::<Result<Vec<_>, _>>()?;
        return Ok(Host::ints(shape, runs().flat_map(|(i, run)| all[i][run].iter().copied()).collect()));
    }
    let all = hosts.iter().map(|h| cx.named(h.as_f32())).collect::<Result<Vec<_>, _>>()?;
    Ok(Host::floats(shape, runs().flat_map(|(i, run)| all[i][run].iter().copied()).collect()))
}

fn range(cx: &mut Cx<'_, '_>) -> Result<Host, OnnxError> {
    let at = |i: usize| cx.ints_at(i)?.and_then(|v| v.first().copied()).ok_or_else(|| cx.fail("it needs three integers"));
    let (start, limit, delta) = (at(0)?, at(1)?, at(2)?);
    let span = if delta > 0 { limit.checked_sub(start) } else { start.checked_sub(limit) };
    let count = span.map(|s| s.max(0).unsigned_abs().div_ceil(delta.unsigned_abs().max(1)));
    let count =
        count.filter(|_| delta != 0).and_then(|c| usize::try_from(c).ok()).ok_or_else(|| cx.fail("its range is absurd"))?;
    charge(cx, &[count])?;
    // Below the limit, so nothing overflows.
    let each = |i: usize| start.saturating_add(delta.saturating_mul(i as i64));
    Ok(Host::ints(vec![count], (0..count).map(each).collect()))
}
