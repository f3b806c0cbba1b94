//! Every operation as one or a few kernel calls.

mod component;

use super::constants::{self, Constant, ConvWeights};
use super::fuse::{self, Chain};
use super::ops::{self, act};
use super::strides::{self, RANK};
use super::{Place, Plan, PlanOutput, Stage, Step, Target, items, run_len};
use crate::error::EngineError;
use fovea_shaders::kernel::{Call, ConvPath};
use fovea_shaders::pack::transposed_conv_weights;
use fovea_shaders::params::*;
use fovea_student::graph::{Binary, Graph, LOGITS, Lead, Node, Op, Reduction, Value, ValueId};
use fovea_student::weights::Weights;
use std::collections::HashMap;
use std::sync::Arc;

type Done = Result<(), EngineError>;

pub(super) fn lower(graph: &Graph, weights: &Weights, batch: usize, target: Target) -> Result<Plan, EngineError> {
    let mut graph = graph.clone();
    fuse::masks_from_results(&mut graph);
    let fusion = fuse::fuse(&graph);
    let mut l = Lowering::new(&graph, weights, batch, target)?;
    for (i, node) in graph.nodes.iter().enumerate().filter(|(i, _)| !fusion.skip[*i]) {
        let chain = fusion.chains.get(&i).copied().unwrap_or(Chain { norm: None, act: None, output: node.output });
        l.node(node, chain)?;
    }
    l.finish()
}

struct Lowering<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    batch: usize,
    classes: usize,
    plan: Plan,
    place: HashMap<ValueId, Place>,
    stage: Stage,
    logits: ValueId,
    target: Target,
}

impl<'a> Lowering<'a> {
    fn new(graph: &'a Graph, weights: &'a Weights, batch: usize, target: Target) -> Result<Self, EngineError> {
        let plan = Plan {
            batch,
            input_shape: graph.input_shape().to_vec(),
            input: 0,
            pixels: None,
            steps: vec![],
            slots: vec![],
            constants: vec![],
            outputs: vec![],
        };
        let logits = graph.output(LOGITS)?;
        let classes = graph.classes.len();
        let mut l = Self { graph, weights, batch, classes, plan, place: HashMap::new(), stage: Stage::Upload, logits, target };
        let input = graph.value(graph.input);
        l.plan.input = l.slot(run_len(input, batch, 0)?);
        l.place.insert(graph.input, Place::Slot(l.plan.input));
        if let [3, h, w] = input.shape[..] {
            l.unpack_pixels(h, w);
        }
        l.stage = Stage::Network;
        Ok(l)
    }

    fn unpack_pixels(&mut self, h: usize, w: usize) {
        let pixels = self.slot(self.batch * h * w);
        self.plan.pixels = Some(pixels);
        let params = Rgba8Params {
            n: self.batch as u32,
            h: h as u32,
            w: w as u32,
            inv_std_r: 1.0,
            inv_std_g: 1.0,
            inv_std_b: 1.0,
            ..Default::default()
        };
        let step = Step {
            label: "pixels".into(),
            call: Call::Rgba8(params),
            inputs: vec![Place::Slot(pixels)],
            output: self.plan.input,
            stage: Stage::Upload,
        };
        self.plan.steps.push(step);
    }

    fn finish(mut self) -> Result<Plan, EngineError> {
        for o in &self.graph.outputs {
            let v = self.graph.value(o.value);
            let place = self.operand(o.value)?;
            let shape = [&[items(v.lead, self.batch, self.classes)], &v.shape[..]].concat();
            self.plan.outputs.push(PlanOutput { name: o.name.clone(), shape, place });
        }
        Ok(self.plan)
    }

    fn slot(&mut self, len: usize) -> usize {
        self.plan.slots.push(len);
        self.plan.slots.len() - 1
    }

