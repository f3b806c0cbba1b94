//! What can go wrong between a graph and its numbers.

use fovea_student::graph::GraphError;

/// Why a network cannot be planned or run.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum EngineError {
    /// The graph is malformed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A weight that the graph reads is missing or has another shape.
    #[error("the weights lack '{name}' with the shape {shape:?}{found}")]
    Weights {
        /// Tensor name.
        name: String,
        /// Expected shape.
        shape: Vec<usize>,
        /// What is there instead.
        found: String,
    },
    /// An operation that no kernel computes in this form.
    #[error("{what} is not supported (node '{node}')")]
    Unsupported {
        /// What.
        what: String,
        /// Node name.
        node: String,
    },
    /// No GPU adapter where one is required.
    #[error("no usable GPU adapter: {0}")]
    NoAdapter(String),
    /// A buffer past a limit of the device.
    #[error("{what} needs {bytes} bytes; this device takes at most {limit} in one piece")]
    TooLarge {
        /// Whose buffer.
        what: String,
        /// Needed bytes.
        bytes: u64,
        /// Limit in bytes.
        limit: u64,
    },
    /// The device has no memory left.
    #[error("the GPU is out of memory while {0}")]
    OutOfMemory(String),
    /// The device is gone; results are lost, the program goes on elsewhere.
    #[error("the GPU device was lost: {0}")]
    DeviceLost(String),
    /// An error the device reported.
    #[error("the GPU reported an error: {0}")]
    Device(String),
    /// Input of the wrong length.
    #[error("the input has {got} values where {want} fit the network")]
    Input {
        /// Received.
        got: usize,
        /// Expected.
        want: usize,
    },
    /// Stopped on request.
    #[error("cancelled")]
    Cancelled,
}
