//! CPU twin of `pool.wgsl`, and the window arithmetic its gradient shares.

use super::im2col::inside;
use crate::params::PoolParams;
use rayon::prelude::*;

/// The uniform in the widths that index arithmetic wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub ih: usize,
    pub iw: usize,
    pub oh: usize,
    pub ow: usize,
    pub kh: usize,
    pub kw: usize,
    pub sh: usize,
    pub sw: usize,
    pub dh: usize,
    pub dw: usize,
    pub pt: usize,
    pub pl: usize,
    pb: usize,
    pr: usize,
    include_pad: bool,
}

impl Window {
    pub fn new(p: &PoolParams) -> Self {
        let [ih, iw, oh, ow, kh, kw, sh, sw] = [p.ih, p.iw, p.oh, p.ow, p.kh, p.kw, p.sh, p.sw].map(|v| v as usize);
        let [dh, dw, pt, pl, pb, pr] = [p.dh, p.dw, p.pt, p.pl, p.pb, p.pr].map(|v| v as usize);
        Window { ih, iw, oh, ow, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, include_pad: p.count_include_pad != 0 }
    }

    /// Input row that tap `ky` of output row `oy` reads, if it is inside the image.
    pub fn row(&self, oy: usize, ky: usize) -> Option<usize> {
        (oy * self.sh + ky * self.dh).checked_sub(self.pt).filter(|&iy| iy < self.ih)
    }

    /// Output columns whose tap `kx` is inside the image, and the input column of the first.
    pub fn columns(&self, kx: usize) -> (usize, usize, usize) {
        let dx = (kx * self.dw) as isize - self.pl as isize;
        let (low, high) = inside(dx, self.sw, self.iw, self.ow);
        let first = if low < high { ((low * self.sw) as isize + dx) as usize } else { 0 };
        (low, high, first)
    }

    /// 1 / taps that count vertically for output row `oy`; 0 when none does.
    pub fn share_y(&self, oy: usize) -> f64 {
        self.share([oy * self.sh, self.kh, self.dh, self.pt, self.ih, self.pb])
    }

    /// 1 / taps that count horizontally for output column `ox`; 0 when none does.
    pub fn share_x(&self, ox: usize) -> f64 {
        self.share([ox * self.sw, self.kw, self.dw, self.pl, self.iw, self.pr])
    }

    /// Positions are counted from the start of the leading padding.
    fn share(&self, [start, taps, dilation, lead, size, trail]: [usize; 6]) -> f64 {
        let range = if self.include_pad { 0..lead + size + trail } else { lead..lead + size };
        let count = (0..taps).filter(|k| range.contains(&(start + k * dilation))).count();
        if count == 0 { 0.0 } else { 1.0 / count as f64 }
    }
}

/// y (nc, oh, ow) from x (nc, ih, iw): the largest (NaN wins) or the average cell of every window.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn pool(p: &PoolParams, x: &[f32], out: &mut [f32]) {
    let window = Window::new(p);
    let plane = window.oh * window.ow;
    let out = &mut out[..p.nc as usize * plane];
    if out.is_empty() {
        return;
    }
    let shares: Vec<f64> = (0..window.ow).map(|ox| window.share_x(ox)).collect();
    out.par_chunks_mut(plane).enumerate().for_each_init(Vec::new, |sums, (i, cells)| {
        let image = &x[i * window.ih * window.iw..][..window.ih * window.iw];
        for (oy, line) in cells.chunks_mut(window.ow).enumerate() {
            match p.mode {
                0 => max_line(&window, image, oy, line),
                _ => average_line(&window, image, oy, line, &shares, sums),
            }
        }
    });
}

fn max_line(window: &Window, image: &[f32], oy: usize, line: &mut [f32]) {
    line.fill(f32::NEG_INFINITY);
    for iy in (0..window.kh).filter_map(|ky| window.row(oy, ky)) {
        let source = &image[iy * window.iw..][..window.iw];
        for kx in 0..window.kw {
            let (low, high, first) = window.columns(kx);
            let cells = source.get(first..).unwrap_or_default();
            let target = line[low..high].iter_mut();
            match window.sw {
                1 => target.zip(cells).for_each(|(m, &v)| *m = larger(*m, v)),
                2 => target.zip(cells.chunks(2)).for_each(|(m, v)| *m = larger(*m, v[0])),
                s => target.zip(cells.iter().step_by(s)).for_each(|(m, &v)| *m = larger(*m, v)),
            }
        }
    }
}

/// The larger of two values; NaN, once seen, stays.
#[inline(always)]
pub(super) fn larger(best: f32, value: f32) -> f32 {
    if value > best || value.is_nan() { value } else { best }
}

fn average_line(window: &Window, image: &[f32], oy: usize, line: &mut [f32], shares: &[f64], sums: &mut Vec<f64>) {
    sums.clear();
    sums.resize(window.ow, 0.0);
    for iy in (0..window.kh).filter_map(|ky| window.row(oy, ky)) {
        let source = &image[iy * window.iw..][..window.iw];
        for kx in 0..window.kw {
            let (low, high, first) = window.columns(kx);
            let cells = source.get(first..).unwrap_or_default().iter().step_by(window.sw.max(1));
            sums[low..high].iter_mut().zip(cells).for_each(|(s, &v)| *s += f64::from(v));
        }
    }
    let share_y = window.share_y(oy);
    line.iter_mut().zip(&*sums).zip(shares).for_each(|((y, &sum), &share)| *y = (sum * share * share_y) as f32);
}
