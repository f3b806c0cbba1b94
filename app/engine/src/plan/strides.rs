//! Rank-8 strides for elementwise and copy kernels: [samples, classes, up to 6 own axes].

use super::items;
use fovea_student::graph::{Lead, Value};

/// Rank of the kernels' index space.
pub(super) const RANK: usize = 8;

/// One row of eight numbers as the kernels' uniforms hold them.
pub(super) fn rows(v: [u32; RANK]) -> [[u32; 4]; 2] {
    [[v[0], v[1], v[2], v[3]], [v[4], v[5], v[6], v[7]]]
}

/// The same for signed numbers.
pub(super) fn rows_i32(v: [i32; RANK]) -> [[i32; 4]; 2] {
    [[v[0], v[1], v[2], v[3]], [v[4], v[5], v[6], v[7]]]
}

/// Puts own axes behind the lead: `[n, classes, 1…, shape]`. `None` past six own axes.
pub(super) fn index_space(lead: Lead, shape: &[usize], batch: usize, classes: usize) -> Option<[u32; RANK]> {
    let mut out = [1u32; RANK];
    let first = RANK.checked_sub(shape.len()).filter(|&f| f >= 2)?;
    out[0] = if lead == Lead::Constant { 1 } else { batch as u32 };
    out[1] = if lead == Lead::SampleClass { classes as u32 } else { 1 };
    out[first..].iter_mut().zip(shape).for_each(|(o, &d)| *o = d as u32);
    Some(out)
}

/// Strides of an operand inside an index space it is broadcast to.
pub(super) fn broadcast(operand: &Value, space: &[u32; RANK], batch: usize, classes: usize) -> [u32; RANK] {
    let mut out = [0u32; RANK];
    let mut step = 1usize;
    for (i, &d) in operand.shape.iter().rev().enumerate() {
        let axis = RANK - 1 - i;
        out[axis] = if d == 1 { 0 } else { step as u32 };
        step *= d;
    }
    let per_item = operand.len();
    match operand.lead {
        Lead::Constant => {}
        Lead::Sample => out[0] = per_item as u32,
        Lead::SampleClass => {
            out[0] = (per_item * items(Lead::SampleClass, 1, classes)) as u32;
            out[1] = per_item as u32;
        }
    }
    // An axis of length one contributes nothing, whatever its stride: zero lets axes merge.
    (0..RANK).filter(|&a| space[a] == 1).for_each(|a| out[a] = 0);
    debug_assert!(batch > 0);
    out
}

/// Row-major strides of an index space.
pub(super) fn contiguous(space: &[u32; RANK]) -> [u32; RANK] {
    let mut out = [0; RANK];
    let mut step = 1u32;
    for a in (0..RANK).rev() {
        out[a] = step;
        step *= space[a];
    }
    out
}

/// Merges neighbouring axes on which all operands run on without a gap, so that kernels see long inner rows.
pub(super) fn merge(space: [u32; RANK], operands: &mut [[u32; RANK]]) -> [u32; RANK] {
    let mut shape: Vec<u32> = vec![];
    let mut strides: Vec<Vec<u32>> = vec![vec![]; operands.len()];
    for a in (0..RANK).rev().filter(|&a| space[a] != 1) {
        let joins = shape.last().is_some_and(|&inner| {
            operands.iter().zip(&strides).all(|(o, s)| s.last().is_some_and(|&inner_stride| o[a] == inner_stride * inner))
        });
        if let (true, Some(last)) = (joins, shape.last_mut()) {
            *last *= space[a];
        } else {
            shape.push(space[a]);
            strides.iter_mut().zip(operands.iter()).for_each(|(s, o)| s.push(o[a]));
        }
    }
    let mut merged = [1; RANK];
    shape.iter().enumerate().for_each(|(i, &d)| merged[RANK - 1 - i] = d);
    for (o, s) in operands.iter_mut().zip(&strides) {
        *o = [0; RANK];
        s.iter().enumerate().for_each(|(i, &d)| o[RANK - 1 - i] = d);
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(shape: &[usize], lead: Lead) -> Value {
        Value { name: "v".into(), shape: shape.to_vec(), lead }
    }

    #[test]
    fn a_same_shaped_pair_merges_to_one_row() {
        let v = value(&[3, 5, 7], Lead::Sample);
        let space = index_space(Lead::Sample, &v.shape, 2, 1).unwrap_or_default();
        let s = broadcast(&v, &space, 2, 1);
        let mut both = [s, s];
        assert_eq!(merge(space, &mut both), [1, 1, 1, 1, 1, 1, 1, 210]);
        assert_eq!(both[0][7], 1);
    }

    #[test]
    fn a_forward_value_repeats_over_classes() {
        let a = value(&[4, 6], Lead::Sample);
        let space = index_space(Lead::SampleClass, &a.shape, 2, 3).unwrap_or_default();
        let s = broadcast(&a, &space, 2, 3);
        assert_eq!((s[0], s[1], s[6], s[7]), (24, 0, 6, 1));
        let mut one = [s];
        assert_eq!(merge(space, &mut one), [1, 1, 1, 1, 1, 2, 3, 24]);
        assert_eq!(one[0][5..], [24, 0, 1]);
    }

    #[test]
    fn a_channel_column_broadcasts() {
        let a = value(&[4, 1, 1], Lead::Constant);
        let space = index_space(Lead::Sample, &[4, 5, 5], 2, 1).unwrap_or_default();
        let mut one = [broadcast(&a, &space, 2, 1)];
        assert_eq!(merge(space, &mut one), [1, 1, 1, 1, 1, 2, 4, 25]);
        assert_eq!(one[0][5..], [0, 1, 0]);
    }
}
