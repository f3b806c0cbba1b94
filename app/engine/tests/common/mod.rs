//! Small random networks and comparisons shared by the engine's tests.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

#[path = "../../../student/tests/lacking/mod.rs"]
mod lacking;

use fovea_engine::{Device, Input, Preference, Run, Runner};
use fovea_student::graph::{Conv, Graph, GraphBuilder, LOGITS, Op, Pool, Reduction, Unary, ValueId};
use fovea_student::weights::{Tensor, Weights};
pub use lacking::lacking;

/// Deterministic numbers in [−1, 1).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 40) as f32) / (1u64 << 23) as f32 - 1.0
    }
    pub fn vec(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.next()).collect()
    }
}

/// A builder that makes random weights as it goes.
pub struct Net {
    pub b: GraphBuilder,
    pub weights: Weights,
    pub random: Random,
    count: usize,
}

impl Net {
    pub fn new(input: &[usize], seed: u64) -> Self {
        Self { b: GraphBuilder::new("image", input), weights: Weights::new(), random: Random(seed), count: 0 }
    }

    pub fn constant(&mut self, shape: &[usize], scale: f32, offset: f32) -> ValueId {
        self.count += 1;
        let name = format!("w{}", self.count);
        let data: Vec<f32> = self.random.vec(shape.iter().product()).iter().map(|v| v * scale + offset).collect();
        self.weights.insert(name.clone(), Tensor::new(shape.to_vec(), data).unwrap());
        self.b.constant(&name, shape).unwrap()
    }

    pub fn op(&mut self, op: Op, inputs: &[ValueId]) -> ValueId {
        self.count += 1;
        let name = format!("{}{}", op.name(), self.count);
        self.b.node(op, inputs, &name, &name).unwrap()
    }

    pub fn conv(&mut self, x: ValueId, oc: usize, k: usize, conv: Conv) -> ValueId {
        let ic = self.b.value(x).shape[0] / conv.groups;
        let scale = (3.0 / (ic * k * k) as f32).sqrt();
        let w = self.constant(&[oc, ic, k, k], scale, 0.0);
        let bias = self.constant(&[oc], 0.2, 0.0);
        self.op(Op::Conv2d(conv), &[x, w, bias])
    }

    pub fn norm(&mut self, x: ValueId) -> ValueId {
        let c = self.b.value(x).shape[0];
        let parts = [(0.3, 1.0), (0.2, 0.0), (0.2, 0.0), (0.3, 0.8)].map(|(s, o)| self.constant(&[c], s, o));
        self.op(Op::BatchNorm { eps: 1e-5 }, &[x, parts[0], parts[1], parts[2], parts[3]])
    }

    pub fn unary(&mut self, x: ValueId, u: Unary) -> ValueId {
        self.op(Op::Unary(u), &[x])
    }

    pub fn head(&mut self, x: ValueId, classes: usize) -> ValueId {
        let pooled = self.op(Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: false }, &[x]);
        self.linear(pooled, classes)
    }

    pub fn linear(&mut self, x: ValueId, m: usize) -> ValueId {
        let k = *self.b.value(x).shape.last().unwrap();
        let w = self.constant(&[m, k], (3.0 / k as f32).sqrt(), 0.0);
        let bias = self.constant(&[m], 0.1, 0.0);
        self.op(Op::Linear { transposed: false }, &[x, w, bias])
    }

    pub fn finish(mut self, logits: ValueId) -> (Graph, Weights) {
        self.b.output(LOGITS, logits);
        let graph = self.b.finish();
        graph.validate().unwrap();
        (graph, self.weights)
    }
}

pub fn same(stride: usize, pad: usize) -> Conv {
    Conv { stride: [stride; 2], pads: [pad; 4], ..Conv::default() }
}

pub fn pool(k: usize, s: usize, p: usize, ceil: bool) -> Pool {
    Pool { kernel: [k; 2], stride: [s; 2], pads: [p; 4], dilation: [1; 2], ceil, count_include_pad: true }
}

/// A VGG in small, its block outputs in `levels`.
pub fn vgg(px: usize, classes: usize, seed: u64) -> (Graph, Weights) {
    let mut n = Net::new(&[3, px, px], seed);
    let mut x = n.b.input();
    let mut levels = vec![];
    for (i, width) in [8usize, 12, 20].into_iter().enumerate() {
        x = n.conv(x, width, 3, same(1, 1));
        x = n.unary(x, Unary::Relu);
        x = n.conv(x, width, 3, same(1, 1));
        if i < 2 {
            x = n.unary(x, Unary::Relu);
            x = n.op(Op::MaxPool(pool(2, 2, 0, false)), &[x]);
        }
        levels.push(n.b.value(x).name.clone());
    }
    n.b.levels(levels);
    let logits = n.head(x, classes);
    n.finish(logits)
}

/// ‖a − b‖ / ‖b‖.
pub fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    let gap = norm(&mut a.iter().zip(b).map(|(x, y)| f64::from(*x) - f64::from(*y)));
    gap / norm(&mut b.iter().map(|y| f64::from(*y))).max(1e-30)
}

pub fn cpu() -> Device {
    Device::cpu("test")
}

/// A GPU device, llvmpipe included; says loudly when there is none, and fails where one is required.
pub fn gpu() -> Option<Device> {
    match pollster::block_on(Device::open(Preference::Gpu)) {
        Ok(d) => Some(d),
        Err(e) => {
            lacking(&format!("no GPU adapter ({e})"));
            None
        }
    }
}

pub fn run(device: &Device, graph: &Graph, weights: &Weights, x: &[f32], batch: usize) -> Run {
    let mut runner = Runner::new(device, graph, weights, batch).unwrap();
    pollster::block_on(runner.run(Input::F32(x))).unwrap()
}
