//! The reverse sweep: from a one-hot at the logits to the gradients of the chosen layers.

use super::{ExplainError, adjoint};
use crate::graph::{Binary, Graph, GraphBuilder, Op, ValueId};
use std::collections::HashMap;

/// Gradient `[k, h, w]` per class of each layer, by layer.
pub(super) fn gradients(
    b: &mut GraphBuilder,
    graph: &Graph,
    logits: ValueId,
    layers: &[ValueId],
) -> Result<HashMap<ValueId, ValueId>, ExplainError> {
    let mut found = HashMap::new();
    if layers.is_empty() {
        return Ok(found);
    }
    let path = path(graph, logits, layers);
    let width = graph.value(logits).len();
    let seed = b.node(Op::Seed { width }, &[], "seed", "gradient.seed")?;
    found.insert(logits, seed);
    for node in graph.nodes.iter().rev().filter(|n| path[n.output.index()]) {
        let Some(&g) = found.get(&node.output) else { continue };
        for i in (0..node.inputs.len()).filter(|&i| path[node.inputs[i].index()]) {
            let Some(part) = adjoint::adjoint(b, node, g, i)? else { continue };
            let total = match found.get(&node.inputs[i]) {
                Some(&before) => b.node(Op::Binary(Binary::Add), &[before, part], &node.name, "gradient.sum")?,
                None => part,
            };
            found.insert(node.inputs[i], total);
        }
    }
    Ok(found)
}

/// Values that lie between one of the layers and the logits.
fn path(graph: &Graph, logits: ValueId, layers: &[ValueId]) -> Vec<bool> {
    let mut path = vec![false; graph.values.len()];
    for &layer in layers {
        graph.downstream_of(layer).iter().enumerate().for_each(|(i, &d)| path[i] |= d);
    }
    graph.upstream_of(logits).iter().enumerate().for_each(|(i, &u)| path[i] &= u);
    path
}
