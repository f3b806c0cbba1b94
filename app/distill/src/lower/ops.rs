//! Which function lowers which operation.

use super::value::{Wide, lead, place};
use super::{Context, LowerError, cam, conv, elementwise, layout, norm, pool, separable, unary, unary_grad};
use burn::tensor::activation::softmax;
use fovea_student::graph::Op;

/// The node's result from the slots of its operands, all of which are filled.
pub(super) fn lower(at: &Context<'_>, slots: &[Option<Wide>]) -> Result<Wide, LowerError> {
    let x: Vec<Wide> = at.node.inputs.iter().filter_map(|id| slots[id.index()].clone()).collect();
    if x.len() != at.node.inputs.len() {
        return at.unsupported("an operand is computed after it is read");
    }
    let rank = |i: usize| at.shape(i).len();
    match &at.node.op {
        Op::Conv2d(c) => Ok(conv::conv2d(c, &x)),
        Op::ConvTranspose2d { conv, size } => Ok(conv::conv_transpose2d(conv, *size, &x)),
        Op::Linear { transposed } => conv::linear(at, *transposed, &x),
        Op::BatchNorm { eps } => Ok(norm::batch_norm(&x, rank(0), *eps)),
        Op::BatchNormGrad { eps } => Ok(norm::batch_norm_grad(&x, rank(0), *eps)),
        Op::LayerNorm { axis, eps } => Ok(norm::layer_norm(&x, *axis, rank(0), *eps)),
        Op::Unary(u) => Ok(unary::unary(*u, x[0].clone())),
        Op::UnaryGrad(u) => Ok(unary_grad::unary_grad(*u, x[0].clone(), x[1].clone())),
        Op::Binary(kind) => Ok(elementwise::binary(*kind, x[0].clone(), x[1].clone())),
        Op::MaxPool(p) => Ok(pool::max_pool(p, &x[0])),
        Op::MaxPoolGrad(p) => Ok(pool::max_pool_grad(p, &x[0], &x[1])),
        Op::AvgPool(p) => Ok(separable::avg_pool(p, &x[0], at.out(), at.device)),
        Op::AvgPoolGrad { pool, size } => Ok(separable::avg_pool_grad(pool, *size, &x[0], at.device)),
        Op::Reduce { kind, axes, .. } => elementwise::reduce(at, *kind, axes, &x[0]),
        Op::Expand { .. } => layout::expand(at, &x[0]),
        Op::Reshape { .. } => Ok(x[0].clone().reshape(at.wide(lead(&x[0]))?)),
        Op::Transpose { perm } => Ok(layout::transpose(perm, &x[0])),
        Op::Slice { axis, start, step, len } => Ok(layout::slice(place(*axis, rank(0)), [*start, *step, *len], &x[0])),
        Op::SliceGrad { axis, start, step, full } => {
            Ok(layout::slice_grad(place(*axis, rank(0)), [*start, *step, *full], x[0].clone(), at.device))
        }
        Op::Pad { before, after, value } => Ok(layout::pad(before, after, *value, x[0].clone())),
        Op::Concat { axis } => Ok(layout::concat(place(*axis, rank(0)), x)),
        Op::Resize(r) => Ok(separable::resize(r, &x[0], at.device)),
        Op::ResizeGrad { resize, size } => Ok(separable::resize_grad(resize, *size, &x[0], at.device)),
        Op::Softmax { axis } => Ok(softmax(x[0].clone(), place(*axis, rank(0)))),
        Op::Seed { width } => cam::seed(at, *width),
        Op::ClassRows { scale } => cam::class_rows(at, *scale, &x[0]),
        Op::Cam { mode, relu } => Ok(cam::cam(*mode, *relu, &x[0], &x[1], rank(0))),
        Op::FoldClasses { classes } => cam::fold_classes(at, *classes, &x[0]),
        Op::MinMax => Ok(norm::min_max(&x[0])),
        Op::PrincipalComponent => at.unsupported("a principal component has no gradient to train with"),
    }
}
