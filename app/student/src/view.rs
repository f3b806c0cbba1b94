//! Input views as graph nodes in front of the network, so that every executor and every explanation has them for free.

use crate::card::{CardError, Grid, Normalisation, View};
use crate::graph::{Coordinates, Graph, GraphBuilder, GraphError, Lead, Op, Pool, Resize, ResizeMode, ValueId};
use crate::weights::{ShapeMismatch, Tensor, Weights};

/// Why a view cannot be put before a network.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum ViewError {
    /// The view itself is unusable.
    #[error(transparent)]
    View(#[from] CardError),
    /// The network does not take what the view makes.
    #[error("the network does not take this view: {0}")]
    Graph(#[from] GraphError),
    /// A constant of the view has the wrong length.
    #[error(transparent)]
    Constant(#[from] ShapeMismatch),
}

/// Prepends a view. The result takes RGB in [0, 1] of `[3, input_px, input_px]` whatever the view: with `grid = native` the
/// image is pooled first and the network rebuilt for `input_px / factor`. Values keep their names; constants of the view are
/// added to the weights as `view.*`.
///
/// # Errors
/// When the factor does not divide the input, or the network does not take the size (a fixed reshape).
pub fn apply(graph: &Graph, weights: &Weights, view: &View, input_px: usize) -> Result<(Graph, Weights), ViewError> {
    view.validate(input_px)?;
    let image = graph.value(graph.input);
    let channels = image.shape.first().copied().unwrap_or(0);
    let mut builder = GraphBuilder::new(&image.name, &[channels, input_px, input_px]);
    let mut weights = weights.clone();
    let mut at = builder.input();
    if view.factor > 1 {
        at = reduce(&mut builder, at, view, input_px)?;
    }
    if let Some(normalisation) = &view.normalisation {
        at = normalise(&mut builder, at, normalisation, &mut weights)?;
    }
    Ok((append(graph, builder, at)?, weights))
}

fn reduce(builder: &mut GraphBuilder, image: ValueId, view: &View, px: usize) -> Result<ValueId, GraphError> {
    let kernel = [view.factor; 2];
    let pool = Pool { kernel, stride: kernel, pads: [0; 4], dilation: [1, 1], ceil: false, count_include_pad: true };
    let pooled = builder.node(Op::AvgPool(pool), &[image], "view.pool", "view.pooled")?;
    match view.grid {
        Grid::Native => Ok(pooled),
        Grid::Teacher => {
            let resize =
                Resize { size: [px; 2], mode: ResizeMode::Bilinear, coordinates: Coordinates::AlignCorners, scale: None };
            builder.node(Op::Resize(resize), &[pooled], "view.resize", "view.resized")
        }
    }
}

/// (x − mean) / std as a batch norm, which every executor has and the plan folds away.
fn normalise(builder: &mut GraphBuilder, x: ValueId, n: &Normalisation, weights: &mut Weights) -> Result<ValueId, ViewError> {
    let scale = n.std.map(|s| 1.0 / s);
    let constants = [("view.scale", scale), ("view.bias", [0.0; 3]), ("view.mean", n.mean), ("view.variance", [1.0; 3])];
    let mut operands = vec![x];
    for (name, values) in constants {
        weights.insert(name, Tensor::new(vec![3], values.to_vec())?);
        operands.push(builder.constant(name, &[3])?);
    }
    Ok(builder.node(Op::BatchNorm { eps: 0.0 }, &operands, "view.normalise", "view.normalised")?)
}

/// Appends a network whose input becomes `at`; all shapes are inferred anew.
fn append(graph: &Graph, mut builder: GraphBuilder, at: ValueId) -> Result<Graph, GraphError> {
    let mut ids: Vec<Option<ValueId>> = vec![None; graph.values.len()];
    ids[graph.input.index()] = Some(at);
    for (i, v) in graph.values.iter().enumerate().filter(|(_, v)| v.lead == Lead::Constant) {
        ids[i] = Some(builder.constant(&v.name, &v.shape)?);
    }
    let known = |ids: &[Option<ValueId>], id: ValueId| {
        ids[id.index()].ok_or_else(|| GraphError::Malformed(format!("'{}' is used before it is made", graph.value(id).name)))
    };
    for node in &graph.nodes {
        let inputs = node.inputs.iter().map(|&i| known(&ids, i)).collect::<Result<Vec<_>, _>>()?;
        let name = &graph.value(node.output).name;
        ids[node.output.index()] = Some(builder.node(node.op.clone(), &inputs, &node.name, name)?);
    }
    for output in &graph.outputs {
        builder.output(&output.name, known(&ids, output.value)?);
    }
    builder.levels(graph.levels.clone());
    builder.classes(graph.classes.clone());
    Ok(builder.finish())
}
