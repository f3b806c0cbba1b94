//! Normalisations.

use super::super::OnnxError;
use super::super::host::Host;
use super::super::import::{Cx, Made, one};
use crate::graph::{Binary, Op, Reduction, Unary, ValueId};

pub(super) fn batch(cx: &mut Cx<'_, '_>) -> Made {
    if cx.int("training_mode", 0)? != 0 {
        return Err(cx.fail("it normalises by the batch: the model is exported for training; call eval() before exporting"));
    }
    let x = cx.image(0)?;
    let channels = cx.shape(x).first().copied().ok_or_else(|| cx.fail("it needs channels"))?;
    let mut operands = vec![x];
    for i in 1..5 {
        let shape = cx.needed_host(i)?.shape;
        if shape != [channels] {
            return Err(cx.fail(format!("its operand {i} has the shape {shape:?} where [{channels}] fits")));
        }
        operands.push(cx.weight(i, &shape)?);
    }
    let eps = cx.float("epsilon", 1e-5)?;
    one(cx.op(Op::BatchNorm { eps }, &operands)?)
}

/// Over all axes from `axis` on: merged into one, normalised, and split again.
pub(super) fn layer(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let shape = cx.shape(x);
    let axis = cx.item_axis(cx.int("axis", -1)?, x)?;
    let eps = cx.float("epsilon", 1e-5)?;
    let len = shape[axis..].iter().product();
    let scale = vector(cx, 1, len)?;
    let bias = match cx.host(2)? {
        Some(_) => vector(cx, 2, len)?,
        None => {
            let name = format!("{}.bias", cx.node.label());
            cx.constant(&name, &Host::floats(vec![len], vec![0.0; len]), &[len])?
        }
    };
    let norm = Op::LayerNorm { axis, eps };
    if axis + 1 == shape.len() {
        return one(cx.op(norm, &[x, scale, bias])?);
    }
    let merged = [&shape[..axis], &[len]].concat();
    let rows = cx.part(Op::Reshape { shape: merged }, &[x], "rows")?;
    let normal = cx.part(norm, &[rows, scale, bias], "normal")?;
    one(cx.op(Op::Reshape { shape }, &[normal])?)
}

/// Operand `i` as a vector of `len` numbers, whatever its shape.
fn vector(cx: &mut Cx<'_, '_>, i: usize, len: usize) -> Result<ValueId, OnnxError> {
    let shape = cx.needed_host(i)?.shape;
    let count: usize = shape.iter().product();
    if count != len {
        return Err(cx.fail(format!("its operand {i} has the shape {shape:?} where {len} numbers fit")));
    }
    cx.weight(i, &[len])
}

/// (x − mean) / √(variance + eps) over one axis, others kept.
fn standardise(cx: &mut Cx<'_, '_>, x: ValueId, axis: usize, eps: f32) -> Result<ValueId, OnnxError> {
    let mean = |kind, x| (Op::Reduce { kind, axes: vec![axis], keep: true }, x);
    let (op, of) = mean(Reduction::Mean, x);
    let mu = cx.part(op, &[of], "mean")?;
    let centred = cx.part(Op::Binary(Binary::Sub), &[x, mu], "centred")?;
    let square = cx.part(Op::Binary(Binary::Mul), &[centred, centred], "square")?;
    let (op, of) = mean(Reduction::Mean, square);
    let variance = cx.part(op, &[of], "variance")?;
    let shifted = cx.un(Unary::Affine(1.0, eps), variance, "shifted")?;
    let inverse = cx.un(Unary::Pow(-0.5), shifted, "inverse")?;
    cx.part(Op::Binary(Binary::Mul), &[centred, inverse], "normal")
}

/// Mean and variance over `groups` runs of channels, then scale and bias.
fn by_group(cx: &mut Cx<'_, '_>, groups: usize) -> Made {
    let x = cx.image(0)?;
    let shape = cx.shape(x);
    let channels = shape.first().copied().unwrap_or(0);
    if groups == 0 || channels == 0 || channels % groups != 0 {
        return Err(cx.fail(format!("{channels} channels cannot be in {groups} groups")));
    }
    let len: usize = shape.iter().product::<usize>() / groups;
    let eps = cx.float("epsilon", 1e-5)?;
    let rows = cx.part(Op::Reshape { shape: vec![groups, len] }, &[x], "rows")?;
    let normal = standardise(cx, rows, 1, eps)?;
    let mut column = vec![1; shape.len()];
    column[0] = channels;
    let image = cx.part(Op::Reshape { shape }, &[normal], "image")?;
    let scale = per_channel(cx, 1, channels, groups, &column)?;
    let bias = per_channel(cx, 2, channels, groups, &column)?;
    let scaled = cx.part(Op::Binary(Binary::Mul), &[image, scale], "scaled")?;
    one(cx.op(Op::Binary(Binary::Add), &[scaled, bias])?)
}

/// Operand `i` with one number per channel; opset 18 has one per group instead.
fn per_channel(cx: &mut Cx<'_, '_>, i: usize, channels: usize, groups: usize, column: &[usize]) -> Result<ValueId, OnnxError> {
    let host = cx.needed_host(i)?;
    if host.shape == [channels] {
        return cx.weight(i, column);
    }
    if host.shape != [groups] {
        return Err(cx.fail(format!("its operand {i} has the shape {:?} where [{channels}] fits", host.shape)));
    }
    let each = channels / groups;
    let from: Vec<usize> = (0..channels).map(|c| c / each).collect();
    let spread = cx.named(host.picked(vec![channels], &from))?;
    let name = format!("{}.channels", cx.node.inputs.get(i).map_or("", |n| n));
    cx.constant(&name, &spread, column)
}

pub(super) fn instance(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let channels = cx.shape(x).first().copied().unwrap_or(0);
    by_group(cx, channels)
}

pub(super) fn group(cx: &mut Cx<'_, '_>) -> Made {
    let groups = usize::try_from(cx.int("num_groups", 0)?).unwrap_or(0);
    by_group(cx, groups)
}

/// x / ‖x‖ over one axis.
pub(super) fn lp(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let axis = cx.item_axis(cx.int("axis", -1)?, x)?;
    let sum = Op::Reduce { kind: Reduction::Sum, axes: vec![axis], keep: true };
    let norm = match cx.int("p", 2)? {
        1 => {
            let size = cx.un(Unary::Abs, x, "abs")?;
            cx.part(sum, &[size], "norm")?
        }
        2 => {
            let square = cx.part(Op::Binary(Binary::Mul), &[x, x], "square")?;
            let total = cx.part(sum, &[square], "sum")?;
            cx.un(Unary::Sqrt, total, "norm")?
        }
        p => return Err(cx.fail(format!("a norm of order {p} is not supported"))),
    };
    one(cx.op(Op::Binary(Binary::Div), &[x, norm])?)
}
