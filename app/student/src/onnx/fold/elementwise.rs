//! Arithmetic, comparisons and casts on known tensors.

use super::super::OnnxError;
use super::super::host::{Data, Host, walk};
use super::super::import::Cx;
use super::charge;
use std::sync::Arc;

/// `None` where integers overflow or divide by zero.
type Ints = fn(i64, i64) -> Option<i64>;
type Floats = fn(f32, f32) -> f32;

pub(super) fn fold(cx: &mut Cx<'_, '_>, hosts: &[Host]) -> Result<Option<Host>, OnnxError> {
    let op = cx.node.op.as_str();
    if op == "Cast" || op == "CastLike" {
        return cast(cx, hosts).map(Some);
    }
    if op == "Where" && hosts.len() == 3 {
        return choose(cx, hosts).map(Some);
    }
    if let (Some((ints, floats)), [first, rest @ ..]) = (two(op), hosts) {
        let mut sum = first.clone();
        for next in rest {
            sum = binary(cx, &sum, next, ints, floats)?;
        }
        return Ok(Some(sum));
    }
    unary(cx, &hosts[0])
}

fn truth(b: bool) -> f32 {
    if b { 1.0 } else { 0.0 }
}

/// Both kinds of an operation on two operands.
fn two(op: &str) -> Option<(Ints, Floats)> {
    let both: (Ints, Floats) = match op {
        "Add" | "Sum" => (i64::checked_add, |a, b| a + b),
        "Sub" => (i64::checked_sub, |a, b| a - b),
        "Mul" => (i64::checked_mul, |a, b| a * b),
        "Div" => (i64::checked_div, |a, b| a / b),
        "Mod" => (i64::checked_rem_euclid, f32::rem_euclid),
        "Pow" => (|a, b| a.checked_pow(u32::try_from(b).ok()?), f32::powf),
        "Max" => (|a, b| Some(a.max(b)), f32::max),
        "Min" => (|a, b| Some(a.min(b)), f32::min),
        "Equal" => (|a, b| Some((a == b).into()), |a, b| truth(a == b)),
        "Less" => (|a, b| Some((a < b).into()), |a, b| truth(a < b)),
        "Greater" => (|a, b| Some((a > b).into()), |a, b| truth(a > b)),
        "LessOrEqual" => (|a, b| Some((a <= b).into()), |a, b| truth(a <= b)),
        "GreaterOrEqual" => (|a, b| Some((a >= b).into()), |a, b| truth(a >= b)),
        "And" => (|a, b| Some((a != 0 && b != 0).into()), |a, b| truth(a != 0.0 && b != 0.0)),
        "Or" => (|a, b| Some((a != 0 || b != 0).into()), |a, b| truth(a != 0.0 || b != 0.0)),
        _ => return None,
    };
    Some(both)
}

fn broadcast(cx: &Cx<'_, '_>, a: &[usize], b: &[usize]) -> Result<Vec<usize>, OnnxError> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |j| s[j]);
    let side = |i| match (at(a, i), at(b, i)) {
        (p, q) if p == q || q == 1 => Some(p),
        (1, q) => Some(q),
        _ => None,
    };
    (0..rank).map(side).collect::<Option<_>>().ok_or_else(|| cx.fail(format!("{a:?} and {b:?} do not broadcast")))
}

/// Flat indices into a tensor of `shape` as it is broadcast to `wide`.
pub(super) fn spread(shape: &[usize], wide: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; wide.len()];
    let mut stride = 1usize;
    for (i, &d) in shape.iter().enumerate().rev() {
        strides[wide.len() - shape.len() + i] = if d == 1 { 0 } else { stride };
        stride = stride.saturating_mul(d);
    }
    walk(wide, &strides, 0)
}

fn binary(cx: &mut Cx<'_, '_>, a: &Host, b: &Host, ints: Ints, floats: Floats) -> Result<Host, OnnxError> {
    let shape = broadcast(cx, &a.shape, &b.shape)?;
    charge(cx, &shape)?;
    let (from_a, from_b) = (spread(&a.shape, &shape), spread(&b.shape, &shape));
    let pairs = from_a.iter().zip(&from_b);
    match (&a.data, &b.data) {
        (Data::Ints(p), Data::Ints(q)) => {
            let made: Option<Vec<i64>> = pairs.map(|(&i, &j)| ints(p[i], q[j])).collect();
            Ok(Host::ints(shape, made.ok_or_else(|| cx.fail("its numbers are absurd"))?))
        }
        _ => {
            let (p, q) = (cx.named(a.as_f32())?, cx.named(b.as_f32())?);
            let made: Vec<f32> = pairs.map(|(&i, &j)| floats(p[i], q[j])).collect();
            Ok(if is_condition(&cx.node.op) { to_ints(shape, &made) } else { Host::floats(shape, made) })
        }
    }
}

