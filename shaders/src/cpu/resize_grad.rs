//! CPU twin of `resize_grad.wgsl`.

use super::resize::Taps;
use crate::params::ResizeParams;
use rayon::prelude::*;

/// The transpose of [`resize`](super::resize::resize()): g (nc, oh, ow) -> (nc, ih, iw).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn resize_grad(p: &ResizeParams, g: &[f32], out: &mut [f32]) {
    let [nc, ih, iw, oh, ow] = [p.nc, p.ih, p.iw, p.oh, p.ow].map(|v| v as usize);
    let out = &mut out[..nc * ih * iw];
    if out.is_empty() {
        return;
    }
    let taps = Taps::new(p);
    let scratch = || (vec![0.0f64; iw], vec![0.0f64; ih * iw]);
    out.par_chunks_mut(ih * iw).enumerate().for_each_init(scratch, |(line, sums), (i, cells)| {
        sums.fill(0.0);
        for (g, row) in g[i * oh * ow..][..oh * ow].chunks(ow.max(1)).zip(&taps.rows) {
            line.fill(0.0);
            for (&g, column) in g.iter().zip(&taps.columns) {
                let (g, weight) = (f64::from(g), f64::from(column.weight));
                line[column.low] += (1.0 - weight) * g;
                line[column.high] += weight * g;
            }
            let weight = f64::from(row.weight);
            add(&mut sums[row.low * iw..][..iw], line, 1.0 - weight);
            if weight != 0.0 {
                add(&mut sums[row.high * iw..][..iw], line, weight);
            }
        }
        cells.iter_mut().zip(&*sums).for_each(|(y, &s)| *y = s as f32);
    });
}

fn add(sums: &mut [f64], line: &[f64], weight: f64) {
    sums.iter_mut().zip(line).for_each(|(s, &v)| *s += weight * v);
}
