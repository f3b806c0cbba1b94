//! Max pooling by indices, forward and back.

use super::value::{Wide, lead};
use burn::tensor::module::max_pool2d_with_indices;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};
use fovea_student::graph::Pool;

/// Where the first maximum of each window is, `[lead, 1, channels, oh, ow]`, as an index into the plane. Taken from detached
/// values: a maximum's place is no function to differentiate.
fn indices(p: &Pool, x: &Wide) -> Tensor<6, Int> {
    let [top, left, bottom, right] = p.pads;
    let mut options = MaxPoolOptions::new(p.kernel).with_stride(p.stride).with_padding_pairs([(top, bottom), (left, right)]);
    options.dilation = p.dilation;
    options.ceil_mode = p.ceil;
    let (_, found) = max_pool2d_with_indices(super::value::planes(&x.clone().inner()), options);
    let ([n, c], [_, k, oh, ow]) = (lead(x), found.dims());
    found.reshape([n, c, 1, k, oh, ow])
}

/// The element at each index: one gradient path per window.
pub(super) fn max_pool(p: &Pool, x: &Wide) -> Wide {
    let at = indices(p, x);
    let [n, c, _, k, h, w] = x.dims();
    let [.., oh, ow] = at.dims();
    let rows: Tensor<2> = x.clone().reshape([n * c * k, h * w]);
    rows.gather(1, at.reshape([n * c * k, oh * ow])).reshape([n, c, 1, k, oh, ow])
}

/// g, x: every class's gradient goes to the places the forward pass took.
pub(super) fn max_pool_grad(p: &Pool, g: &Wide, x: &Wide) -> Wide {
    let at = indices(p, x);
    let [.., k, h, w] = x.dims();
    let ([n, c], [m, d], [.., oh, ow]) = (lead(g), lead(x), g.dims());
    let lead = [n.max(m), c.max(d)];
    let rows = lead[0] * lead[1] * k;
    let spread = [lead[0], lead[1], 1, k, oh, ow];
    let at: Tensor<2, Int> = at.expand(spread).reshape([rows, oh * ow]);
    let g: Tensor<2> = g.clone().expand(spread).reshape([rows, oh * ow]);
    let zeros = Tensor::<2>::zeros([rows, h * w], &g.device());
    zeros.scatter(1, at, g, IndexingUpdateOp::Add).reshape([lead[0], lead[1], 1, k, h, w])
}
