//! Convolution on burn's CPU device by the engine's own CPU kernels (the twins of the WGSL), with its gradients: what they share with
//! inference is measured and tested there, and burn's own convolution spends most of its time on rearranging memory.

mod autodiff;
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

/// The operation and what its backward pass needs. The bodies here are burn's own; [`flex`] has others for single precision.
#[backend_extension(Flex, Autodiff)]
pub trait TwinConv: Backend {
    /// y (n, oc, oh, ow) = x (n, ic, ih, iw) ⋆ w (oc, ic / groups, kh, kw) + b (oc).
    fn twin_conv(x: FloatTensor<Self>, w: FloatTensor<Self>, b: FloatTensor<Self>, options: ConvOptions<2>) -> FloatTensor<Self> {
        Self::conv2d(x, w, Some(b), options)
    }

    /// ∂/∂x, given g of y.
    fn twin_conv_x_grad(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        Self::conv2d_x_backward(x, w, g, options)
    }

    /// ∂/∂w, given g of y.
    fn twin_conv_weight_grad(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(x, w, g, options)
    }

    /// ∂/∂b, given g of y.
    fn twin_conv_bias_grad(x: FloatTensor<Self>, b: FloatTensor<Self>, g: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::conv2d_bias_backward(x, b, g)
    }
}

/// x (n, ic, h, w) ⋆ w (oc, ic / groups, kh, kw) + b (oc), on burn's CPU device.
pub(super) fn convolve(x: Tensor<4>, w: Tensor<4>, b: Option<Tensor<1>>, options: ConvOptions<2>) -> Tensor<4> {
    let b = b.unwrap_or_else(|| Tensor::zeros([w.dims()[0]], (&x.device(), x.dtype())));
    Tensor::from_dispatch(Dispatch::twin_conv(x.into_dispatch(), w.into_dispatch(), b.into_dispatch(), options))
}

#[cfg(test)]
mod tests;
