//! From ordered nodes to a graph: what each ONNX value became, and the view of one node that operators work with.

use super::fold;
use super::host::Host;
use super::model::{Node, Payload};
use super::{OnnxError, ops};
use crate::graph::{GraphBuilder, GraphError, Op, Unary, ValueId};
use crate::weights::{Tensor, Weights};
use std::collections::HashMap;
use std::sync::Arc;

/// What an ONNX value became.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    /// One per image; the graph's shape is ONNX's without the batch axis in front.
    Image(ValueId),
    /// Depends on the image, but the batch of one is not (only) in front: the graph's shape is ONNX's whole shape.
    Loose(ValueId),
    /// Known now.
    Host(Host),
}

pub(super) type Made = Result<Vec<Bound>, OnnxError>;

/// The graph while it grows.
pub(super) struct Import {
    pub(super) b: GraphBuilder,
    pub(super) weights: Weights,
    pub(super) notes: Vec<String>,
    /// Batch size the model is fixed to, if it is.
    pub(super) batch: Option<usize>,
    /// Elements that folding may still make.
    pub(super) budget: usize,
    pub(super) env: HashMap<String, Bound>,
}

impl Import {
    /// Adds one node.
    pub(super) fn node(&mut self, node: &Node) -> Result<(), OnnxError> {
        let mut cx = Cx { im: self, node };
        let made = match fold::fold(&mut cx)? {
            Some(hosts) => hosts.into_iter().map(Bound::Host).collect(),
            None => match ops::handler(&node.op) {
                Some(handler) => handler(&mut cx)?,
                None => return Err(cx.fail("it is not supported")),
            },
        };
        for (name, bound) in node.outputs.iter().zip(made).filter(|(n, _)| !n.is_empty()) {
            self.env.insert(name.clone(), bound);
        }
        Ok(())
    }
}

/// One node and what surrounds it.
pub(super) struct Cx<'i, 'n> {
    pub(super) im: &'i mut Import,
    pub(super) node: &'n Node,
}

impl Cx<'_, '_> {
    pub(super) fn fail(&self, what: impl Into<String>) -> OnnxError {
        OnnxError::Node { what: what.into(), node: self.node.label().into(), op: self.node.op.clone() }
    }

    /// Adds the node's name to a sentence.
    pub(super) fn named<T>(&self, result: Result<T, String>) -> Result<T, OnnxError> {
        result.map_err(|what| self.fail(what))
    }

