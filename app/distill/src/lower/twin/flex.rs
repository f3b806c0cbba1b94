//! Single precision on burn's CPU device: the engine's kernels. Everything else there is burn's own.

use super::TwinConv;
use burn::backend::TensorMetadata;
use burn::backend::flex::{Flex, FlexTensor};
use burn::backend::ops::ModuleOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{DType, TensorData};
use fovea_shaders::cpu;
use fovea_shaders::params::{Conv2dParams, ConvTranspose2dParams};

impl TwinConv for Flex {
    fn twin_conv(x: FloatTensor<Self>, w: FloatTensor<Self>, b: FloatTensor<Self>, options: ConvOptions<2>) -> FloatTensor<Self> {
        let Some(p) = params(&x, &w, &options) else {
            return Self::conv2d(x, w, Some(b), options);
        };
        let shape = [p.n, p.oc, p.oh, p.ow];
        filled(shape, |y| cpu::conv2d(&p, values(&x.to_contiguous()), values(&w.to_contiguous()), values(&b.to_contiguous()), y))
    }

    fn twin_conv_x_grad(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        let Some(p) = params(&x, &w, &options) else {
            return Self::conv2d_x_backward(x, w, g, options);
        };
        let shape = [p.n, p.ic, p.ih, p.iw];
        filled(shape, |y| {
            cpu::conv_transpose2d(
                &ConvTranspose2dParams::from(&p),
                values(&g.to_contiguous()),
                values(&w.to_contiguous()),
                &[],
                y,
            )
        })
    }

    fn twin_conv_weight_grad(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        let Some(p) = params(&x, &w, &options) else {
            return Self::conv2d_weight_backward(x, w, g, options);
        };
        let shape = [p.oc, p.ic / p.groups, p.kh, p.kw];
        filled(shape, |y| cpu::conv_weight_grad(&p, values(&x.to_contiguous()), values(&g.to_contiguous()), y))
    }
}

/// What the kernels are told; none for other precisions, or sizes past 32 bits.
fn params(x: &FlexTensor, w: &FlexTensor, options: &ConvOptions<2>) -> Option<Conv2dParams> {
    if x.dtype() != DType::F32 || w.dtype() != DType::F32 {
        return None;
    }
    let (x, w) = (x.shape(), w.shape());
    let size = |axis: usize| {
        let (before, after) = options.padding[axis];
        let reach = options.dilation[axis] * (w[axis + 2].checked_sub(1)?) + 1;
        Some((x[axis + 2] + before + after).checked_sub(reach)? / options.stride[axis] + 1)
    };
    let word = |v: usize| u32::try_from(v).ok();
    Some(Conv2dParams {
        n: word(x[0])?,
        ic: word(x[1])?,
        ih: word(x[2])?,
        iw: word(x[3])?,
        oc: word(w[0])?,
        oh: word(size(0)?)?,
        ow: word(size(1)?)?,
        groups: word(options.groups)?,
        kh: word(w[2])?,
        kw: word(w[3])?,
        sh: word(options.stride[0])?,
        sw: word(options.stride[1])?,
        pt: word(options.padding[0].0)?,
        pl: word(options.padding[1].0)?,
        dh: word(options.dilation[0])?,
        dw: word(options.dilation[1])?,
        has_bias: 1,
        ..Default::default()
    })
}

/// Elements of a contiguous tensor.
fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice::<f32>().unwrap_or_default()
}

fn filled(shape: [u32; 4], fill: impl FnOnce(&mut [f32])) -> FlexTensor {
    let shape = shape.map(|v| v as usize);
    let mut out = vec![0.0; shape.iter().product()];
    fill(&mut out);
    FlexTensor::from_data(TensorData::new(out, shape))
}
