//! A network as data: values, nodes in topological order, named outputs.
//!
//! Shapes never contain the batch. What stands in front of a value's shape is its [`Lead`]: nothing for weights, the
//! sample axis for activations, sample × explained class for what [`crate::explain`] adds. Where a per-class value meets a
//! per-sample one, the latter is broadcast over the class axis by whoever runs the graph.

mod build;
mod op;
mod place;
mod shape;
mod validate;
mod walk;

pub use build::{GraphBuilder, rebuild};
pub use op::{Binary, CamMode, Conv, Coordinates, NearestRounding, Op, Pool, Reduction, Resize, ResizeMode, Unary};
pub use shape::infer;

use serde::{Deserialize, Serialize};

/// Name of the output that holds the pre-softmax scores, shape `[classes]` per sample.
pub const LOGITS: &str = "logits";

/// Index of a value in [`Graph::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The index as `usize`.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What stands in front of a value's own shape when it is laid out in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lead {
    /// A constant: one for all samples (weights).
    Constant,
    /// One per sample: `(n, …)`.
    Sample,
    /// One per sample and explained class: `(n · classes, …)`, class fastest.
    SampleClass,
}

/// A tensor that flows through the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The source's name (ONNX value, state-dict key, module path), unique in the graph.
    pub name: String,
    /// Shape without batch, e.g. `[channels, height, width]`.
    pub shape: Vec<usize>,
    /// What stands in front of the shape.
    pub lead: Lead,
}

impl Value {
    /// Number of elements of one item (without the lead).
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// True when the shape has a zero side; validated graphs have none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The source's node or module name, for messages.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// Operands in the order [`Op`] documents.
    pub inputs: Vec<ValueId>,
    /// The value it makes; every value is made at most once.
    pub output: ValueId,
}

/// A named result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Name, e.g. [`LOGITS`].
    pub name: String,
    /// The value.
    pub value: ValueId,
}

/// A network, or a network with its explanation appended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graph {
    /// The image: shape `[channels, height, width]`, sample lead.
    pub input: ValueId,
    /// All values: the input, the constants (their data is in `Weights` under the same name), the results.
    pub values: Vec<Value>,
    /// Operations, each after what it reads.
    pub nodes: Vec<Node>,
    /// Named results; a network has at least [`LOGITS`].
    pub outputs: Vec<Output>,
    /// Values a user may call by level (−1 is the last entry): names of block outputs, front to back.
    #[serde(default)]
    pub levels: Vec<String>,
    /// Explained classes, in the order of the class axis; empty before [`crate::explain`].
    #[serde(default)]
    pub classes: Vec<usize>,
}

/// Why a graph cannot be built, read or changed.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum GraphError {
    /// A node whose operands do not fit its operation.
    #[error("{what} (node '{node}', {op})")]
    Node {
        /// What does not fit.
        what: String,
        /// Node name.
        node: String,
        /// Operation name.
        op: String,
    },
    /// A value that is asked for by name and is not there.
    #[error("the network has no value named '{0}'")]
    NoValue(String),
    /// Structure: cycles, dangling values, doubled names.
    #[error("the graph is malformed: {0}")]
    Malformed(String),
}

impl Graph {
    /// The value with this id.
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }

    /// Looks a value up by its source name.
    pub fn find(&self, name: &str) -> Result<ValueId, GraphError> {
        let at = self.values.iter().position(|v| v.name == name);
        at.map(|i| ValueId(i as u32)).ok_or_else(|| GraphError::NoValue(name.to_string()))
    }

    /// Looks a named output up.
    pub fn output(&self, name: &str) -> Result<ValueId, GraphError> {
        let out = self.outputs.iter().find(|o| o.name == name);
        out.map(|o| o.value).ok_or_else(|| GraphError::NoValue(name.to_string()))
    }

    /// Number of classes the network scores.
    pub fn class_count(&self) -> Result<usize, GraphError> {
        Ok(self.value(self.output(LOGITS)?).len())
    }

    /// Input size `[channels, height, width]`.
    pub fn input_shape(&self) -> &[usize] {
        &self.value(self.input).shape
    }

    /// Weights the graph reads: constants that no node computes.
    pub fn constants(&self) -> impl Iterator<Item = &Value> {
        let made: std::collections::HashSet<ValueId> = self.nodes.iter().map(|n| n.output).collect();
        let weights =
            self.values.iter().enumerate().filter(move |(i, v)| v.lead == Lead::Constant && !made.contains(&ValueId(*i as u32)));
        weights.map(|(_, v)| v)
    }
}
