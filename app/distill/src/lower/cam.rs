//! What `explain` adds around the adjoints: seeds, class rows, the map itself.

use super::value::{Wide, lead, wide};
use super::{Context, LowerError};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor, TensorData};
use fovea_student::graph::CamMode;

/// One-hot rows, the same for every sample. Written out for each: with one row for all, the gradients of the last two layers came
/// out wrong on burn's wgpu device (attention of the reference net at level −2), where the product with the first mask sums over
/// the samples again.
pub(super) fn seed(at: &Context<'_>, width: usize) -> Result<Wide, LowerError> {
    let classes = at.classes();
    let mut cells = vec![0.0f32; classes.len() * width];
    classes.iter().enumerate().for_each(|(row, &class)| cells[row * width + class] = 1.0);
    let shape = at.wide([at.samples, classes.len()])?;
    let cells = cells.repeat(at.samples);
    Ok(Tensor::<1>::from_data(TensorData::new(cells, [at.samples * classes.len() * width]), at.device).reshape(shape))
}

/// The explained classes' rows of a constant, times a factor.
pub(super) fn class_rows(at: &Context<'_>, scale: f32, x: &Wide) -> Result<Wide, LowerError> {
    let (classes, total) = (at.classes(), at.shape(0)[0]);
    let rest = at.out().iter().product();
    let rows: Tensor<2> = x.clone().reshape([total, rest]);
    let all = classes.iter().copied().eq(0..total);
    let chosen = if all { rows } else { rows.select(0, index(classes, at)) };
    Ok(chosen.mul_scalar(scale).reshape(at.wide([1, classes.len()])?))
}

fn index(classes: &[usize], at: &Context<'_>) -> Tensor<1, Int> {
    // Class counts are far below 2³¹.
    let list: Vec<i32> = classes.iter().map(|&c| c as i32).collect();
    Tensor::from_data(TensorData::new(list, [classes.len()]), at.device)
}

/// g (`rank` 1: pooled, 3: full) per class, A per sample.
pub(super) fn cam(mode: CamMode, rectify: bool, g: &Wide, a: &Wide, rank: usize) -> Wide {
    let [n, c] = lead(g);
    let g = if rank == 1 { g.clone().reshape([n, c, 1, g.dims()[5], 1, 1]) } else { g.clone() };
    let terms = match mode {
        CamMode::Sum => g * a.clone(),
        CamMode::PositiveTerms => relu(g * a.clone()),
        CamMode::PositiveGradient => relu(g) * a.clone(),
    };
    let map = terms.sum_dim(3);
    if rectify { relu(map) } else { map }
}

/// The class axis becomes the item's first.
pub(super) fn fold_classes(at: &Context<'_>, classes: usize, x: &Wide) -> Result<Wide, LowerError> {
    let [n, _] = lead(x);
    let Some(spread) = wide([n, classes], at.shape(0)) else { return at.unsupported("it has too many axes") };
    Ok(x.clone().expand(spread).reshape(at.wide([n, 1])?))
}
