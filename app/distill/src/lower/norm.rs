//! Normalisations.

use super::value::{Wide, along};

/// scale / √(variance + eps) along the channels.
fn factor(scale: &Wide, variance: &Wide, rank: usize, eps: f32) -> Wide {
    along(scale, 0, rank) / along(variance, 0, rank).add_scalar(eps).sqrt()
}

/// x, scale, bias, mean, variance.
pub(super) fn batch_norm(x: &[Wide], rank: usize, eps: f32) -> Wide {
    let centred = x[0].clone() - along(&x[3], 0, rank);
    centred * factor(&x[1], &x[4], rank, eps) + along(&x[2], 0, rank)
}

/// g, scale, variance.
pub(super) fn batch_norm_grad(x: &[Wide], rank: usize, eps: f32) -> Wide {
    x[0].clone() * factor(&x[1], &x[2], rank, eps)
}

/// x, scale, bias over one axis of the item.
pub(super) fn layer_norm(x: &[Wide], axis: usize, rank: usize, eps: f32) -> Wide {
    let at = super::value::place(axis, rank);
    let centred = x[0].clone() - x[0].clone().mean_dim(at);
    let variance = (centred.clone() * centred.clone()).mean_dim(at);
    centred / variance.add_scalar(eps).sqrt() * along(&x[1], axis, rank) + along(&x[2], axis, rank)
}

/// (x − min) / (max − min) over the item; a constant item becomes zeros.
pub(super) fn min_max(x: &Wide) -> Wide {
    let dims = x.dims();
    let (lead, len) = ([dims[0], dims[1]], dims[2..].iter().product());
    crate::losses::min_max(x.clone().reshape([lead[0] * lead[1], len])).reshape(dims)
}
