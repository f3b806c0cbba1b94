//! Shrinking: block means for whole factors, weighted means otherwise.

use rayon::prelude::*;

use super::{CN, Rows, scale, to_u8};

/// Whole factors `kx`, `ky`: integer sums, one multiplication (2×2 rounds half up instead, as OpenCV's fast path does).
pub(super) fn blocks(w: usize, kx: usize, ky: usize, ow: usize, rows: &Rows<'_>, out: &mut [u8]) {
    let inverse = 1.0 / (kx * ky) as f32;
    out.par_chunks_exact_mut(ow * CN).enumerate().for_each_init(
        || (vec![0_u8; w * CN], vec![0_u64; ow * CN]),
        |(row, sums), (oy, line)| {
            sums.fill(0);
            for y in oy * ky..(oy + 1) * ky {
                rows(y, row);
                for (cell, block) in sums.chunks_exact_mut(CN).zip(row.chunks_exact(kx * CN)) {
                    for pixel in block.chunks_exact(CN) {
                        cell.iter_mut().zip(pixel).for_each(|(s, &v)| *s += u64::from(v));
                    }
                }
            }
            for (o, &s) in line.iter_mut().zip(&*sums) {
                *o = if (kx, ky) == (2, 2) { ((s + 2) >> 2) as u8 } else { to_u8(s as f32 * inverse) };
            }
        },
    );
}

/// One contribution: output cell, input cell, weight.
struct Tap {
    out: usize,
    input: usize,
    weight: f32,
}

/// OpenCV's `computeResizeAreaTab`: what of each input cell falls into each output cell.
fn taps(input: usize, output: usize) -> Vec<Tap> {
    let scale = scale(input, output);
    let mut taps = Vec::with_capacity(input + 2 * output);
    for out in 0..output {
        let from = out as f64 * scale;
        let to = from + scale;
        let cell = scale.min(input as f64 - from);
        let last = (to.floor() as usize).min(input - 1);
        let first = (from.ceil() as usize).min(last);
        if first as f64 - from > 1e-3 && first > 0 {
            taps.push(Tap { out, input: first - 1, weight: ((first as f64 - from) / cell) as f32 });
        }
        taps.extend((first..last).map(|input| Tap { out, input, weight: (1.0 / cell) as f32 }));
        if to - last as f64 > 1e-3 {
            let weight = ((to - last as f64).min(1.0).min(cell) / cell) as f32;
            taps.push(Tap { out, input: last, weight });
        }
    }
    taps
}

/// Any other factors. Sums run in the order, and in the f32, of OpenCV: rows are averaged first, then added up.
pub(super) fn weighted(w: usize, h: usize, ow: usize, oh: usize, rows: &Rows<'_>, out: &mut [u8]) {
    let (across, down) = (taps(w, ow), taps(h, oh));
    out.par_chunks_exact_mut(ow * CN).enumerate().for_each_init(
        || (vec![0_u8; w * CN], vec![0.0_f32; ow * CN], vec![0.0_f32; ow * CN]),
        |(row, averaged, sums), (oy, line)| {
            let start = down.partition_point(|tap| tap.out < oy);
            sums.fill(0.0);
            for tap in down[start..].iter().take_while(|tap| tap.out == oy) {
                rows(tap.input, row);
                average(row, &across, averaged);
                sums.iter_mut().zip(&*averaged).for_each(|(s, &a)| *s += tap.weight * a);
            }
            line.iter_mut().zip(&*sums).for_each(|(o, &s)| *o = to_u8(s));
        },
    );
}

fn average(row: &[u8], taps: &[Tap], averaged: &mut [f32]) {
    averaged.fill(0.0);
    for tap in taps {
        let cell = &mut averaged[tap.out * CN..][..CN];
        let pixel = &row[tap.input * CN..][..CN];
        cell.iter_mut().zip(pixel).for_each(|(a, &v)| *a += f32::from(v) * tap.weight);
    }
}
