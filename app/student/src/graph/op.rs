//! The op vocabulary: forward operations, their adjoints, and the arithmetic of attention maps.

use serde::{Deserialize, Serialize};

/// Geometry of a convolution. For the transposed one `pads` and `stride` are those of the convolution it undoes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// `[top, left, bottom, right]`.
    pub pads: [usize; 4],
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// Channel groups.
    pub groups: usize,
}

impl Default for Conv {
    fn default() -> Self {
        Self { stride: [1, 1], pads: [0; 4], dilation: [1, 1], groups: 1 }
    }
}

/// Geometry of a pooling window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool {
    /// `[height, width]`.
    pub kernel: [usize; 2],
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// `[top, left, bottom, right]`.
    pub pads: [usize; 4],
    /// `[vertical, horizontal]`.
    pub dilation: [usize; 2],
    /// Round the output size up (a last window must still start inside the image or its leading padding).
    pub ceil: bool,
    /// Average only: count padding in the divisor.
    pub count_include_pad: bool,
}

/// Elementwise functions of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    /// max(x, 0).
    Relu,
    /// x, or slope·x where x < 0.
    LeakyRelu(f32),
    /// min(max(x, lo), hi).
    Clip(f32, f32),
    /// 1 / (1 + e^−x).
    Sigmoid,
    /// min(max(a·x + b, 0), 1).
    HardSigmoid(f32, f32),
    /// x · min(max(x + 3, 0), 6) / 6.
    HardSwish,
    /// x · sigmoid(x).
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// Error function.
    Erf,
    /// x · Φ(x), by erf.
    Gelu,
    /// Its tanh approximation.
    GeluTanh,
    /// e^x.
    Exp,
    /// Square root.
    Sqrt,
    /// −x.
    Neg,
    /// |x|.
    Abs,
    /// x to a constant power.
    Pow(f32),
    /// 1 / x.
    Reciprocal,
    /// Natural logarithm.
    Log,
    /// a·x + b.
    Affine(f32, f32),
    /// ln(1 + e^x).
    Softplus,
    /// 1 where x > 0, else 0.
    Step,
}

impl Unary {
    /// Code and parameters as the kernels take them (`shaders/wgsl/shared/activation.wgsl`).
    pub fn code(self) -> (u32, f32, f32) {
        match self {
            Unary::Relu => (1, 0.0, 0.0),
            Unary::LeakyRelu(a) => (2, a, 0.0),
            Unary::Clip(a, b) => (3, a, b),
            Unary::Sigmoid => (4, 0.0, 0.0),
            Unary::HardSigmoid(a, b) => (5, a, b),
            Unary::HardSwish => (6, 0.0, 0.0),
            Unary::Silu => (7, 0.0, 0.0),
            Unary::Tanh => (8, 0.0, 0.0),
            Unary::Erf => (9, 0.0, 0.0),
            Unary::Gelu => (10, 0.0, 0.0),
            Unary::GeluTanh => (11, 0.0, 0.0),
            Unary::Exp => (12, 0.0, 0.0),
            Unary::Sqrt => (13, 0.0, 0.0),
            Unary::Neg => (14, 0.0, 0.0),
            Unary::Abs => (15, 0.0, 0.0),
            Unary::Pow(a) => (16, a, 0.0),
            Unary::Reciprocal => (17, 0.0, 0.0),
            Unary::Log => (18, 0.0, 0.0),
            Unary::Affine(a, b) => (19, a, b),
            Unary::Softplus => (20, 0.0, 0.0),
            Unary::Step => (21, 0.0, 0.0),
        }
    }
}

/// Elementwise functions of two operands, NumPy broadcasting on the shapes without batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a · b.
    Mul,
    /// a / b.
    Div,
    /// Larger of the two.
    Max,
    /// Smaller of the two.
    Min,
    /// a to the power b.
    Pow,
}

