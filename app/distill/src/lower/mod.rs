//! Runs a graph, explained or not, with burn tensors; gradients flow to every parameter, through the adjoints too.
//!
//! Only operations that autodiff differentiates are used: a ReLU's adjoint multiplies by a detached mask, a pool's adjoint
//! scatters to detached indices, resizing and average pooling are products with constant matrices.

mod cam;
mod conv;
mod elementwise;
mod layout;
mod norm;
mod ops;
mod pool;
mod separable;
mod twin;
mod unary;
mod unary_grad;
mod value;

pub(crate) use separable::resize_corners;
pub use value::Wide;
pub(crate) use value::wide;

use crate::parameters::Parameters;
use burn::tensor::{Device, Tensor};
use fovea_student::graph::{Graph, Node, ValueId};

/// Why a graph cannot be run for training.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum LowerError {
    /// An operation (or a variant of it) that training does not have.
    #[error("training does not support '{op}': {what} (node '{node}')")]
    Unsupported {
        /// Operation name.
        op: String,
        /// What about it.
        what: String,
        /// Node name.
        node: String,
    },
    /// A constant of the graph that the weights lack, or that has another length there.
    #[error("the weights do not hold the network's '{0}'")]
    Missing(String),
    /// Images of another shape than the network takes.
    #[error("the network takes images of {want:?} and gets {got:?}")]
    Image {
        /// `[channels, height, width]` of the graph's input.
        want: Vec<usize>,
        /// Same of the batch.
        got: Vec<usize>,
    },
    /// A value that was asked for but that no node makes.
    #[error("the network does not compute '{0}'")]
    NotComputed(String),
}

/// What a run keeps.
pub struct Values {
    slots: Vec<Option<Wide>>,
}

impl Values {
    /// A kept value.
    ///
    /// # Errors
    /// When it was not asked for.
    pub fn get(&self, graph: &Graph, id: ValueId) -> Result<Wide, LowerError> {
        let slot = self.slots.get(id.index()).and_then(Option::as_ref);
        slot.cloned().ok_or_else(|| LowerError::NotComputed(graph.value(id).name.clone()))
    }

    /// A kept value as `[n, elements of one item]`; the class axis, when there is one, counts to the item.
    ///
    /// # Errors
    /// When it was not asked for.
    pub fn rows(&self, graph: &Graph, id: ValueId, n: usize) -> Result<Tensor<2>, LowerError> {
        let x = self.get(graph, id)?;
        let [rows, rest @ ..] = x.dims();
        let len = rest.iter().product();
        Ok(x.reshape([rows, len]).expand([n, len]))
    }
}

/// Runs `graph` on `image` `[n, channels, h, w]` and keeps the values `keep`; the others are dropped after their last reader.
///
/// # Errors
/// When a node is not supported, a constant is missing or the image does not fit.
pub fn run(graph: &Graph, parameters: &Parameters, image: Tensor<4>, keep: &[ValueId]) -> Result<Values, LowerError> {
    let [n, k, h, w] = image.dims();
    if graph.input_shape() != [k, h, w] {
        return Err(LowerError::Image { want: graph.input_shape().to_vec(), got: vec![k, h, w] });
    }
    let device = image.device();
    let needed = needed(graph, keep);
    let last = last_readers(graph, &needed);
    let mut slots: Vec<Option<Wide>> = vec![None; graph.values.len()];
    slots[graph.input.index()] = Some(image.reshape([n, 1, 1, k, h, w]));
    for (at, node) in graph.nodes.iter().enumerate().filter(|(_, node)| needed[node.output.index()]) {
        for &id in &node.inputs {
            if slots[id.index()].is_none() {
                slots[id.index()] = Some(constant(graph, parameters, id, node)?);
            }
        }
        let made = ops::lower(&Context { graph, node, device: &device, samples: n }, &slots)?;
        slots[node.output.index()] = Some(made);
        for &id in &node.inputs {
            if last[id.index()] == at && !keep.contains(&id) {
                slots[id.index()] = None;
            }
        }
    }
    Ok(Values { slots })
}

/// Values the kept ones depend on.
pub(crate) fn needed(graph: &Graph, keep: &[ValueId]) -> Vec<bool> {
    let mut needed = vec![false; graph.values.len()];
    keep.iter().for_each(|id| needed[id.index()] = true);
    for node in graph.nodes.iter().rev().filter(|n| !n.inputs.is_empty()) {
        if needed[node.output.index()] {
            node.inputs.iter().for_each(|i| needed[i.index()] = true);
        }
    }
    needed
}

/// Index of the last needed node that reads each value.
fn last_readers(graph: &Graph, needed: &[bool]) -> Vec<usize> {
    let mut last = vec![usize::MAX; graph.values.len()];
    for (at, node) in graph.nodes.iter().enumerate().filter(|(_, node)| needed[node.output.index()]) {
        node.inputs.iter().for_each(|i| last[i.index()] = at);
    }
    last
}

fn constant(graph: &Graph, parameters: &Parameters, id: ValueId, node: &Node) -> Result<Wide, LowerError> {
    let value = graph.value(id);
    let missing = || LowerError::Missing(value.name.clone());
    let tensor = parameters.leaf(&value.name).ok_or_else(missing)?;
    if tensor.dims() != [value.len()] {
        return Err(missing());
    }
    let shape = wide([1, 1], &value.shape).ok_or_else(|| too_many_axes(node, &value.shape))?;
    Ok(tensor.reshape(shape))
}

fn too_many_axes(node: &Node, shape: &[usize]) -> LowerError {
    let what = format!("{shape:?} has more than {} axes", value::ITEM);
    LowerError::Unsupported { op: node.op.name().into(), what, node: node.name.clone() }
}

/// One node on its way to tensors.
pub(crate) struct Context<'a> {
    graph: &'a Graph,
    node: &'a Node,
    device: &'a Device,
    samples: usize,
}

impl Context<'_> {
    /// Shape of operand `i`.
    fn shape(&self, i: usize) -> &[usize] {
        &self.graph.value(self.node.inputs[i]).shape
    }

    /// Shape of the result.
    fn out(&self) -> &[usize] {
        &self.graph.value(self.node.output).shape
    }

    /// Layout of the result with the lead `[n, c]`.
    fn wide(&self, lead: [usize; 2]) -> Result<[usize; 6], LowerError> {
        wide(lead, self.out()).ok_or_else(|| too_many_axes(self.node, self.out()))
    }

    /// Explained classes.
    fn classes(&self) -> &[usize] {
        &self.graph.classes
    }

    fn unsupported<T>(&self, what: &str) -> Result<T, LowerError> {
        let (op, node) = (self.node.op.name().to_string(), self.node.name.clone());
        Err(LowerError::Unsupported { op, what: what.into(), node })
    }
}
