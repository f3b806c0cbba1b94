//! CPU twin of `overlay.wgsl`.

use super::resize::{Tap, linear_tap, mix};
use crate::params::OverlayParams;
use rayon::prelude::*;

/// Colours a patch by a map: pixels (h, w), map (mh, mw) at `map_offset`, lut of 256 colours -> (h, w), all packed RGBA8.
/// The patch's own alpha is kept. Where `hi <= lo` there is no evidence and the patch is left as it is.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn overlay(p: &OverlayParams, pixels: &[u32], map: &[f32], lut: &[u32], out: &mut [u32]) {
    let [w, h, mw, mh] = [p.w, p.h, p.mw, p.mh].map(|v| v as usize);
    let out = &mut out[..w * h];
    let evidence = p.hi > p.lo && mw * mh > 0;
    if out.is_empty() || !evidence {
        out.copy_from_slice(&pixels[..w * h]);
        return;
    }
    let map = &map[p.map_offset as usize..][..mw * mh];
    let columns: Vec<Tap> = (0..w).map(|x| half_pixel(x, w, mw)).collect();
    out.par_chunks_mut(w).zip(pixels.par_chunks(w)).enumerate().for_each_init(
        || (vec![0.0f32; w], vec![0.0f32; w]),
        |(values, below), (y, (line, pixels))| {
            sample(p, map, &columns, y, values);
            for ((out, &pixel), &v) in line.iter_mut().zip(pixels).zip(&*values) {
                *out = blend(p, pixel, v, lut);
            }
            if p.contour > 0.0 {
                sample(p, map, &columns, (y + 1).min(h - 1), below);
                contour(p, values, below, line);
            }
        },
    );
}

fn half_pixel(position: usize, outputs: usize, size: usize) -> Tap {
    linear_tap((position as f32 + 0.5) * size as f32 / outputs as f32 - 0.5, size)
}

/// Values of one output row, scaled to [0, 1].
fn sample(p: &OverlayParams, map: &[f32], columns: &[Tap], y: usize, values: &mut [f32]) {
    let row = half_pixel(y, p.h as usize, p.mh as usize);
    let width = p.mw as usize;
    let (upper, lower) = (&map[row.low * width..][..width], &map[row.high * width..][..width]);
    for (value, tap) in values.iter_mut().zip(columns) {
        let above = mix(upper[tap.low], upper[tap.high], tap.weight);
        let below = mix(lower[tap.low], lower[tap.high], tap.weight);
        *value = ((mix(above, below, row.weight) - p.lo) / (p.hi - p.lo)).clamp(0.0, 1.0);
    }
}

fn blend(p: &OverlayParams, pixel: u32, v: f32, lut: &[u32]) -> u32 {
    let colour = lut[((v * 255.0 + 0.5) as usize).min(255)];
    let alpha = if p.fade == 1 { p.opacity * v } else { p.opacity };
    let channel = |shift: u32| {
        let from = ((pixel >> shift) & 255) as f32;
        let to = ((colour >> shift) & 255) as f32;
        ((mix(from, to, alpha) + 0.5) as u32).min(255) << shift
    };
    channel(0) | channel(8) | channel(16) | (pixel & 0xff00_0000)
}

/// Draws the pixels whose right or lower neighbour lies on the other side of the level.
fn contour(p: &OverlayParams, values: &[f32], below: &[f32], line: &mut [u32]) {
    for (x, out) in line.iter_mut().enumerate() {
        let inside = values[x] >= p.contour;
        let right = values[(x + 1).min(values.len() - 1)] >= p.contour;
        if inside != right || inside != (below[x] >= p.contour) {
            *out = p.contour_rgba;
        }
    }
}
