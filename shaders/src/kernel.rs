//! One kernel call: which kernel, with which uniform, how many workgroups.
use crate::dispatch::{TooManyGroups, split};
use crate::kernels::{self, KernelId};
use crate::params::*;

/// What a binding of a kernel's group 0 is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The params struct, `size` bytes, bound with a dynamic offset.
    Uniform {
        /// Bytes of the struct.
        size: u32,
    },
    /// An input.
    StorageRead,
    /// The output.
    StorageReadWrite,
    /// A texture that is only read.
    Texture,
    /// A texture that a compute kernel writes (r32float).
    StorageTexture,
    /// A filtering sampler.
    Sampler,
}

/// What a compute pipeline needs to know.
#[derive(Debug)]
pub struct Kernel {
    /// Its name in the program.
    pub id: KernelId,
    /// Its name for people.
    pub label: &'static str,
    /// Source, includes expanded.
    pub wgsl: &'static str,
    /// Entry point.
    pub entry: &'static str,
    /// Invocations per workgroup, overrides applied.
    pub workgroup_size: [u32; 3],
    /// Bindings 0, 1, 2 … of group 0.
    pub bindings: &'static [Binding],
    /// How many of them are read-only storage buffers (they follow the uniform; the output comes last).
    pub inputs: usize,
    /// Pipeline constants to set.
    pub overrides: &'static [(&'static str, f64)],
}

/// What a render pipeline without vertex buffers needs to know.
#[derive(Debug)]
pub struct DrawShader {
    /// Its name for people.
    pub label: &'static str,
    /// Source, includes expanded.
    pub wgsl: &'static str,
    /// Vertex entry point.
    pub vertex: &'static str,
    /// Fragment entry point.
    pub fragment: &'static str,
    /// Bindings 0, 1, 2 … of group 0.
    pub bindings: &'static [Binding],
}

/// How a convolution is computed. The tiled paths need weights packed by [`crate::pack::pack_conv`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvPath {
    /// One output per invocation: any groups.
    Direct,
    /// Implicit matrix product: groups == 1, any kernel, stride, dilation.
    Gemm,
    /// As `Gemm`, for 3×3, stride 1, dilation 1 and at least 16 channels in.
    Fast3x3,
    /// As `Gemm`, for 1×1, stride 1, no padding.
    Gemm1x1,
}

impl ConvPath {
    /// The fastest path that takes these shapes.
    pub fn choose(p: &Conv2dParams) -> Self {
        let unit_stride = (p.sh, p.sw) == (1, 1);
        let tiny = p.oc < 4 && p.ic < 16;
        match (p.groups, p.kh, p.kw) {
            (0 | 2.., _, _) => Self::Direct,
            _ if tiny => Self::Direct,
            (1, 1, 1) if unit_stride && (p.pt, p.pl) == (0, 0) && (p.oh, p.ow) == (p.ih, p.iw) => Self::Gemm1x1,
            (1, 3, 3) if unit_stride && (p.dh, p.dw) == (1, 1) && crate::pack::taps_are_padded(p.ic as usize) => Self::Fast3x3,
            _ => Self::Gemm,
        }
    }
}

impl ConvTranspose2dParams {
    /// The ordinary convolution that computes the same where the stride is 1 (weights by
    /// [`crate::pack::transposed_conv_weights`]): the tiled kernels are many times faster than the gather. `None` otherwise.
    pub fn as_conv(&self) -> Option<Conv2dParams> {
        if (self.sh, self.sw) != (1, 1) {
            return None;
        }
        let pad = |k: u32, d: u32, p: u32| k.checked_sub(1)?.checked_mul(d)?.checked_sub(p);
        Some(Conv2dParams {
            n: self.n,
            ic: self.ic,
            ih: self.ih,
            iw: self.iw,
            oc: self.oc,
            oh: self.oh,
            ow: self.ow,
            groups: self.groups,
            kh: self.kh,
            kw: self.kw,
            sh: 1,
            sw: 1,
            pt: pad(self.kh, self.dh, self.pt)?,
            pl: pad(self.kw, self.dw, self.pl)?,
            dh: self.dh,
            dw: self.dw,
            has_bias: self.has_bias,
            act: self.act,
            act_a: self.act_a,
            act_b: self.act_b,
            ..Default::default()
        })
    }
}

