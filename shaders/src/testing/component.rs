//! The first principal component: Gram matrices, dominant eigenvectors, projections.

use super::{Case, Random};
use crate::kernel::Call;
use crate::params::{EigenParams, GramParams, ProjectParams};

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(11);
    let mut cases = Vec::new();
    for (n, m, len, part) in
        [(1, 1, 1, 16), (2, 5, 49, 16), (1, 65, 130, 48), (1, 130, 33, 33), (3, 64, 64, 64), (1, 9, 5000, 1024)]
    {
        for form in [1, 2] {
            let parts = u32::div_ceil(len, part);
            cases.push(gram_case(&GramParams { n, m, len, part, parts, form, ..Default::default() }, &mut random));
        }
    }
    for (n, m) in [(1, 1), (2, 33), (1, 70), (3, 130)] {
        cases.push(square_case(n, m, &mut random));
    }
    for (m, second) in [(1, 0.0), (2, 0.5), (49, 0.8), (256, 0.6), (300, 0.99)] {
        for pixels in [0, 1] {
            cases.push(eigen_case(m, second, pixels, &mut random));
        }
    }
    cases.extend([0, 1].map(flat_case));
    for (n, k, hw) in [(1, 1, 1), (2, 17, 49), (1, 300, 64), (3, 5, 1100)] {
        cases.push(project_case(&ProjectParams { n, k, hw, pad0: 0 }, &mut random));
    }
    cases
}

fn gram_case(p: &GramParams, random: &mut Random) -> Case {
    let [n, m, len, part] = [p.n, p.m, p.len, p.part].map(|v| v as usize);
    let x = random.between(0.5, 2.0, n * m * len);
    let shift = random.between(1.0, 1.5, n * if p.form == 1 { m } else { len });
    let at = |sample: usize, row: usize, k: usize| match p.form {
        1 => f64::from(x[(sample * m + row) * len + k]) - f64::from(shift[sample * m + row]),
        _ => f64::from(x[(sample * len + k) * m + row]) - f64::from(shift[sample * len + k]),
    };
    let mut expected = Vec::new();
    for (sample, first) in (0..n).flat_map(|s| (0..len).step_by(part).map(move |f| (s, f))) {
        for (i, j) in (0..m).flat_map(|i| (0..m).map(move |j| (i, j))) {
            let columns = first..(first + part).min(len);
            expected.push(columns.map(|k| at(sample, i, k) * at(sample, j, k)).sum());
        }
    }
    let label = format!("gram {n}x{m}x{len} by {part} form {}", p.form);
    Case::new(label, Call::Gram(*p), vec![x, shift], expected)
}

/// The last of several matrices is zero.
fn square_case(n: u32, m: u32, random: &mut Random) -> Case {
    let (count, side) = (n as usize, m as usize);
    let mut x = vec![0.0; count * side * side];
    for sample in 0..if count > 1 { count - 1 } else { 1 } {
        for i in 0..side {
            for j in 0..=i {
                let value = 100.0 * random.value() + if i == j { 200.0 } else { 0.0 };
                x[(sample * side + i) * side + j] = value;
                x[(sample * side + j) * side + i] = value;
            }
        }
    }
    let mut expected = Vec::new();
    for matrix in x.chunks(side * side) {
        let at = |i: usize, j: usize| f64::from(matrix[i * side + j]);
        let trace: f64 = (0..side).map(|i| at(i, i)).sum();
        for (i, j) in (0..side).flat_map(|i| (0..side).map(move |j| (i, j))) {
            let sum: f64 = (0..side).map(|k| at(i, k) * at(k, j)).sum();
            expected.push(if trace == 0.0 { 0.0 } else { sum / (trace * trace) });
        }
    }
    let p = GramParams { n, m, len: m, part: m, parts: 1, form: 0, ..Default::default() };
    Case::new(format!("gram square {n}x{m}"), Call::Gram(p), vec![x, vec![f32::NAN]], expected)
}

