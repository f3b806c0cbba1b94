//! What can be computed in one call: convolution + batch norm + activation, linear or elementwise + activation.

use fovea_student::graph::{Graph, Lead, Node, Op, Unary, ValueId};
use std::collections::HashMap;

/// Nodes that run as one call, headed by `head`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// Batch norm folded into the weights.
    pub norm: Option<usize>,
    /// Activation applied to the result.
    pub act: Option<Unary>,
    /// Value the call makes.
    pub output: ValueId,
}

/// Which nodes are computed at all, and how they are joined.
pub(super) struct Fusion {
    /// Chain by head node.
    pub chains: HashMap<usize, Chain>,
    /// Nodes swallowed by a chain or needed by no output.
    pub skip: Vec<bool>,
}

/// Lets ReLU masks read the ReLU's result instead of its operand, so that the operand need not be kept.
pub(super) fn masks_from_results(graph: &mut Graph) {
    let relu_of: HashMap<ValueId, ValueId> =
        graph.nodes.iter().filter(|n| matches!(n.op, Op::Unary(Unary::Relu))).map(|n| (n.inputs[0], n.output)).collect();
    for n in graph.nodes.iter_mut().filter(|n| matches!(n.op, Op::UnaryGrad(Unary::Relu))) {
        if let Some(&y) = relu_of.get(&n.inputs[1]) {
            n.inputs[1] = y;
        }
    }
}

pub(super) fn fuse(graph: &Graph) -> Fusion {
    let live = live(graph);
    let mut uses = vec![0usize; graph.values.len()];
    let mut reader: HashMap<ValueId, usize> = HashMap::new();
    for (i, n) in graph.nodes.iter().enumerate().filter(|(i, _)| live[*i]) {
        for v in &n.inputs {
            uses[v.index()] += 1;
            reader.insert(*v, i);
        }
    }
    graph.outputs.iter().for_each(|o| uses[o.value.index()] += 2);
    let next = |v: ValueId| (uses[v.index()] == 1).then(|| reader.get(&v).copied()).flatten();
    let mut fusion = Fusion { chains: HashMap::new(), skip: live.iter().map(|l| !l).collect() };
    for (i, node) in graph.nodes.iter().enumerate() {
        if fusion.skip[i] || graph.value(node.output).lead == Lead::Constant {
            continue;
        }
        let chain = chain(graph, node, &next, &mut fusion.skip);
        fusion.chains.insert(i, chain);
    }
    fusion
}

fn chain(graph: &Graph, head: &Node, next: &dyn Fn(ValueId) -> Option<usize>, skip: &mut [bool]) -> Chain {
    let mut chain = Chain { norm: None, act: None, output: head.output };
    if matches!(head.op, Op::Conv2d(_))
        && let Some(j) = next(chain.output).filter(|&j| is_foldable(graph, &graph.nodes[j], chain.output))
    {
        chain = Chain { norm: Some(j), output: graph.nodes[j].output, ..chain };
        skip[j] = true;
    }
    let takes_act =
        matches!(head.op, Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::Linear { .. } | Op::Binary(_) | Op::BatchNorm { .. });
    if let (true, Some(j)) = (takes_act, next(chain.output))
        && let Op::Unary(u) = graph.nodes[j].op
    {
        chain = Chain { act: Some(u), output: graph.nodes[j].output, ..chain };
        skip[j] = true;
    }
    chain
}

fn is_foldable(graph: &Graph, norm: &Node, conv: ValueId) -> bool {
    matches!(norm.op, Op::BatchNorm { .. })
        && norm.inputs[0] == conv
        && norm.inputs[1..].iter().all(|&p| graph.value(p).lead == Lead::Constant && graph.producer(p).is_none())
}

/// Nodes on which an output depends.
fn live(graph: &Graph) -> Vec<bool> {
    let mut wanted = vec![false; graph.values.len()];
    graph.outputs.iter().for_each(|o| wanted[o.value.index()] = true);
    let mut live = vec![false; graph.nodes.len()];
    for (i, n) in graph.nodes.iter().enumerate().rev() {
        if wanted[n.output.index()] {
            live[i] = true;
            n.inputs.iter().for_each(|v| wanted[v.index()] = true);
        }
    }
    live
}
