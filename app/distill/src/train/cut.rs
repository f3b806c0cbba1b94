//! Freezing the front of a network: what lies behind a layer as a graph of its own, so that what the layer makes of a picture can
//! be kept instead of computed again.

use crate::lower;
use crate::step::StepError;
use fovea_student::graph::{Graph, ValueId};

/// The part of `graph` behind the value `at`, which becomes its input; all values keep their ids. `kept` are the values that will
/// be asked of it.
///
/// # Errors
/// When one of `kept` needs something in front of the layer besides the layer itself.
pub(crate) fn behind(graph: &Graph, at: ValueId, kept: &[ValueId]) -> Result<Graph, StepError> {
    let front = front(graph, at);
    let mut tail = graph.clone();
    tail.nodes.retain(|node| !front[node.output.index()]);
    tail.input = at;
    let needed = lower::needed(&tail, kept);
    let crossing = (0..graph.values.len()).find(|&i| needed[i] && front[i] && i != at.index());
    match crossing {
        Some(i) => Err(StepError::Freeze { layer: graph.value(at).name.clone(), needed: graph.values[i].name.clone() }),
        None => Ok(tail),
    }
}

/// The values from the image up to and including `at`. Constants are on no side.
fn front(graph: &Graph, at: ValueId) -> Vec<bool> {
    let mut depends = vec![false; graph.values.len()];
    depends[graph.input.index()] = true;
    for node in &graph.nodes {
        depends[node.output.index()] = node.inputs.iter().any(|id| depends[id.index()]);
    }
    let mut front = vec![false; graph.values.len()];
    front[at.index()] = true;
    for node in graph.nodes.iter().rev().filter(|n| !n.inputs.is_empty()) {
        if front[node.output.index()] {
            node.inputs.iter().filter(|id| depends[id.index()]).for_each(|id| front[id.index()] = true);
        }
    }
    front
}

/// Names of the constants that only the front reads: what freezing leaves as it is.
pub(crate) fn frozen_names(graph: &Graph, at: ValueId) -> Vec<String> {
    let front = front(graph, at);
    let constants: std::collections::BTreeSet<String> = graph.constants().map(|v| v.name.clone()).collect();
    let of_front = graph.nodes.iter().filter(|node| front[node.output.index()]).flat_map(|node| &node.inputs);
    of_front.map(|id| graph.value(*id).name.clone()).filter(|name| constants.contains(name)).collect()
}