/// Two samples whose matrices are made from known eigenvectors (a reflection I − 2wwᵀ) and eigenvalues: the largest, one of
/// `second` times that, the others below.
fn eigen_case(m: usize, second: f64, pixels: u32, random: &mut Random) -> Case {
    let k = 5;
    let (mut power, mut gram, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    let means = random.values(2 * k);
    let side = random.between(3.0, 5.0, 2 * m);
    for sample in 0..2 {
        let w = unit(random.values(m).iter().map(|&v| f64::from(v)).collect());
        let values: Vec<f64> = (0..m).map(|i| 40.0 * [1.0, second][i.min(1)] / (1 + i / 2) as f64).collect();
        gram.extend(reflected(&w, &values));
        // Eight squarings, as the plan does them.
        let powers: Vec<f64> = values.iter().map(|v| (v / values[0]).powi(256)).collect();
        power.extend(reflected(&w, &powers));
        let v: Vec<f64> = (0..m).map(|i| f64::from(u8::from(i == 0)) - 2.0 * w[0] * w[i]).collect();
        let side: Vec<f64> = side[sample * m..][..m].iter().map(|&s| f64::from(s)).collect();
        let mean = side.iter().sum::<f64>() / m as f64;
        let (length, direction): (f64, f64) = match pixels {
            0 => (1.0, v.iter().sum()),
            _ => (values[0].sqrt(), v.iter().zip(&side).map(|(v, s)| v * (s - mean)).sum()),
        };
        // One pixel has no direction: the start's sign stays.
        let direction = if m == 1 { v[0] } else { direction };
        expected.extend(v.iter().map(|v| v * length.copysign(direction)));
    }
    let p = EigenParams { n: 2, m: m as u32, k: k as u32, hw: m as u32, pixels, steps: 64, ..Default::default() };
    let side = if pixels == 1 { side } else { vec![f32::NAN] };
    let label = format!("eigen {m} second {second} pixels {pixels}");
    Case::new(label, Call::Eigen(p), vec![power, gram, means, side], expected)
}

/// A zero matrix, and one that is rounding beside the means.
fn flat_case(pixels: u32) -> Case {
    let power = vec![0.0, 0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.25];
    let gram = vec![0.0, 0.0, 0.0, 0.0, 1e-8, 1e-8, 1e-8, 1e-8];
    let p = EigenParams { n: 2, m: 2, k: 1, hw: 4, pixels, steps: 64, ..Default::default() };
    let inputs = vec![power, gram, vec![3.0; 2], vec![1.0, 2.0, 1.0, 2.0]];
    Case::new(format!("eigen flat pixels {pixels}"), Call::Eigen(p), inputs, vec![0.0; 4])
}

/// (I − 2wwᵀ) diag(values) (I − 2wwᵀ).
fn reflected(w: &[f64], values: &[f64]) -> Vec<f32> {
    let m = w.len();
    let middle: f64 = w.iter().zip(values).map(|(w, v)| w * w * v).sum();
    let cell = |i: usize, j: usize| {
        let own = if i == j { values[i] } else { 0.0 };
        (own - 2.0 * w[i] * w[j] * (values[i] + values[j]) + 4.0 * w[i] * w[j] * middle) as f32
    };
    (0..m * m).map(|at| cell(at / m, at % m)).collect()
}

fn unit(v: Vec<f64>) -> Vec<f64> {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / length).collect()
}

fn project_case(p: &ProjectParams, random: &mut Random) -> Case {
    let [n, k, hw] = [p.n, p.k, p.hw].map(|v| v as usize);
    let (x, means, direction) = (random.values(n * k * hw), random.values(n * k), random.values(n * k));
    let cell = |sample: usize, pixel: usize| -> f64 {
        let channels = sample * k..(sample + 1) * k;
        channels.map(|c| f64::from(direction[c]) * (f64::from(x[c * hw + pixel]) - f64::from(means[c]))).sum()
    };
    let expected = (0..n * hw).map(|i| cell(i / hw, i % hw)).collect();
    Case::new(format!("project {n}x{k}x{hw}"), Call::Project(*p), vec![x, means, direction], expected)
}
