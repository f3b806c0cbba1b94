//! A plain f64 interpreter of forward graphs, one sample at a time: slow, obvious, without any of the engine's code.

use fovea_student::graph::{Binary, Conv, Coordinates, Pool, Reduction, Resize, Unary};
use fovea_student::{Graph, Op, ValueId, Weights};

/// All values of the graph for one image.
pub fn run(graph: &Graph, weights: &Weights, image: &[f32]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = graph
        .values
        .iter()
        .map(|v| weights.get(&v.name).map_or(vec![], |t| t.data().iter().map(|x| f64::from(*x)).collect()))
        .collect();
    values[graph.input.index()] = image.iter().map(|x| f64::from(*x)).collect();
    for node in &graph.nodes {
        let shape = |id: ValueId| graph.value(id).shape.as_slice();
        let x: Vec<&[f64]> = node.inputs.iter().map(|i| values[i.index()].as_slice()).collect();
        let shapes: Vec<&[usize]> = node.inputs.iter().map(|&i| shape(i)).collect();
        let out = node_value(&node.op, &x, &shapes, shape(node.output));
        assert_eq!(out.len(), graph.value(node.output).len(), "{}", node.name);
        values[node.output.index()] = out;
    }
    values
}

/// One named output or value as f32.
pub fn value(graph: &Graph, weights: &Weights, image: &[f32], name: &str) -> Vec<f32> {
    let id = graph.output(name).or_else(|_| graph.find(name)).unwrap();
    run(graph, weights, image)[id.index()].iter().map(|x| *x as f32).collect()
}

fn node_value(op: &Op, x: &[&[f64]], s: &[&[usize]], out: &[usize]) -> Vec<f64> {
    match op {
        Op::Conv2d(c) => conv(c, x, s, out),
        Op::Linear { transposed: false } => {
            let row = |m: usize| x[1][m * s[1][1]..(m + 1) * s[1][1]].iter().zip(x[0]).map(|(w, v)| w * v).sum::<f64>();
            (0..out[0]).map(|m| row(m) + x.get(2).map_or(0.0, |b| b[m])).collect()
        }
        Op::BatchNorm { eps } => {
            let plane = x[0].len() / s[0][0];
            let norm = |(i, v): (usize, &f64)| {
                let c = i / plane;
                (v - x[3][c]) / (x[4][c] + f64::from(*eps)).sqrt() * x[1][c] + x[2][c]
            };
            x[0].iter().enumerate().map(norm).collect()
        }
        Op::Unary(f) => x[0].iter().map(|v| unary(*f, *v)).collect(),
        Op::Binary(Binary::Add) if x[0].len() == x[1].len() => x[0].iter().zip(x[1]).map(|(a, b)| a + b).collect(),
        Op::MaxPool(p) => pool(p, x[0], s[0], out, true),
        Op::AvgPool(p) => pool(p, x[0], s[0], out, false),
        Op::Reduce { kind: Reduction::Mean, axes, .. } if axes == &[1, 2] => {
            let plane = s[0][1] * s[0][2];
            x[0].chunks(plane).map(|c| c.iter().sum::<f64>() / plane as f64).collect()
        }
        Op::Reshape { .. } => x[0].to_vec(),
        Op::Resize(r) => resize(r, x[0], s[0]),
        other => panic!("the interpreter does not know {}", other.name()),
    }
}

fn unary(f: Unary, v: f64) -> f64 {
    match f {
        Unary::Relu => v.max(0.0),
        Unary::LeakyRelu(a) => {
            if v < 0.0 {
                v * f64::from(a)
            } else {
                v
            }
        }
        Unary::Clip(lo, hi) => v.clamp(f64::from(lo), f64::from(hi)),
        Unary::Silu => v / (1.0 + (-v).exp()),
        Unary::Gelu => 0.5 * v * (1.0 + erf(v / std::f64::consts::SQRT_2)),
        other => panic!("the interpreter does not know {other:?}"),
    }
}

/// By its series, which converges for the moderate values of the tests.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

fn at(x: &[f64], s: &[usize], c: usize, y: isize, xx: isize) -> Option<f64> {
    let inside = y >= 0 && xx >= 0 && (y as usize) < s[1] && (xx as usize) < s[2];
    inside.then(|| x[(c * s[1] + y as usize) * s[2] + xx as usize])
}

fn conv(c: &Conv, x: &[&[f64]], s: &[&[usize]], out: &[usize]) -> Vec<f64> {
    let &[_, icg, kh, kw] = s[1] else { panic!() };
    let per_group = out[0] / c.groups;
    let mut result = Vec::with_capacity(out.iter().product());
    for oc in 0..out[0] {
        for oy in 0..out[1] {
            for ox in 0..out[2] {
                let mut sum = x.get(2).map_or(0.0, |b| b[oc]);
                for ic in 0..icg {
                    for ky in 0..kh {
                        let y = (oy * c.stride[0] + ky * c.dilation[0]) as isize - c.pads[0] as isize;
                        for kx in 0..kw {
                            let xx = (ox * c.stride[1] + kx * c.dilation[1]) as isize - c.pads[1] as isize;
                            if let Some(v) = at(x[0], s[0], oc / per_group * icg + ic, y, xx) {
                                sum += v * x[1][((oc * icg + ic) * kh + ky) * kw + kx];
                            }
                        }
                    }
                }
                result.push(sum);
            }
        }
    }
    result
}

fn pool(p: &Pool, x: &[f64], s: &[usize], out: &[usize], max: bool) -> Vec<f64> {
    let mut result = vec![];
    for c in 0..out[0] {
        for oy in 0..out[1] {
            for ox in 0..out[2] {
                let mut window = vec![];
                for ky in 0..p.kernel[0] {
                    for kx in 0..p.kernel[1] {
                        let y = (oy * p.stride[0] + ky * p.dilation[0]) as isize - p.pads[0] as isize;
                        let xx = (ox * p.stride[1] + kx * p.dilation[1]) as isize - p.pads[1] as isize;
                        window.extend(at(x, s, c, y, xx));
                    }
                }
                assert!(!p.count_include_pad || p.pads == [0; 4]);
                result.push(match max {
                    true => window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    false => window.iter().sum::<f64>() / window.len() as f64,
                });
            }
        }
    }
    result
}

fn resize(r: &Resize, x: &[f64], s: &[usize]) -> Vec<f64> {
    assert_eq!(r.coordinates, Coordinates::AlignCorners);
    let place = |i: usize, from: usize, to: usize| {
        let p = if to > 1 { (i * (from - 1)) as f64 / (to - 1) as f64 } else { 0.0 };
        let lo = (p.floor() as usize).min(from - 1);
        (lo, (lo + 1).min(from - 1), p - lo as f64)
    };
    let mut out = vec![];
    for c in 0..s[0] {
        let v = |y: usize, xx: usize| x[(c * s[1] + y) * s[2] + xx];
        for y in 0..r.size[0] {
            let (y0, y1, fy) = place(y, s[1], r.size[0]);
            for xx in 0..r.size[1] {
                let (x0, x1, fx) = place(xx, s[2], r.size[1]);
                let row = |y: usize| v(y, x0) * (1.0 - fx) + v(y, x1) * fx;
                out.push(row(y0) * (1.0 - fy) + row(y1) * fy);
            }
        }
    }
    out
}
