//! CPU twin of `pool_grad.wgsl`.

use super::pool::Window;
use crate::params::PoolParams;
use rayon::prelude::*;

/// Gradient of [`pool`](super::pool::pool()): g (n · classes, ch, oh, ow) -> (n · classes, ch, ih, iw). Max pooling reads
/// x (n, ch, ih, iw) and gives the gradient to the first largest cell in scan order; average pooling does not read x.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn pool_grad(p: &PoolParams, g: &[f32], x: &[f32], out: &mut [f32]) {
    let window = Window::new(p);
    let (image, plane) = (window.ih * window.iw, window.oh * window.ow);
    let out = &mut out[..p.nc as usize * image];
    if out.is_empty() {
        return;
    }
    let (classes, ch) = (p.classes.max(1) as usize, p.ch.max(1) as usize);
    let shares: Vec<f64> = (0..window.ow).map(|ox| window.share_x(ox)).collect();
    out.par_chunks_mut(image).enumerate().for_each(|(i, cells)| {
        let g = &g[i * plane..][..plane];
        cells.fill(0.0);
        if p.mode == 0 {
            let source = (i / ch / classes) * ch + i % ch;
            max_plane(&window, g, &x[source * image..][..image], cells);
        } else {
            average_plane(&window, g, &shares, cells);
        }
    });
}

fn max_plane(window: &Window, g: &[f32], x: &[f32], cells: &mut [f32]) {
    for oy in 0..window.oh {
        for ox in 0..window.ow {
            if let Some(winner) = first_largest(window, x, oy, ox) {
                cells[winner] += g[oy * window.ow + ox];
            }
        }
    }
}

/// Index of the first largest cell of a window; None for a window that lies in the padding.
fn first_largest(window: &Window, x: &[f32], oy: usize, ox: usize) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for iy in (0..window.kh).filter_map(|ky| window.row(oy, ky)) {
        for kx in 0..window.kw {
            let ix = (ox * window.sw + kx * window.dw).wrapping_sub(window.pl);
            if ix >= window.iw {
                continue;
            }
            let at = iy * window.iw + ix;
            if best.is_none_or(|(_, value)| x[at] > value || x[at].is_nan()) {
                best = Some((at, x[at]));
            }
        }
    }
    best.map(|(at, _)| at)
}

fn average_plane(window: &Window, g: &[f32], shares: &[f64], cells: &mut [f32]) {
    let mut parts = vec![0.0f32; window.ow];
    for (oy, line) in g.chunks(window.ow.max(1)).enumerate() {
        let share_y = window.share_y(oy);
        for ((part, &g), &share) in parts.iter_mut().zip(line).zip(shares) {
            *part = (f64::from(g) * share * share_y) as f32;
        }
        for iy in (0..window.kh).filter_map(|ky| window.row(oy, ky)) {
            let row = &mut cells[iy * window.iw..][..window.iw];
            for kx in 0..window.kw {
                let (low, high, first) = window.columns(kx);
                let target = row.get_mut(first..).unwrap_or_default().iter_mut().step_by(window.sw.max(1));
                target.zip(&parts[low..high]).for_each(|(y, &v)| *y += v);
            }
        }
    }
}
