//! The last layer of a network: one Linear from pooled features to the logits.

use fovea_student::Weights;
use fovea_student::graph::{Graph, LOGITS, Op, ValueId};

/// Why a network's head cannot be read.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum HeadError {
    /// Something else than one Linear makes the logits.
    #[error("the logits are made by '{op}': SR needs a head that is one Linear (node '{node}')")]
    Other {
        /// Operation name.
        op: String,
        /// Node name.
        node: String,
    },
    /// Nothing makes them.
    #[error("the network computes no logits")]
    None,
    /// The weights lack the head's numbers, or have them in another shape.
    #[error("the weights do not hold the head's '{0}'")]
    Missing(String),
}

/// Where the head is in a graph.
#[derive(Clone, Debug)]
pub struct Head {
    /// Pooled features `[k]`.
    pub input: ValueId,
    weight: String,
    bias: Option<String>,
    transposed: bool,
}

/// Finds the Linear that makes the logits.
///
/// # Errors
/// When something else makes them.
pub fn find(graph: &Graph) -> Result<Head, HeadError> {
    let logits = graph.output(LOGITS).map_err(|_| HeadError::None)?;
    let name = |id: &ValueId| graph.value(*id).name.clone();
    let node = graph.producer(logits).ok_or(HeadError::None)?;
    match (&node.op, &node.inputs[..]) {
        (Op::Linear { transposed }, [input, weight, rest @ ..]) => {
            Ok(Head { input: *input, weight: name(weight), bias: rest.first().map(name), transposed: *transposed })
        }
        _ => Err(HeadError::Other { op: node.op.name().into(), node: node.name.clone() }),
    }
}

impl Head {
    /// `[classes, k]` row-major with both lengths, and the bias.
    ///
    /// # Errors
    /// When the weights lack them.
    pub fn numbers(&self, weights: &Weights) -> Result<HeadNumbers, HeadError> {
        let get = |name: &String| weights.get(name).ok_or_else(|| HeadError::Missing(name.clone()));
        let weight = get(&self.weight)?;
        let &[rows, columns] = weight.shape() else { return Err(HeadError::Missing(self.weight.clone())) };
        let (classes, features) = if self.transposed { (columns, rows) } else { (rows, columns) };
        let at = |class: usize, k: usize| weight.data()[if self.transposed { k * columns + class } else { class * columns + k }];
        let cells = (0..classes).flat_map(|class| (0..features).map(move |k| (class, k))).map(|(class, k)| at(class, k));
        let bias = match &self.bias {
            Some(name) => get(name)?.data().to_vec(),
            None => vec![0.0; classes],
        };
        Ok(HeadNumbers { classes, features, weight: cells.collect(), bias })
    }
}

/// A head's numbers on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadNumbers {
    /// Number of classes.
    pub classes: usize,
    /// Number of pooled features, k.
    pub features: usize,
    /// `[classes, k]`, row-major.
    pub weight: Vec<f32>,
    /// `[classes]`; zeros where the network has none.
    pub bias: Vec<f32>,
}
