#![allow(clippy::unwrap_used)]
use super::*;

fn conv(ic: u32, oc: u32, k: u32, px: u32) -> Conv2dParams {
    let pad = k / 2;
    Conv2dParams {
        n: 1,
        ic,
        ih: px,
        iw: px,
        oc,
        oh: px,
        ow: px,
        groups: 1,
        kh: k,
        kw: k,
        sh: 1,
        sw: 1,
        pt: pad,
        pl: pad,
        dh: 1,
        dw: 1,
        ..Default::default()
    }
}

fn every_call() -> Vec<Call> {
    let mut calls = vec![
        Call::ConvTranspose2d(Default::default()),
        Call::Linear(LinearParams { m: 1, ..Default::default() }),
        Call::Linear(LinearParams { m: 64, ..Default::default() }),
        Call::Pool(Default::default()),
        Call::PoolGrad(Default::default()),
        Call::Reduce(ReduceParams { inner: 1, ..Default::default() }),
        Call::Reduce(ReduceParams { inner: 64, ..Default::default() }),
        Call::Softmax(Default::default()),
        Call::LayerNorm(Default::default()),
        Call::ChannelAffine(Default::default()),
        Call::Unary(Default::default()),
        Call::UnaryGrad(Default::default()),
        Call::Binary(Default::default()),
        Call::Copy(Default::default()),
        Call::Resize(Default::default()),
        Call::ResizeGrad(Default::default()),
        Call::Rgba8(Default::default()),
        Call::Seed(Default::default()),
        Call::ClassRows(Default::default()),
        Call::Cam(Default::default()),
        Call::Gram(Default::default()),
        Call::Eigen(Default::default()),
        Call::Project(Default::default()),
        Call::MinMax(Default::default()),
        Call::Overlay(Default::default()),
    ];
    for px in [4, 512] {
        for params in [conv(3, 64, 3, px), conv(64, 64, 3, px), conv(64, 64, 1, px), conv(64, 64, 5, px)] {
            calls.push(Call::Conv2d { params, path: ConvPath::choose(&params) });
        }
    }
    for path in [ConvPath::Direct, ConvPath::Blocked] {
        calls.push(Call::Conv2d { params: conv(3, 64, 3, 4), path });
    }
    calls
}

#[test]
fn the_list_is_in_the_order_of_the_ids() {
    for (i, kernel) in kernels::ALL.iter().enumerate() {
        assert_eq!(kernel.id as usize, i, "{}", kernel.label);
    }
}

#[test]
fn every_kernel_is_used_and_its_uniform_is_the_params_of_its_call() {
    let mut used: Vec<_> = every_call().iter().map(|c| c.kernel().id).collect();
    used.sort();
    used.dedup();
    // The window runs map_to_texture itself.
    assert_eq!(used.len(), kernels::ALL.len() - 1);
    for call in every_call() {
        let Some(Binding::Uniform { size }) = call.kernel().bindings.first() else { panic!("{}: no uniform", call.label()) };
        assert_eq!(*size as usize, call.params_bytes().len(), "{}", call.label());
    }
}

#[test]
fn bindings_are_uniform_inputs_output() {
    for kernel in kernels::ALL {
        let (first, rest) = kernel.bindings.split_first().unwrap();
        let (last, inputs) = rest.split_last().unwrap();
        assert!(matches!(first, Binding::Uniform { .. }), "{}", kernel.label);
        assert!(matches!(last, Binding::StorageReadWrite | Binding::StorageTexture), "{}", kernel.label);
        assert!(inputs.iter().all(|b| *b == Binding::StorageRead) && inputs.len() == kernel.inputs, "{}", kernel.label);
        assert!(kernel.inputs < 8 && kernel.workgroup_size.iter().product::<u32>() <= 256, "{}", kernel.label);
    }
}

