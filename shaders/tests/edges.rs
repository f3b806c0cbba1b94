//! NaN, infinities, empty tensors and sizes that cross a tile: what the case list leaves out because GPUs may differ.
mod common;

use common::values;
use fovea_shaders::cpu;
use fovea_shaders::params::{
    BinaryParams, Conv2dParams, ConvTranspose2dParams, LinearParams, MinMaxParams, PoolParams, ReduceParams, SoftmaxParams,
    UnaryParams,
};

#[test]
fn nan_goes_through_activations_and_masks() {
    for kind in [0u32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22] {
        let p = UnaryParams { len: 1, kind, a: 0.5, b: 0.7, classes: 1, inner: 1, ..Default::default() };
        let mut y = [0.0f32];
        cpu::unary(&p, &[f32::NAN], &mut y);
        assert!(y[0].is_nan(), "code {kind} hides NaN");
    }
}

#[test]
fn nan_wins_in_pools_and_reductions() {
    let p = PoolParams { nc: 1, ih: 1, iw: 4, oh: 1, ow: 2, kh: 1, kw: 2, sh: 1, sw: 2, dh: 1, dw: 1, ..Default::default() };
    let mut y = [0.0f32; 2];
    cpu::pool(&p, &[f32::NAN, 5.0, 1.0, 2.0], &mut y);
    assert!(y[0].is_nan() && y[1] == 2.0);
    for kind in 0..4 {
        for inner in [1u32, 2] {
            let x = [f32::NAN, 1.0, 2.0, 3.0, 4.0, 5.0];
            let mut y = [0.0f32; 2];
            cpu::reduce(&ReduceParams { outer: 1, red: 6 / inner, inner, kind }, &x, &mut y[..inner as usize]);
            assert!(y[0].is_nan(), "kind {kind}");
            assert!(inner == 1 || !y[1].is_nan());
        }
    }
    for kind in [4, 5] {
        for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN)] {
            let mut shape = [[1u32; 4]; 2];
            shape[1][3] = 1;
            let p = BinaryParams { shape, len: 1, kind, ..Default::default() };
            let mut y = [0.0f32];
            cpu::binary(&p, &[a], &[b], &mut y);
            assert!(y[0].is_nan(), "kind {kind} of {a} and {b}");
        }
    }
}

#[test]
fn the_first_of_equal_maxima_takes_the_gradient() {
    let p = PoolParams {
        nc: 1,
        ih: 2,
        iw: 2,
        oh: 1,
        ow: 1,
        kh: 2,
        kw: 2,
        sh: 2,
        sw: 2,
        dh: 1,
        dw: 1,
        classes: 1,
        ch: 1,
        ..Default::default()
    };
    let mut out = [f32::NAN; 4];
    cpu::pool_grad(&p, &[3.0], &[0.0, 7.0, 7.0, 7.0], &mut out);
    assert_eq!(out, [0.0, 3.0, 0.0, 0.0]);
}

#[test]
fn softmax_survives_large_numbers() {
    for log in [0, 1] {
        let p = SoftmaxParams { outer: 1, axis: 3, inner: 1, log };
        let mut y = [f32::NAN; 3];
        cpu::softmax(&p, &[1e30, 1e30, -1e30], &mut y);
        let expected = if log == 0 { [0.5, 0.5, 0.0] } else { [-(2f32.ln()), -(2f32.ln()), -2e30] };
        assert_eq!(y, expected);
    }
}

#[test]
fn empty_tensors_are_left_alone() {
    cpu::conv2d(&Conv2dParams { oh: 0, ow: 0, groups: 1, ..Default::default() }, &[], &[], &[], &mut []);
    cpu::conv_transpose2d(&ConvTranspose2dParams { groups: 1, ..Default::default() }, &[], &[], &[], &mut []);
    cpu::linear(&LinearParams::default(), &[], &[], &[], &mut []);
    cpu::pool(&PoolParams::default(), &[], &mut []);
    cpu::reduce(&ReduceParams::default(), &[], &mut []);
    cpu::softmax(&SoftmaxParams::default(), &[], &mut []);
    cpu::minmax(&MinMaxParams::default(), &[], &mut []);
    // No input features: only the bias is left.
    let p = LinearParams { m: 6, k: 0, n: 2, has_bias: 1, ..Default::default() };
    let mut y = [f32::NAN; 12];
    cpu::linear(&p, &[], &[], &[1.0, 2.0], &mut y);
    assert_eq!(y, [1.0, 2.0].repeat(6)[..]);
}

#[test]
fn sums_stay_accurate_over_a_million_cells() {
    let len = 1 << 20;
    let x = vec![0.1f32; len];
    let mut y = [f32::NAN];
    cpu::reduce(&ReduceParams { outer: 1, red: len as u32, inner: 1, kind: 1 }, &x, &mut y);
    assert_eq!(y[0], 0.1);
}

/// A layer whose tiles are cut in every direction: strips, channel blocks and several depths.
#[test]
fn a_convolution_of_many_tiles_matches_spot_checks() {
    let (ic, oc, size) = (130usize, 70usize, 47usize);
    let p = Conv2dParams {
        n: 1,
        ic: ic as u32,
        ih: size as u32,
        iw: size as u32,
        oc: oc as u32,
        oh: size as u32,
        ow: size as u32,
        groups: 1,
        kh: 3,
        kw: 3,
        sh: 1,
        sw: 1,
        pt: 1,
        pl: 1,
        dh: 1,
        dw: 1,
        has_bias: 1,
        ..Default::default()
    };
    let (x, w, bias) = (values(1, ic * size * size), values(2, oc * ic * 9), values(3, oc));
    let mut y = vec![f32::NAN; oc * size * size];
    cpu::conv2d(&p, &x, &w, &bias, &mut y);
    assert!(y.iter().all(|v| v.is_finite()));
    for at in (0..y.len()).step_by(997).chain([y.len() - 1]) {
        let (o, row, column) = (at / (size * size), at / size % size, at % size);
        let mut sum = f64::from(bias[o]);
        for (tap, c) in (0..9).flat_map(|tap| (0..ic).map(move |c| (tap, c))) {
            let (iy, ix) = ((row + tap / 3).wrapping_sub(1), (column + tap % 3).wrapping_sub(1));
            if iy < size && ix < size {
                sum += f64::from(x[(c * size + iy) * size + ix]) * f64::from(w[(o * ic + c) * 9 + tap]);
            }
        }
        assert!((f64::from(y[at]) - sum).abs() < 1e-4, "cell {at}: {} against {sum}", y[at]);
    }
}
