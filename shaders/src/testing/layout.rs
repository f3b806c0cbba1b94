//! Copies (transpose, slice, pad, expand, concat and their adjoints), pixels to planes, one-hot rows, class rows.

use super::pointwise::halves;
use super::{Case, Random};
use crate::kernel::Call;
use crate::params::{ClassRowsParams, CopyParams, Rgba8Params, SeedParams};

/// A copy in the notation of `CopyParams`, dimensions aligned to the right: label, [shape, in_shape, in_strides, out_strides],
/// [step, start, divide], out_offset.
type Move = (&'static str, [&'static [u32]; 4], [&'static [i32]; 3], u32);

#[rustfmt::skip] // a table: one move per line
const MOVES: &[Move] = &[
    ("transpose", [&[2, 7, 5, 3], &[2, 7, 5, 3], &[105, 1, 7, 35], &[105, 15, 3, 1]], [&[1, 1, 1, 1], &[0, 0, 0, 0], &[1, 1, 1, 1]], 0),
    ("plain", [&[3, 1, 700], &[3, 1, 700], &[700, 700, 1], &[700, 700, 1]], [&[1, 1, 1], &[0, 0, 0], &[1, 1, 1]], 0),
    ("slice with steps", [&[2, 3, 4], &[2, 9, 11], &[99, 11, 1], &[12, 4, 1]], [&[1, 2, 3], &[0, 1, 1], &[1, 1, 1]], 0),
    ("reverse", [&[4, 6], &[4, 6], &[6, 1], &[6, 1]], [&[1, -1], &[0, 5], &[1, 1]], 0),
    ("channel slice", [&[2, 3, 5, 4], &[2, 8, 5, 4], &[160, 20, 4, 1], &[60, 20, 4, 1]], [&[1, 1, 1, 1], &[0, 4, 0, 0], &[1, 1, 1, 1]], 0),
    ("pad", [&[2, 6, 9], &[2, 4, 5], &[20, 5, 1], &[54, 9, 1]], [&[1, 1, 1], &[0, -1, -3], &[1, 1, 1]], 0),
    ("crop by negative padding", [&[1, 3, 4], &[1, 5, 5], &[25, 5, 1], &[12, 4, 1]], [&[1, 1, 1], &[0, 1, 2], &[1, 1, 1]], 0),
    ("expand", [&[3, 4, 5], &[3, 4, 5], &[5, 0, 1], &[20, 5, 1]], [&[1, 1, 1], &[0, 0, 0], &[1, 1, 1]], 0),
    ("expand inner", [&[3, 4, 5], &[3, 4, 5], &[4, 1, 0], &[20, 5, 1]], [&[1, 1, 1], &[0, 0, 0], &[1, 1, 1]], 0),
    ("second part of a concat", [&[2, 3, 4, 5], &[2, 3, 4, 5], &[60, 20, 5, 1], &[140, 20, 5, 1]], [&[1, 1, 1, 1], &[0, 0, 0, 0], &[1, 1, 1, 1]], 40),
    ("concat along the last axis", [&[6, 4], &[6, 4], &[4, 1], &[9, 1]], [&[1, 1], &[0, 0], &[1, 1]], 3),
    ("adjoint of a slice with steps", [&[2, 9, 11], &[2, 3, 4], &[12, 4, 1], &[99, 11, 1]], [&[1, 1, 1], &[0, -1, -1], &[1, 2, 3]], 0),
    ("scattered output", [&[3, 4, 5], &[3, 4, 5], &[20, 5, 1], &[1, 3, 12]], [&[1, 1, 1], &[0, 0, 0], &[1, 1, 1]], 0),
    ("one fixed index", [&[1, 5, 1], &[4, 5, 6], &[30, 6, 1], &[5, 1, 1]], [&[1, 1, 1], &[2, 0, 3], &[1, 1, 1]], 0),
    ("outside altogether", [&[1, 5], &[1, 5], &[5, 1], &[5, 1]], [&[1, 1], &[1, 0], &[1, 1]], 0),
    ("rank 8", [&[2, 1, 3, 2, 1, 2, 3, 2], &[2, 1, 3, 2, 1, 2, 3, 2], &[1, 9, 2, 6, 9, 12, 24, 72], &[72, 72, 24, 12, 12, 6, 2, 1]], [&[1; 8], &[0; 8], &[1; 8]], 0),
    ("large rows", [&[40, 3, 300], &[40, 3, 300], &[300, 12000, 1], &[1800, 600, 1]], [&[1, 1, 1], &[0, 0, 0], &[1, 1, 1]], 300),
];

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(5);
    let mut cases: Vec<Case> = MOVES.iter().map(|m| copy_case(m, &mut random)).collect();
    cases.push(rgba8_case(1, 5, 7, &mut random));
    cases.push(rgba8_case(3, 1, 1, &mut random));
    cases.push(rgba8_case(2, 16, 33, &mut random));
    for (n, index, width) in [(1, vec![3.0, 0.0], 4), (3, vec![1.0, 300.0, 7.0], 301), (2, vec![0.0], 1)] {
        cases.push(seed_case(n, &index, width));
        cases.push(class_rows_case(n, &index, width, &mut random));
    }
    cases
}

