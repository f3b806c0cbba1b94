//! torchvision's residual networks (ResNet, Wide ResNet, ResNeXt) from the names and shapes in their state dicts.
//!
//! Depth, widths and groups follow from the weights. What does not is torchvision's default: stride 2 at the start of layers 2
//! to 4 (on the 3×3 convolution), no dilation, a 7×7 stem with stride 2 and a 3×3 pool.

use super::layers::Layers;
use super::sequential::no_strangers;
use super::{Attr, Built, Module};
use crate::graph::{Binary, GraphBuilder, LOGITS, Op, ValueId};
use crate::load::Reason;
use crate::weights::Weights;

/// Blocks of torchvision's networks by depth: `(depth, with bottlenecks, blocks)`.
const DEPTHS: [(usize, bool, [usize; 4]); 5] = [
    (18, false, [2, 2, 2, 2]),
    (34, false, [3, 4, 6, 3]),
    (50, true, [3, 4, 6, 3]),
    (101, true, [3, 4, 23, 3]),
    (152, true, [3, 8, 36, 3]),
];
/// Most blocks a layer may have.
const MAX_BLOCKS: usize = 512;

/// What the names and shapes of a state dict say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    blocks: [usize; 4],
    pub(super) bottleneck: bool,
    pub(super) groups: usize,
    /// Width of the 3×3 convolutions of the first layer.
    pub(super) width: usize,
}

impl Plan {
    /// Layers counted as in the name, where torchvision has a network with these blocks.
    pub(super) fn depth(&self) -> Option<usize> {
        let same = DEPTHS.iter().find(|(_, bottleneck, blocks)| (*bottleneck, *blocks) == (self.bottleneck, self.blocks));
        same.map(|(depth, ..)| *depth)
    }

    /// Convolutions and head, as depths are counted.
    pub(super) fn count(&self) -> usize {
        self.blocks.iter().sum::<usize>() * if self.bottleneck { 3 } else { 2 } + 2
    }
}

fn shape4(weights: &Weights, name: &str) -> Option<[usize; 4]> {
    weights.get(name)?.shape().try_into().ok()
}

/// The network, when the names are torchvision's; shapes are checked when it is built.
pub(super) fn detect(weights: &Weights) -> Option<Plan> {
    let stem = shape4(weights, "conv1.weight")?;
    weights.get("bn1.running_var")?;
    let bottleneck = weights.get("layer1.0.conv3.weight").is_some();
    let mut blocks = [0; 4];
    for (i, count) in blocks.iter_mut().enumerate() {
        let has = |b: &usize| weights.get(&format!("layer{}.{b}.conv1.weight", i + 1)).is_some();
        *count = (0..MAX_BLOCKS).take_while(has).count();
    }
    // Other programs use the same names with a small stem, where pool and strides differ: they cannot be told apart by shapes.
    let usual = blocks.iter().all(|&n| n > 0) && stem[2..] == [7, 7];
    let [width, into, ..] = shape4(weights, "layer1.0.conv2.weight")?;
    let [out, ..] = shape4(weights, "layer1.0.conv1.weight")?;
    let groups = out.checked_div(into).filter(|g| *g > 0 && g.checked_mul(into) == Some(out))?;
    usual.then_some(Plan { blocks, bottleneck, groups, width })
}

/// Builds the graph for a square RGB image of `px`; levels are the outputs of `layer1` to `layer4`.
pub(super) fn build(plan: &Plan, weights: &Weights, px: usize) -> Result<Built, Reason> {
    if weights.get("fc.weight").is_none() {
        return Err(Reason::HeadMissing);
    }
    let mut weights = weights.clone();
    let channels = shape4(&weights, "conv1.weight").map_or(3, |s| s[1]);
    let layers = Layers { builder: GraphBuilder::new("input", &[channels, px, px]), weights: &mut weights };
    let mut net = Net { layers };
    let x = net.layers.builder.input();
    let x = net.conv("conv1", "bn1", x, 2, 1)?;
    let x = net.layers.add(&Module::new("ReLU", "relu"), x, false)?;
    let mut x = net.layers.add(&stem_pool(), x, false)?;
    for (layer, &count) in plan.blocks.iter().enumerate() {
        for block in 0..count {
            let path = format!("layer{}.{block}", layer + 1);
            // The last block's output is the layer's.
            let out = if block + 1 == count { format!("layer{}", layer + 1) } else { path.clone() };
            let stride = if layer > 0 && block == 0 { 2 } else { 1 };
            x = net.block(plan, &path, &out, x, stride)?;
        }
    }
    let pool = Module::new("AdaptiveAvgPool2d", "avgpool").with("output_size", Attr::Int(1));
    let x = net.layers.add(&pool, x, true)?;
    let logits = net.linear("fc", x)?;
    let mut builder = net.layers.builder;
    builder.output(LOGITS, logits);
    builder.levels((1..=4).map(|i| format!("layer{i}")).collect());
    let graph = builder.finish();
    no_strangers(&graph, &weights)?;
    graph.validate()?;
    let notes =
        vec!["strides are torchvision's (2 at the start of layers 2 to 4, no dilation): a state dict does not hold them".into()];
    Ok(Built { graph, weights, notes })
}

