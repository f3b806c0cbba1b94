//! CPU twin of every kernel: the reference the WGSL is tested against and the executor where there is no GPU.
//!
//! Each function takes the kernel's uniform, its inputs in the order that `params.wgsl` names them, and the output. Slices may
//! be longer than the uniform says, never shorter (that panics). Shapes are checked by whoever plans the run.

pub mod activation;
pub mod binary;
pub mod cam;
pub mod channel_affine;
pub mod class_rows;
pub mod conv2d;
mod conv_core;
mod conv_direct;
pub mod conv_transpose2d;
pub mod conv_weight_grad;
pub mod copy;
pub mod eigen;
pub mod gram;
mod im2col;
pub mod layer_norm;
pub mod linear;
pub mod matmul;
pub mod minmax;
pub mod overlay;
pub mod pool;
pub mod pool_grad;
pub mod project;
pub mod reduce;
pub mod resize;
pub mod resize_grad;
pub mod rgba8;
pub mod seed;
pub mod softmax;
pub mod unary;
pub mod unary_grad;

pub use binary::binary;
pub use cam::cam;
pub use channel_affine::channel_affine;
pub use class_rows::class_rows;
pub use conv_transpose2d::conv_transpose2d;
pub use conv_weight_grad::conv_weight_grad;
pub use conv2d::conv2d;
pub use copy::copy;
pub use eigen::eigen;
pub use gram::gram;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use minmax::minmax;
pub use overlay::overlay;
pub use pool::pool;
pub use pool_grad::pool_grad;
pub use project::project;
pub use reduce::reduce;
pub use resize::resize;
pub use resize_grad::resize_grad;
pub use rgba8::rgba8;
pub use seed::seed;
pub use softmax::softmax;
pub use unary::unary;
pub use unary_grad::unary_grad;

/// Elements one task handles in the pointwise twins: 64 KiB per operand.
const CHUNK: usize = 1 << 14;
