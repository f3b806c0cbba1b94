//! Layers and nodes of a network, as lists show them.

use fovea_student::Graph;
use fovea_student::graph::{Lead, Op};

/// A layer a map can look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What the analysis calls it: the source's name.
    pub value: String,
    /// The source's name without what exporters add to every name.
    pub short: String,
    /// Number of the block whose output it is, counted from the image.
    pub block: Option<usize>,
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// The last feature map before global pooling.
    pub default: bool,
}

impl Layer {
    /// For a button: name and size.
    pub fn label(&self) -> String {
        format!("{}, {}", self.name(), self.size())
    }

    /// Block number where it has one, else its name.
    pub fn name(&self) -> String {
        self.block.map_or_else(|| self.short.clone(), |n| format!("Block {n}"))
    }

    /// `width × height`.
    pub fn size(&self) -> String {
        format!("{} × {}", self.shape[2], self.shape[1])
    }

    /// Does it answer to what was typed?
    pub fn matches(&self, typed: &str) -> bool {
        let typed = typed.trim().to_lowercase();
        let [c, h, w] = self.shape;
        let known = format!("{} {} {c}×{h}×{w} {w} × {h} {w}x{h}", self.name(), self.value).to_lowercase();
        typed.split_whitespace().all(|word| known.contains(word))
    }
}

/// One node of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRow {
    /// Operation.
    pub op: String,
    /// Name of the value it makes, short.
    pub name: String,
    /// Shape of that value.
    pub shape: String,
    /// Names of the values it is made of, weights left out.
    pub from: String,
    /// Place in the list of layers, where a map can look at it.
    pub layer: Option<usize>,
}

/// Every feature map the scores depend on, the deepest first.
pub fn of(graph: &Graph) -> Vec<Layer> {
    let default = graph.default_layer();
    let blocks: Vec<_> = graph.levels.iter().map(|name| graph.find(name).ok()).collect();
    let layer = |id| {
        let value = graph.value(id);
        let &[c, h, w] = &value.shape[..] else { return None };
        let block = blocks.iter().position(|b| *b == Some(id)).map(|i| i + 1);
        let (value, short) = (value.name.clone(), short(&value.name));
        Some(Layer { value, short, block, shape: [c, h, w], default: default == Some(id) })
    };
    graph.candidate_layers().into_iter().rev().filter_map(layer).collect()
}

/// Every node that computes something of the image, in order.
pub fn nodes(graph: &Graph, layers: &[Layer]) -> Vec<NodeRow> {
    let computed = graph.nodes.iter().filter(|n| graph.value(n.output).lead != Lead::Constant);
    let row = |node: &fovea_student::graph::Node| {
        let value = graph.value(node.output);
        let shape: Vec<String> = value.shape.iter().map(usize::to_string).collect();
        let layer = layers.iter().position(|l| l.value == value.name);
        let inputs = node.inputs.iter().map(|i| graph.value(*i)).filter(|v| v.lead != Lead::Constant);
        let from = inputs.map(|v| short(&v.name)).collect::<Vec<_>>().join(", ");
        NodeRow { op: op_name(&node.op), name: short(&value.name), shape: shape.join(" × "), from, layer }
    };
    computed.map(row).collect()
}

/// What a node does; the function itself where it works on single numbers.
fn op_name(op: &Op) -> String {
    let named = match op {
        Op::Unary(unary) => format!("{unary:?}"),
        Op::Binary(binary) => format!("{binary:?}"),
        other => return other.name().to_owned(),
    };
    named.split('(').next().unwrap_or_default().to_owned()
}

/// Groups of one size, the deepest first.
pub fn groups(layers: &[Layer]) -> Vec<(String, Vec<&Layer>)> {
    let mut groups: Vec<(String, Vec<&Layer>)> = vec![];
    for layer in layers {
        match groups.iter_mut().find(|(size, _)| *size == layer.size()) {
            Some((_, group)) => group.push(layer),
            None => groups.push((layer.size(), vec![layer])),
        }
    }
    groups
}

/// A name without what exporters add: `/features/features.18/features.18.0/Conv_output_0` → `features.18.0/Conv`.
fn short(name: &str) -> String {
    let plain = name.strip_prefix('/').unwrap_or(name);
    let plain = plain.strip_suffix("_output_0").filter(|s| !s.is_empty()).unwrap_or(plain);
    let parts: Vec<&str> = plain.split('/').collect();
    // A module's name begins with its parent's, which says nothing more then.
    let repeated = |i: usize| {
        let rest = parts.get(i + 1).and_then(|next| next.strip_prefix(parts[i]));
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let kept: Vec<&str> = (0..parts.len()).filter(|i| !repeated(*i)).map(|i| parts[i]).collect();
    kept.join("/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn layers_of_the_embedded_network() {
        let student = crate::analysis::embedded::student().unwrap();
        let layers = of(&student.graph);
        let default: Vec<_> = layers.iter().filter(|l| l.default).map(Layer::name).collect();
        assert_eq!(default, [format!("Block {}", student.graph.levels.len())]);
        let groups = groups(&layers);
        assert!(groups.len() >= student.graph.levels.len() && groups.iter().map(|g| g.1.len()).sum::<usize>() == layers.len());
        assert!(layers.iter().any(|l| l.matches("block 5 8x8")) && !layers.iter().any(|l| l.matches("nowhere")));
        let nodes = nodes(&student.graph, &layers);
        assert_eq!(nodes.iter().filter(|n| n.layer.is_some()).count(), layers.len());
        assert!(nodes.iter().any(|n| n.op == "Relu") && nodes.windows(2).any(|n| n[1].from == n[0].name));
    }

    #[test]
    fn exporters_additions_are_left_out() {
        let names = ["/features/denseblock3/Concat_output_0", "/features/features.17/conv/conv.1/conv.1.2/Clip_output_0"];
        assert_eq!(names.map(short), ["features/denseblock3/Concat", "features.17/conv.1.2/Clip"]);
        assert_eq!(["cat_7", "/_output_0", "0.3.28", "a//b"].map(short), ["cat_7", "_output_0", "0.3.28", "a//b"]);
    }
}