/// Eight entries, the missing leading ones `filler`.
fn eight<T: Copy>(values: &[T], filler: T) -> [T; 8] {
    let mut out = [filler; 8];
    out[8 - values.len()..].copy_from_slice(values);
    out
}

fn copy_case(&(label, sizes, rule, offset): &Move, random: &mut Random) -> Case {
    let (shape, in_shape) = (eight(sizes[0], 1), eight(sizes[1], 1));
    let (in_strides, out_strides) = (eight(sizes[2], 0), eight(sizes[3], 0));
    let (step, start, divide) = (eight(rule[0], 1), eight(rule[1], 0), eight(rule[2], 1));
    let reach = |shape: [u32; 8], strides: [u32; 8]| (0..8).map(|d| (shape[d] - 1) * strides[d]).sum::<u32>() as usize + 1;
    let x = random.values(reach(in_shape, in_strides));
    // Room behind the last cell, which must stay as it is too.
    let mut expected = vec![f64::NAN; offset as usize + reach(shape, out_strides) + 5];
    let len: u32 = shape.iter().product();
    let fill = -0.25f32;
    for i in 0..len {
        let (mut rest, mut from, mut to, mut taken) = (i, 0i64, offset, true);
        for d in (0..8).rev() {
            let index = rest % shape[d];
            rest /= shape[d];
            let t = i64::from(index) * i64::from(step[d]) + i64::from(start[d]);
            let (quotient, divide) = (t.div_euclid(divide[d].into()), i64::from(divide[d]));
            taken &= t >= 0 && t % divide == 0 && quotient < i64::from(in_shape[d]);
            from += quotient * i64::from(in_strides[d]);
            to += index * out_strides[d];
        }
        expected[to as usize] = if taken { f64::from(x[from as usize]) } else { f64::from(fill) };
    }
    let p = CopyParams {
        shape: halves(shape),
        in_shape: halves(in_shape),
        in_strides: halves(in_strides),
        out_strides: halves(out_strides),
        step: halves(step),
        start: halves(start),
        divide: halves(divide),
        len,
        out_offset: offset,
        fill,
        pad0: 0,
    };
    Case::new(format!("copy, {label}"), Call::Copy(p), vec![x], expected)
}

fn rgba8_case(n: u32, h: u32, w: u32, random: &mut Random) -> Case {
    let (mean, std) = ([0.485f32, 0.456, 0.406], [4.4f32, 4.5, 4.6]);
    let plane = (h * w) as usize;
    let pixels = random.pixels(n as usize * plane);
    let value = |i: usize| {
        let channel = i / plane % 3;
        let byte = pixels[i / plane / 3 * plane + i % plane].to_bits().to_le_bytes()[channel];
        (f64::from(byte) / 255.0 - f64::from(mean[channel])) * f64::from(std[channel])
    };
    let expected = (0..n as usize * 3 * plane).map(value).collect();
    let p = Rgba8Params {
        n,
        h,
        w,
        mean_r: mean[0],
        mean_g: mean[1],
        mean_b: mean[2],
        inv_std_r: std[0],
        inv_std_g: std[1],
        inv_std_b: std[2],
        ..Default::default()
    };
    Case::new(format!("rgba8 {n}x{h}x{w}"), Call::Rgba8(p), vec![pixels], expected)
}

fn seed_case(n: usize, index: &[f32], width: usize) -> Case {
    let one_hot = |r: usize| (0..width).map(move |j| f64::from(u8::from(j == index[r % index.len()] as usize)));
    let expected = (0..n * index.len()).flat_map(one_hot).collect();
    let p = SeedParams { n: n as u32, classes: index.len() as u32, width: width as u32, pad0: 0 };
    Case::new(format!("seed {n}x{}x{width}", index.len()), Call::Seed(p), vec![index.to_vec()], expected)
}

fn class_rows_case(n: usize, index: &[f32], total: usize, random: &mut Random) -> Case {
    let (inner, scale) = (37, 0.0625f32);
    let w = random.values(total * inner);
    let row =
        |r: usize| w[index[r % index.len()] as usize * inner..][..inner].iter().map(move |&v| f64::from(v) * f64::from(scale));
    let expected = (0..n * index.len()).flat_map(row).collect();
    let p = ClassRowsParams { n: n as u32, classes: index.len() as u32, inner: inner as u32, scale };
    Case::new(format!("class_rows {n}x{} of {total}", index.len()), Call::ClassRows(p), vec![w.clone(), index.to_vec()], expected)
}
