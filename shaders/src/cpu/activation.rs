//! Pointwise functions and their derivatives, by the codes that `act` fields and `UnaryParams.kind` carry.
//!
//! NaN goes through every function (`x < 0 ? 0 : x`, never `max(x, 0)`), and derivatives at kinks are PyTorch's.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

/// The codes of [`Activation`](crate::activation::Activation), as patterns to match.
pub(crate) mod code {
    /// x
    pub const IDENTITY: u32 = 0;
    /// max(x, 0)
    pub const RELU: u32 = 1;
    /// x where x > 0, else a·x
    pub const LEAKY_RELU: u32 = 2;
    /// min(max(x, a), b)
    pub const CLIP: u32 = 3;
    /// 1 / (1 + e^−x)
    pub const SIGMOID: u32 = 4;
    /// min(max(a·x + b, 0), 1)
    pub const HARD_SIGMOID: u32 = 5;
    /// x · min(max(x + 3, 0), 6) / 6
    pub const HARD_SWISH: u32 = 6;
    /// x · sigmoid(x)
    pub const SILU: u32 = 7;
    /// tanh x
    pub const TANH: u32 = 8;
    /// erf x
    pub const ERF: u32 = 9;
    /// x · (1 + erf(x / √2)) / 2
    pub const GELU: u32 = 10;
    /// the tanh approximation of GELU
    pub const GELU_TANH: u32 = 11;
    /// e^x
    pub const EXP: u32 = 12;
    /// √x
    pub const SQRT: u32 = 13;
    /// −x
    pub const NEG: u32 = 14;
    /// |x|
    pub const ABS: u32 = 15;
    /// x^a
    pub const POW: u32 = 16;
    /// 1 / x
    pub const RECIPROCAL: u32 = 17;
    /// ln x
    pub const LOG: u32 = 18;
    /// a·x + b
    pub const AFFINE: u32 = 19;
    /// ln(1 + e^x)
    pub const SOFTPLUS: u32 = 20;
    /// 1 where x > 0, else 0
    pub const STEP: u32 = 21;
    /// max(x, 0) as a value (the same numbers as RELU)
    pub const POSITIVE: u32 = 22;
}

/// f(x) for a code; an unknown code is the identity.
#[inline(always)]
pub fn activate(kind: u32, x: f32, a: f32, b: f32) -> f32 {
    match kind {
        code::RELU | code::POSITIVE => relu(x),
        code::LEAKY_RELU => {
            if x < 0.0 {
                a * x
            } else {
                x
            }
        }
        code::CLIP => clip(x, a, b),
        code::SIGMOID => sigmoid(x),
        code::HARD_SIGMOID => clip(a * x + b, 0.0, 1.0),
        code::HARD_SWISH => x * clip(x + 3.0, 0.0, 6.0) / 6.0,
        code::SILU => x * sigmoid(x),
        code::TANH => x.tanh(),
        code::ERF => erf(x),
        code::GELU => 0.5 * x * (1.0 + erf(x * FRAC_1_SQRT_2)),
        code::GELU_TANH => 0.5 * x * (1.0 + gelu_inner(x).tanh()),
        code::EXP => x.exp(),
        code::SQRT => x.sqrt(),
        code::NEG => -x,
        code::ABS => x.abs(),
        code::POW => x.powf(a),
        code::RECIPROCAL => 1.0 / x,
        code::LOG => x.ln(),
        code::AFFINE => a * x + b,
        code::SOFTPLUS => relu(x) + (-x.abs()).exp().ln_1p(),
        code::STEP => f32::from(u8::from(x > 0.0)),
        _ => x,
    }
}

/// f′(x) for a code.
#[inline(always)]
pub fn activate_grad(kind: u32, x: f32, a: f32, b: f32) -> f32 {
    match kind {
        code::RELU | code::POSITIVE => one_unless(x <= 0.0),
        code::LEAKY_RELU => {
            if x > 0.0 {
                1.0
            } else {
                a
            }
        }
        code::CLIP => one_unless(x <= a || x >= b),
        code::SIGMOID => sigmoid(x) * sigmoid(-x),
        code::HARD_SIGMOID => {
            let y = a * x + b;
            if y <= 0.0 || y >= 1.0 { 0.0 } else { a }
        }
        code::HARD_SWISH => {
            if x <= -3.0 {
                0.0
            } else if x < 3.0 {
                x / 3.0 + 0.5
            } else {
                1.0
            }
        }
        code::SILU => {
            let s = sigmoid(x);
            s * (1.0 + x * sigmoid(-x))
        }
        code::TANH => {
            let t = x.tanh();
            1.0 - t * t
        }
        code::ERF => 2.0 / PI.sqrt() * (-x * x).exp(),
        code::GELU => 0.5 * (1.0 + erf(x * FRAC_1_SQRT_2)) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt(),
        code::GELU_TANH => gelu_tanh_grad(x),
        code::EXP => x.exp(),
        code::SQRT => 0.5 / x.sqrt(),
        code::NEG => -1.0,
        code::ABS => {
            if x == 0.0 {
                0.0
            } else {
                x.signum()
            }
        }
        code::POW => {
            if a == 0.0 {
                0.0
            } else {
                a * x.powf(a - 1.0)
            }
        }
        code::RECIPROCAL => -1.0 / (x * x),
        code::LOG => 1.0 / x,
        code::AFFINE => a,
        code::SOFTPLUS => sigmoid(x),
        code::STEP => 0.0,
        _ => 1.0,
    }
}