/// How a reduction combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Sum.
    Sum,
    /// Arithmetic mean.
    Mean,
    /// Largest.
    Max,
    /// Smallest.
    Min,
}

/// Interpolation of a resize.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMode {
    /// One source pixel.
    Nearest(NearestRounding),
    /// Bilinear, no antialiasing.
    Bilinear,
}

/// How a fractional nearest position is rounded (ONNX names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NearestRounding {
    /// Down.
    Floor,
    /// To nearest, half down.
    RoundPreferFloor,
    /// Up.
    Ceil,
    /// To nearest, half up.
    RoundPreferCeil,
}

/// Where output pixel centres lie in the input (ONNX names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// (x + ½)·scale − ½.
    HalfPixel,
    /// Corner pixels on corner pixels.
    AlignCorners,
    /// x·scale.
    Asymmetric,
    /// Half pixel, but 0 where the output is one pixel long.
    PytorchHalfPixel,
}

/// Resize of the last two axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resize {
    /// Output `[height, width]`.
    pub size: [usize; 2],
    /// Interpolation.
    pub mode: ResizeMode,
    /// Pixel centres.
    pub coordinates: Coordinates,
    /// Input px per output px where the model gives its own factor (else input size / output size).
    pub scale: Option<[f32; 2]>,
}

/// What a CAM sums over channels; `g` is the gradient or its pooled weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CamMode {
    /// Σ g·A.
    Sum,
    /// Σ max(g·A, 0).
    PositiveTerms,
    /// Σ max(g, 0)·A.
    PositiveGradient,
}

/// An operation. Operands in the comment are `Node::inputs` in order; axes count without the batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// x `[ic, h, w]`, weight `[oc, ic/groups, kh, kw]`, optional bias `[oc]`.
    Conv2d(Conv),
    /// x `[ic, h, w]`, weight `[ic, oc/groups, kh, kw]`, optional bias `[oc]`; also the input gradient of `Conv2d`.
    ConvTranspose2d {
        /// Geometry of the convolution it undoes.
        conv: Conv,
        /// Output `[height, width]`; says what strides leave open.
        size: [usize; 2],
    },
    /// x `[…, k]`, weight `[m, k]` (or `[k, m]` when `transposed`), optional bias `[m]` → `[…, m]`.
    Linear {
        /// Weight is `[in, out]`.
        transposed: bool,
    },
    /// x `[c, …]`, scale, bias, mean, variance, each `[c]` (settled statistics).
    BatchNorm {
        /// Added to the variance.
        eps: f32,
    },
    /// g, scale, variance: adjoint of `BatchNorm`.
    BatchNormGrad {
        /// Added to the variance.
        eps: f32,
    },
    /// x, scale, bias over one axis.
    LayerNorm {
        /// Normalised axis.
        axis: usize,
        /// Added to the variance.
        eps: f32,
    },
    /// x.
    Unary(Unary),
    /// g, x → g · f′(x).
    UnaryGrad(Unary),
    /// a, b.
    Binary(Binary),
    /// x `[c, h, w]`.
    MaxPool(Pool),
    /// g, x → gradient scattered to the first maximum of each window.
    MaxPoolGrad(Pool),
    /// x `[c, h, w]`.
    AvgPool(Pool),
    /// g → gradient spread over each window.
    AvgPoolGrad {
        /// The pooling it undoes.
        pool: Pool,
        /// Input `[height, width]` of that pooling.
        size: [usize; 2],
    },
    /// x.
    Reduce {
        /// How it combines.
        kind: Reduction,
        /// Reduced axes, ascending.
        axes: Vec<usize>,
        /// Keep them with length 1.
        keep: bool,
    },
    /// x, broadcast to `shape`.
    Expand {
        /// New shape.
        shape: Vec<usize>,
    },
    /// x, same elements in the same order.
    Reshape {
        /// New shape.
        shape: Vec<usize>,
    },
    /// x.
    Transpose {
        /// Output axis i is input axis `perm[i]`.
        perm: Vec<usize>,
    },
    /// x.
    Slice {
        /// Axis.
        axis: usize,
        /// First index.
        start: usize,
        /// Distance between indices (positive).
        step: usize,
        /// How many.
        len: usize,
    },
    /// g → gradient of `Slice`: zeros elsewhere.
    SliceGrad {
        /// Axis.
        axis: usize,
        /// First index.
        start: usize,
        /// Distance between indices.
        step: usize,
        /// Length of the sliced axis before slicing.
        full: usize,
    },
    /// x, padded with a constant; one entry per axis.
    Pad {
        /// Elements before.
        before: Vec<usize>,
        /// Elements after.
        after: Vec<usize>,
        /// Fill.
        value: f32,
    },
    /// Any number of operands.
    Concat {
        /// Axis.
        axis: usize,
    },
    /// x `[…, h, w]`.
    Resize(Resize),
    /// g → transpose of `Resize`.
    ResizeGrad {
        /// The resize it undoes.
        resize: Resize,
        /// Input `[height, width]` of that resize.
        size: [usize; 2],
    },
    /// x.
    Softmax {
        /// Axis.
        axis: usize,
    },
    /// No operand → one-hot `[width]` per explained class.
    Seed {
        /// Number of classes the network scores.
        width: usize,
    },
    /// Constant `[total, …]` → the explained classes' rows, times a factor.
    ClassRows {
        /// Factor.
        scale: f32,
    },
    /// g `[k]` or `[k, h, w]` per class, A `[k, h, w]` per sample → `[h, w]` per class.
    Cam {
        /// What is summed.
        mode: CamMode,
        /// max(·, 0) after the sum.
        relu: bool,
    },
    /// x `[k, h, w]` → `[h, w]`: the first principal component of the pixels. With X the pixels × channels matrix of x minus
    /// each channel's mean, X·v for X's first right singular vector v, with a positive dot product with the channel mean.
    PrincipalComponent,
    /// x `[…]` per class → `[classes, …]` per sample (no data moves).
    FoldClasses {
        /// Number of explained classes.
        classes: usize,
    },
    /// x: (x − min) / (max − min) over the whole item; a constant item becomes zeros.
    MinMax,
}

