//! CPU twin of `class_rows.wgsl`.

use crate::params::ClassRowsParams;
use rayon::prelude::*;

/// y (n · classes, inner) = scale · w[index[row % classes], :], w (total, inner); index holds whole numbers as f32.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn class_rows(p: &ClassRowsParams, w: &[f32], index: &[f32], out: &mut [f32]) {
    let [n, classes, inner] = [p.n, p.classes, p.inner].map(|v| v as usize);
    let rows = out[..n * classes * inner].par_chunks_mut(inner.max(1)).enumerate();
    rows.with_min_len((4096 / inner.max(1)).max(1)).for_each(|(r, row)| {
        let source = &w[index[r % classes] as usize * inner..][..inner];
        row.iter_mut().zip(source).for_each(|(y, &v)| *y = p.scale * v);
    });
}
