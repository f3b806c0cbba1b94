//! CPU twin of `binary.wgsl`.

use super::CHUNK;
use super::activation::activate_slice;
use crate::params::BinaryParams;
use rayon::prelude::*;

/// One loop of the operation after neighbouring dimensions have been merged.
#[derive(Clone, Copy)]
struct Dim {
    len: usize,
    a: usize,
    b: usize,
}

/// act(a op b) with broadcasting by zero strides; kinds 0 add, 1 sub, 2 mul, 3 div, 4 max, 5 min, 6 pow.
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn binary(p: &BinaryParams, a: &[f32], b: &[f32], out: &mut [f32]) {
    let dims = merged(p);
    let row = dims.last().map_or(1, |d| d.len);
    let out = &mut out[..p.len as usize];
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, cells)| {
        let mut at = i * CHUNK;
        let mut rest = &mut *cells;
        while !rest.is_empty() {
            let count = rest.len().min(row - at % row);
            let (segment, tail) = rest.split_at_mut(count);
            row_segment(p.kind, &dims, at, a, b, segment);
            rest = tail;
            at += count;
        }
        activate_slice(p.act, p.act_a, p.act_b, cells);
    });
}

/// Drops dimensions of length 1 and joins those that both inputs walk without a jump.
fn merged(p: &BinaryParams) -> Vec<Dim> {
    let mut dims: Vec<Dim> = Vec::with_capacity(8);
    for d in 0..8 {
        let at = |v: &[[u32; 4]; 2]| v[d / 4][d % 4] as usize;
        let next = Dim { len: at(&p.shape), a: at(&p.a_strides), b: at(&p.b_strides) };
        if next.len == 1 {
            continue;
        }
        match dims.last_mut() {
            Some(last) if last.a == next.a * next.len && last.b == next.b * next.len => {
                *last = Dim { len: last.len * next.len, ..next }
            }
            _ => dims.push(next),
        }
    }
    dims
}

/// Fills cells that start at flat index `at` and lie in one row of the innermost dimension.
fn row_segment(kind: u32, dims: &[Dim], at: usize, a: &[f32], b: &[f32], cells: &mut [f32]) {
    let (mut index, mut from_a, mut from_b) = (at, 0, 0);
    for d in dims.iter().rev() {
        let i = index % d.len;
        index /= d.len;
        from_a += i * d.a;
        from_b += i * d.b;
    }
    let (sa, sb) = dims.last().map_or((0, 0), |d| (d.a, d.b));
    let (a, b) = (&a[from_a..], &b[from_b..]);
    match kind {
        0 => combine(|x, y| x + y, a, sa, b, sb, cells),
        1 => combine(|x, y| x - y, a, sa, b, sb, cells),
        2 => combine(|x, y| x * y, a, sa, b, sb, cells),
        3 => combine(|x, y| x / y, a, sa, b, sb, cells),
        4 => combine(|x, y| if x > y || x.is_nan() { x } else { y }, a, sa, b, sb, cells),
        5 => combine(|x, y| if x < y || x.is_nan() { x } else { y }, a, sa, b, sb, cells),
        _ => combine(f32::powf, a, sa, b, sb, cells),
    }
}

/// One row; the three usual stride pairs have loops that vectorise.
#[inline(always)]
fn combine(f: impl Fn(f32, f32) -> f32, a: &[f32], sa: usize, b: &[f32], sb: usize, cells: &mut [f32]) {
    let count = cells.len();
    match (sa, sb) {
        (1, 1) => cells.iter_mut().zip(&a[..count]).zip(&b[..count]).for_each(|((y, &a), &b)| *y = f(a, b)),
        (1, 0) => cells.iter_mut().zip(&a[..count]).for_each(|(y, &a)| *y = f(a, b[0])),
        (0, 1) => cells.iter_mut().zip(&b[..count]).for_each(|(y, &b)| *y = f(a[0], b)),
        _ => cells.iter_mut().enumerate().for_each(|(i, y)| *y = f(a[i * sa], b[i * sb])),
    }
}
