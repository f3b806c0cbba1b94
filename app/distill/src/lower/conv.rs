//! Convolution, its adjoint, and the fully connected layer.

use super::twin;
use super::value::{Wide, lead, planes, unplanes};
use super::{Context, LowerError};
use burn::tensor::module;
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use burn::tensor::{Device, Tensor};
use fovea_student::graph::Conv;

fn kernel(w: &Wide) -> Tensor<4> {
    let [_, _, a, b, c, d] = w.dims();
    w.clone().reshape([a, b, c, d])
}

fn bias(x: &[Wide]) -> Option<Tensor<1>> {
    x.get(2).map(|b| b.clone().reshape([b.dims()[5]]))
}

/// Most pixels of a batch over which a weight's gradient is summed at once: burn's wgpu kernels sum one after the other in single
/// precision, and at 131 072 pixels the reference's first layers were 0.9 % off; in parts they are within 1e-5.
const LONGEST_SUM: usize = 1 << 14;

/// x, weight, optional bias.
pub(super) fn conv2d(c: &Conv, x: &[Wide]) -> Wide {
    let [top, left, bottom, right] = c.pads;
    let mut options = ConvOptions::new(c.stride, [0, 0], c.dilation, c.groups);
    options.padding = [(top, bottom), (left, right)];
    let (images, weight, bias) = (planes(&x[0]), kernel(&x[1]), bias(x));
    if images.device() == Device::flex() {
        return unplanes(twin::convolve(images, weight, bias, options), lead(&x[0]));
    }
    let conv = |images| module::conv2d(images, weight.clone(), bias.clone(), options.clone());
    unplanes(in_parts(images, conv), lead(&x[0]))
}

/// An operation on the images of a batch, on so many at once that no weight's gradient is a longer sum than [`LONGEST_SUM`].
fn in_parts(images: Tensor<4>, work: impl Fn(Tensor<4>) -> Tensor<4>) -> Tensor<4> {
    let [n, _, h, w] = images.dims();
    if n.saturating_mul(h).saturating_mul(w) <= LONGEST_SUM {
        return work(images);
    }
    // burn's own `chunk` asks for an empty last part where the number does not divide.
    let count = (LONGEST_SUM / (h * w)).max(1);
    let part = |first: usize| work(images.clone().narrow(0, first, count.min(n - first)));
    Tensor::cat((0..n).step_by(count).map(part).collect(), 0)
}

/// x, weight, optional bias; `size` is that of the result.
pub(super) fn conv_transpose2d(c: &Conv, size: [usize; 2], x: &[Wide]) -> Wide {
    let weight = kernel(&x[1]);
    let [_, _, kh, kw] = weight.dims();
    let input = planes(&x[0]);
    let [_, _, ih, iw] = input.dims();
    // With stride 1 it is a convolution with the kernel turned and the rest of the padding.
    let rest = |i: usize, k: usize| (c.dilation[i] * (k - 1)).checked_sub(c.pads[i]);
    let end = |i: usize, n: usize| (size[i] + c.pads[i]).checked_sub(n);
    let flex = input.device() == Device::flex();
    if flex
        && (c.stride, c.groups) == ([1, 1], 1)
        && let (Some(top), Some(left)) = (rest(0, kh), rest(1, kw))
        && let (Some(bottom), Some(right)) = (end(0, ih), end(1, iw))
    {
        let mut options = ConvOptions::new([1, 1], [0, 0], c.dilation, 1);
        options.padding = [(top, bottom), (left, right)];
        return unplanes(twin::convolve(input, weight.swap_dims(0, 1).flip([2, 3]), bias(x), options), lead(&x[0]));
    }
    let symmetric = c.pads[0] == c.pads[2] && c.pads[1] == c.pads[3];
    let pads = if symmetric { [c.pads[0], c.pads[1]] } else { [0, 0] };
    // Rows that no window of the convolution reached: the stride leaves their number open.
    let open = |i: usize, n: usize, k: usize| {
        let padded = size[i] + c.pads[i] + c.pads[i + 2];
        padded.saturating_sub((n - 1) * c.stride[i] + c.dilation[i] * (k - 1) + 1)
    };
    let options = ConvTransposeOptions::new(c.stride, pads, [open(0, ih, kh), open(1, iw, kw)], c.dilation, c.groups);
    let transpose = |input| module::conv_transpose2d(input, weight.clone(), bias(x), options.clone());
    let full = if flex { transpose(input) } else { in_parts(input, transpose) };
    let out = if symmetric { full } else { full.narrow(2, c.pads[0], size[0]).narrow(3, c.pads[1], size[1]) };
    unplanes(out, lead(&x[0]))
}

/// x, weight, optional bias.
pub(super) fn linear(at: &Context<'_>, transposed: bool, x: &[Wide]) -> Result<Wide, LowerError> {
    let [.., rows, columns] = x[1].dims();
    let matrix: Tensor<2> = x[1].clone().reshape([rows, columns]);
    let matrix = if transposed { matrix } else { matrix.transpose() };
    let [k, m] = matrix.dims();
    let dims = x[0].dims();
    let flat: Tensor<2> = x[0].clone().reshape([dims[..5].iter().product(), k]);
    let product = flat.matmul(matrix);
    let sum = match bias(x) {
        Some(b) => product + b.reshape([1, m]),
        None => product,
    };
    Ok(sum.reshape(at.wide(lead(&x[0]))?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use fovea_student::random::Draws;

    fn random(shape: [usize; 6], seed: u64) -> Wide {
        let mut draws = Draws::new(seed);
        let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|_| draws.within(-1.0, 1.0) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    /// <conv x, y> = <x, transpose y>, whatever the padding, also where it reaches further than the kernel.
    #[test]
    fn transposed_convolution_is_the_adjoint() {
        let plain = Conv { stride: [1, 1], pads: [1, 1, 1, 1], ..Conv::default() };
        let cases = [
            (3, plain.clone()),
            (3, Conv { dilation: [2, 1], pads: [0, 2, 3, 1], ..plain.clone() }),
            (1, Conv { pads: [0, 0, 2, 2], ..plain.clone() }),
            (1, Conv { pads: [2, 1, 0, 0], ..plain.clone() }),
            (3, Conv { stride: [2, 2], pads: [1, 0, 1, 2], ..plain }),
        ];
        for (k, conv) in cases {
            let size = [7, 6];
            let x = random([2, 1, 1, 3, size[0], size[1]], 1);
            let w = random([1, 1, 4, 3, k, k], 2);
            let forward = conv2d(&conv, &[x.clone(), w.clone()]);
            let y = random(forward.dims(), 3);
            let back = conv_transpose2d(&conv, size, &[y.clone(), w]);
            assert_eq!(back.dims(), x.dims(), "{conv:?}");
            let dot = |a: Wide, b: Wide| (a * b).sum().try_into_vec_as::<f32>().unwrap()[0];
            let (left, right) = (dot(forward, y), dot(x, back));
            assert!((left - right).abs() < 1e-3 * left.abs().max(1.0), "{conv:?}: {left} {right}");
        }
    }
}
