//! Each linear operation and its transpose: <Ax, y> = <x, Aᵀy>; gradients of the others by finite differences.
mod common;

use common::{assert_adjoint, dot, values};
use fovea_shaders::cpu;
use fovea_shaders::kernel::Call;
use fovea_shaders::params::{Conv2dParams, ConvTranspose2dParams, PoolParams, ResizeParams, UnaryParams};
use fovea_shaders::testing::cases;

fn bare(p: Conv2dParams) -> Conv2dParams {
    Conv2dParams { has_bias: 0, act: 0, ..p }
}

#[test]
fn transposed_convolution_is_the_adjoint_of_convolution() {
    let mut count = 0;
    for case in cases() {
        let Call::Conv2d { params, .. } = case.call else {
            continue;
        };
        let p = bare(params);
        let x = values(11, (p.n * p.ic * p.ih * p.iw) as usize);
        let y = values(12, (p.n * p.oc * p.oh * p.ow) as usize);
        let w = &case.inputs[1];
        let (mut ax, mut aty) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
        cpu::conv2d(&p, &x, w, &[], &mut ax);
        cpu::conv_transpose2d(&ConvTranspose2dParams::from(&p), &y, w, &[], &mut aty);
        assert_adjoint(&case.label, &ax, &y, &x, &aty);
        count += 1;
    }
    assert!(count > 20);
}

/// The result is linear in the weights: <x ⋆ w, g> = <w, ∂/∂w>.
#[test]
fn the_weight_gradient_is_the_adjoint_of_convolution_in_its_weights() {
    let mut count = 0;
    for case in cases() {
        let Call::Conv2d { params, .. } = case.call else {
            continue;
        };
        // One image; several; more than there are partial sums, which do not divide evenly.
        for n in [params.n, 3, 17] {
            let p = Conv2dParams { n, ..bare(params) };
            let x = values(11, (p.n * p.ic * p.ih * p.iw) as usize);
            let g = values(12, (p.n * p.oc * p.oh * p.ow) as usize);
            let w = &case.inputs[1];
            let (mut xw, mut slope) = (vec![f32::NAN; g.len()], vec![f32::NAN; w.len()]);
            cpu::conv2d(&p, &x, w, &[], &mut xw);
            cpu::conv_weight_grad(&p, &x, &g, &mut slope);
            assert_adjoint(&format!("{} n {n}", case.label), &xw, &g, w, &slope);
            count += 1;
        }
    }
    assert!(count > 60);
}

#[test]
fn average_pool_and_resize_have_their_transposes() {
    for case in cases() {
        match case.call {
            Call::Pool(p) if p.mode == 1 => {
                let (x, y) = (&case.inputs[0], values(13, case.out_len));
                let (mut ax, mut aty) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
                cpu::pool(&p, x, &mut ax);
                cpu::pool_grad(&PoolParams { classes: 1, ch: p.nc, ..p }, &y, &[], &mut aty);
                assert_adjoint(&case.label, &ax, &y, x, &aty);
            }
            Call::Resize(p) => {
                let (x, y) = (&case.inputs[0], values(14, case.out_len));
                let (mut ax, mut aty) = (vec![f32::NAN; y.len()], vec![f32::NAN; x.len()]);
                cpu::resize(&p, x, &mut ax);
                cpu::resize_grad(&p, &y, &mut aty);
                assert_adjoint(&case.label, &ax, &y, x, &aty);
            }
            _ => {}
        }
    }
}

/// (f(x + h·d) − f(x − h·d)) / 2h for the scalar f(x) = <g, op(x)>.
fn difference(x: &[f32], direction: &[f32], g: &[f32], h: f32, op: impl Fn(&[f32], &mut [f32])) -> f64 {
    let at = |sign: f32| {
        let moved: Vec<f32> = x.iter().zip(direction).map(|(x, d)| x + sign * h * d).collect();
        let mut out = vec![f32::NAN; g.len()];
        op(&moved, &mut out);
        dot(&out, g)
    };
    (at(1.0) - at(-1.0)) / (2.0 * f64::from(h))
}

#[test]
fn max_pool_gradient_is_the_slope_away_from_ties() {
    let p = PoolParams {
        nc: 6,
        ih: 9,
        iw: 11,
        oh: 5,
        ow: 6,
        kh: 3,
        kw: 3,
        sh: 2,
        sw: 2,
        pt: 1,
        pl: 1,
        pb: 1,
        pr: 1,
        dh: 1,
        dw: 1,
        classes: 1,
        ch: 6,
        ..Default::default()
    };
    // All cells differ by at least 1/64, steps are far smaller: no window changes its winner.
    let mut x: Vec<f32> = (0..6 * 99).map(|i| (i * 379 % 594) as f32 / 64.0).collect();
    x.truncate(594);
    let (direction, g) = (values(15, 594), values(16, 6 * 30));
    let mut grad = vec![f32::NAN; 594];
    cpu::pool_grad(&p, &g, &x, &mut grad);
    let slope = difference(&x, &direction, &g, 1.0 / 512.0, |x, out| cpu::pool(&p, x, out));
    let analytic = dot(&grad, &direction);
    assert!((slope - analytic).abs() < 1e-3 * analytic.abs().max(1.0), "{slope} against {analytic}");
}

#[test]
fn unary_gradients_are_slopes_away_from_kinks() {
    for kind in 0..23u32 {
        let (a, b) = (0.3f32, 1.7f32);
        // Between 0.35 and 1.65: positive, and clear of 0, a, b and the edges of the hard functions.
        let x: Vec<f32> = values(17, 200).iter().map(|v| 1.0 + 0.65 * v).collect();
        let p =
            UnaryParams { len: 200, kind, a, b: if kind == 5 { 0.2 } else { b }, classes: 1, inner: 200, ..Default::default() };
        let (direction, g) = (values(18, 200), values(19, 200));
        let mut grad = vec![f32::NAN; 200];
        cpu::unary_grad(&p, &g, &x, &mut grad);
        let slope = difference(&x, &direction, &g, 1.0 / 256.0, |x, out| cpu::unary(&p, x, out));
        let analytic = dot(&grad, &direction);
        assert!((slope - analytic).abs() < 2e-3 * analytic.abs().max(1.0), "code {kind}: {slope} against {analytic}");
    }
}

#[test]
fn a_resize_gradient_keeps_the_sum() {
    // Every output takes weights that add up to 1, so the gradient's sum is that of g.
    for coord in 0..4 {
        let p = ResizeParams {
            nc: 2,
            ih: 5,
            iw: 7,
            oh: 13,
            ow: 4,
            mode: 1,
            coord,
            scale_h: 5.0 / 13.0,
            scale_w: 7.0 / 4.0,
            ..Default::default()
        };
        let g = values(20, 2 * 13 * 4);
        let mut out = vec![f32::NAN; 70];
        cpu::resize_grad(&p, &g, &mut out);
        let sum = |v: &[f32]| v.iter().map(|&v| f64::from(v)).sum::<f64>();
        assert!((sum(&g) - sum(&out)).abs() < 1e-5);
    }
}
