//! The one call into `gemm::gemm`, behind a wrapper that checks every bound.
#![allow(unsafe_code)]

/// A strided view of a matrix inside a slice: element (r, c) is `data[r * rs + c * cs]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Backing elements.
    pub data: &'a [f32],
    /// Elements between two rows.
    pub rs: usize,
    /// Elements between two columns.
    pub cs: usize,
}

/// Who runs one multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The calling thread (the caller is already one of many).
    One,
    /// The whole rayon pool; the same as `One` where there are no threads.
    All,
}

/// Products that are added up before their sum meets the total: the rounding error of a sum grows with its length, and `gemm`
/// by itself adds 512 and more one after another.
const RUN: usize = 128;

/// `dst = a · b`, or `dst += a · b` with `accumulate`; a is (m, k), b is (k, n), dst is (m, n) with contiguous rows `ld` apart.
///
/// # Panics
/// When a view is too short for its shape or two rows of `dst` overlap.
pub fn matmul(shape: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, dst: &mut [f32], ld: usize, accumulate: bool, threads: Threads) {
    let [m, k, n] = shape;
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            dst.chunks_mut(ld.max(1)).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    assert!(last(m, a.rs, k, a.cs) < a.data.len(), "left matrix is too short");
    assert!(last(k, b.rs, n, b.cs) < b.data.len(), "right matrix is too short");
    assert!(last(m, ld, n, 1) < dst.len(), "destination is too short");
    assert!(n <= ld || m == 1, "destination rows overlap");
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All if cfg!(target_arch = "wasm32") => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
    for first in (0..k).step_by(RUN) {
        let run = RUN.min(k - first);
        // The slices begin at the run's first column of `a` and first row of `b`.
        let (a_run, b_run) = (&a.data[first * a.cs..], &b.data[first * b.rs..]);
        // SAFETY: the largest index of each operand was computed with checked arithmetic and lies inside its slice (`first` and
        // what a run adds to it stay below `k`); `dst` is borrowed mutably, so it overlaps neither input; its rows do not overlap
        // each other (n <= ld). Slice lengths are at most isize::MAX bytes, so every stride that is used fits an isize (an
        // unused one, of an extent of 1, is never multiplied by more than 0, see `stride`).
        unsafe {
            gemm::gemm(
                m,
                n,
                run,
                dst.as_mut_ptr(),
                1,
                stride(ld, m),
                accumulate || first > 0,
                a_run.as_ptr(),
                stride(a.cs, k),
                stride(a.rs, m),
                b_run.as_ptr(),
                stride(b.cs, n),
                stride(b.rs, k),
                1.0,
                1.0,
                false,
                false,
                false,
                parallelism,
            );
        }
    }
}

/// Index of the last element of a view; saturates, so that an absurd shape fails the bound check.
fn last(rows: usize, rs: usize, cols: usize, cs: usize) -> usize {
    (rows - 1).saturating_mul(rs).saturating_add((cols - 1).saturating_mul(cs))
}

/// The stride as gemm wants it. Along an extent of 1 it is never used to reach an element and may be anything.
fn stride(value: usize, extent: usize) -> isize {
    isize::try_from(value).unwrap_or(if extent <= 1 { 1 } else { isize::MAX })
}