fn stem_pool() -> Module {
    let module = Module::new("MaxPool2d", "maxpool").with("kernel_size", Attr::Int(3)).with("stride", Attr::Int(2));
    module.with("padding", Attr::Int(1)).with("dilation", Attr::Int(1))
}

fn int(n: usize) -> Attr {
    // Sides of a tensor in memory fit i64.
    Attr::Int(n as i64)
}

struct Net<'w> {
    layers: Layers<'w>,
}

impl Net<'_> {
    /// A convolution that keeps its centre, and the batch norm after it.
    fn conv(&mut self, path: &str, norm: &str, x: ValueId, stride: usize, groups: usize) -> Result<ValueId, Reason> {
        let name = format!("{path}.weight");
        let tensor = self.layers.weights.get(&name).ok_or_else(|| Reason::Missing(name.clone()))?;
        let got = tensor.shape().to_vec();
        let &[out, into, kernel, _] = &got[..] else {
            return Err(Reason::Shape { tensor: name, got, want: "[out, in, height, width]".into() });
        };
        let module = Module::new("Conv2d", path).with("in_channels", int(into.saturating_mul(groups)));
        let module = module.with("out_channels", int(out)).with("kernel_size", int(kernel)).with("stride", int(stride));
        let module = module.with("padding", int(kernel / 2)).with("dilation", int(1)).with("groups", int(groups));
        let x = self.layers.add(&module, x, false)?;
        // torchvision builds them with PyTorch's defaults.
        let norm = Module::new("BatchNorm2d", norm).with("num_features", int(out)).with("eps", Attr::Float(1e-5));
        self.layers.add(&norm, x, false)
    }

    fn block(&mut self, plan: &Plan, path: &str, out: &str, x: ValueId, stride: usize) -> Result<ValueId, Reason> {
        let relu = Module::new("ReLU", &format!("{path}.relu"));
        // (stride, groups) of the convolutions in order.
        let convs: &[(usize, usize)] =
            if plan.bottleneck { &[(1, 1), (stride, plan.groups), (1, 1)] } else { &[(stride, 1), (1, plan.groups)] };
        let mut y = x;
        for (i, &(stride, groups)) in convs.iter().enumerate() {
            y = self.conv(&format!("{path}.conv{}", i + 1), &format!("{path}.bn{}", i + 1), y, stride, groups)?;
            if i + 1 < convs.len() {
                y = self.layers.add(&relu, y, false)?;
            }
        }
        let down = format!("{path}.downsample");
        let has_down = self.layers.weights.get(&format!("{down}.0.weight")).is_some();
        let short = if has_down { self.conv(&format!("{down}.0"), &format!("{down}.1"), x, stride, 1)? } else { x };
        let add = Module::new("add", &format!("{path}.add"));
        let sum = self.layers.node(Op::Binary(Binary::Add), &[y, short], &add)?;
        self.layers.add(&Module::new("ReLU", out), sum, false)
    }

    fn linear(&mut self, path: &str, x: ValueId) -> Result<ValueId, Reason> {
        let name = format!("{path}.weight");
        let got = self.layers.weights.get(&name).ok_or_else(|| Reason::Missing(name.clone()))?.shape().to_vec();
        let &[out, into] = &got[..] else {
            return Err(Reason::Shape { tensor: name, got, want: "[classes, features]".into() });
        };
        let module = Module::new("Linear", path).with("in_features", int(into)).with("out_features", int(out));
        self.layers.add(&module.with("bias", Attr::Bool(true)), x, false)
    }
}