    /// Operand `i`, or `None` when it is left out.
    pub(super) fn given(&self, i: usize) -> Result<Option<Bound>, OnnxError> {
        match self.node.inputs.get(i).filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => match self.im.env.get(name) {
                Some(bound) => Ok(Some(bound.clone())),
                None => Err(self.fail(format!("it reads '{name}', a result that its operation does not have here"))),
            },
        }
    }

    pub(super) fn operand(&self, i: usize) -> Result<Bound, OnnxError> {
        self.given(i)?.ok_or_else(|| self.fail(format!("its operand {i} is missing")))
    }

    /// Operand `i` as an activation.
    pub(super) fn image(&self, i: usize) -> Result<ValueId, OnnxError> {
        match self.operand(i)? {
            Bound::Image(id) => Ok(id),
            Bound::Loose(_) => Err(self.touches_batch()),
            Bound::Host(_) => Err(self.fail(format!("its operand {i} is a constant where a value of the image is needed"))),
        }
    }

    /// Operand `i` as a constant, if given.
    pub(super) fn host(&self, i: usize) -> Result<Option<Host>, OnnxError> {
        match self.given(i)? {
            None => Ok(None),
            Some(Bound::Host(host)) => Ok(Some(host)),
            Some(_) => Err(self.fail(format!("its operand {i} depends on the image; only constants are supported there"))),
        }
    }

    pub(super) fn needed_host(&self, i: usize) -> Result<Host, OnnxError> {
        self.host(i)?.ok_or_else(|| self.fail(format!("its operand {i} is missing")))
    }

    /// Operand `i` as plain integers, if given.
    pub(super) fn ints_at(&self, i: usize) -> Result<Option<Vec<i64>>, OnnxError> {
        self.host(i)?.map(|h| self.named(h.as_i64().map(<[i64]>::to_vec))).transpose()
    }

    /// Operand `i` as one number, if given.
    pub(super) fn scalar_at(&self, i: usize) -> Result<Option<f32>, OnnxError> {
        let scalar = |h: Host| h.scalar().ok_or_else(|| self.fail(format!("its operand {i} is not one number")));
        self.host(i)?.map(scalar).transpose()
    }

    /// Shape without batch.
    pub(super) fn shape(&self, id: ValueId) -> Vec<usize> {
        self.im.b.value(id).shape.clone()
    }

    fn attribute(&self, name: &str) -> Option<&Payload> {
        self.node.attributes.iter().find(|a| a.name == name).map(|a| &a.value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    pub(super) fn int(&self, name: &str, default: i64) -> Result<i64, OnnxError> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Payload::Int(i)) => Ok(*i),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn float(&self, name: &str, default: f32) -> Result<f32, OnnxError> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Payload::Float(f)) if f.is_finite() => Ok(*f),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn text(&self, name: &str, default: &str) -> Result<String, OnnxError> {
        match self.attribute(name) {
            None => Ok(default.to_string()),
            Some(Payload::Text(t)) => Ok(t.clone()),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, OnnxError> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Payload::Ints(v)) => Ok(Some(v.clone())),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn floats(&self, name: &str) -> Result<Option<Vec<f32>>, OnnxError> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Payload::Floats(v)) => Ok(Some(v.clone())),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn tensor(&self, name: &str) -> Result<Option<Host>, OnnxError> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Payload::Tensor(t)) => Ok(Some(t.clone())),
            Some(_) => Err(self.wrong(name)),
        }
    }

    fn wrong(&self, name: &str) -> OnnxError {
        self.fail(format!("its attribute '{name}' has the wrong type or an absurd value"))
    }

    /// An axis of ONNX, which may count from the end, of a tensor with `rank` axes.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, OnnxError> {
        let counted = if axis < 0 { axis.checked_add(rank as i64) } else { Some(axis) };
        let fits = counted.and_then(|a| usize::try_from(a).ok()).filter(|&a| a < rank);
        fits.ok_or_else(|| self.fail(format!("axis {axis} does not exist among {rank}")))
    }

    /// The axis of the graph (without batch) for an axis of ONNX.
    pub(super) fn item_axis(&self, axis: i64, id: ValueId) -> Result<usize, OnnxError> {
        let axis = self.axis(axis, self.shape(id).len() + 1)?;
        axis.checked_sub(1).ok_or_else(|| self.touches_batch())
    }

    pub(super) fn touches_batch(&self) -> OnnxError {
        self.fail("it works on the batch axis, but images are computed one by one")
    }

    /// Adds the graph node whose result is this node's first output.
    pub(super) fn op(&mut self, op: Op, inputs: &[ValueId]) -> Result<ValueId, OnnxError> {
        let output = self.node.outputs.first().cloned().unwrap_or_default();
        self.op_as(op, inputs, &output)
    }

    /// Adds a graph node with a result of the given name.
    pub(super) fn op_as(&mut self, op: Op, inputs: &[ValueId], output: &str) -> Result<ValueId, OnnxError> {
        let made = self.im.b.node(op, inputs, self.node.label(), output);
        made.map_err(|e| match e {
            GraphError::Node { what, .. } => self.fail(what),
            other => OnnxError::Graph(other),
        })
    }

    /// Adds a graph node that only leads to this node's result.
    pub(super) fn part(&mut self, op: Op, inputs: &[ValueId], what: &str) -> Result<ValueId, OnnxError> {
        let name = format!("{}.{what}", self.node.outputs.first().map_or("", |o| o));
        self.op_as(op, inputs, &name)
    }

    pub(super) fn un(&mut self, unary: Unary, x: ValueId, what: &str) -> Result<ValueId, OnnxError> {
        self.part(Op::Unary(unary), &[x], what)
    }

    /// Operand `i`, a constant, as a weight of the graph in the given shape.
    pub(super) fn weight(&mut self, i: usize, shape: &[usize]) -> Result<ValueId, OnnxError> {
        let host = self.needed_host(i)?;
        let name = self.node.inputs.get(i).cloned().unwrap_or_default();
        self.constant(&name, &host, shape)
    }

    /// A constant as a weight of the graph; two shapes of one constant are two weights.
    pub(super) fn constant(&mut self, name: &str, host: &Host, shape: &[usize]) -> Result<ValueId, OnnxError> {
        let data: Arc<[f32]> = self.named(host.as_f32())?;
        let refuse = |what: String| OnnxError::Tensor { tensor: name.to_string(), what };
        if data.iter().any(|v| !v.is_finite()) {
            return Err(refuse("it holds NaN or infinite numbers".into()));
        }
        let tensor = Tensor::new(shape.to_vec(), data).map_err(|e| refuse(e.to_string()))?;
        let mut unique = name.to_string();
        let mut count = 0usize;
        loop {
            let known = self.im.weights.get(&unique);
            let same = known.is_none_or(|t| *t == tensor);
            if same && let Ok(id) = self.im.b.constant(&unique, shape) {
                self.im.weights.insert(unique, tensor);
                return Ok(id);
            }
            count += 1;
            unique = format!("{name}.{count}");
        }
    }
}

/// The one result of most operators.
pub(super) fn one(id: ValueId) -> Made {
    Ok(vec![Bound::Image(id)])
}