    fn value(&self, id: ValueId) -> &'a Value {
        self.graph.value(id)
    }

    fn items(&self, id: ValueId) -> usize {
        items(self.value(id).lead, self.batch, self.classes)
    }

    fn unsupported<T>(&self, what: impl Into<String>, node: &Node) -> Result<T, EngineError> {
        Err(EngineError::Unsupported { what: what.into(), node: node.name.clone() })
    }

    fn constant(&mut self, label: &str, data: Arc<[f32]>, conv: Option<ConvWeights>) -> Place {
        let known = self.plan.constants.iter().position(|c| Arc::ptr_eq(&c.data, &data) && c.conv == conv);
        Place::Constant(known.unwrap_or_else(|| {
            self.plan.constants.push(Constant { label: label.into(), data, conv });
            self.plan.constants.len() - 1
        }))
    }

    /// Data of a weight, checked against the graph's shape.
    fn weight(&self, id: ValueId) -> Result<Arc<[f32]>, EngineError> {
        if let Some(Place::Constant(c)) = self.place.get(&id) {
            return Ok(self.plan.constants[*c].data.clone());
        }
        let v = self.value(id);
        let missing = |found: String| EngineError::Weights { name: v.name.clone(), shape: v.shape.clone(), found };
        match self.weights.get(&v.name) {
            Some(t) if t.data().len() == v.len() => Ok(t.shared()),
            Some(t) => Err(missing(format!("; they hold {:?}", t.shape()))),
            None => Err(missing(String::new())),
        }
    }

    fn operand(&mut self, id: ValueId) -> Result<Place, EngineError> {
        if let Some(&p) = self.place.get(&id) {
            return Ok(p);
        }
        let data = self.weight(id)?;
        let place = self.constant(&self.value(id).name.clone(), data, None);
        self.place.insert(id, place);
        Ok(place)
    }

    fn operands(&mut self, node: &Node) -> Result<Vec<Place>, EngineError> {
        node.inputs.iter().map(|&i| self.operand(i)).collect()
    }

    /// Adds a call that makes `output`; computed at once where all operands are constants.
    fn emit(&mut self, node: &Node, call: Call, inputs: Vec<Place>, output: ValueId) -> Done {
        let v = self.value(output);
        let len = run_len(v, self.batch, self.classes)?;
        let place = if v.lead == Lead::Constant {
            let mut out = vec![0.0; len];
            self.emit_constant(node, call, &inputs, &mut out)?;
            self.constant(&v.name, out.into(), None)
        } else {
            let slot = self.slot(len);
            self.push(node, call, inputs, slot);
            Place::Slot(slot)
        };
        self.place.insert(output, place);
        Ok(())
    }

    fn emit_constant(&mut self, node: &Node, call: Call, inputs: &[Place], out: &mut [f32]) -> Done {
        let empty: Arc<[f32]> = Arc::new([]);
        let data: Vec<Arc<[f32]>> = inputs
            .iter()
            .map(|p| if let Place::Constant(c) = p { self.plan.constants[*c].data.clone() } else { empty.clone() })
            .collect();
        let views: Vec<&[f32]> = data.iter().map(|d| d.as_ref()).collect();
        call.run_cpu(&views, out).or_else(|e| self.unsupported(e.to_string(), node))
    }

    fn push(&mut self, node: &Node, call: Call, inputs: Vec<Place>, output: usize) {
        self.plan.steps.push(Step { label: node.name.clone(), call, inputs, output, stage: self.stage });
    }

    /// No data moves: the result is the operand under another shape.
    fn alias(&mut self, node: &Node) -> Done {
        let place = self.operand(node.inputs[0])?;
        self.place.insert(node.output, place);
        Ok(())
    }

    fn node(&mut self, node: &Node, chain: Chain) -> Done {
        let x = &node.inputs;
        let out = chain.output;
        match &node.op {
            Op::Conv2d(_) => self.conv(node, chain)?,
            Op::ConvTranspose2d { .. } => self.conv_transpose(node, chain)?,
            Op::Linear { transposed } => self.linear(node, chain, *transposed)?,
            Op::BatchNorm { eps } => {
                let parts = [self.weight(x[1])?, self.weight(x[2])?, self.weight(x[3])?, self.weight(x[4])?];
                let (scale, shift) = constants::affine([&parts[0], &parts[1], &parts[2], &parts[3]], *eps);
                self.affine(node, chain, scale, shift)?;
            }
            Op::BatchNormGrad { eps } => {
                let (scale, variance) = (self.weight(x[1])?, self.weight(x[2])?);
                let zero = vec![0.0; scale.len()];
                let (scale, _) = constants::affine([&scale, &zero, &zero, &variance], *eps);
                self.affine(node, chain, scale, zero)?;
            }
            Op::LayerNorm { axis, eps } => {
                let (outer, axis, inner) = ops::around(&self.value(x[0]).shape, *axis, self.items(x[0]));
                let inputs = self.operands(node)?;
                self.emit(node, Call::LayerNorm(LayerNormParams { outer, axis, inner, eps: *eps }), inputs, out)?;
            }
            Op::Unary(u) => {
                let (kind, a, b) = u.code();
                let len = run_len(self.value(x[0]), self.batch, self.classes)? as u32;
                let inputs = self.operands(node)?;
                self.emit(
                    node,
                    Call::Unary(UnaryParams { len, kind, a, b, classes: 1, inner: len, ..Default::default() }),
                    inputs,
                    out,
                )?;
            }
            Op::UnaryGrad(u) => self.unary_grad(node, u.code())?,
            Op::Binary(kind) => self.binary(node, *kind, chain)?,
            Op::MaxPool(p) | Op::AvgPool(p) => {
                let average = matches!(node.op, Op::AvgPool(_));
                let params = ops::pool(p, average, self.items(x[0]), 1, &self.value(x[0]).shape, &self.value(out).shape);
                let inputs = self.operands(node)?;
                self.emit(node, Call::Pool(params), inputs, out)?;
            }
            Op::MaxPoolGrad(p) => self.pool_grad(node, p, false)?,
            Op::AvgPoolGrad { pool, .. } => self.pool_grad(node, pool, true)?,
            Op::Reduce { kind, axes, .. } => self.reduce(node, *kind, axes)?,
            Op::Reshape { .. } | Op::FoldClasses { .. } => self.alias(node)?,
            Op::Expand { shape } if *shape == self.value(x[0]).shape => self.alias(node)?,
            Op::Expand { .. } => self.expand(node)?,
            Op::Transpose { perm } => self.transpose(node, perm)?,
            Op::Slice { axis, start, step, .. } => self.gather(node, *axis, [*step as i32, *start as i32, 1], 0.0)?,
            Op::SliceGrad { axis, start, step, .. } => self.gather(node, *axis, [1, -(*start as i32), *step as i32], 0.0)?,
            Op::Pad { before, value, .. } => self.pad(node, before, *value)?,
            Op::Concat { axis } => self.concat(node, *axis)?,
            Op::Resize(r) => self.resize(node, r, false)?,
            Op::ResizeGrad { resize, .. } => self.resize(node, resize, true)?,
            Op::Softmax { axis } => {
                let (outer, axis, inner) = ops::around(&self.value(x[0]).shape, *axis, self.items(x[0]));
                let inputs = self.operands(node)?;
                self.emit(node, Call::Softmax(SoftmaxParams { outer, axis, inner, log: 0 }), inputs, out)?;
            }
            Op::Seed { width } => {
                let index = self.class_index();
                let p = SeedParams { n: self.batch as u32, classes: self.classes as u32, width: *width as u32, pad0: 0 };
                self.emit(node, Call::Seed(p), vec![index], out)?;
            }
            Op::ClassRows { scale } => {
                let inner = self.value(out).len() as u32;
                let p = ClassRowsParams { n: self.batch as u32, classes: self.classes as u32, inner, scale: *scale };
                let inputs = vec![self.operand(x[0])?, self.class_index()];
                self.emit(node, Call::ClassRows(p), inputs, out)?;
            }
            Op::Cam { mode, relu } => self.cam(node, ops::cam_mode(*mode), *relu)?,
            Op::PrincipalComponent => self.principal_component(node)?,
            Op::MinMax => {
                let v = self.value(x[0]);
                let p = MinMaxParams { outer: self.items(x[0]) as u32, len: v.len() as u32, ..Default::default() };
                let inputs = self.operands(node)?;
                self.emit(node, Call::MinMax(p), inputs, out)?;
            }
        }
        if out == self.logits {
            self.stage = Stage::Attention;
        }
        Ok(())
    }

    fn bias(&mut self, node: &Node) -> Result<Place, EngineError> {
        node.inputs.get(2).map_or(Ok(Place::Absent), |&b| self.operand(b))
    }

    fn conv(&mut self, node: &Node, chain: Chain) -> Done {
        let Op::Conv2d(c) = &node.op else { return self.unsupported("this convolution", node) };
        let (x, w) = (node.inputs[0], node.inputs[1]);
        let (weight, bias) = match chain.norm {
            None => (self.weight(w)?, self.bias(node)?),
            Some(norm) => {
                let norm = &self.graph.nodes[norm];
                let Op::BatchNorm { eps } = norm.op else { return self.unsupported("this fusion", norm) };
                let p: Vec<Arc<[f32]>> = norm.inputs[1..].iter().map(|&i| self.weight(i)).collect::<Result<_, _>>()?;
                let before = node.inputs.get(2).map(|&b| self.weight(b)).transpose()?;
                let (weight, bias) = constants::fold(&self.weight(w)?, before.as_deref(), [&p[0], &p[1], &p[2], &p[3]], eps);
                (weight.into(), self.constant(&norm.name, bias.into(), None))
            }
        };
        let (n, xs, ws) = (self.items(x), &self.value(x).shape, &self.value(w).shape);
        let params = ops::conv(c, n, xs, ws, &self.value(chain.output).shape, bias != Place::Absent, act(chain.act));
        self.conv_call(node, params, weight, bias, chain.output)
    }

    fn conv_call(&mut self, node: &Node, params: Conv2dParams, weight: Arc<[f32]>, bias: Place, out: ValueId) -> Done {
        let path = if self.target.software { ConvPath::choose_for_software(&params) } else { ConvPath::choose(&params) };
        let ic = params.ic / params.groups.max(1);
        let [oc, ic, kh, kw] = [params.oc, ic, params.kh, params.kw].map(|v| v as usize);
        let label = self.value(node.inputs[1]).name.clone();
        let weight = self.constant(&label, weight, Some(ConvWeights { path, oc, ic, kh, kw }));
        let x = self.operand(node.inputs[0])?;
        self.emit(node, Call::Conv2d { params, path }, vec![x, weight, bias], out)
    }

    fn conv_transpose(&mut self, node: &Node, chain: Chain) -> Done {
        let Op::ConvTranspose2d { conv, .. } = &node.op else { return self.unsupported("this convolution", node) };
        let (x, w) = (node.inputs[0], node.inputs[1]);
        let bias = self.bias(node)?;
        let (n, xs, ws) = (self.items(x), &self.value(x).shape, &self.value(w).shape);
        let out = &self.value(chain.output).shape;
        let params = ops::conv_transpose(conv, n, xs, ws, out, bias != Place::Absent, act(chain.act));
        if let Some(plain) = params.as_conv() {
            let turned = transposed_conv_weights(&params, &self.weight(w)?);
            return self.conv_call(node, plain, turned.into(), bias, chain.output);
        }
        let inputs = vec![self.operand(x)?, self.operand(w)?, bias];
        self.emit(node, Call::ConvTranspose2d(params), inputs, chain.output)
    }

    fn linear(&mut self, node: &Node, chain: Chain, transposed: bool) -> Done {
        let (x, w) = (node.inputs[0], node.inputs[1]);
        let ws = &self.value(w).shape;
        let mut weight = self.weight(w)?;
        if transposed {
            weight = constants::transpose(&weight, ws[0], ws[1]).into();
        }
        let k = *self.value(x).shape.last().unwrap_or(&1);
        let m = run_len(self.value(x), self.batch, self.classes)? / k;
        let n = weight.len() / k;
        let bias = node.inputs.get(2).map(|&b| self.weight(b)).transpose()?;
        let a = act(chain.act);
        let has_bias = bias.is_some().into();
        let params = |n: usize| LinearParams {
            m: m as u32,
            k: k as u32,
            n: n as u32,
            has_bias,
            act: a.0,
            act_a: a.1,
            act_b: a.2,
            base: 0,
        };
        let label = self.value(w).name.clone();
        let x = self.operand(x)?;
        let rows = usize::try_from(self.target.piece / 4).unwrap_or(usize::MAX).checked_div(k).unwrap_or(1).max(1);
        if n <= rows || self.value(chain.output).lead == Lead::Constant {
            let weight = self.constant(&label, weight, None);
            let bias = bias.map_or(Place::Absent, |b| self.constant(&label, b, None));
            return self.emit(node, Call::Linear(params(n)), vec![x, weight, bias], chain.output);
        }
        // A matrix past the binding limit goes in blocks of rows; each block's columns are copied to their place.
        let whole = self.slot(run_len(self.value(chain.output), self.batch, self.classes)?);
        for first in (0..n).step_by(rows) {
            let count = rows.min(n - first);
            let block: Arc<[f32]> = weight[first * k..(first + count) * k].into();
            let weight = self.constant(&label, block, None);
            let bias = bias.as_ref().map(|b| Arc::from(&b[first..first + count]));
            let bias = bias.map_or(Place::Absent, |b| self.constant(&label, b, None));
            let part = self.slot(m * count);
            self.push(node, Call::Linear(params(count)), vec![x, weight, bias], part);
            let mut shape = [1; RANK];
            (shape[RANK - 2], shape[RANK - 1]) = (m as u32, count as u32);
            let mut p = copy(shape, shape, strides::contiguous(&shape));
            let mut out_strides = strides::contiguous(&shape);
            out_strides[RANK - 2] = n as u32;
            (p.out_strides, p.out_offset) = (strides::rows(out_strides), first as u32);
            self.push(node, Call::Copy(p), vec![Place::Slot(part)], whole);
        }
        self.place.insert(chain.output, Place::Slot(whole));
        Ok(())
    }

    fn affine(&mut self, node: &Node, chain: Chain, scale: Vec<f32>, shift: Vec<f32>) -> Done {
        let v = self.value(node.inputs[0]);
        let a = act(chain.act);
        let p = ChannelAffineParams {
            n: self.items(node.inputs[0]) as u32,
            c: v.shape[0] as u32,
            inner: v.shape[1..].iter().product::<usize>() as u32,
            act: a.0,
            act_a: a.1,
            act_b: a.2,
            ..Default::default()
        };
        let x = self.operand(node.inputs[0])?;
        let scale = self.constant(&node.name, scale.into(), None);
        let shift = self.constant(&node.name, shift.into(), None);
        self.emit(node, Call::ChannelAffine(p), vec![x, scale, shift], chain.output)
    }

    fn unary_grad(&mut self, node: &Node, (kind, a, b): (u32, f32, f32)) -> Done {
        let (g, x) = (self.value(node.inputs[0]), self.value(node.inputs[1]));
        let classes = self.per_class(g, x, node)?;
        let len = run_len(g, self.batch, self.classes)? as u32;
        let p = UnaryParams { len, kind, a, b, classes, inner: x.len() as u32, ..Default::default() };
        let inputs = self.operands(node)?;
        self.emit(node, Call::UnaryGrad(p), inputs, node.output)
    }

    /// How many gradient items meet one forward item.
    fn per_class(&self, g: &Value, x: &Value, node: &Node) -> Result<u32, EngineError> {
        match (g.lead, x.lead) {
            (a, b) if a == b => Ok(1),
            (Lead::SampleClass, Lead::Sample) => Ok(self.classes as u32),
            _ => self.unsupported("a gradient with fewer items than its activation", node),
        }
    }

    fn binary(&mut self, node: &Node, kind: Binary, chain: Chain) -> Done {
        let [a, b] = [self.value(node.inputs[0]), self.value(node.inputs[1])];
        let out = self.value(node.output);
        let Some(space) = strides::index_space(out.lead, &out.shape, self.batch, self.classes) else {
            return self.unsupported("elementwise arithmetic on more than six axes", node);
        };
        let mut both = [a, b].map(|v| strides::broadcast(v, &space, self.batch, self.classes));
        let shape = strides::merge(space, &mut both);
        let act = act(chain.act);
        let p = BinaryParams {
            shape: strides::rows(shape),
            a_strides: strides::rows(both[0]),
            b_strides: strides::rows(both[1]),
            len: shape.iter().product(),
            kind: kind as u32,
            act: act.0,
            act_a: act.1,
            act_b: act.2,
            ..Default::default()
        };
        let inputs = self.operands(node)?;
        self.emit(node, Call::Binary(p), inputs, chain.output)
    }

    fn pool_grad(&mut self, node: &Node, p: &fovea_student::graph::Pool, average: bool) -> Done {
        let (g, out) = (self.value(node.inputs[0]), self.value(node.output));
        let classes = match node.inputs.get(1) {
            Some(&x) => self.per_class(g, self.value(x), node)?,
            None => 1,
        };
        let items = self.items(node.inputs[0]);
        let params = ops::pool(p, average, items, classes as usize, &out.shape, &g.shape);
        let mut inputs = self.operands(node)?;
        inputs.resize(2, Place::Absent);
        self.emit(node, Call::PoolGrad(params), inputs, node.output)
    }

    fn reduce(&mut self, node: &Node, kind: Reduction, axes: &[usize]) -> Done {
        let v = self.value(node.inputs[0]);
        let Some((&first, &last)) = axes.first().zip(axes.last()) else { return self.alias(node) };
        let mut x = self.operand(node.inputs[0])?;
        let items = self.items(node.inputs[0]);
        let (outer, red, inner);
        if last - first + 1 == axes.len() {
            outer = items * v.shape[..first].iter().product::<usize>();
            red = v.shape[first..=last].iter().product::<usize>();
            inner = v.shape[last + 1..].iter().product::<usize>();
        } else {
            // Scattered axes go last first, in one copy.
            let kept = (0..v.shape.len()).filter(|a| !axes.contains(a));
            let perm: Vec<usize> = kept.chain(axes.iter().copied()).collect();
            red = axes.iter().map(|&a| v.shape[a]).product::<usize>();
            outer = items * v.len() / red;
            inner = 1;
            x = self.permuted(node, x, &perm)?;
        }
        let p = ReduceParams { outer: outer as u32, red: red as u32, inner: inner as u32, kind: ops::reduction(kind) };
        self.emit(node, Call::Reduce(p), vec![x], node.output)
    }

    /// A copy of the node's first operand with its axes permuted.
    fn permuted(&mut self, node: &Node, x: Place, perm: &[usize]) -> Result<Place, EngineError> {
        let v = self.value(node.inputs[0]);
        let call = self.permute_call(node, v, perm)?;
        let len = run_len(v, self.batch, self.classes)?;
        if v.lead == Lead::Constant {
            let mut out = vec![0.0; len];
            self.emit_constant(node, call, &[x], &mut out)?;
            return Ok(self.constant(&node.name, out.into(), None));
        }
        let slot = self.slot(len);
        self.push(node, call, vec![x], slot);
        Ok(Place::Slot(slot))
    }

    fn transpose(&mut self, node: &Node, perm: &[usize]) -> Done {
        let call = self.permute_call(node, self.value(node.inputs[0]), perm)?;
        let inputs = self.operands(node)?;
        self.emit(node, call, inputs, node.output)
    }

    fn permute_call(&self, node: &Node, v: &Value, perm: &[usize]) -> Result<Call, EngineError> {
        let Some(source) = strides::index_space(v.lead, &v.shape, self.batch, self.classes) else {
            return self.unsupported("a permutation of more than six axes", node);
        };
        let from = strides::contiguous(&source);
        let first = RANK - perm.len();
        let axis = |a: usize| if a < first { a } else { first + perm[a - first] };
        let shape = std::array::from_fn(|a| source[axis(a)]);
        let in_strides = std::array::from_fn(|a| from[axis(a)]);
        Ok(Call::Copy(copy(shape, shape, in_strides)))
    }

    fn expand(&mut self, node: &Node) -> Done {
        let (v, out) = (self.value(node.inputs[0]), self.value(node.output));
        let Some(space) = strides::index_space(out.lead, &out.shape, self.batch, self.classes) else {
            return self.unsupported("broadcasting over more than six axes", node);
        };
        let mut from = [strides::broadcast(v, &space, self.batch, self.classes)];
        let shape = strides::merge(space, &mut from);
        let inputs = self.operands(node)?;
        self.emit(node, Call::Copy(copy(shape, shape, from[0])), inputs, node.output)
    }

    /// A copy in which output index i of `axis` reads (i·step + start) / divide.
    fn gather(&mut self, node: &Node, axis: usize, [step, start, divide]: [i32; 3], fill: f32) -> Done {
        let rank = self.value(node.output).shape.len();
        let call = self.window(node, fill, |p, first| {
            let at = first + axis;
            debug_assert!(axis < rank);
            (p.step[at / 4][at % 4], p.start[at / 4][at % 4], p.divide[at / 4][at % 4]) = (step, start, divide);
        })?;
        let inputs = self.operands(node)?;
        self.emit(node, call, inputs, node.output)
    }

    fn pad(&mut self, node: &Node, before: &[usize], fill: f32) -> Done {
        let call = self.window(node, fill, |p, first| {
            for (a, &b) in before.iter().enumerate() {
                p.start[(first + a) / 4][(first + a) % 4] = -(b as i32);
            }
        })?;
        let inputs = self.operands(node)?;
        self.emit(node, call, inputs, node.output)
    }

    fn window(&self, node: &Node, fill: f32, set: impl FnOnce(&mut CopyParams, usize)) -> Result<Call, EngineError> {
        let (v, out) = (self.value(node.inputs[0]), self.value(node.output));
        let spaces = [v, out].map(|s| strides::index_space(s.lead, &s.shape, self.batch, self.classes));
        let [Some(source), Some(target)] = spaces else {
            return self.unsupported("slicing or padding of more than six axes", node);
        };
        let mut p = copy(target, source, strides::contiguous(&source));
        p.fill = fill;
        set(&mut p, RANK - out.shape.len());
        Ok(Call::Copy(p))
    }

    fn concat(&mut self, node: &Node, axis: usize) -> Done {
        let out = self.value(node.output);
        let Some(target) = strides::index_space(out.lead, &out.shape, self.batch, self.classes) else {
            return self.unsupported("joining values of more than six axes", node);
        };
        let to = strides::contiguous(&target);
        let at = RANK - out.shape.len() + axis;
        let mut calls = vec![];
        let mut offset = 0u32;
        for &id in &node.inputs {
            let v = self.value(id);
            let mut shape = target;
            shape[at] = v.shape[axis] as u32;
            let from = strides::broadcast(v, &shape, self.batch, self.classes);
            let mut p = copy(shape, shape, from);
            p.out_strides = strides::rows(to);
            p.out_offset = offset * to[at];
            offset += shape[at];
            calls.push((Call::Copy(p), self.operand(id)?));
        }
        let len = run_len(out, self.batch, self.classes)?;
        if out.lead == Lead::Constant {
            let mut data = vec![0.0; len];
            for (call, x) in calls {
                self.emit_constant(node, call, &[x], &mut data)?;
            }
            let place = self.constant(&out.name, data.into(), None);
            self.place.insert(node.output, place);
            return Ok(());
        }
        let slot = self.slot(len);
        calls.into_iter().for_each(|(call, x)| self.push(node, call, vec![x], slot));
        self.place.insert(node.output, Place::Slot(slot));
        Ok(())
    }

    fn resize(&mut self, node: &Node, r: &fovea_student::graph::Resize, adjoint: bool) -> Done {
        let id = node.inputs[0];
        let (v, out) = (self.value(id), self.value(node.output));
        let hw = |s: &[usize]| [s[s.len() - 2], s[s.len() - 1]];
        let (small, large) = (hw(&v.shape), hw(&out.shape));
        let planes = self.items(id) * v.len() / (small[0] * small[1]);
        let inputs = self.operands(node)?;
        let call = match adjoint {
            false => Call::Resize(ops::resize(r, planes, small, large)),
            true => Call::ResizeGrad(ops::resize(r, planes, large, small)),
        };
        self.emit(node, call, inputs, node.output)
    }

    fn cam(&mut self, node: &Node, mode: u32, relu: bool) -> Done {
        let (g, a) = (self.value(node.inputs[0]), self.value(node.inputs[1]));
        let classes = self.per_class(g, a, node)?;
        let p = CamParams {
            n: self.batch as u32,
            classes,
            k: a.shape[0] as u32,
            hw: (a.shape[1] * a.shape[2]) as u32,
            spatial: (g.shape.len() == 3).into(),
            mode,
            relu: relu.into(),
            pad0: 0,
        };
        let inputs = self.operands(node)?;
        self.emit(node, Call::Cam(p), inputs, node.output)
    }

    /// The explained classes' indices as a constant.
    fn class_index(&mut self) -> Place {
        let known = self.plan.constants.iter().position(|c| c.label == CLASS_INDEX);
        match known {
            Some(i) => Place::Constant(i),
            None => {
                let data: Arc<[f32]> = self.graph.classes.iter().map(|&c| c as f32).collect();
                self.constant(CLASS_INDEX, data, None)
            }
        }
    }
}

/// Label of the constant with the explained classes' indices; no weight is named so.
const CLASS_INDEX: &str = "explained classes";

/// A plain copy: every output index reads the same index of the input.
fn copy(shape: [u32; RANK], in_shape: [u32; RANK], in_strides: [u32; RANK]) -> CopyParams {
    CopyParams {
        shape: strides::rows(shape),
        in_shape: strides::rows(in_shape),
        in_strides: strides::rows(in_strides),
        out_strides: strides::rows(strides::contiguous(&shape)),
        step: strides::rows_i32([1; RANK]),
        start: strides::rows_i32([0; RANK]),
        divide: strides::rows_i32([1; RANK]),
        len: shape.iter().product(),
        ..Default::default()
    }
}
