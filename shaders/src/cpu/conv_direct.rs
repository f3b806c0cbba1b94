//! Depthwise convolution: one image row times one tap at a time, no matrices.

use super::activation::activate_slice;
use super::conv_core::{Act, Geometry};
use super::im2col::inside;
use rayon::prelude::*;

/// Convolution with one input channel per group.
pub(super) fn convolve(geo: &Geometry, x: &[f32], w: &[f32], bias: &[f32], act: Act, out: &mut [f32]) {
    let taps = geo.kh * geo.kw;
    out.par_chunks_mut(geo.plane()).enumerate().for_each(|(row, cells)| {
        let (image, channel) = (row / geo.oc, row % geo.oc);
        let plane = &x[(image * geo.ic + channel / geo.ocg()) * geo.ih * geo.iw..][..geo.ih * geo.iw];
        let kernel = &w[channel * taps..][..taps];
        cells.fill(bias.get(channel).copied().unwrap_or(0.0));
        for (oy, line) in cells.chunks_mut(geo.ow).enumerate() {
            add_taps(geo, plane, kernel, oy, line);
            activate_slice(act.0, act.1, act.2, line);
        }
    });
}

fn add_taps(geo: &Geometry, plane: &[f32], kernel: &[f32], oy: usize, line: &mut [f32]) {
    for ky in 0..geo.kh {
        let iy = (oy * geo.sh + ky * geo.dh) as isize - geo.pt;
        if iy < 0 || iy >= geo.ih as isize {
            continue;
        }
        let source = &plane[iy as usize * geo.iw..][..geo.iw];
        for (kx, &weight) in kernel[ky * geo.kw..][..geo.kw].iter().enumerate() {
            let dx = (kx * geo.dw) as isize - geo.pl;
            let (low, high) = inside(dx, geo.sw, geo.iw, geo.ow);
            if low == high {
                continue;
            }
            let cells = &source[((low * geo.sw) as isize + dx) as usize..];
            add_row(&mut line[low..high], cells, geo.sw, weight);
        }
    }
}

fn add_row(line: &mut [f32], cells: &[f32], stride: usize, weight: f32) {
    match stride {
        1 => line.iter_mut().zip(cells).for_each(|(y, &v)| *y += weight * v),
        _ => line.iter_mut().zip(cells.iter().step_by(stride)).for_each(|(y, &v)| *y += weight * v),
    }
}
