//! Every CPU twin against the f64 answers of `fovea_shaders::testing`.
#![allow(clippy::unwrap_used)]
mod common;

use common::check;
use fovea_shaders::testing::Output;
use std::collections::HashSet;

macro_rules! twins {
    ($($name:ident: $prefix:literal),* $(,)?) => {
        $(#[test] fn $name() { check($prefix); })*

        #[test]
        fn every_case_is_covered_and_named_once() {
            let prefixes = [$($prefix),*];
            let mut seen = HashSet::new();
            for case in fovea_shaders::testing::cases() {
                assert!(prefixes.iter().any(|p| case.label.starts_with(p)), "no test runs {}", case.label);
                assert!(seen.insert(case.label.clone()), "two cases are called {}", case.label);
                assert!(case.expected.len() == case.out_len && !case.expected.is_empty(), "{}", case.label);
            }
        }
    };
}

twins! {
    binary: "binary",
    cam: "cam",
    channel_affine: "channel_affine",
    class_rows: "class_rows",
    conv2d: "conv2d",
    conv_transpose2d: "conv_transpose2d",
    copy: "copy",
    eigen: "eigen",
    gram: "gram",
    layer_norm: "layer_norm",
    linear: "linear",
    minmax: "minmax",
    overlay: "overlay",
    pool: "pool mode",
    pool_grad: "pool_grad",
    project: "project",
    reduce: "reduce",
    resize: "resize mode",
    resize_grad: "resize_grad",
    rgba8: "rgba8",
    seed: "seed",
    softmax: "softmax",
    unary: "unary ",
    unary_grad: "unary_grad",
}

#[test]
fn the_comparison_refuses_wrong_missing_and_extra_cells() {
    for case in fovea_shaders::testing::cases() {
        let out = case.run_cpu().unwrap();
        let written = case.expected.iter().position(|e| !e.is_nan()).unwrap();
        if case.output == Output::Values {
            let mut wrong = out.clone();
            wrong[written] += 1.0 + out.iter().filter(|v| !v.is_nan()).map(|v| v.abs()).sum::<f32>();
            assert!(case.check(&wrong).is_err(), "{}", case.label);
            wrong[written] = f32::NAN;
            assert!(case.check(&wrong).is_err(), "{}", case.label);
            if let Some(untouched) = case.expected.iter().position(|e| e.is_nan()) {
                wrong.clone_from(&out);
                wrong[untouched] = 0.0;
                assert!(case.check(&wrong).is_err(), "{}", case.label);
            }
        } else {
            let mut wrong = out.clone();
            wrong[written] = f32::from_bits(out[written].to_bits() ^ 0x0000_4000);
            assert!(case.check(&wrong).is_err(), "{}", case.label);
        }
        assert!(case.check(&out[1..]).is_err(), "{}", case.label);
    }
}

/// The cut into tiles depends on the number of threads; the result must not.
#[test]
fn any_number_of_threads_gives_the_same_answer() {
    for threads in [1, 3, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            for prefix in ["conv", "linear", "copy", "binary"] {
                check(prefix);
            }
        });
    }
}
