//! CPU twin of `resize.wgsl`, and the sampling rule its gradient and the overlay share.

use crate::params::ResizeParams;
use rayon::prelude::*;

/// Where one output position reads along one axis: (1 − weight) · low + weight · high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tap {
    pub low: usize,
    pub high: usize,
    pub weight: f32,
}

/// Taps of both axes.
pub(super) struct Taps {
    pub rows: Vec<Tap>,
    pub columns: Vec<Tap>,
}

impl Taps {
    pub fn new(p: &ResizeParams) -> Self {
        let axis = |size: u32, outputs: u32, scale: f32| (0..outputs).map(|o| tap(p, o, size, outputs, scale)).collect();
        Taps { rows: axis(p.ih, p.oh, p.scale_h), columns: axis(p.iw, p.ow, p.scale_w) }
    }
}

/// In f32, as the frameworks and the kernel do: a nearest-neighbour tie falls the same way everywhere.
fn tap(p: &ResizeParams, o: u32, size: u32, outputs: u32, scale: f32) -> Tap {
    let position = o as f32;
    let source = match p.coord {
        1 if outputs == 1 => 0.0,
        1 => position * ((size - 1) as f32 / (outputs - 1) as f32),
        2 => position * scale,
        3 if outputs == 1 => 0.0,
        _ => (position + 0.5) * scale - 0.5,
    };
    if p.mode == 0 {
        let rounded = match p.nearest {
            0 => source.floor(),
            1 => (source - 0.5).ceil(),
            2 => source.ceil(),
            _ => (source + 0.5).floor(),
        };
        let low = rounded.clamp(0.0, (size - 1) as f32) as usize;
        return Tap { low, high: low, weight: 0.0 };
    }
    linear_tap(source, size as usize)
}

/// The two cells around a position, which is first clamped to the axis.
pub(super) fn linear_tap(source: f32, size: usize) -> Tap {
    let source = source.clamp(0.0, (size - 1) as f32);
    let low = (source as usize).min(size - 1);
    Tap { low, high: (low + 1).min(size - 1), weight: source - low as f32 }
}

/// Resizes x (nc, ih, iw) to (nc, oh, ow).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn resize(p: &ResizeParams, x: &[f32], out: &mut [f32]) {
    let [nc, ih, iw, oh, ow] = [p.nc, p.ih, p.iw, p.oh, p.ow].map(|v| v as usize);
    let out = &mut out[..nc * oh * ow];
    if out.is_empty() || ih * iw == 0 {
        return;
    }
    let taps = Taps::new(p);
    let rows = out.par_chunks_mut(ow).enumerate().with_min_len((4096 / ow).max(1));
    rows.for_each_init(
        || vec![0.0f32; iw],
        |mixed, (row, line)| {
            let image = &x[row / oh * ih * iw..][..ih * iw];
            let tap = taps.rows[row % oh];
            let (upper, lower) = (&image[tap.low * iw..][..iw], &image[tap.high * iw..][..iw]);
            if p.mode == 0 {
                line.iter_mut().zip(&taps.columns).for_each(|(y, tap)| *y = upper[tap.low]);
                return;
            }
            for ((m, &a), &b) in mixed.iter_mut().zip(upper).zip(lower) {
                *m = mix(a, b, tap.weight);
            }
            line.iter_mut().zip(&taps.columns).for_each(|(y, tap)| *y = mix(mixed[tap.low], mixed[tap.high], tap.weight));
        },
    );
}

#[inline(always)]
pub(super) fn mix(a: f32, b: f32, weight: f32) -> f32 {
    a * (1.0 - weight) + b * weight
}
