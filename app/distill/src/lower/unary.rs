//! Functions of one operand.

use super::value::Wide;
use burn::tensor::activation;
use burn::tensor::{Bool, Tensor};
use fovea_student::graph::Unary;
use std::f32::consts::FRAC_1_SQRT_2;

/// √(2/π), the factor in GELU's tanh approximation, and that of its cubic term.
pub(super) const GELU_TANH: (f32, f32) = (0.797_884_6, 0.044_715);

/// 1 where the mask holds, else 0; takes no part in autodiff.
pub(super) fn weight(mask: Tensor<6, Bool>) -> Wide {
    mask.float()
}

/// f(x).
pub(super) fn unary(u: Unary, x: Wide) -> Wide {
    match u {
        Unary::Relu => activation::relu(x),
        Unary::LeakyRelu(slope) => {
            let below = weight(x.clone().inner().lower_scalar(0.0));
            x * below.mul_scalar(slope - 1.0).add_scalar(1.0)
        }
        Unary::Clip(lo, hi) => clip(x, lo, hi),
        Unary::Sigmoid => activation::sigmoid(x),
        Unary::HardSigmoid(a, b) => clip(x.mul_scalar(a).add_scalar(b), 0.0, 1.0),
        Unary::HardSwish => x.clone() * clip(x.add_scalar(3.0), 0.0, 6.0).div_scalar(6.0),
        Unary::Silu => x.clone() * activation::sigmoid(x),
        Unary::Tanh => x.tanh(),
        Unary::Erf => x.erf(),
        Unary::Gelu => x.clone() * normal_cdf(x),
        Unary::GeluTanh => x.clone() * gelu_inner(x).tanh().add_scalar(1.0).mul_scalar(0.5),
        Unary::Exp => x.exp(),
        Unary::Sqrt => x.sqrt(),
        Unary::Neg => x.neg(),
        Unary::Abs => x.abs(),
        Unary::Pow(p) => x.powf_scalar(p),
        Unary::Reciprocal => x.recip(),
        Unary::Log => x.log(),
        Unary::Affine(a, b) => x.mul_scalar(a).add_scalar(b),
        // ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|), which never overflows.
        Unary::Softplus => activation::relu(x.clone()) + x.abs().neg().exp().log1p(),
        Unary::Step => weight(x.inner().greater_scalar(0.0)),
    }
}

/// min(max(x, lo), hi); zero gradient where it is cut.
fn clip(x: Wide, lo: f32, hi: f32) -> Wide {
    let detached = x.clone().inner();
    x.mask_fill(detached.clone().lower_equal_scalar(lo), lo).mask_fill(detached.greater_equal_scalar(hi), hi)
}

/// Φ(x).
pub(super) fn normal_cdf(x: Wide) -> Wide {
    x.mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5)
}

/// √(2/π)·(x + 0.044715·x³).
pub(super) fn gelu_inner(x: Wide) -> Wide {
    let cube = x.clone() * x.clone() * x.clone();
    (x + cube.mul_scalar(GELU_TANH.1)).mul_scalar(GELU_TANH.0)
}
