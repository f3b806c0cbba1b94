//! The last layer of a network: one Linear from pooled features to the logits.

use crate::lower::LowerError;
use fovea_student::graph::{Graph, LOGITS, Op, ValueId};
use fovea_student::{GraphError, Weights};

/// Where the head is in a graph.
#[derive(Clone, Debug)]
pub(crate) struct Head {
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
pub(crate) fn find(graph: &Graph) -> Result<Head, LowerError> {
    let logits = graph.output(LOGITS).map_err(|e: GraphError| LowerError::NotComputed(e.to_string()))?;
    let name = |id: &ValueId| graph.value(*id).name.clone();
    match graph.producer(logits) {
        Some(node) => match (&node.op, &node.inputs[..]) {
            (Op::Linear { transposed }, [input, weight, rest @ ..]) => {
                Ok(Head { input: *input, weight: name(weight), bias: rest.first().map(name), transposed: *transposed })
            }
            _ => Err(LowerError::Unsupported {
                op: node.op.name().into(),
                what: "SR needs a head that is one Linear".into(),
                node: node.name.clone(),
            }),
        },
        None => Err(LowerError::NotComputed(LOGITS.into())),
    }
}

impl Head {
    /// `[classes, k]` row-major with both lengths, and the bias.
    pub(crate) fn numbers(&self, weights: &Weights) -> Result<HeadNumbers, LowerError> {
        let get = |name: &String| weights.get(name).ok_or_else(|| LowerError::Missing(name.clone()));
        let weight = get(&self.weight)?;
        let &[rows, columns] = weight.shape() else { return Err(LowerError::Missing(self.weight.clone())) };
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
#[derive(Clone, Debug)]
pub(crate) struct HeadNumbers {
    pub classes: usize,
    pub features: usize,
    /// `[classes, features]`.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}