impl Op {
    /// Short name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Conv2d(_) => "Conv2d",
            Op::ConvTranspose2d { .. } => "ConvTranspose2d",
            Op::Linear { .. } => "Linear",
            Op::BatchNorm { .. } => "BatchNorm",
            Op::BatchNormGrad { .. } => "BatchNormGrad",
            Op::LayerNorm { .. } => "LayerNorm",
            Op::Unary(_) => "Unary",
            Op::UnaryGrad(_) => "UnaryGrad",
            Op::Binary(_) => "Binary",
            Op::MaxPool(_) => "MaxPool",
            Op::MaxPoolGrad(_) => "MaxPoolGrad",
            Op::AvgPool(_) => "AvgPool",
            Op::AvgPoolGrad { .. } => "AvgPoolGrad",
            Op::Reduce { .. } => "Reduce",
            Op::Expand { .. } => "Expand",
            Op::Reshape { .. } => "Reshape",
            Op::Transpose { .. } => "Transpose",
            Op::Slice { .. } => "Slice",
            Op::SliceGrad { .. } => "SliceGrad",
            Op::Pad { .. } => "Pad",
            Op::Concat { .. } => "Concat",
            Op::Resize(_) => "Resize",
            Op::ResizeGrad { .. } => "ResizeGrad",
            Op::Softmax { .. } => "Softmax",
            Op::Seed { .. } => "Seed",
            Op::ClassRows { .. } => "ClassRows",
            Op::Cam { .. } => "Cam",
            Op::PrincipalComponent => "PrincipalComponent",
            Op::FoldClasses { .. } => "FoldClasses",
            Op::MinMax => "MinMax",
        }
    }
}
