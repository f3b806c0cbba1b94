//! Operators on activations, each in the words of the graph.

mod activation;
mod arithmetic;
mod conv;
mod gather;
mod index;
mod linear;
mod logic;
mod norm;
mod pool;
mod reduce;
mod reshape;
mod resize;

pub(super) use index::split_lengths;
pub(super) use reshape::{axes as squeeze_axes, reshaped, unsqueezed};

use super::OnnxError;
use super::import::{Bound, Cx, Made};

pub(super) type Handler = fn(&mut Cx<'_, '_>) -> Made;

/// What adds an operator to the graph; `None` for operators we do not have.
pub(super) fn handler(op: &str) -> Option<Handler> {
    Some(match op {
        "Conv" => conv::conv,
        "ConvTranspose" => conv::transposed,
        "Gemm" => linear::gemm,
        "MatMul" => linear::matmul,
        "BatchNormalization" => norm::batch,
        "LayerNormalization" => norm::layer,
        "InstanceNormalization" => norm::instance,
        "GroupNormalization" => norm::group,
        "LpNormalization" => norm::lp,
        "MaxPool" => pool::max,
        "AveragePool" => pool::average,
        "GlobalAveragePool" => pool::global_average,
        "GlobalMaxPool" => pool::global_max,
        "Add" | "Sub" | "Mul" | "Div" | "Pow" => arithmetic::binary,
        "Max" | "Min" | "Sum" | "Mean" => arithmetic::many,
        "Softmax" | "LogSoftmax" => activation::softmax,
        "Clip" => activation::clip,
        "PRelu" => activation::prelu,
        "Identity" | "Dropout" | "Cast" | "CastLike" => same,
        "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" => logic::compare,
        "Not" => logic::not,
        "And" => logic::and,
        "Where" => logic::choose,
        "Constant" | "ConstantOfShape" | "Range" | "Or" | "Mod" | "Floor" | "Ceil" | "ReduceProd" => only_constant,
        "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2" | "ReduceSumSquare" => reduce::reduce,
        "Concat" => index::concat,
        "Split" => index::split,
        "Slice" => index::slice,
        "Gather" => gather::gather,
        "GatherND" => gather::gather_nd,
        "Pad" => index::pad,
        "Shape" => reshape::shape,
        "Size" => reshape::size,
        "Flatten" => reshape::flatten,
        "Reshape" => reshape::reshape,
        "Transpose" => reshape::transpose,
        "Squeeze" => reshape::squeeze,
        "Unsqueeze" => reshape::unsqueeze,
        "Expand" => reshape::expand,
        "Resize" | "Upsample" => resize::resize,
        other if activation::is_plain(other) => activation::plain,
        _ => return None,
    })
}

/// Operators that change nothing in a settled network.
fn same(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    if cx.node.op == "Cast" && !matches!(cx.int("to", 1)?, 1 | 10 | 11 | 16) {
        return Err(cx.fail("it turns a value of the image into integers, which has no gradient"));
    }
    if cx.node.op == "Dropout" && cx.scalar_at(2)?.is_some_and(|training| training != 0.0) {
        return Err(cx.fail("it drops at random: the model is exported for training"));
    }
    Ok(vec![Bound::Image(x)])
}

/// Operators that exist only in subgraphs of constants and shapes.
fn only_constant(cx: &mut Cx<'_, '_>) -> Made {
    Err::<Vec<Bound>, OnnxError>(cx.fail("it is supported on constants and shapes only, but depends on the image here"))
}
