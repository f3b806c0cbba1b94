//! Reductions of known tensors (weight normalisation, numbers of elements).

use super::super::OnnxError;
use super::super::host::{Data, Host, strides, walk};
use super::super::import::Cx;
use super::charge;

pub(super) fn fold(cx: &mut Cx<'_, '_>, host: &Host) -> Result<Option<Host>, OnnxError> {
    let (start, combine): (f64, fn(f64, f64) -> f64) = match cx.node.op.as_str() {
        "ReduceProd" => (1.0, |a, b| a * b),
        "ReduceSum" | "ReduceMean" => (0.0, |a, b| a + b),
        "ReduceL2" | "ReduceSumSquare" => (0.0, |a, b| a + b * b),
        "ReduceMax" => (f64::NEG_INFINITY, f64::max),
        "ReduceMin" => (f64::INFINITY, f64::min),
        _ => return Ok(None),
    };
    let given = match cx.ints("axes")? {
        Some(axes) => Some(axes),
        None => cx.ints_at(1)?,
    };
    let rank = host.shape.len();
    let given = given.unwrap_or_default();
    if given.is_empty() && cx.int("noop_with_empty_axes", 0)? != 0 {
        return Ok(Some(host.clone()));
    }
    let axes = given.iter().map(|&a| cx.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
    let gone = |i: usize| axes.is_empty() || axes.contains(&i);
    charge(cx, &host.shape)?;
    let data = cx.named(host.as_f32())?;
    let steps = strides(&host.shape);
    let sides = |keep: bool| (0..rank).filter(move |&i| gone(i) != keep).map(|i| (host.shape[i], steps[i])).unzip();
    let ((kept, kept_steps), (inner, inner_steps)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) = (sides(true), sides(false));
    let count = inner.iter().product::<usize>();
    let value = |first: usize| {
        let sum = walk(&inner, &inner_steps, first).iter().map(|&i| f64::from(data[i])).fold(start, combine);
        match cx.node.op.as_str() {
            "ReduceMean" => sum / count as f64,
            "ReduceL2" => sum.sqrt(),
            _ => sum,
        }
    };
    let made: Vec<f64> = walk(&kept, &kept_steps, 0).into_iter().map(value).collect();
    let keep = cx.int("keepdims", 1)? != 0;
    let shape = (0..rank).filter(|&i| keep || !gone(i)).map(|i| if gone(i) { 1 } else { host.shape[i] }).collect();
    Ok(Some(match host.data {
        Data::Ints(_) => Host::ints(shape, made.into_iter().map(|v| v as i64).collect()),
        _ => Host::floats(shape, made.into_iter().map(|v| v as f32).collect()),
    }))
}
