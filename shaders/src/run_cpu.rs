//! A call on the CPU: the same uniforms, the twins instead of the kernels.
use crate::cpu;
use crate::kernel::Call;

/// A call was given the wrong number of inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputCount {
    /// The kernel.
    pub kernel: &'static str,
    /// What it takes.
    pub wanted: usize,
    /// What it was given.
    pub given: usize,
}

impl core::fmt::Display for InputCount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} inputs given where {} are read: {}", self.given, self.wanted, self.kernel)
    }
}

impl std::error::Error for InputCount {}

impl Call {
    /// Runs the CPU twin. `inputs` are those of the kernel's bindings, in their order; one that a call does not use (a bias with
    /// has_bias 0) may be empty. Convolution weights are *not* packed here, whatever the path. Where a kernel reads or writes
    /// u32 pixels, the f32 slices hold their bits.
    pub fn run_cpu(&self, inputs: &[&[f32]], out: &mut [f32]) -> Result<(), InputCount> {
        let wrong = || InputCount { kernel: self.label(), wanted: self.kernel().inputs, given: inputs.len() };
        match (self, inputs) {
            (Self::Conv2d { params, .. }, [x, w, bias]) => cpu::conv2d::conv2d(params, x, w, bias, out),
            (Self::ConvTranspose2d(p), [x, w, bias]) => cpu::conv_transpose2d::conv_transpose2d(p, x, w, bias, out),
            (Self::Linear(p), [x, w, bias]) => cpu::linear::linear(p, x, w, bias, out),
            (Self::Pool(p), [x]) => cpu::pool::pool(p, x, out),
            (Self::PoolGrad(p), [g, x]) => cpu::pool_grad::pool_grad(p, g, x, out),
            (Self::Reduce(p), [x]) => cpu::reduce::reduce(p, x, out),
            (Self::Softmax(p), [x]) => cpu::softmax::softmax(p, x, out),
            (Self::LayerNorm(p), [x, scale, bias]) => cpu::layer_norm::layer_norm(p, x, scale, bias, out),
            (Self::ChannelAffine(p), [x, scale, shift]) => cpu::channel_affine::channel_affine(p, x, scale, shift, out),
            (Self::Unary(p), [x]) => cpu::unary::unary(p, x, out),
            (Self::UnaryGrad(p), [g, x]) => cpu::unary_grad::unary_grad(p, g, x, out),
            (Self::Binary(p), [a, b]) => cpu::binary::binary(p, a, b, out),
            (Self::Copy(p), [x]) => cpu::copy::copy(p, x, out),
            (Self::Resize(p), [x]) => cpu::resize::resize(p, x, out),
            (Self::ResizeGrad(p), [g]) => cpu::resize_grad::resize_grad(p, g, out),
            (Self::Rgba8(p), [pixels]) => cpu::rgba8::rgba8(p, bytemuck::cast_slice(pixels), out),
            (Self::Seed(p), [index]) => cpu::seed::seed(p, index, out),
            (Self::ClassRows(p), [w, index]) => cpu::class_rows::class_rows(p, w, index, out),
            (Self::Cam(p), [g, a]) => cpu::cam::cam(p, g, a, out),
            (Self::Gram(p), [x, shift]) => cpu::gram::gram(p, x, shift, out),
            (Self::Eigen(p), [power, gram, means, side]) => cpu::eigen::eigen(p, power, gram, means, side, out),
            (Self::Project(p), [x, means, direction]) => cpu::project::project(p, x, means, direction, out),
            (Self::MinMax(p), [x]) => cpu::minmax::minmax(p, x, out),
            (Self::Overlay(p), [pixels, map, lut]) => {
                cpu::overlay::overlay(
                    p,
                    bytemuck::cast_slice(pixels),
                    map,
                    bytemuck::cast_slice(lut),
                    bytemuck::cast_slice_mut(out),
                );
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }
}
