//! One kernel call: which kernel, with which uniform, how many workgroups.
pub use crate::conv_path::ConvPath;
use crate::conv_path::{blocks, conv_kernel, tiles};
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
    Gram(GramParams),
    Eigen(EigenParams),
    Project(ProjectParams),
    MinMax(MinMaxParams),
    Overlay(OverlayParams),
}

/// Rows of a matrix product from which on the tiled kernel pays.
const TILED_ROWS: u32 = 16;

/// From this `inner` on, neighbouring invocations should read neighbouring columns.
const COLUMNS: u32 = 32;

/// Longest side of a matrix that the eigenvector kernel takes: its vector lives in workgroup memory.
pub const EIGEN_SIDE: usize = 3072;

/// Product in u64: no two u32 overflow it, and more are capped.
pub(crate) fn product<const N: usize>(factors: [u32; N]) -> u64 {
    factors.iter().fold(1, |a, &b| a.saturating_mul(u64::from(b)))
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
            Self::Gram(_) => &kernels::GRAM,
            Self::Eigen(_) => &kernels::EIGEN,
            Self::Project(_) => &kernels::PROJECT,
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
            Self::Gram(p) => bytes_of(p),
            Self::Eigen(p) => bytes_of(p),
            Self::Project(p) => bytes_of(p),
            Self::MinMax(p) => bytes_of(p),
            Self::Overlay(p) => bytes_of(p),
        }
    }

    /// Linear count of workgroups of the whole call. 0 where the output is empty.
    pub fn workgroups(&self) -> u64 {
        let threads = |n: u64| n.div_ceil(256);
        match self {
            Self::Conv2d { params: p, path: ConvPath::Direct } => threads(product([p.n, p.oc, p.oh, p.ow])),
            Self::Conv2d { params: p, path: ConvPath::Blocked } => blocks(p),
            Self::Conv2d { params: p, .. } => tiles(p),
            Self::Linear(p) if p.m >= TILED_ROWS => u64::from(p.m.div_ceil(64)) * u64::from(p.n.div_ceil(64)),
            Self::Linear(p) => u64::from(p.m) * u64::from(p.n.div_ceil(4)),
            Self::Reduce(p) if p.inner < COLUMNS => product([p.outer, p.inner]),
            Self::Softmax(p) => product([p.outer, p.inner]),
            Self::LayerNorm(p) => product([p.outer, p.inner]),
            Self::MinMax(p) => u64::from(p.outer),
            Self::Cam(p) => product([p.n, p.classes, p.hw.div_ceil(16)]),
            Self::Gram(p) => {
                let tiles = u64::from(p.m.div_ceil(64));
                product([p.n, p.parts]).saturating_mul(tiles * (tiles + 1) / 2)
            }
            Self::Eigen(p) => u64::from(p.n),
            Self::Project(p) => product([p.n, p.hw.div_ceil(16)]),
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
            Self::Gram(p) => p.base = base,
            _ => return None,
        }
        Some(call)
    }

    /// The kernel's name, for logs and profiles.
    pub fn label(&self) -> &'static str {
        self.kernel().label
    }
}

#[cfg(test)]
#[path = "kernel_tests.rs"]
mod tests;
