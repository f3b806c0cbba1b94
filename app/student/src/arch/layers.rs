//! One layer of a module tree into graph nodes.

use super::Module;
use crate::graph::{Conv, GraphBuilder, Op, Pool, Reduction, Unary, ValueId};
use crate::load::Reason;
use crate::weights::{Tensor, Weights};

/// Prefix of constants that are in no state dict (a batch norm without learnt scale).
pub(crate) const ADDED: &str = "fovea.";

type Made = Result<ValueId, Reason>;

/// The graph so far, and the weights its constants are taken from.
pub(super) struct Layers<'w> {
    pub(super) builder: GraphBuilder,
    pub(super) weights: &'w mut Weights,
}

impl Layers<'_> {
    /// Appends a layer; `flat` says that a Flatten follows, so that a global average comes out flat.
    pub(super) fn add(&mut self, m: &Module, x: ValueId, flat: bool) -> Made {
        match m.class.as_str() {
            "Conv2d" => self.conv(m, x),
            "Linear" => self.linear(m, x),
            "BatchNorm2d" | "BatchNorm1d" => self.batch_norm(m, x),
            "MaxPool2d" => self.max_pool(m, x),
            "AvgPool2d" => self.avg_pool(m, x),
            "AdaptiveAvgPool2d" => self.adaptive(m, x, flat),
            "Flatten" => self.flatten(m, x),
            "Softmax" => self.softmax(m, x),
            _ => {
                let function = unary(m)?.ok_or_else(|| m.unsupported("this kind of layer is not supported"))?;
                self.node(Op::Unary(function), &[x], m)
            }
        }
    }

    /// Adds a node named after the module.
    pub(super) fn node(&mut self, op: Op, inputs: &[ValueId], m: &Module) -> Made {
        Ok(self.builder.node(op, inputs, &m.path, &m.path)?)
    }

    fn shape(&self, x: ValueId) -> Vec<usize> {
        self.builder.value(x).shape.clone()
    }

    fn image(&self, m: &Module, x: ValueId) -> Result<[usize; 3], Reason> {
        self.shape(x).try_into().map_err(|s| m.unsupported(&format!("it needs [channels, height, width] and gets {s:?}")))
    }

    /// A constant from the weights, of a shape that is known.
    fn constant(&mut self, name: &str, want: &[usize]) -> Made {
        let tensor = self.weights.get(name).ok_or_else(|| Reason::Missing(name.into()))?;
        if tensor.shape() != want {
            return Err(Reason::Shape { tensor: name.into(), got: tensor.shape().to_vec(), want: format!("{want:?}") });
        }
        Ok(self.builder.constant(name, want)?)
    }

    fn bias(&mut self, m: &Module, len: usize) -> Result<Option<ValueId>, Reason> {
        let name = m.parameter("bias");
        if self.weights.get(&name).is_none() && !m.flag("bias", false)? {
            return Ok(None);
        }
        self.constant(&name, &[len]).map(Some)
    }

    fn conv(&mut self, m: &Module, x: ValueId) -> Made {
        if m.text("padding_mode").is_some_and(|p| p != "zeros") {
            return Err(m.unsupported("only zero padding is supported"));
        }
        let [channels, _, _] = self.image(m, x)?;
        let (kernel, stride, dilation) = (m.pair("kernel_size")?, m.pair("stride")?, m.pair("dilation")?);
        let groups = m.size("groups")?;
        let (into, out) = (m.size("in_channels")?, m.size("out_channels")?);
        if dilation.contains(&0) || stride.contains(&0) {
            return Err(m.unsupported("its stride or dilation is zero"));
        }
        if into != channels || groups == 0 || into % groups != 0 || out % groups != 0 {
            return Err(m.unsupported(&format!("it takes {into} channels in {groups} groups and gets {channels}")));
        }
        let pads = conv_pads(m, kernel, stride, dilation)?;
        let weight = self.constant(&m.parameter("weight"), &[out, into / groups, kernel[0], kernel[1]])?;
        let operands = [Some(x), Some(weight), self.bias(m, out)?];
        let operands: Vec<ValueId> = operands.into_iter().flatten().collect();
        self.node(Op::Conv2d(Conv { stride, pads, dilation, groups }), &operands, m)
    }

    fn linear(&mut self, m: &Module, x: ValueId) -> Made {
        let (into, out) = (m.size("in_features")?, m.size("out_features")?);
        let shape = self.shape(x);
        if shape != [into] {
            return Err(m.unsupported(&format!("it takes {into} features and gets {shape:?} at this image size")));
        }
        let weight = self.constant(&m.parameter("weight"), &[out, into])?;
        let operands: Vec<ValueId> = [Some(x), Some(weight), self.bias(m, out)?].into_iter().flatten().collect();
        self.node(Op::Linear { transposed: false }, &operands, m)
    }

    fn batch_norm(&mut self, m: &Module, x: ValueId) -> Made {
        let features = m.size("num_features")?;
        if self.shape(x).first() != Some(&features) {
            return Err(m.unsupported(&format!("it takes {features} channels and gets {:?}", self.shape(x))));
        }
        if !m.flag("track_running_stats", true)? {
            return Err(m.unsupported("batch norm without settled statistics is not supported"));
        }
        let mut operands = vec![x];
        for (name, fill) in [("weight", 1.0), ("bias", 0.0)] {
            operands.push(if m.flag("affine", true)? {
                self.constant(&m.parameter(name), &[features])?
            } else {
                self.added(&m.parameter(name), features, fill)?
            });
        }
        for name in ["running_mean", "running_var"] {
            operands.push(self.constant(&m.parameter(name), &[features])?);
        }
        self.node(Op::BatchNorm { eps: m.number("eps")? }, &operands, m)
    }

    /// A constant that the file does not hold because it is always the same.
    fn added(&mut self, name: &str, len: usize, fill: f32) -> Made {
        let name = format!("{ADDED}{name}");
        let tensor = Tensor::new(vec![len], vec![fill; len]).map_err(|_| Reason::Missing(name.clone()))?;
        self.weights.insert(name.clone(), tensor);
        self.constant(&name, &[len])
    }

    fn max_pool(&mut self, m: &Module, x: ValueId) -> Made {
        if m.flag("return_indices", false)? {
            return Err(m.unsupported("pooling that returns indices is not supported"));
        }
        let pool = pool(m, m.pair("dilation")?)?;
        self.node(Op::MaxPool(pool), &[x], m)
    }

    fn avg_pool(&mut self, m: &Module, x: ValueId) -> Made {
        if !m.is_none("divisor_override") {
            return Err(m.unsupported("a divisor of its own is not supported"));
        }
        let mut pool = pool(m, [1, 1])?;
        pool.count_include_pad = m.flag("count_include_pad", true)?;
        self.node(Op::AvgPool(pool), &[x], m)
    }

    /// Adaptive pooling is plain pooling exactly when the sides divide.
    fn adaptive(&mut self, m: &Module, x: ValueId, flat: bool) -> Made {
        let [_, h, w] = self.image(m, x)?;
        let size = m.pair("output_size")?;
        if size == [1, 1] {
            return self.node(Op::Reduce { kind: Reduction::Mean, axes: vec![1, 2], keep: !flat }, &[x], m);
        }
        if size == [h, w] {
            return Ok(x);
        }
        if size.contains(&0) || h % size[0] != 0 || w % size[1] != 0 {
            let what = format!(
                "its {}×{} cells do not divide a feature map of {h}×{w}; give an image size where they do",
                size[0], size[1]
            );
            return Err(m.unsupported(&what));
        }
        let kernel = [h / size[0], w / size[1]];
        let pool = Pool { kernel, stride: kernel, pads: [0; 4], dilation: [1, 1], ceil: false, count_include_pad: true };
        self.node(Op::AvgPool(pool), &[x], m)
    }

    fn flatten(&mut self, m: &Module, x: ValueId) -> Made {
        if (m.int("start_dim"), m.int("end_dim")) != (Some(1), Some(-1)) {
            return Err(m.unsupported("only flattening of everything but the batch is supported"));
        }
        let value = self.builder.value(x);
        if value.shape.len() == 1 {
            return Ok(x);
        }
        let shape = vec![value.len()];
        self.node(Op::Reshape { shape }, &[x], m)
    }

    fn softmax(&mut self, m: &Module, x: ValueId) -> Made {
        match (m.int("dim"), self.shape(x).len()) {
            (Some(1), _) | (Some(-1), 1) => self.node(Op::Softmax { axis: 0 }, &[x], m),
            _ => Err(m.unsupported("only softmax over the classes or channels is supported")),
        }
    }
}

