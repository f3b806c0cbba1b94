//! Growing: OpenCV's INTER_AREA becomes bilinear with its own coefficients, in 11-bit fixed point.

use rayon::prelude::*;

use super::{CN, Rows, scale};

const ONE: f32 = 2048.0;

/// Where an output cell reads, and the two weights in 1/2048.
#[derive(Clone, Copy)]
struct Pair {
    first: usize,
    second: usize,
    weights: [i32; 2],
}

fn pairs(input: usize, output: usize) -> Vec<Pair> {
    let (scale, inverse) = (scale(input, output), output as f64 / input as f64);
    let pair = |out: usize| {
        let first = (out as f64 * scale).floor();
        let mut part = ((out + 1) as f64 - (first + 1.0) * inverse) as f32;
        part = if part <= 0.0 { 0.0 } else { part - part.floor() };
        let mut first = first as usize;
        if first >= input - 1 {
            (first, part) = (input - 1, 0.0);
        }
        let weights = [1.0 - part, part].map(|v| (v * ONE).round_ties_even() as i32);
        Pair { first, second: (first + 1).min(input - 1), weights }
    };
    (0..output).map(pair).collect()
}

pub(super) fn bilinear(w: usize, h: usize, ow: usize, oh: usize, rows: &Rows<'_>, out: &mut [u8]) {
    let (across, down) = (pairs(w, ow), pairs(h, oh));
    let line_of = |y: usize, row: &mut [u8], line: &mut [i32]| {
        rows(y, row);
        for (cell, p) in line.chunks_exact_mut(CN).zip(&across) {
            for (c, v) in cell.iter_mut().enumerate() {
                let at = |x: usize| i32::from(row[x * CN + c]);
                *v = at(p.first) * p.weights[0] + at(p.second) * p.weights[1];
            }
        }
    };
    out.par_chunks_exact_mut(ow * CN).zip(&down).for_each_init(
        || (vec![0_u8; w * CN], vec![0_i32; ow * CN], vec![0_i32; ow * CN]),
        |(row, upper, lower), (line, p)| {
            line_of(p.first, row, upper);
            line_of(p.second, row, lower);
            let [a, b] = p.weights;
            for ((o, &u), &l) in line.iter_mut().zip(&*upper).zip(&*lower) {
                // The shifts are OpenCV's: they lose bits in this order and no other. The result is at most 255.
                *o = ((((a * (u >> 4)) >> 16) + ((b * (l >> 4)) >> 16) + 2) >> 2) as u8;
            }
        },
    );
}
