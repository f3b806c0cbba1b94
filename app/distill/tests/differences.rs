//! Gradients against finite differences of the loss, where a derivative of a derivative is in play.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{full, norm};
use fovea_distill::*;
use fovea_student::card::View;
use fovea_student::graph::{Binary, Conv, Pool, Reduction, Unary};
use fovea_student::{Graph, GraphBuilder, LOGITS, Op, Tensor, ValueId, Weights};

const PX: usize = 16;

/// Small deterministic numbers in (−1, 1).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    }

    fn tensor(&mut self, shape: &[usize], scale: f32, shift: f32) -> Tensor {
        let data: Vec<f32> = (0..shape.iter().product()).map(|_| self.next() * scale + shift).collect();
        Tensor::new(shape.to_vec(), data).unwrap()
    }
}

/// Builds a graph and random weights side by side.
struct Net {
    b: GraphBuilder,
    weights: Weights,
    random: Random,
}

impl Net {
    fn new(seed: u64) -> Self {
        Self { b: GraphBuilder::new("image", &[3, PX, PX]), weights: Weights::new(), random: Random(seed) }
    }

    fn constant(&mut self, name: &str, shape: &[usize], scale: f32, shift: f32) -> ValueId {
        let tensor = self.random.tensor(shape, scale, shift);
        self.weights.insert(name, tensor);
        self.b.constant(name, shape).unwrap()
    }

    fn conv(&mut self, name: &str, x: ValueId, out: usize, k: usize, stride: usize) -> ValueId {
        let into = self.b.value(x).shape[0];
        let scale = (3.0 / (into * k * k) as f32).sqrt();
        let w = self.constant(&format!("{name}.weight"), &[out, into, k, k], scale, 0.0);
        let bias = self.constant(&format!("{name}.bias"), &[out], 0.3, 0.1);
        let conv = Conv { stride: [stride; 2], pads: [k / 2; 4], ..Conv::default() };
        self.b.node(Op::Conv2d(conv), &[x, w, bias], name, name).unwrap()
    }

    fn unary(&mut self, u: Unary, x: ValueId, name: &str) -> ValueId {
        self.b.node(Op::Unary(u), &[x], name, name).unwrap()
    }

    fn head(mut self, x: ValueId, levels: [&str; 3]) -> (Graph, Weights) {
        let k = self.b.value(x).shape[0];
        let mean = Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: false };
        let pooled = self.b.node(mean, &[x], "gap", "gap").unwrap();
        let w = self.constant("head.weight", &[3, k], 1.0, 0.0);
        let bias = self.constant("head.bias", &[3], 0.1, 0.0);
        let logits = self.b.node(Op::Linear { transposed: false }, &[pooled, w, bias], "head", "scores").unwrap();
        self.b.output(LOGITS, logits);
        self.b.levels(levels.map(str::to_string).to_vec());
        (self.b.finish(), self.weights)
    }
}

/// Plain blocks with 2×2 pools, as VGG has; `act` bends or has a kink.
fn plain(seed: u64, act: Unary) -> (Graph, Weights) {
    let mut net = Net::new(seed);
    let mut x = net.b.input();
    for (i, out) in [4, 6, 5].into_iter().enumerate() {
        let name = format!("block{i}");
        x = net.conv(&name, x, out, 3, 1);
        if i < 2 {
            x = net.unary(act, x, &format!("{name}.act"));
            let pool =
                Pool { kernel: [2; 2], stride: [2; 2], pads: [0; 4], dilation: [1; 2], ceil: false, count_include_pad: true };
            x = net.b.node(Op::MaxPool(pool), &[x], &format!("{name}.pool"), &format!("{name}.pool")).unwrap();
        }
    }
    net.head(x, ["block0.act", "block1.act", "block2"])
}

/// A stem with stride, batch norm and an overlapping 3×3/stride-2 pool, then a strided residual block, as ResNet has.
fn residual(seed: u64) -> (Graph, Weights) {
    let mut net = Net::new(seed);
    let x = net.b.input();
    let x = net.conv("stem", x, 4, 3, 1);
    let parts = [("scale", 0.3, 1.0), ("bias", 0.3, 0.0), ("mean", 0.2, 0.0), ("variance", 0.3, 1.0)];
    let parts = parts.map(|(part, scale, shift)| net.constant(&format!("norm.{part}"), &[4], scale, shift));
    let x = net.b.node(Op::BatchNorm { eps: 1e-5 }, &[[x].as_slice(), &parts].concat(), "norm", "norm").unwrap();
    let stem = net.unary(Unary::Relu, x, "stem.act");
    let pool = Pool { kernel: [3; 2], stride: [2; 2], pads: [1; 4], dilation: [1; 2], ceil: false, count_include_pad: true };
    let pooled = net.b.node(Op::MaxPool(pool), &[stem], "pool", "pool").unwrap();
    let a = net.conv("a", pooled, 6, 3, 2);
    let a = net.unary(Unary::Relu, a, "a.act");
    let a = net.conv("b", a, 6, 3, 1);
    let short = net.conv("short", pooled, 6, 1, 2);
    let sum = net.b.node(Op::Binary(Binary::Add), &[a, short], "sum", "sum").unwrap();
    let x = net.unary(Unary::Relu, sum, "sum.act");
    let x = net.conv("last", x, 5, 3, 1);
    net.head(x, ["stem.act", "sum.act", "last"])
}

fn at(layer: &str) -> At {
    serde_json::from_value(serde_json::json!({ "weight": 1.0, "layer": layer })).unwrap()
}

struct Bench {
    distiller: Distiller,
    batch: Batch,
    targets: Targets,
    weights: Weights,
    device: Device,
}