fn pool(m: &Module, dilation: [usize; 2]) -> Result<Pool, Reason> {
    let kernel = m.pair("kernel_size")?;
    let stride = if m.is_none("stride") { kernel } else { m.pair("stride")? };
    let [v, h] = m.pair("padding")?;
    // PyTorch refuses more, and executors rely on no window lying wholly in the padding.
    if v > kernel[0] / 2 || h > kernel[1] / 2 {
        return Err(m.unsupported("its padding is more than half its window"));
    }
    Ok(Pool { kernel, stride, pads: [v, h, v, h], dilation, ceil: m.flag("ceil_mode", false)?, count_include_pad: false })
}

/// `[top, left, bottom, right]`; an odd rest of "same" goes after, as in PyTorch.
fn conv_pads(m: &Module, kernel: [usize; 2], stride: [usize; 2], dilation: [usize; 2]) -> Result<[usize; 4], Reason> {
    match m.text("padding") {
        Some("valid") => Ok([0; 4]),
        Some("same") if stride == [1, 1] => {
            let absurd = || m.unsupported("its window is absurd");
            let total = |i: usize| kernel[i].checked_sub(1).and_then(|k| k.checked_mul(dilation[i])).ok_or_else(absurd);
            let (v, h) = (total(0)?, total(1)?);
            Ok([v / 2, h / 2, v - v / 2, h - h / 2])
        }
        Some(_) => Err(m.unsupported("its padding is not supported")),
        None => m.pair("padding").map(|[v, h]| [v, h, v, h]),
    }
}

fn unary(m: &Module) -> Result<Option<Unary>, Reason> {
    Ok(Some(match m.class.as_str() {
        "ReLU" => Unary::Relu,
        "ReLU6" => Unary::Clip(0.0, 6.0),
        "LeakyReLU" => Unary::LeakyRelu(m.number("negative_slope")?),
        "Sigmoid" => Unary::Sigmoid,
        "Hardsigmoid" => Unary::HardSigmoid(1.0 / 6.0, 0.5),
        "Hardswish" => Unary::HardSwish,
        "SiLU" => Unary::Silu,
        "Tanh" => Unary::Tanh,
        "GELU" if m.text("approximate") == Some("tanh") => Unary::GeluTanh,
        "GELU" => Unary::Gelu,
        _ => return Ok(None),
    }))
}
