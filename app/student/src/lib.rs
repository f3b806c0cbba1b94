//! Networks as data.
//!
//! A [`graph::Graph`] says what a network computes, [`weights::Weights`] holds its numbers. Grad-CAM is a transformation of
//! the graph: whoever can run a graph can run its explanation.
#![warn(missing_docs)]

pub mod explain;
pub mod graph;
pub mod weights;

pub use explain::{Explain, ExplainError, Method, Request, explain};
pub use graph::{Graph, GraphBuilder, GraphError, LOGITS, Lead, Op, ValueId};
pub use weights::{Tensor, Weights};
