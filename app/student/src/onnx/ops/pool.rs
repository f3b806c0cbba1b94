//! Poolings.

use super::super::OnnxError;
use super::super::import::{Cx, Made, one};
use super::conv::{image_size, pair, window};
use crate::graph::{Op, Pool, Reduction, ValueId};

fn pool(cx: &Cx<'_, '_>, x: ValueId) -> Result<Pool, OnnxError> {
    let size = image_size(cx, x)?;
    if !cx.has("kernel_shape") {
        return Err(cx.fail("its kernel_shape is missing"));
    }
    let kernel = pair(cx, "kernel_shape", 1)?;
    let window = window(cx)?;
    let pads = window.pads(size, kernel).ok_or_else(|| cx.fail("its window is absurd"))?;
    let ceil = cx.int("ceil_mode", 0)? != 0;
    let count_include_pad = cx.int("count_include_pad", 0)? != 0;
    if (0..2).any(|i| {
        pads[i] >= kernel[i].saturating_mul(window.dilation[i]) || pads[i + 2] >= kernel[i].saturating_mul(window.dilation[i])
    }) {
        return Err(cx.fail("its padding is as wide as its window"));
    }
    Ok(Pool { kernel, stride: window.stride, pads, dilation: window.dilation, ceil, count_include_pad })
}

pub(super) fn max(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let pool = pool(cx, x)?;
    one(cx.op(Op::MaxPool(pool), &[x])?)
}

pub(super) fn average(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let pool = pool(cx, x)?;
    one(cx.op(Op::AvgPool(pool), &[x])?)
}

pub(super) fn global_average(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    image_size(cx, x)?;
    one(cx.op(Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: true }, &[x])?)
}

/// A pooling window as large as the image: its gradient goes to one pixel, as PyTorch's does, not evenly to all ties.
pub(super) fn global_max(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let kernel = image_size(cx, x)?;
    let pool = Pool { kernel, stride: [1; 2], pads: [0; 4], dilation: [1; 2], ceil: false, count_include_pad: false };
    one(cx.op(Op::MaxPool(pool), &[x])?)
}