/// Applies a code in place. The frequent codes get a loop of their own, without a branch per element.
pub fn activate_slice(kind: u32, a: f32, b: f32, values: &mut [f32]) {
    match kind {
        code::IDENTITY => {}
        code::RELU => values.iter_mut().for_each(|v| *v = relu(*v)),
        code::CLIP => values.iter_mut().for_each(|v| *v = clip(*v, a, b)),
        code::LEAKY_RELU => values.iter_mut().for_each(|v| *v = activate(code::LEAKY_RELU, *v, a, b)),
        code::SILU => values.iter_mut().for_each(|v| *v = activate(code::SILU, *v, a, b)),
        code::GELU => values.iter_mut().for_each(|v| *v = activate(code::GELU, *v, a, b)),
        code::HARD_SWISH => values.iter_mut().for_each(|v| *v = activate(code::HARD_SWISH, *v, a, b)),
        _ => values.iter_mut().for_each(|v| *v = activate(kind, *v, a, b)),
    }
}

/// max(x, 0) that keeps NaN.
#[inline(always)]
pub fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// The slope of a mask; NaN compares false, so it passes.
#[inline(always)]
fn one_unless(masked: bool) -> f32 {
    if masked { 0.0 } else { 1.0 }
}

#[inline(always)]
fn clip(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
fn gelu_inner(x: f32) -> f32 {
    0.797_884_6 * (x + 0.044_715 * x * x * x)
}

fn gelu_tanh_grad(x: f32) -> f32 {
    let t = gelu_inner(x).tanh();
    0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.797_884_6 * (1.0 + 0.134_145 * x * x)
}

/// The error function to about 1e-7: a polynomial near zero, 1 − e^(polynomial) beyond (N. Juffa's minimax fits).
pub fn erf(x: f32) -> f32 {
    let t = x.abs();
    let s = x * x;
    if t > 0.927_734_4 {
        let r = -1.728_534_7e-5 * t + 3.831_971_3e-4;
        let u = -3.883_964_4e-3 * t + 2.425_462_2e-2;
        let r = r * s + u;
        let r = r * t - 0.106_777_88;
        let r = r * t - 0.634_846_7;
        let r = r * t - 0.128_717_51;
        let r = r * t - t;
        // Past 4 the polynomial leaves its range; there erf is 1 in f32.
        let y = if t > 4.0 { 1.0 } else { 1.0 - r.exp() };
        if x.is_nan() { x } else { y.copysign(x) }
    } else {
        let r = -5.967_617e-4;
        let r = r * s + 4.991_194_2e-3;
        let r = r * s - 2.676_813_5e-2;
        let r = r * s + 0.112_819_925;
        let r = r * s - 0.376_125_34;
        let r = r * s + 0.128_379_17;
        r * x + x
    }
}

#[cfg(test)]
mod tests {
    use super::code;
    use crate::activation::Activation::{self, *};

    #[test]
    fn codes_are_those_of_the_enum() {
        let pairs: [(Activation, u32); 23] = [
            (Identity, code::IDENTITY),
            (Relu, code::RELU),
            (LeakyRelu(0.0), code::LEAKY_RELU),
            (Clip(0.0, 0.0), code::CLIP),
            (Sigmoid, code::SIGMOID),
            (HardSigmoid(0.0, 0.0), code::HARD_SIGMOID),
            (HardSwish, code::HARD_SWISH),
            (Silu, code::SILU),
            (Tanh, code::TANH),
            (Erf, code::ERF),
            (Gelu, code::GELU),
            (GeluTanh, code::GELU_TANH),
            (Exp, code::EXP),
            (Sqrt, code::SQRT),
            (Neg, code::NEG),
            (Abs, code::ABS),
            (Pow(0.0), code::POW),
            (Reciprocal, code::RECIPROCAL),
            (Log, code::LOG),
            (Affine(0.0, 0.0), code::AFFINE),
            (Softplus, code::SOFTPLUS),
            (Step, code::STEP),
            (Positive, code::POSITIVE),
        ];
        for (activation, code) in pairs {
            assert_eq!(activation.code(), code, "{activation:?}");
        }
    }
}
