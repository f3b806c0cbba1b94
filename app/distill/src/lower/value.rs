//! The one layout all values have while a graph runs.

use burn::tensor::Tensor;

/// Axes of an item that the layout has room for.
pub(crate) const ITEM: usize = 4;

/// `[samples or 1, classes or 1, item]`: the item's axes stand at the right of four, so that NumPy broadcasting of items,
/// of samples and of classes is broadcasting of these tensors, and nothing is ever copied over the class axis.
pub type Wide = Tensor<6>;

/// Shape of a [`Wide`] with the lead `[n, c]`; `None` when the item has too many axes.
pub(crate) fn wide(lead: [usize; 2], item: &[usize]) -> Option<[usize; 6]> {
    let blank = ITEM.checked_sub(item.len())?;
    let mut out = [1; 6];
    out[..2].copy_from_slice(&lead);
    out[2 + blank..].copy_from_slice(item);
    Some(out)
}

/// Where axis `axis` of an item of `rank` axes stands.
pub(crate) fn place(axis: usize, rank: usize) -> usize {
    2 + ITEM - rank + axis
}

/// The lead `[n, c]`.
pub(crate) fn lead(x: &Wide) -> [usize; 2] {
    let [n, c, ..] = x.dims();
    [n, c]
}

/// A vector laid along one axis of an item of `rank` axes.
pub(crate) fn along(vector: &Wide, axis: usize, rank: usize) -> Wide {
    let mut shape = [1; 6];
    shape[place(axis, rank)] = vector.dims()[5];
    vector.clone().reshape(shape)
}

/// Images `[n · c, channels, h, w]` of a value whose item is `[channels, h, w]`.
pub(crate) fn planes(x: &Wide) -> Tensor<4> {
    let [n, c, _, k, h, w] = x.dims();
    x.clone().reshape([n * c, k, h, w])
}

/// The way back from [`planes`].
pub(crate) fn unplanes(x: Tensor<4>, [n, c]: [usize; 2]) -> Wide {
    let [_, k, h, w] = x.dims();
    x.reshape([n, c, 1, k, h, w])
}