fn is_condition(op: &str) -> bool {
    matches!(op, "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or")
}

fn to_ints(shape: Vec<usize>, floats: &[f32]) -> Host {
    Host::ints(shape, floats.iter().map(|&v| v as i64).collect())
}

fn cast(cx: &mut Cx<'_, '_>, hosts: &[Host]) -> Result<Host, OnnxError> {
    let host = &hosts[0];
    charge(cx, &host.shape)?;
    let to = match hosts.get(1).map(|like| &like.data) {
        Some(Data::Ints(_)) => 7,
        Some(_) => 1,
        None => cx.int("to", 1)?,
    };
    match (to, &host.data) {
        (6 | 7 | 9, Data::Floats(f)) if to != 9 => Ok(to_ints(host.shape.clone(), f)),
        (9, Data::Floats(f)) => Ok(Host::ints(host.shape.clone(), f.iter().map(|&v| (v != 0.0).into()).collect())),
        (6 | 7, Data::Ints(_)) => Ok(host.clone()),
        (9, Data::Ints(i)) => Ok(Host::ints(host.shape.clone(), i.iter().map(|&v| (v != 0).into()).collect())),
        (1 | 10 | 11 | 16, _) => Ok(Host { shape: host.shape.clone(), data: Data::Floats(cx.named(host.as_f32())?) }),
        _ => Err(cx.fail("it makes numbers of a type we do not compute with")),
    }
}

fn choose(cx: &mut Cx<'_, '_>, hosts: &[Host]) -> Result<Host, OnnxError> {
    let [condition, a, b] = hosts else { return Err(cx.fail("it needs three operands")) };
    let shape = broadcast(cx, &broadcast(cx, &condition.shape, &a.shape)?, &b.shape)?;
    charge(cx, &shape)?;
    let yes: Vec<bool> = cx.named(condition.as_i64())?.iter().map(|&n| n != 0).collect();
    let at = [&condition.shape, &a.shape, &b.shape].map(|s| spread(s, &shape));
    let each = (0..at[0].len()).map(|i| (yes[at[0][i]], at[1][i], at[2][i]));
    match (&a.data, &b.data) {
        (Data::Ints(p), Data::Ints(q)) => Ok(Host::ints(shape, each.map(|(y, i, j)| if y { p[i] } else { q[j] }).collect())),
        _ => {
            let (p, q) = (cx.named(a.as_f32())?, cx.named(b.as_f32())?);
            Ok(Host::floats(shape, each.map(|(y, i, j)| if y { p[i] } else { q[j] }).collect()))
        }
    }
}

fn unary(cx: &mut Cx<'_, '_>, host: &Host) -> Result<Option<Host>, OnnxError> {
    let op = cx.node.op.as_str();
    let floats: fn(f32) -> f32 = match op {
        "Neg" => |v| -v,
        "Abs" => f32::abs,
        "Sqrt" => f32::sqrt,
        "Exp" => f32::exp,
        "Log" => f32::ln,
        "Reciprocal" => f32::recip,
        "Floor" => f32::floor,
        "Ceil" => f32::ceil,
        "Sigmoid" => |v| 1.0 / (1.0 + (-v).exp()),
        "Softplus" => |v| v.exp().ln_1p(),
        "Tanh" => f32::tanh,
        "Relu" => |v| v.max(0.0),
        "Not" => |v| truth(v == 0.0),
        _ => return Ok(None),
    };
    charge(cx, &host.shape)?;
    if let Data::Ints(ints) = &host.data {
        let each = |&n: &i64| match op {
            "Neg" => n.checked_neg(),
            "Abs" => n.checked_abs(),
            "Not" => Some((n == 0).into()),
            _ => None,
        };
        let made: Option<Vec<i64>> = ints.iter().map(each).collect();
        return made
            .map(|m| Some(Host::ints(host.shape.clone(), m)))
            .ok_or_else(|| cx.fail("its integers are absurd or should be floats"));
    }
    let data: Arc<[f32]> = cx.named(host.as_f32())?;
    Ok(Some(Host::floats(host.shape.clone(), data.iter().map(|&v| floats(v)).collect())))
}
