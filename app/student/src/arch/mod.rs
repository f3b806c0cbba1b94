//! Known architectures: by module tree, or by the names of the parameters.

mod layers;
mod module;
mod sequential;
mod vgg;

pub use module::{Attr, Module};

pub(crate) use layers::ADDED;
pub(crate) use vgg::VGG16_BLOCKS;

use crate::graph::Graph;
use crate::load::Reason;
use crate::weights::Weights;
use std::fmt;

/// What a bare checkpoint was recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// kd_resolution's VGG16, from parameter names or a whole pickled `Sequential`.
    KdResolution {
        /// Output widths of the five blocks (the full network has 64, 128, 256, 512, 512).
        widths: Vec<usize>,
    },
    /// torchvision's VGG, from parameter names.
    TorchvisionVgg {
        /// 11, 13, 16 or 19.
        depth: usize,
        /// With batch norm.
        batch_norm: bool,
    },
    /// Some other pickled module tree.
    Modules,
    /// An ONNX model, which brings its own graph.
    Onnx {
        /// Who wrote the file.
        producer: String,
    },
    /// Names we do not know.
    Unknown,
}

impl Architecture {
    /// True for kd_resolution's network.
    pub fn is_kd(&self) -> bool {
        matches!(self, Self::KdResolution { .. })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KdResolution { widths } => {
                let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
                write!(f, "kd_resolution VGG16, widths {}", widths.join("-"))
            }
            Self::TorchvisionVgg { depth, batch_norm } => {
                write!(f, "torchvision VGG{depth}{}", if *batch_norm { " with batch norm" } else { "" })
            }
            Self::Modules => write!(f, "pickled Sequential"),
            Self::Onnx { producer } => write!(f, "ONNX model written by {}", if producer.is_empty() { "an unknown program" } else { producer }),
            Self::Unknown => write!(f, "unknown"),
        }
    }
}

/// A graph with the weights it reads.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    pub(crate) notes: Vec<String>,
}

/// Recognises a network by its parameter names, or else takes its module tree as it is.
pub(crate) fn detect(weights: &Weights, tree: Option<&Module>) -> Architecture {
    if vgg::is_kd(weights) {
        let last = VGG16_BLOCKS.iter().enumerate().filter_map(|(b, convs)| convs.last().map(|c| format!("0.{b}.{c}.weight")));
        let widths = last.filter_map(|name| weights.get(&name)?.shape().first().copied()).collect();
        return Architecture::KdResolution { widths };
    }
    match (tree, vgg::torchvision(weights)) {
        (Some(_), _) => Architecture::Modules,
        (None, Some((depth, batch_norm))) => Architecture::TorchvisionVgg { depth, batch_norm },
        (None, None) => Architecture::Unknown,
    }
}

/// Builds the graph for square images of `px`. A module tree always says more than names do, and wins.
pub(crate) fn build(architecture: &Architecture, weights: &Weights, tree: Option<&Module>, px: usize) -> Result<Built, Reason> {
    if let Some(tree) = tree {
        return sequential::build(tree, weights, px);
    }
    match architecture {
        Architecture::KdResolution { .. } => sequential::build(&vgg::kd_tree(weights)?, weights, px),
        Architecture::TorchvisionVgg { depth, batch_norm } => {
            sequential::build(&vgg::torchvision_tree(weights, *depth, *batch_norm)?, weights, px)
        }
        Architecture::Modules | Architecture::Onnx { .. } | Architecture::Unknown => Err(Reason::Unsupported(unknown_names(weights))),
    }
}

fn unknown_names(weights: &Weights) -> String {
    let first: Vec<&str> = weights.iter().take(3).map(|(n, _)| n).collect();
    let names = first.join(", ");
    format!("the parameter names ({names}, …) fit no network we know; save the whole nn.Sequential with torch.save(model, …)")
}

/// Number of classes the head scores, where names or modules tell without building.
pub(crate) fn class_count(architecture: &Architecture, weights: &Weights, tree: Option<&Module>) -> Option<usize> {
    let head = match architecture {
        Architecture::KdResolution { .. } => "2.weight".to_string(),
        Architecture::TorchvisionVgg { .. } => "classifier.6.weight".to_string(),
        _ => last_linear(tree?)?.parameter("weight"),
    };
    weights.get(&head)?.shape().first().copied()
}

fn last_linear(module: &Module) -> Option<&Module> {
    let own = (module.class == "Linear").then_some(module);
    module.children.iter().rev().find_map(last_linear).or(own)
}
