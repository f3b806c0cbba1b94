//! Constants and shape subgraphs, computed while the model is read.
//!
//! Exporters write `x.view(x.size(0), -1)` as a subgraph of `Shape`, `Gather`, `Concat`, …: all of it is known once the image
//! size is. The batch size is one there: images are computed one by one.

mod elementwise;
mod layout;
mod reduce;

use super::OnnxError;
use super::host::{Data, Host};
use super::import::{Bound, Cx};

/// The results of a node whose operands are all known; `None` when they are not, or there is no rule.
pub(super) fn fold(cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Host>>, OnnxError> {
    match cx.node.op.as_str() {
        "Constant" => return Ok(Some(vec![constant(cx)?])),
        "ConstantOfShape" => return Ok(Some(vec![of_shape(cx)?])),
        _ => {}
    }
    let mut hosts = vec![];
    for i in 0..cx.node.inputs.len() {
        match cx.given(i)? {
            Some(Bound::Host(host)) => hosts.push(host),
            Some(_) => return Ok(None),
            None => {}
        }
    }
    if hosts.is_empty() {
        return Ok(None);
    }
    if let Some(made) = elementwise::fold(cx, &hosts)? {
        return Ok(Some(vec![made]));
    }
    if let Some(made) = reduce::fold(cx, &hosts[0])? {
        return Ok(Some(vec![made]));
    }
    layout::fold(cx, &hosts)
}

/// Accounts for a result of this shape, so that no chain of small nodes makes more than a few times the file.
fn charge(cx: &mut Cx<'_, '_>, shape: &[usize]) -> Result<usize, OnnxError> {
    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let left = count.and_then(|n| cx.im.budget.checked_sub(n));
    match (count, left) {
        (Some(count), Some(left)) => {
            cx.im.budget = left;
            Ok(count)
        }
        _ => Err(OnnxError::TooLarge(format!("its constants unfold to more than we hold (node '{}')", cx.node.label()))),
    }
}

fn constant(cx: &Cx<'_, '_>) -> Result<Host, OnnxError> {
    if let Some(tensor) = cx.tensor("value")? {
        return Ok(tensor);
    }
    if cx.has("value_float") {
        return Ok(Host::floats(vec![], vec![cx.float("value_float", 0.0)?]));
    }
    if cx.has("value_int") {
        return Ok(Host::ints(vec![], vec![cx.int("value_int", 0)?]));
    }
    if let Some(floats) = cx.floats("value_floats")? {
        return Ok(Host::floats(vec![floats.len()], floats));
    }
    match cx.ints("value_ints")? {
        Some(ints) => Ok(Host::vector(&ints)),
        None => Err(cx.fail("it has no value that we read")),
    }
}

fn of_shape(cx: &mut Cx<'_, '_>) -> Result<Host, OnnxError> {
    let sides = cx.ints_at(0)?.ok_or_else(|| cx.fail("its shape is missing"))?;
    let shape = sides.iter().map(|&d| usize::try_from(d).ok()).collect::<Option<Vec<_>>>();
    let shape = shape.filter(|s| s.len() <= 16).ok_or_else(|| cx.fail(format!("its shape {sides:?} is absurd")))?;
    let count = charge(cx, &shape)?;
    let fill = cx.tensor("value")?.unwrap_or(Host::floats(vec![1], vec![0.0]));
    match &fill.data {
        _ if fill.len() != 1 => Err(cx.fail("its fill is not one number")),
        Data::Ints(i) => Ok(Host::ints(shape, vec![i.first().copied().unwrap_or(0); count])),
        _ => {
            let value = cx.named(fill.as_f32())?.first().copied().unwrap_or(0.0);
            Ok(Host::floats(shape, vec![value; count]))
        }
    }
}
