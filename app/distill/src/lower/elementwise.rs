//! Operations of two operands, and reductions.

use super::value::{Wide, lead, place};
use super::{Context, LowerError};
use fovea_student::graph::{Binary, Reduction};

/// a, b with NumPy broadcasting, which the layout makes burn's own.
pub(super) fn binary(kind: Binary, a: Wide, b: Wide) -> Wide {
    match kind {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Max => choose(a, b, |a, b| b.greater(a)),
        Binary::Min => choose(a, b, |a, b| b.lower(a)),
        Binary::Pow => a.powf(b),
    }
}

/// b where `wins`, else a: the gradient goes to the one that was taken.
fn choose(a: Wide, b: Wide, wins: impl Fn(Wide, Wide) -> burn::tensor::Tensor<6, burn::tensor::Bool>) -> Wide {
    let (p, q) = (a.dims(), b.dims());
    let shape: [usize; 6] = std::array::from_fn(|i| p[i].max(q[i]));
    let (a, b) = (a.expand(shape), b.expand(shape));
    let mask = wins(a.clone().inner(), b.clone().inner());
    a.mask_where(mask, b)
}

/// Reduces some axes of the item.
pub(super) fn reduce(at: &Context<'_>, kind: Reduction, axes: &[usize], x: &Wide) -> Result<Wide, LowerError> {
    let rank = at.shape(0).len();
    let step = |x: Wide, &axis: &usize| {
        let axis = place(axis, rank);
        match kind {
            Reduction::Sum => x.sum_dim(axis),
            Reduction::Mean => x.mean_dim(axis),
            Reduction::Max => x.max_dim(axis),
            Reduction::Min => x.min_dim(axis),
        }
    };
    let kept = axes.iter().fold(x.clone(), step);
    Ok(kept.reshape(at.wide(lead(x))?))
}
