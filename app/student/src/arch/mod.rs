//! Known architectures: by module tree, or by the names of the parameters.

mod layers;
mod module;
mod resnet;
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
    /// VGG features with a global average and one Linear layer, as kd_resolution's network is written under torchvision's
    /// names: the last block ends before its ReLU and without pool.
    PooledVgg {
        /// 11, 13, 16 or 19.
        depth: usize,
        /// With batch norm.
        batch_norm: bool,
    },
    /// torchvision's ResNet, Wide ResNet or ResNeXt, from parameter names and shapes.
    TorchvisionResNet {
        /// Convolutions and head, as in the networks' names.
        depth: usize,
        /// Groups of the 3×3 convolutions.
        groups: usize,
        /// Width of the first layer's 3×3 convolutions (64; more in wide networks).
        width: usize,
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
            Self::PooledVgg { depth, batch_norm } => {
                let norm = if *batch_norm { " with batch norm" } else { "" };
                write!(f, "VGG{depth}{norm}, global average and one Linear head")
            }
            Self::TorchvisionResNet { depth, groups: 1, width: 64 } => write!(f, "torchvision ResNet-{depth}"),
            Self::TorchvisionResNet { depth, groups: 1, width } => write!(f, "torchvision ResNet-{depth}, width {width}"),
            Self::TorchvisionResNet { depth, groups, width } => {
                write!(f, "torchvision ResNeXt-{depth}, {groups} groups of {}", width / groups.max(&1))
            }
            Self::Modules => write!(f, "pickled Sequential"),
            Self::Onnx { producer } => {
                write!(f, "ONNX model written by {}", if producer.is_empty() { "an unknown program" } else { producer })
            }
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
    if tree.is_some() {
        return Architecture::Modules;
    }
    if let Some(names) = vgg::Names::find(weights) {
        let (depth, batch_norm) = (names.depth, names.batch_norm);
        return if names.head.is_some() {
            Architecture::PooledVgg { depth, batch_norm }
        } else {
            Architecture::TorchvisionVgg { depth, batch_norm }
        };
    }
    match resnet::detect(weights) {
        Some(plan) => {
            let depth = plan.depth().unwrap_or(plan.count());
            Architecture::TorchvisionResNet { depth, groups: plan.groups, width: plan.width }
        }
        None => Architecture::Unknown,
    }
}

/// Builds the graph for square images of `px`. A module tree always says more than names do, and wins.
pub(crate) fn build(architecture: &Architecture, weights: &Weights, tree: Option<&Module>, px: usize) -> Result<Built, Reason> {
    if let Some(tree) = tree {
        return sequential::build(tree, weights, px);
    }
    match architecture {
        Architecture::KdResolution { .. } => sequential::build(&vgg::kd_tree(weights)?, weights, px),
        Architecture::TorchvisionVgg { .. } => match vgg::Names::find(weights) {
            Some(names) => sequential::build(&vgg::torchvision_tree(weights, &names)?, weights, px),
            None => Err(Reason::Unsupported(unknown_names(weights))),
        },
        Architecture::PooledVgg { .. } => match vgg::Names::find(weights) {
            Some(names) => {
                let mut built = sequential::build(&vgg::pooled_tree(weights, &names)?, weights, px)?;
                built.notes.push(vgg::POOLED_NOTE.into());
                Ok(built)
            }
            None => Err(Reason::Unsupported(unknown_names(weights))),
        },
        Architecture::TorchvisionResNet { .. } => match resnet::detect(weights) {
            Some(plan) => resnet::build(&plan, weights, px),
            None => Err(Reason::Unsupported(unknown_names(weights))),
        },
        Architecture::Modules | Architecture::Onnx { .. } | Architecture::Unknown => {
            Err(Reason::Unsupported(unknown_names(weights)))
        }
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
        Architecture::PooledVgg { .. } => format!("{}.weight", vgg::Names::find(weights)?.head?),
        Architecture::TorchvisionResNet { .. } => "fc.weight".to_string(),
        _ => last_linear(tree?)?.parameter("weight"),
    };
    weights.get(&head)?.shape().first().copied()
}

fn last_linear(module: &Module) -> Option<&Module> {
    let own = (module.class == "Linear").then_some(module);
    module.children.iter().rev().find_map(last_linear).or(own)
}
