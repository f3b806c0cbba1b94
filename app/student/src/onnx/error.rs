//! Why an ONNX file cannot be used.

use crate::graph::GraphError;

/// Why an operation is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Not in the vocabulary.
    Unknown,
    /// `If`, `Loop`, `Scan`: what runs depends on data.
    ControlFlow,
    /// `LSTM` and the like.
    Recurrent,
    /// Works on lists of tensors or on maps.
    Sequence,
    /// Computes in integers.
    Quantised,
}

impl Refusal {
    fn heading(self) -> &'static str {
        match self {
            Refusal::Unknown => "operations we do not know",
            Refusal::ControlFlow => "control flow (the network must be the same for every image)",
            Refusal::Recurrent => "recurrent operations (only feed-forward networks can be explained)",
            Refusal::Sequence => "operations on sequences or maps of tensors",
            Refusal::Quantised => "integer-quantised operations (export the float model)",
        }
    }
}

/// One refused operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedOp {
    /// Why.
    pub why: Refusal,
    /// Operator, with its domain where it is not ONNX's own.
    pub op: String,
    /// Node name.
    pub node: String,
}

/// Why an ONNX file cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum OnnxError {
    /// No protobuf, or not of this schema.
    #[error("the ONNX file is damaged: {0}")]
    Damaged(String),
    /// More than we read.
    #[error("the ONNX file is too large: {0}")]
    TooLarge(String),
    /// All operations that cannot be run, sorted by reason and operator.
    #[error("the model has {}", list(.0))]
    Operations(Vec<RefusedOp>),
    /// One node that does not fit or asks for what we do not have.
    #[error("{what} (node '{node}', {op})")]
    Node {
        /// What does not fit.
        what: String,
        /// Node name.
        node: String,
        /// Operator.
        op: String,
    },
    /// Not exactly one input.
    #[error("the model takes {} inputs ({}); an image network takes one", .0.len(), .0.join(", "))]
    Inputs(Vec<String>),
    /// Not exactly one output.
    #[error("the model has {} outputs ({}); export it with the class scores alone", .0.len(), .0.join(", "))]
    Outputs(Vec<String>),
    /// An input that is no image.
    #[error("the input '{name}' is no image we can give it: {what}")]
    Input {
        /// Input name.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Height and width are free and nobody said them.
    #[error("the model takes images of any size: give the size in px (--input)")]
    Size,
    /// The last value is no row of class scores.
    #[error("the output '{name}' has the shape {shape:?} per image; class scores are one row [classes]")]
    Head {
        /// Output name.
        name: String,
        /// Its shape without batch.
        shape: Vec<usize>,
    },
    /// Version of the operator set.
    #[error("the model uses opset {0}; opsets 11 to 21 are supported: export it again with one of them")]
    Opset(i64),
    /// External data that points outside the folder of the model.
    #[error("the weights of '{tensor}' point to '{location}': only a plain file name beside the model is read")]
    Escapes {
        /// Initializer.
        tensor: String,
        /// What the file says.
        location: String,
    },
    /// External data that is not there.
    #[error("the weights are in a second file that is missing: put (or drop) '{wanted}' together with the model")]
    Missing {
        /// File name.
        wanted: String,
    },
    /// A stored tensor that cannot be read.
    #[error("the tensor '{tensor}' cannot be read: {what}")]
    Tensor {
        /// Initializer.
        tensor: String,
        /// What is wrong with it.
        what: String,
    },
    /// Nodes that wait for each other.
    #[error("the graph is cyclic (node '{0}' needs its own result)")]
    Cyclic(String),
    /// A value that nothing makes.
    #[error("the graph is dangling: nothing makes '{value}', which node '{node}' reads")]
    Dangling {
        /// Value name.
        value: String,
        /// Who reads it.
        node: String,
    },
    /// The graph does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// `operations we do not know: Foo, Bar (Foo: node 'a', 'b'; Bar: node 'c'); control flow …: If (node 'd')`: names before nodes,
/// of which there may be dozens.
fn list(ops: &[RefusedOp]) -> String {
    let reasons: Vec<String> = ops.chunk_by(|a, b| a.why == b.why).map(reason).collect();
    reasons.join("; ")
}

/// Operations that are refused for one reason.
fn reason(ops: &[RefusedOp]) -> String {
    let kinds: Vec<&[RefusedOp]> = ops.chunk_by(|a, b| a.op == b.op).collect();
    let names: Vec<&str> = kinds.iter().map(|kind| kind[0].op.as_str()).collect();
    let nodes = |kind: &&[RefusedOp]| {
        let nodes: Vec<String> = kind.iter().map(|op| format!("'{}'", op.node)).collect();
        let whose = if kinds.len() > 1 { format!("{}: ", kind[0].op) } else { String::new() };
        format!("{whose}node {}", nodes.join(", "))
    };
    let places: Vec<String> = kinds.iter().map(nodes).collect();
    format!("{}: {} ({})", ops[0].why.heading(), names.join(", "), places.join("; "))
}
