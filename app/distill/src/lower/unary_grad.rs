//! g · f′(x), with f′ itself differentiable where f bends; masks of piecewise functions are detached.

use super::unary::{GELU_TANH, gelu_inner, normal_cdf, weight};
use super::value::Wide;
use burn::tensor::activation::sigmoid;
use fovea_student::graph::Unary;
use std::f32::consts::PI;

/// g, x; derivatives at kinks are PyTorch's.
pub(super) fn unary_grad(u: Unary, g: Wide, x: Wide) -> Wide {
    let fixed = x.clone().inner();
    match u {
        Unary::Relu => g * weight(fixed.greater_scalar(0.0)),
        Unary::LeakyRelu(slope) => g * weight(fixed.greater_scalar(0.0)).mul_scalar(1.0 - slope).add_scalar(slope),
        Unary::Clip(lo, hi) => g * inside(fixed, lo, hi),
        Unary::HardSigmoid(a, b) => g * inside(fixed.mul_scalar(a).add_scalar(b), 0.0, 1.0).mul_scalar(a),
        Unary::HardSwish => {
            let middle = weight(fixed.clone().greater_scalar(-3.0)) * weight(fixed.clone().lower_scalar(3.0));
            let above = weight(fixed.greater_equal_scalar(3.0));
            g * (x.div_scalar(3.0).add_scalar(0.5) * middle + above)
        }
        Unary::Abs => g * (weight(fixed.clone().greater_scalar(0.0)) - weight(fixed.lower_scalar(0.0))),
        Unary::Step => g * fixed.mul_scalar(0.0),
        Unary::Neg => g.neg(),
        Unary::Affine(a, _) => g.mul_scalar(a),
        smooth => g * slope(smooth, x),
    }
}

fn inside(x: Wide, lo: f32, hi: f32) -> Wide {
    weight(x.clone().greater_scalar(lo)) * weight(x.lower_scalar(hi))
}

/// f′(x) of the smooth functions.
fn slope(u: Unary, x: Wide) -> Wide {
    match u {
        Unary::Sigmoid => sigmoid(x.clone()) * sigmoid(x.neg()),
        Unary::Silu => {
            let s = sigmoid(x.clone());
            s * (x.clone() * sigmoid(x.neg())).add_scalar(1.0)
        }
        Unary::Tanh => {
            let t = x.tanh();
            (t.clone() * t).neg().add_scalar(1.0)
        }
        Unary::Erf => (x.clone() * x).neg().exp().mul_scalar(2.0 / PI.sqrt()),
        Unary::Gelu => {
            let density = (x.clone() * x.clone()).mul_scalar(-0.5).exp().div_scalar((2.0 * PI).sqrt());
            normal_cdf(x.clone()) + x * density
        }
        Unary::GeluTanh => {
            let t = gelu_inner(x.clone()).tanh();
            let inner = (x.clone() * x.clone()).mul_scalar(3.0 * GELU_TANH.1).add_scalar(1.0).mul_scalar(GELU_TANH.0);
            let bend = (t.clone() * t.clone()).neg().add_scalar(1.0);
            t.add_scalar(1.0).mul_scalar(0.5) + x.mul_scalar(0.5) * bend * inner
        }
        Unary::Exp => x.exp(),
        Unary::Sqrt => x.sqrt().recip().mul_scalar(0.5),
        Unary::Pow(p) => x.powf_scalar(p - 1.0).mul_scalar(p),
        Unary::Reciprocal => (x.clone() * x).recip().neg(),
        Unary::Log => x.recip(),
        Unary::Softplus => sigmoid(x),
        // The piecewise functions have been taken care of by the caller; their slope is constant.
        _ => x.ones_like(),
    }
}
