//! The closed form: a layer that feeds global average pooling and one Linear has ∂z_c/∂A_k = W_ck / (h·w) at every pixel.

use crate::graph::{Graph, GraphBuilder, GraphError, Node, Op, Reduction, ValueId};

/// The Linear behind the pooling, found from the graph.
pub(super) struct Head {
    weight: ValueId,
    pixels: usize,
}

/// The head, when `layer` reaches `logits` only through mean pooling over all pixels, reshapes that keep order, and one Linear.
pub(super) fn head(graph: &Graph, logits: ValueId, layer: ValueId) -> Option<Head> {
    let linear = graph.producer(logits)?;
    if !matches!(linear.op, Op::Linear { transposed: false }) {
        return None;
    }
    let pooled = through_reshapes(graph, *linear.inputs.first()?)?;
    let [_, h, w] = graph.value(layer).shape[..] else { return None };
    let global = is_global_mean(pooled, h, w) && pooled.inputs.first() == Some(&layer);
    global.then_some(Head { weight: linear.inputs[1], pixels: h * w })
}

fn through_reshapes(graph: &Graph, mut id: ValueId) -> Option<&Node> {
    loop {
        let node = graph.producer(id)?;
        match node.op {
            Op::Reshape { .. } => id = *node.inputs.first()?,
            _ => return Some(node),
        }
    }
}

fn is_global_mean(node: &Node, h: usize, w: usize) -> bool {
    match &node.op {
        Op::Reduce { kind: Reduction::Mean, axes, .. } => axes == &[1, 2],
        Op::AvgPool(p) => p.kernel == [h, w] && p.pads == [0; 4],
        _ => false,
    }
}

impl Head {
    /// W_c / (h·w), `[k]` per class.
    pub(super) fn gradient(&self, b: &mut GraphBuilder) -> Result<ValueId, GraphError> {
        let scale = 1.0 / self.pixels as f32;
        b.node(Op::ClassRows { scale }, &[self.weight], "closed form", "gradient.closed")
    }
}