/// A kernel with its uniform. Inputs and output: see `wgsl/shared/params.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)] // each variant is the kernel of its name, documented at its params
pub enum Call {
    Conv2d { params: Conv2dParams, path: ConvPath },
    ConvTranspose2d(ConvTranspose2dParams),
    Linear(LinearParams),
    Pool(PoolParams),
    PoolGrad(PoolParams),
    Reduce(ReduceParams),
    Softmax(SoftmaxParams),
    LayerNorm(LayerNormParams),
    ChannelAffine(ChannelAffineParams),
    Unary(UnaryParams),
    UnaryGrad(UnaryParams),
    Binary(BinaryParams),
    Copy(CopyParams),
    Resize(ResizeParams),
    ResizeGrad(ResizeParams),
    Rgba8(Rgba8Params),
    Seed(SeedParams),
    ClassRows(ClassRowsParams),
    Cam(CamParams),
    MinMax(MinMaxParams),
    Overlay(OverlayParams),
}

/// Fewer large tiles than this leave a GPU half idle: then the small ones.
const ENOUGH_TILES: u64 = 128;

/// Rows of a matrix product from which on the tiled kernel pays.
const TILED_ROWS: u32 = 16;

/// From this `inner` on, neighbouring invocations should read neighbouring columns.
const COLUMNS: u32 = 32;

/// (output channels, pixels) of the large and the small tile: the variants in `conv_gemm.wgsl`.
const LARGE_TILE: (u64, u64) = (64, 128);
const SMALL_TILE: (u64, u64) = (32, 32);

/// Product in u64: no two u32 overflow it, and more are capped.
pub(crate) fn product<const N: usize>(factors: [u32; N]) -> u64 {
    factors.iter().fold(1, |a, &b| a.saturating_mul(u64::from(b)))
}

fn tiles(p: &Conv2dParams, (oc, px): (u64, u64)) -> u64 {
    u64::from(p.oc).div_ceil(oc).saturating_mul(product([p.n, p.oh, p.ow]).div_ceil(px))
}

fn small_tiles(p: &Conv2dParams) -> bool {
    tiles(p, LARGE_TILE) < ENOUGH_TILES
}

fn conv_kernel(p: &Conv2dParams, path: ConvPath) -> &'static Kernel {
    let (large, small) = match path {
        ConvPath::Direct => return &kernels::CONV2D,
        ConvPath::Gemm if crate::pack::taps_are_padded(p.ic as usize) => (&kernels::CONV_TAPS, &kernels::CONV_TAPS_SMALL),
        ConvPath::Gemm => (&kernels::CONV_GEMM, &kernels::CONV_GEMM_SMALL),
        ConvPath::Fast3x3 => (&kernels::CONV_3X3, &kernels::CONV_3X3_SMALL),
        ConvPath::Gemm1x1 => (&kernels::CONV_1X1, &kernels::CONV_1X1_SMALL),
    };
    if small_tiles(p) { small } else { large }
}

