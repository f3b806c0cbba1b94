//! CPU twin of `copy.wgsl`.

use super::CHUNK;
use crate::params::CopyParams;
use rayon::prelude::*;

/// One loop of the copy; see `CopyParams` for the meaning of the fields.
#[derive(Clone, Copy, Debug)]
struct Dim {
    len: usize,
    in_len: usize,
    in_stride: usize,
    out_stride: usize,
    step: i64,
    start: i64,
    divide: i64,
}

impl Dim {
    fn new(p: &CopyParams, d: usize) -> Self {
        let size = |v: &[[u32; 4]; 2]| v[d / 4][d % 4] as usize;
        let signed = |v: &[[i32; 4]; 2]| i64::from(v[d / 4][d % 4]);
        Dim {
            len: size(&p.shape),
            in_len: size(&p.in_shape),
            in_stride: size(&p.in_strides),
            out_stride: size(&p.out_strides),
            step: signed(&p.step),
            start: signed(&p.start),
            divide: signed(&p.divide).max(1),
        }
    }

    /// Input index that output index `i` takes, None for the filling.
    #[inline(always)]
    fn source(&self, i: usize) -> Option<usize> {
        let t = i as i64 * self.step + self.start;
        let index = t / self.divide;
        (t >= 0 && t % self.divide == 0 && index < self.in_len as i64).then_some(index as usize)
    }

    fn unit_step(&self) -> bool {
        self.step == 1 && self.divide == 1
    }

    /// Takes the whole input dimension in order.
    fn whole(&self) -> bool {
        self.unit_step() && self.start == 0 && self.len == self.in_len
    }

    /// This dimension and the next inner one as a single one, where that is the same copy.
    fn join(&self, inner: &Dim) -> Option<Dim> {
        let same = self.in_stride == inner.in_stride * inner.len && self.out_stride == inner.out_stride * inner.len;
        (self.unit_step() && inner.whole() && same).then(|| Dim {
            len: self.len * inner.len,
            in_len: self.in_len * inner.len,
            start: self.start * inner.len as i64,
            ..*inner
        })
    }
}

/// Writes the cells `p` describes and leaves every other cell of `out` as it is.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn copy(p: &CopyParams, x: &[f32], out: &mut [f32]) {
    let mut dims: Vec<Dim> = Vec::with_capacity(8);
    for d in 0..8 {
        let next = Dim::new(p, d);
        if next.len == 0 {
            return;
        }
        match dims.last().and_then(|last| last.join(&next)) {
            Some(joined) => dims.last_mut().into_iter().for_each(|last| *last = joined),
            // A dimension of length 1 that takes index 0 changes nothing.
            None if next.len == 1 && next.source(0) == Some(0) => {}
            None => dims.push(next),
        }
    }
    walk(&dims, Some(0), p.fill, x, &mut out[p.out_offset as usize..]);
}

/// Fills the block that `dims` span at the start of `out`; `base` is the input offset so far, None once outside the input.
fn walk(dims: &[Dim], base: Option<usize>, fill: f32, x: &[f32], out: &mut [f32]) {
    let Some((dim, inner)) = dims.split_first() else {
        out[0] = base.map_or(fill, |at| x[at]);
        return;
    };
    if inner.is_empty() {
        return line(dim, base, fill, x, out);
    }
    let at = |i: usize| base.and_then(|base| Some(base + dim.source(i)? * dim.in_stride));
    // Largest output index of one step, to see whether the steps are disjoint runs of `out`.
    let reach: usize = inner.iter().map(|d| (d.len - 1) * d.out_stride).sum();
    let cells: usize = dims.iter().map(|d| d.len).product();
    if dim.out_stride > reach {
        let steps = |(i, out): (usize, &mut [f32])| walk(inner, at(i), fill, x, out);
        if cells > CHUNK {
            let least = (CHUNK / 4 * dim.len / cells).max(1);
            out.par_chunks_mut(dim.out_stride).take(dim.len).with_min_len(least).enumerate().for_each(steps);
        } else {
            out.chunks_mut(dim.out_stride).take(dim.len).enumerate().for_each(steps);
        }
    } else {
        (0..dim.len).for_each(|i| walk(inner, at(i), fill, x, &mut out[i * dim.out_stride..]));
    }
}

/// The innermost dimension.
fn line(dim: &Dim, base: Option<usize>, fill: f32, x: &[f32], out: &mut [f32]) {
    let step = dim.out_stride.max(1);
    let Some(base) = base else {
        return out.iter_mut().step_by(step).take(dim.len).for_each(|y| *y = fill);
    };
    if !dim.unit_step() {
        for i in 0..dim.len {
            out[i * dim.out_stride] = dim.source(i).map_or(fill, |s| x[base + s * dim.in_stride]);
        }
        return;
    }
    // Unit step: filling, a run of input, filling.
    let low = (-dim.start).clamp(0, dim.len as i64) as usize;
    let high = (dim.in_len as i64 - dim.start).clamp(low as i64, dim.len as i64) as usize;
    for i in (0..low).chain(high..dim.len) {
        out[i * dim.out_stride] = fill;
    }
    if low == high {
        return;
    }
    let source = &x[base + (low as i64 + dim.start) as usize * dim.in_stride..];
    let target = &mut out[low * dim.out_stride..];
    match (dim.in_stride, dim.out_stride) {
        (1, 1) => target[..high - low].copy_from_slice(&source[..high - low]),
        (0, 1) => target[..high - low].fill(source[0]),
        (s, 1) => target[..high - low].iter_mut().enumerate().for_each(|(i, y)| *y = source[i * s]),
        (s, t) => (0..high - low).for_each(|i| target[i * t] = source[i * s]),
    }
}