#[test]
fn paths_follow_the_shapes() {
    assert_eq!(ConvPath::choose(&conv(64, 64, 3, 16)), ConvPath::Fast3x3);
    assert_eq!(ConvPath::choose(&conv(3, 64, 3, 16)), ConvPath::Gemm);
    assert_eq!(ConvPath::choose(&conv(64, 64, 1, 16)), ConvPath::Gemm1x1);
    assert_eq!(ConvPath::choose(&Conv2dParams { groups: 64, ..conv(64, 64, 3, 16) }), ConvPath::Direct);
    assert_eq!(ConvPath::choose(&Conv2dParams { sh: 2, oh: 8, ..conv(64, 64, 1, 16) }), ConvPath::Gemm);
    assert_eq!(ConvPath::choose(&Conv2dParams { dw: 2, ..conv(64, 64, 3, 16) }), ConvPath::Gemm);
}

#[test]
fn a_path_that_does_not_take_the_shapes_gives_way() {
    let params = Conv2dParams { sh: 2, sw: 2, oh: 8, ow: 8, ..conv(64, 64, 3, 16) };
    assert_eq!(Call::Conv2d { params, path: ConvPath::Fast3x3 }.kernel().id, KernelId::ConvTapsSmall);
}

#[test]
fn tiles_cover_the_output() {
    let count = |p| Call::Conv2d { params: p, path: ConvPath::choose(&p) }.workgroups();
    assert_eq!(count(conv(64, 64, 3, 128)), 128, "large tiles: 64 channels x 128 pixels");
    assert_eq!(count(conv(512, 512, 3, 16)), 16 * 8, "small tiles: 32 x 32");
    assert_eq!(count(conv(16, 33, 3, 5)), 2, "25 pixels, 33 channels");
}

#[test]
fn slices_start_where_they_are_told() {
    let call = Call::Linear(LinearParams { m: 2, n: 8, ..Default::default() });
    let Some(Call::Linear(slice)) = call.with_base(3) else { panic!("linear can be sliced") };
    assert_eq!(slice.base, 3);
    assert!(Call::MinMax(Default::default()).with_base(1).is_none());
}

#[test]
fn absurd_shapes_are_refused_not_wrapped() {
    let params = Conv2dParams { n: u32::MAX, oh: u32::MAX, ow: u32::MAX, ..conv(64, u32::MAX, 3, 16) };
    for path in [ConvPath::Direct, ConvPath::Gemm] {
        let call = Call::Conv2d { params, path };
        assert!(call.dispatch(1).is_err());
        assert!(call.flops() > 0 && call.bytes() > 0);
    }
}

#[test]
fn a_transposed_convolution_with_stride_has_no_plain_form() {
    let t = ConvTranspose2dParams { kh: 3, kw: 3, sh: 1, sw: 1, dh: 2, dw: 1, pt: 1, pl: 2, ..Default::default() };
    let conv = t.as_conv().unwrap();
    assert_eq!((conv.pt, conv.pl), (3, 0));
    assert!(ConvTranspose2dParams { sh: 2, ..t }.as_conv().is_none());
    assert!(ConvTranspose2dParams { pl: 3, ..t }.as_conv().is_none(), "its padding would be negative");
}

#[test]
fn the_cpu_refuses_a_wrong_number_of_inputs() {
    let error = Call::Unary(Default::default()).run_cpu(&[], &mut []).unwrap_err();
    assert_eq!((error.wanted, error.given), (1, 0));
}

#[test]
fn the_cpu_takes_unpacked_weights_on_every_path() {
    let params = conv(16, 4, 3, 5);
    let x: Vec<f32> = (0..16 * 25).map(|v| (v % 7) as f32).collect();
    let w: Vec<f32> = (0..4 * 16 * 9).map(|v| (v % 5) as f32).collect();
    let mut out = [vec![f32::NAN; 100], vec![f32::NAN; 100]];
    for (path, out) in [ConvPath::Direct, ConvPath::Fast3x3].into_iter().zip(&mut out) {
        Call::Conv2d { params, path }.run_cpu(&[&x, &w, &[]], out).unwrap();
    }
    assert_eq!(out[0], out[1]);
    assert!(out[0].iter().all(|v| v.is_finite()));
}
