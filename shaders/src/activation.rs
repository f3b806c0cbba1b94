//! Activations: the codes that `wgsl/shared/activation.wgsl` and the CPU twins understand.

/// An elementwise function, alone (`unary`) or fused behind another kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// x
    #[default]
    Identity,
    /// max(x, 0), gradient 0 at 0
    Relu,
    /// x where x > 0, else slope · x
    LeakyRelu(f32),
    /// min(max(x, low), high)
    Clip(f32, f32),
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// clip(a·x + b, 0, 1)
    HardSigmoid(f32, f32),
    /// x · clip(x + 3, 0, 6) / 6
    HardSwish,
    /// x · sigmoid(x)
    Silu,
    /// Hyperbolic tangent
    Tanh,
    /// Error function
    Erf,
    /// GELU by the error function
    Gelu,
    /// GELU's tanh approximation
    GeluTanh,
    /// eˣ
    Exp,
    /// √x
    Sqrt,
    /// −x
    Neg,
    /// |x|, gradient 0 at 0
    Abs,
    /// xᵃ, also for negative x where a is whole
    Pow(f32),
    /// 1 / x
    Reciprocal,
    /// Natural logarithm
    Log,
    /// a·x + b
    Affine(f32, f32),
    /// log(1 + eˣ)
    Softplus,
    /// 1 where x > 0, else 0
    Step,
    /// max(x, 0) where it stands for a positive part, not a layer
    Positive,
}

impl Activation {
    /// The code and its two parameters (0 where unused), as the uniforms carry them.
    pub const fn encode(self) -> (u32, f32, f32) {
        match self {
            Self::Identity => (0, 0.0, 0.0),
            Self::Relu => (1, 0.0, 0.0),
            Self::LeakyRelu(a) => (2, a, 0.0),
            Self::Clip(a, b) => (3, a, b),
            Self::Sigmoid => (4, 0.0, 0.0),
            Self::HardSigmoid(a, b) => (5, a, b),
            Self::HardSwish => (6, 0.0, 0.0),
            Self::Silu => (7, 0.0, 0.0),
            Self::Tanh => (8, 0.0, 0.0),
            Self::Erf => (9, 0.0, 0.0),
            Self::Gelu => (10, 0.0, 0.0),
            Self::GeluTanh => (11, 0.0, 0.0),
            Self::Exp => (12, 0.0, 0.0),
            Self::Sqrt => (13, 0.0, 0.0),
            Self::Neg => (14, 0.0, 0.0),
            Self::Abs => (15, 0.0, 0.0),
            Self::Pow(a) => (16, a, 0.0),
            Self::Reciprocal => (17, 0.0, 0.0),
            Self::Log => (18, 0.0, 0.0),
            Self::Affine(a, b) => (19, a, b),
            Self::Softplus => (20, 0.0, 0.0),
            Self::Step => (21, 0.0, 0.0),
            Self::Positive => (22, 0.0, 0.0),
        }
    }

    /// The code alone.
    pub const fn code(self) -> u32 {
        self.encode().0
    }
}
