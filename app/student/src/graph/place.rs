//! Which axes of a value are the image's height and width.

use super::{Graph, Node, Op, Value};

/// The axes of `[channels, height, width]`.
pub(super) const UPRIGHT: [usize; 2] = [1, 2];

/// For each value the axes of height and width, where they can be followed from the input.
pub(super) fn places(graph: &Graph) -> Vec<Option<[usize; 2]>> {
    let mut places = vec![None; graph.values.len()];
    places[graph.input.index()] = (graph.value(graph.input).shape.len() == 3).then_some(UPRIGHT);
    for node in &graph.nodes {
        places[node.output.index()] = place(graph, node, &places);
    }
    places
}

fn place(graph: &Graph, node: &Node, places: &[Option<[usize; 2]>]) -> Option<[usize; 2]> {
    let out = graph.value(node.output);
    let of = |v: &super::ValueId| places[v.index()].map(|at| (at, graph.value(*v)));
    match &node.op {
        Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::MaxPool(_) | Op::AvgPool(_) => Some(UPRIGHT),
        Op::Transpose { perm } => {
            let (at, _) = of(node.inputs.first()?)?;
            let to = |axis: usize| perm.iter().position(|&p| p == axis);
            Some([to(at[0])?, to(at[1])?])
        }
        Op::Reshape { shape } => {
            let (at, old) = of(node.inputs.first()?)?;
            let [h, w] = [reshaped(old, at[0], shape)?, reshaped(old, at[1], shape)?];
            (h != w).then_some([h, w])
        }
        Op::Reduce { axes, keep, .. } => {
            let (at, _) = of(node.inputs.first()?)?;
            let before = |axis: usize| axes.iter().filter(|&&a| a < axis).count();
            if *keep {
                return Some(at);
            }
            (!axes.contains(&at[0]) && !axes.contains(&at[1])).then(|| [at[0] - before(at[0]), at[1] - before(at[1])])
        }
        // Elementwise and along one axis; of operands that are broadcast, the one of full size says where its axes lie.
        _ => {
            let full = node.inputs.iter().filter_map(of).find(|(_, v)| v.shape.len() == out.shape.len() && v.shape == out.shape);
            let any = || node.inputs.iter().filter_map(of).find(|(_, v)| v.shape.len() == out.shape.len());
            full.or_else(any).map(|(at, _)| at)
        }
    }
}

/// The axis of the new shape that is this axis of the old one: as long, with as many elements in front.
fn reshaped(old: &Value, axis: usize, new: &[usize]) -> Option<usize> {
    let front: usize = old.shape[..axis].iter().product();
    let mut before = 1usize;
    for (i, &n) in new.iter().enumerate() {
        // Sides of one make several axes fit: the last is meant unless the axis itself is one long.
        if before == front && n == old.shape[axis] && (n != 1 || i >= axis) {
            return Some(i);
        }
        before = before.checked_mul(n)?;
    }
    None
}
