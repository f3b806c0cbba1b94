//! Networks as data.
//!
//! A [`graph::Graph`] says what a network computes, [`weights::Weights`] holds its numbers. Grad-CAM is a transformation of
//! the graph: whoever can run a graph can run its explanation.
#![warn(missing_docs)]

pub mod arch;
pub mod card;
pub mod explain;
pub mod export;
pub mod file;
pub mod fresh;
pub mod graph;
pub mod load;
pub mod onnx;
pub mod random;
pub mod scores;
pub mod view;
pub mod weights;

pub use card::{ModelCard, SelfCheck, View};
pub use explain::{Explain, ExplainError, Method, Request, explain};
pub use file::Student;
pub use fresh::{Fresh, FreshError};
pub use graph::{Graph, GraphBuilder, GraphError, LOGITS, Lead, Op, ValueId};
pub use load::{BareInfo, Checkpoint, LoadError, Loaded, load, load_with};
pub use weights::{Tensor, Weights};
