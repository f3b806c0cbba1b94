//! Operations that move or repeat elements.

use super::value::{Wide, lead};
use super::{Context, LowerError};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Slice, Tensor};

/// Broadcasts the item; the lead stays.
pub(super) fn expand(at: &Context<'_>, x: &Wide) -> Result<Wide, LowerError> {
    Ok(x.clone().expand(at.wide(lead(x))?))
}

/// Item axis i of the result is item axis `perm[i]`.
pub(super) fn transpose(perm: &[usize], x: &Wide) -> Wide {
    let blank = 6 - perm.len();
    let axes: [usize; 6] = std::array::from_fn(|i| if i < blank { i } else { blank + perm[i - blank] });
    x.clone().permute(axes)
}

fn range(start: usize, step: usize, len: usize) -> Slice {
    // Sides of a tensor in memory fit isize.
    Slice::new(start as isize, Some((start + (len - 1) * step + 1) as isize), step as isize)
}

/// `len` elements of one axis.
pub(super) fn slice(axis: usize, [start, step, len]: [usize; 3], x: &Wide) -> Wide {
    x.clone().slice_dim(axis, range(start, step, len))
}

/// Zeros of length `full` along the axis with g in the sliced places.
pub(super) fn slice_grad(axis: usize, [start, step, full]: [usize; 3], g: Wide, device: &Device) -> Wide {
    let mut shape = g.dims();
    let len = std::mem::replace(&mut shape[axis], full);
    let mut slices = [Slice::full(); 6];
    slices[axis] = range(start, step, len);
    Tensor::zeros(shape, device).slice_assign(slices, g)
}

/// Pads every item axis with a constant.
pub(super) fn pad(before: &[usize], after: &[usize], value: f32, x: Wide) -> Wide {
    let pairs: Vec<(usize, usize)> = before.iter().copied().zip(after.iter().copied()).collect();
    x.pad(&pairs[..], PadMode::Constant(value))
}

/// Joins items; leads are broadcast to the largest.
pub(super) fn concat(axis: usize, x: Vec<Wide>) -> Wide {
    let lead = x.iter().map(lead).fold([1, 1], |[n, c], [m, d]| [n.max(m), c.max(d)]);
    let spread = |x: Wide| {
        let mut shape = x.dims();
        shape[..2].copy_from_slice(&lead);
        x.expand(shape)
    };
    Tensor::cat(x.into_iter().map(spread).collect(), axis)
}
