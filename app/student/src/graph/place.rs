//! Which axes of a value are the image's height and width.

use super::{Graph, Node, Op, Value};

/// What became of height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// They are these axes.
    Axes([usize; 2]),
    /// They were pooled away: what is left are features.
    Gone,
}

/// The axes of `[channels, height, width]`.
pub(super) const UPRIGHT: Place = Place::Axes([1, 2]);

/// For each value where height and width are; `None` where they cannot be followed.
pub(super) fn places(graph: &Graph) -> Vec<Option<Place>> {
    let mut places = vec![None; graph.values.len()];
    places[graph.input.index()] = (graph.value(graph.input).shape.len() == 3).then_some(UPRIGHT);
    for node in &graph.nodes {
        places[node.output.index()] = place(graph, node, &places);
    }
    places
}

fn place(graph: &Graph, node: &Node, places: &[Option<Place>]) -> Option<Place> {
    let out = graph.value(node.output);
    let known = node.inputs.iter().filter_map(|v| places[v.index()].map(|at| (at, graph.value(*v))));
    let axes = |(at, v)| if let Place::Axes(axes) = at { Some((axes, v)) } else { None };
    let first = known.clone().next();
    match &node.op {
        Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::MaxPool(_) | Op::AvgPool(_) => Some(UPRIGHT),
        _ if first.is_some_and(|f| f.0 == Place::Gone) && node.inputs.len() == 1 => Some(Place::Gone),
        Op::Transpose { perm } => {
            let (at, _) = axes(first?)?;
            let to = |axis: usize| perm.iter().position(|&p| p == axis);
            Some(Place::Axes([to(at[0])?, to(at[1])?]))
        }
        Op::Reshape { shape } => {
            let (at, old) = axes(first?)?;
            let found = reshaped(old, at[0], shape).zip(reshaped(old, at[1], shape)).filter(|(h, w)| h != w);
            let pooled = at.iter().all(|&a| old.shape.get(a) == Some(&1));
            found.map(|(h, w)| Place::Axes([h, w])).or(pooled.then_some(Place::Gone))
        }
        Op::Reduce { axes: reduced, keep, .. } => {
            let (at, _) = axes(first?)?;
            let before = |axis: usize| reduced.iter().filter(|&&a| a < axis).count();
            match at.map(|a| reduced.contains(&a)) {
                _ if *keep => Some(Place::Axes(at)),
                [false, false] => Some(Place::Axes(at.map(|a| a - before(a)))),
                [true, true] => Some(Place::Gone),
                _ => None,
            }
        }
        // Elementwise and along one axis; of operands that are broadcast, the one of full size says where its axes lie.
        _ => {
            let same_rank = |v: &&Value| v.shape.len() == out.shape.len();
            let placed = known.clone().filter_map(axes).filter(|(_, v)| same_rank(v));
            let full = placed.clone().find(|(_, v)| v.shape == out.shape);
            full.or_else(|| placed.clone().next()).map(|(at, _)| Place::Axes(at)).or(first.map(|f| f.0))
        }
    }
}

/// The axis of the new shape that is this axis of the old one: as long, with as many elements in front.
fn reshaped(old: &Value, axis: usize, new: &[usize]) -> Option<usize> {
    let front: usize = old.shape.get(..axis)?.iter().product();
    let side = *old.shape.get(axis)?;
    let mut before = 1usize;
    for (i, &n) in new.iter().enumerate() {
        // Sides of one make several axes fit: the last is meant unless the axis itself is one long.
        if before == front && n == side && (n != 1 || i >= axis) {
            return Some(i);
        }
        before = before.checked_mul(n)?;
    }
    None
}