impl Bench {
    fn new(student: (Graph, Weights), teacher: (Graph, Weights), at: At, device: Device) -> Self {
        let terms = Terms { ce: 0.0, at: vec![at], ..Terms::default() };
        let teacher = Teacher::new(&teacher.0, &teacher.1, &View::default(), PX, &terms, &device).unwrap();
        let view = View { factor: 2, ..View::default() };
        let distiller = Distiller::new(&student.0, &student.1, &view, PX, terms, None).unwrap();
        let images = Random(7).tensor(&[2, 3, PX, PX], 0.5, 0.5);
        let batch = Batch::new(images.data().to_vec(), PX, vec![0, 2], &device).unwrap();
        let targets = teacher.targets(batch.images.clone()).unwrap();
        Self { distiller, batch, targets, weights: student.1, device }
    }

    fn gradients(&self) -> Weights {
        let parameters = self.distiller.parameters(&self.weights, &self.device);
        let step = self.distiller.step(&parameters, &self.batch, Some(&self.targets)).unwrap();
        step.values().unwrap();
        step.gradients.weights(&parameters).unwrap()
    }

    fn loss(&self, weights: &Weights) -> f64 {
        let parameters = self.distiller.parameters(weights, &self.device);
        self.distiller.evaluate(&parameters, &self.batch, Some(&self.targets)).unwrap().total
    }

    /// The weights with one tensor moved by `length` along `direction`, as far as single precision lets it.
    fn moved(&self, name: &str, direction: &[f64], length: f64) -> Weights {
        let mut weights = self.weights.clone();
        let old = weights.get(name).unwrap().clone();
        let new: Vec<f32> = old.data().iter().zip(direction).map(|(&w, d)| (f64::from(w) + d * length) as f32).collect();
        weights.insert(name, Tensor::new(old.shape().to_vec(), new).unwrap());
        weights
    }

    /// (Change of the loss) / (change that the gradient foretells) − 1.
    fn off(&self, name: &str, gradient: &[f32], length: f64, reach: f64) -> f64 {
        let direction: Vec<f64> = gradient.iter().map(|&g| f64::from(g) / length).collect();
        let (ahead, behind) = (self.moved(name, &direction, reach), self.moved(name, &direction, -reach));
        let ends = ahead.get(name).unwrap().data().iter().zip(behind.get(name).unwrap().data());
        let foretold: f64 = ends.zip(gradient).map(|((&a, &b), &g)| (f64::from(a) - f64::from(b)) * f64::from(g)).sum();
        ((self.loss(&ahead) - self.loss(&behind)) / foretold - 1.0).abs()
    }

    /// For each tensor, along its own gradient. A deep map jumps where a ReLU or a pooling window switches, so the shortest of the
    /// steps must be short enough that nothing switches.
    fn check(&self, label: &str) {
        let (mut checked, mut worst) = (0, 0.0f64);
        for (name, gradient) in self.gradients().iter() {
            let length = norm(gradient.data().iter().map(|&g| f64::from(g)));
            // The last bias moves no attention map.
            if length < 1e-6 {
                continue;
            }
            let tries = [1e-4, 1e-5, 1e-6].map(|reach| self.off(name, gradient.data(), length, reach));
            let best = tries.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(best <= 1e-3, "{label}, {name}: {tries:?} off, gradient {length:e}");
            (checked, worst) = (checked + 1, worst.max(best));
        }
        assert!(checked >= 4, "{label}: only {checked} parameters have a gradient");
        println!("{label}: {checked} tensors, worst {worst:e}");
    }
}

/// Flex has one precision per process: this binary's is double.
fn double() -> Device {
    fovea_distill::device::double_precision().unwrap()
}

/// Networks and levels whose attention needs a derivative of a derivative.
fn benches(device: &Device) -> Vec<(&'static str, Bench)> {
    let bench = |student, teacher, layer| Bench::new(student, teacher, at(layer), device.clone());
    vec![
        ("plain, smooth, level -3", bench(plain(1, Unary::Silu), plain(2, Unary::Silu), "-3")),
        ("plain, ReLU, level -3", bench(plain(3, Unary::Relu), plain(4, Unary::Relu), "-3")),
        ("3×3/2 pool, level -3", bench(residual(5), residual(6), "-3")),
        ("3×3/2 pool, level -2", bench(residual(5), residual(6), "-2")),
    ]
}

#[test]
fn attention_gradients_are_slopes() {
    benches(&double()).into_iter().for_each(|(label, bench)| bench.check(label));
}

#[test]
fn every_form_of_attention_has_the_slope_it_says() {
    for form in ["positive", "relu", "signed"] {
        for loss in ["l2", "bce", "kl"] {
            let text = serde_json::json!({ "weight": 1.0, "layer": "-2", "form": form, "loss": loss,
                "normalise": { "softmax": { "t": 0.5 } } });
            let term: At = serde_json::from_value(text).unwrap();
            Bench::new(residual(5), residual(6), term, double()).check(&format!("{form} {loss} softmax"));
        }
    }
}

/// Single precision is too coarse for differences: wgpu's gradients are held against those that differences have confirmed.
#[test]
fn attention_gradients_on_wgpu() {
    if !full() {
        return;
    }
    let wgpu = benches(&Device::wgpu(DeviceKind::DefaultDevice));
    for ((label, ours), (_, reference)) in wgpu.into_iter().zip(benches(&double())) {
        let (ours, reference) = (ours.gradients(), reference.gradients());
        let worst = reference.iter().filter(|(_, g)| norm(g.data().iter().map(|&v| f64::from(v))) > 1e-6);
        let worst = worst.map(|(name, g)| common::relative(ours.get(name).unwrap().data(), g.data())).fold(0.0, f64::max);
        println!("{label}: wgpu within {worst:e} of flex");
        assert!(worst <= 1e-2, "{label}: {worst:e}");
    }
}
