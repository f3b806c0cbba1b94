//! A tree of `Sequential`s and layers into a graph: in order, whatever the layers are.

use super::layers::Layers;
use super::{Built, Module};
use crate::graph::{Graph, GraphBuilder, LOGITS, Op, ValueId};
use crate::load::Reason;
use crate::weights::Weights;
use std::collections::HashSet;

/// Layers in order, and after which of them each block ends.
struct Flat<'m> {
    layers: Vec<&'m Module>,
    /// Index of the last layer of each block, when the tree is grouped in blocks.
    blocks: Vec<usize>,
}

/// Builds the graph for a square RGB image of `px`.
///
/// # Errors
/// Names the module or parameter that does not fit, or that has no place.
pub(super) fn build(tree: &Module, weights: &Weights, px: usize) -> Result<Built, Reason> {
    let mut flat = Flat { layers: vec![], blocks: vec![] };
    flatten(tree, &mut flat, false)?;
    let mut notes = vec![];
    let end = without_softmax(&flat.layers, &mut notes);
    let mut weights = weights.clone();
    let mut layers = Layers { builder: GraphBuilder::new("input", &[3, px, px]), weights: &mut weights };
    let mut at = layers.builder.input();
    let mut outputs = Vec::with_capacity(end);
    for (i, m) in flat.layers[..end].iter().enumerate() {
        let flat_next = flat.layers.get(i + 1).is_some_and(|n| n.class == "Flatten");
        at = layers.add(m, at, flat_next)?;
        outputs.push(at);
    }
    let mut builder = layers.builder;
    if builder.value(at).shape.len() != 1 {
        return Err(Reason::Unsupported(format!(
            "the network ends in {:?}, not in one row of class scores",
            builder.value(at).shape
        )));
    }
    builder.output(LOGITS, at);
    let levels = levels(builder.graph(), &flat.blocks, &outputs);
    builder.levels(levels);
    let graph = builder.finish();
    no_strangers(&graph, &weights)?;
    graph.validate()?;
    Ok(Built { graph, weights, notes })
}

/// Layers that change nothing at inference.
fn is_idle(class: &str) -> bool {
    matches!(class, "Identity" | "Dropout" | "Dropout1d" | "Dropout2d" | "AlphaDropout" | "FeatureAlphaDropout")
}

/// `inside` a block no smaller blocks are looked for.
fn flatten<'m>(module: &'m Module, flat: &mut Flat<'m>, inside: bool) -> Result<(), Reason> {
    if module.class == "Sequential" {
        let grouped = !inside && flat.blocks.is_empty() && module.children.iter().filter(|c| is_block(c)).count() >= 2;
        for child in &module.children {
            flatten(child, flat, inside || grouped)?;
            if grouped && is_block(child) {
                flat.blocks.extend(flat.layers.len().checked_sub(1));
            }
        }
        return Ok(());
    }
    if !module.children.is_empty() {
        return Err(module.unsupported("the file does not say in which order its parts compute"));
    }
    if !is_idle(&module.class) {
        flat.layers.push(module);
    }
    Ok(())
}

fn is_block(module: &Module) -> bool {
    module.class == "Sequential" && module.children.iter().any(|c| c.class == "Conv2d" || is_block(c))
}

/// Explanations start from pre-softmax scores, so a final softmax is left out; probabilities are made from the scores later.
fn without_softmax(layers: &[&Module], notes: &mut Vec<String>) -> usize {
    match layers.split_last() {
        Some((last, rest)) if matches!(last.class.as_str(), "Softmax" | "LogSoftmax") => {
            notes.push(format!("the final {} ('{}') is left out: scores are taken before it", last.class, last.path));
            rest.len()
        }
        _ => layers.len(),
    }
}

/// Block outputs front to back: where blocks end; else every pooled feature map and the last one.
fn levels(graph: &Graph, blocks: &[usize], outputs: &[ValueId]) -> Vec<String> {
    let is_map = |id: &ValueId| matches!(graph.value(*id).shape[..], [_, h, w] if h > 1 || w > 1);
    let mut ids: Vec<ValueId> = blocks.iter().filter_map(|&i| outputs.get(i).copied()).filter(is_map).collect();
    if ids.is_empty() {
        let pools = graph.nodes.iter().filter(|n| matches!(n.op, Op::MaxPool(_) | Op::AvgPool(_))).map(|n| n.output);
        ids = pools.chain(graph.candidate_layers().last().copied()).filter(is_map).collect();
    }
    ids.dedup();
    ids.into_iter().map(|id| graph.value(id).name.clone()).collect()
}

/// Every parameter must have its place: one left over means that the network is another one.
pub(super) fn no_strangers(graph: &Graph, weights: &Weights) -> Result<(), Reason> {
    let used: HashSet<&str> = graph.constants().map(|v| v.name.as_str()).collect();
    match weights.iter().find(|(name, _)| !used.contains(name)) {
        Some((name, _)) => Err(Reason::Unexpected(name.to_string())),
        None => Ok(()),
    }
}