impl Call {
    /// The kernel that runs this call.
    pub fn kernel(&self) -> &'static Kernel {
        match self {
            Self::Conv2d { params, path } => conv_kernel(params, *path),
            Self::ConvTranspose2d(_) => &kernels::CONV_TRANSPOSE2D,
            Self::Linear(p) if p.m >= TILED_ROWS => &kernels::LINEAR_GEMM,
            Self::Linear(_) => &kernels::LINEAR,
            Self::Pool(_) => &kernels::POOL,
            Self::PoolGrad(_) => &kernels::POOL_GRAD,
            Self::Reduce(p) if p.inner >= COLUMNS => &kernels::REDUCE_COLUMNS,
            Self::Reduce(_) => &kernels::REDUCE,
            Self::Softmax(_) => &kernels::SOFTMAX,
            Self::LayerNorm(_) => &kernels::LAYER_NORM,
            Self::ChannelAffine(_) => &kernels::CHANNEL_AFFINE,
            Self::Unary(_) => &kernels::UNARY,
            Self::UnaryGrad(_) => &kernels::UNARY_GRAD,
            Self::Binary(_) => &kernels::BINARY,
            Self::Copy(_) => &kernels::COPY,
            Self::Resize(_) => &kernels::RESIZE,
            Self::ResizeGrad(_) => &kernels::RESIZE_GRAD,
            Self::Rgba8(_) => &kernels::RGBA8,
            Self::Seed(_) => &kernels::SEED,
            Self::ClassRows(_) => &kernels::CLASS_ROWS,
            Self::Cam(_) => &kernels::CAM,
            Self::MinMax(_) => &kernels::MINMAX,
            Self::Overlay(_) => &kernels::OVERLAY,
        }
    }

    /// The uniform as the kernel reads it.
    pub fn params_bytes(&self) -> &[u8] {
        use bytemuck::bytes_of;
        match self {
            Self::Conv2d { params, .. } => bytes_of(params),
            Self::ConvTranspose2d(p) => bytes_of(p),
            Self::Linear(p) => bytes_of(p),
            Self::Pool(p) | Self::PoolGrad(p) => bytes_of(p),
            Self::Reduce(p) => bytes_of(p),
            Self::Softmax(p) => bytes_of(p),
            Self::LayerNorm(p) => bytes_of(p),
            Self::ChannelAffine(p) => bytes_of(p),
            Self::Unary(p) | Self::UnaryGrad(p) => bytes_of(p),
            Self::Binary(p) => bytes_of(p),
            Self::Copy(p) => bytes_of(p),
            Self::Resize(p) | Self::ResizeGrad(p) => bytes_of(p),
            Self::Rgba8(p) => bytes_of(p),
            Self::Seed(p) => bytes_of(p),
            Self::ClassRows(p) => bytes_of(p),
            Self::Cam(p) => bytes_of(p),
            Self::MinMax(p) => bytes_of(p),
            Self::Overlay(p) => bytes_of(p),
        }
    }

    /// Linear count of workgroups of the whole call. 0 where the output is empty.
    pub fn workgroups(&self) -> u64 {
        let threads = |n: u64| n.div_ceil(256);
        match self {
            Self::Conv2d { params: p, path: ConvPath::Direct } => threads(product([p.n, p.oc, p.oh, p.ow])),
            Self::Conv2d { params: p, .. } => tiles(p, if small_tiles(p) { SMALL_TILE } else { LARGE_TILE }),
            Self::Linear(p) if p.m >= TILED_ROWS => u64::from(p.m.div_ceil(64)) * u64::from(p.n.div_ceil(64)),
            Self::Linear(p) => u64::from(p.m) * u64::from(p.n.div_ceil(4)),
            Self::Reduce(p) if p.inner < COLUMNS => product([p.outer, p.inner]),
            Self::Softmax(p) => product([p.outer, p.inner]),
            Self::LayerNorm(p) => product([p.outer, p.inner]),
            Self::MinMax(p) => u64::from(p.outer),
            Self::Cam(p) => product([p.n, p.classes, p.hw.div_ceil(16)]),
            Self::Rgba8(p) => threads(product([p.n, p.h, p.w])),
            _ => threads(self.outputs()),
        }
    }

    /// Workgroup counts of one dispatch: all of [`Call::workgroups`], or a slice of them after [`Call::with_base`].
    pub fn dispatch(&self, groups: u64) -> Result<[u32; 3], TooManyGroups> {
        if self.workgroups() > crate::dispatch::MAX_GROUPS {
            return Err(TooManyGroups { groups: self.workgroups() });
        }
        split(groups)
    }

    /// The same call from linear workgroup `base` on; `None` where this kernel cannot be sliced.
    pub fn with_base(&self, base: u32) -> Option<Self> {
        let mut call = *self;
        match &mut call {
            Self::Conv2d { params, .. } => params.base = base,
            Self::ConvTranspose2d(p) => p.base = base,
            Self::Linear(p) => p.base = base,
            Self::Pool(p) | Self::PoolGrad(p) => p.base = base,
            _ => return None,
        }
        Some(call)
    }

    /// The kernel's name, for logs and profiles.
    pub fn label(&self) -> &'static str {
        self.kernel().label
    }
}
