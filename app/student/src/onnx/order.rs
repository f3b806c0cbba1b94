//! Which nodes the scores need, in an order in which they can run; and what of them cannot be run at all.

use super::model::Node;
use super::ops;
use super::{OnnxError, Refusal, RefusedOp};
use std::collections::HashMap;

/// Who makes which value.
pub(super) type Producers<'n> = HashMap<&'n str, usize>;

/// Producers of all values; every value is made once.
pub(super) fn producers<'n>(nodes: &'n [Node], known: &dyn Fn(&str) -> bool) -> Result<Producers<'n>, OnnxError> {
    let mut made = HashMap::new();
    for (i, node) in nodes.iter().enumerate() {
        for output in node.outputs.iter().filter(|o| !o.is_empty()) {
            if known(output) || made.insert(output.as_str(), i).is_some() {
                return Err(OnnxError::Damaged(format!("two values are named '{output}'")));
            }
        }
    }
    Ok(made)
}

/// The nodes that `wanted` depends on, each after those it reads.
pub(super) fn order(
    nodes: &[Node],
    producers: &Producers<'_>,
    wanted: &str,
    known: &dyn Fn(&str) -> bool,
) -> Result<Vec<usize>, OnnxError> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; nodes.len()];
    let mut sorted = vec![];
    let Some(&last) = producers.get(wanted) else {
        return Err(OnnxError::Damaged(format!("no node makes its output '{wanted}'")));
    };
    // An explicit stack: networks are deeper than call stacks. Each entry is a node and the operand to look at next.
    let mut stack = vec![(last, 0usize)];
    marks[last] = Mark::Open;
    while let Some((at, next)) = stack.pop() {
        let node = &nodes[at];
        let Some(input) = node.inputs.get(next) else {
            marks[at] = Mark::Done;
            sorted.push(at);
            continue;
        };
        stack.push((at, next + 1));
        if input.is_empty() || known(input) {
            continue;
        }
        let Some(&maker) = producers.get(input.as_str()) else {
            return Err(OnnxError::Dangling { value: input.clone(), node: node.label().into() });
        };
        match marks[maker] {
            Mark::Done => {}
            Mark::Open => return Err(OnnxError::Cyclic(nodes[maker].label().into())),
            Mark::New => {
                marks[maker] = Mark::Open;
                stack.push((maker, 0));
            }
        }
    }
    Ok(sorted)
}

/// One error with every operation that cannot be run.
pub(super) fn refuse_unknown<'n>(nodes: impl Iterator<Item = &'n Node>) -> Result<(), OnnxError> {
    let refused = nodes.filter_map(|node| {
        let why = refusal(node)?;
        let op = if node.is_standard() { node.op.clone() } else { format!("{}::{}", node.domain, node.op) };
        Some(RefusedOp { why, op, node: node.label().into() })
    });
    let mut refused: Vec<RefusedOp> = refused.collect();
    refused.sort();
    if refused.is_empty() { Ok(()) } else { Err(OnnxError::Operations(refused)) }
}

fn refusal(node: &Node) -> Option<Refusal> {
    if node.is_standard() && ops::handler(&node.op).is_some() {
        return None;
    }
    Some(match node.op.as_str() {
        "If" | "Loop" | "Scan" => Refusal::ControlFlow,
        "LSTM" | "GRU" | "RNN" => Refusal::Recurrent,
        op if op.starts_with("Sequence") || op.starts_with("Optional") || op.starts_with("SplitToSequence") => Refusal::Sequence,
        "ConcatFromSequence" | "ZipMap" | "DictVectorizer" => Refusal::Sequence,
        op if op.contains("Quantize") || op.starts_with("QLinear") || op.ends_with("Integer") => Refusal::Quantised,
        _ => Refusal::Unknown,
    })
}
