//! Linear layers.

use super::conv::bias;
use super::pointwise::activate;
use super::{Case, Random};
use crate::cpu::activation::code;
use crate::kernel::Call;
use crate::params::LinearParams;

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(9);
    let mut cases = Vec::new();
    for (m, k, n) in
        [(1, 512, 4), (1, 1, 1), (1, 37, 19), (3, 65, 33), (4, 130, 17), (5, 70, 67), (70, 33, 65), (2, 1025, 3), (65, 64, 64)]
    {
        for has_bias in [0, 1] {
            let p = LinearParams {
                m,
                k,
                n,
                has_bias,
                act: if has_bias == 1 { code::LEAKY_RELU } else { 0 },
                act_a: 0.1,
                ..Default::default()
            };
            cases.push(linear_case(&p, &mut random));
        }
    }
    // As VGG16's first linear layer, for few rows and many: two kernels, and two ways on the CPU. Adding all products one after
    // another would be 2.7e-6 off.
    for m in [2, 65] {
        let p = LinearParams { m, k: 25_088, n: 5, ..Default::default() };
        cases.push(Case { tolerance: 5e-7, ..linear_case(&p, &mut random) });
    }
    cases
}

fn linear_case(p: &LinearParams, random: &mut Random) -> Case {
    let [m, k, n] = [p.m, p.k, p.n].map(|v| v as usize);
    let (x, w) = (random.values(m * k), random.values(n * k));
    let bias = bias(p.has_bias, p.n, random);
    let mut expected = Vec::new();
    for row in 0..m {
        for column in 0..n {
            let products = (0..k).map(|i| f64::from(x[row * k + i]) * f64::from(w[column * k + i]));
            let sum = products.sum::<f64>() + if p.has_bias == 0 { 0.0 } else { f64::from(bias[column]) };
            expected.push(activate(p.act, sum, p.act_a.into(), p.act_b.into()));
        }
    }
    Case::new(format!("linear {m}x{k} to {n} bias {}", p.has_bias), Call::Linear(*p), vec![x, w, bias], expected)
}
