//! The first principal component of an activation, through the smaller of its two Gram matrices.

use super::super::{Place, run_len};
use super::{Done, Lowering};
use crate::error::EngineError;
use crate::plan::ops;
use fovea_shaders::kernel::{Call, EIGEN_SIDE};
use fovea_shaders::params::{EigenParams, GramParams, ProjectParams, ReduceParams};
use fovea_student::graph::{Node, Reduction};

/// Columns that one part of a Gram matrix sums: enough parts to fill a GPU, and short sums round less.
const PART: usize = 1024;
/// Most elements that the parts of all samples take together (64 MiB).
const PARTS_BUDGET: usize = 1 << 24;
/// Squarings of the Gram matrix before the iteration, whose steps then count 2⁸ each: neighbouring singular values are told
/// apart down to a few parts in 10⁴.
const SQUARINGS: usize = 8;
/// Most steps of that iteration.
const STEPS: u32 = 64;

/// Which pairs a Gram matrix holds: `side` rows, each a sum over `len`.
#[derive(Clone, Copy)]
struct Sizes {
    n: usize,
    k: usize,
    hw: usize,
    side: usize,
    len: usize,
    /// Pairs of pixels instead of channels.
    pixels: bool,
}

impl Lowering<'_> {
    /// Channel means, Gram matrix, its powers, its dominant eigenvector; pairs of channels need one projection more.
    pub(super) fn principal_component(&mut self, node: &Node) -> Done {
        let size = self.sizes(node)?;
        let x = self.operand(node.inputs[0])?;
        let means = self.mean(node, x, [size.n * size.k, size.hw, 1]);
        let gram = self.gram(node, size, x, means);
        let mut power = gram;
        for _ in 0..SQUARINGS {
            let [n, m] = [size.n, size.side].map(|v| v as u32);
            let p = GramParams { n, m, len: m, part: m, parts: 1, form: 0, ..Default::default() };
            power = self.scratch(node, Call::Gram(p), vec![power, Place::Absent], size.n * size.side * size.side);
        }
        // The component's sign is that of its product with the mean over channels. Summed over pixels first, that is the sum of
        // the direction's elements; only pairs of pixels need the mean itself.
        let side = if size.pixels { self.mean(node, x, [size.n, size.k, size.hw]) } else { Place::Absent };
        let [n, m, k, hw] = [size.n, size.side, size.k, size.hw].map(|v| v as u32);
        let p = EigenParams { n, m, k, hw, pixels: size.pixels.into(), steps: STEPS, ..Default::default() };
        let inputs = vec![power, gram, means, side];
        if size.pixels {
            return self.emit(node, Call::Eigen(p), inputs, node.output);
        }
        let direction = self.scratch(node, Call::Eigen(p), inputs, size.n * size.side);
        let p = ProjectParams { n, k, hw, pad0: 0 };
        self.emit(node, Call::Project(p), vec![x, means, direction], node.output)
    }

    fn sizes(&self, node: &Node) -> Result<Sizes, EngineError> {
        let v = self.value(node.inputs[0]);
        let (k, hw) = (v.shape[0], v.shape[1] * v.shape[2]);
        let pixels = hw < k;
        let (side, len) = if pixels { (hw, k) } else { (k, hw) };
        if side > EIGEN_SIDE {
            let what =
                format!("the principal component of {k} channels × {hw} pixels (only one of the two may exceed {EIGEN_SIDE})");
            return self.unsupported(what, node);
        }
        // A Gram matrix is no larger than what it is made from.
        let n = run_len(v, self.batch, self.classes)? / v.len();
        Ok(Sizes { n, k, hw, side, len, pixels })
    }

    fn gram(&mut self, node: &Node, size: Sizes, x: Place, means: Place) -> Place {
        let cells = size.n * size.side * size.side;
        let most = (PARTS_BUDGET / cells).max(1);
        let part = size.len.div_ceil(size.len.div_ceil(PART).min(most));
        let parts = size.len.div_ceil(part);
        let [n, m, len, part] = [size.n, size.side, size.len, part].map(|v| v as u32);
        let form = if size.pixels { 2 } else { 1 };
        let p = GramParams { n, m, len, part, parts: parts as u32, form, ..Default::default() };
        let sums = self.scratch(node, Call::Gram(p), vec![x, means], cells * parts);
        if parts == 1 {
            return sums;
        }
        self.reduced(node, sums, Reduction::Sum, [size.n, parts, size.side * size.side])
    }

    fn mean(&mut self, node: &Node, x: Place, shape: [usize; 3]) -> Place {
        self.reduced(node, x, Reduction::Mean, shape)
    }

    /// Reduction along the middle of three axes.
    fn reduced(&mut self, node: &Node, x: Place, kind: Reduction, [outer, red, inner]: [usize; 3]) -> Place {
        let p = ReduceParams { outer: outer as u32, red: red as u32, inner: inner as u32, kind: ops::reduction(kind) };
        self.scratch(node, Call::Reduce(p), vec![x], outer * inner)
    }

    /// A step whose result only this node reads.
    fn scratch(&mut self, node: &Node, call: Call, inputs: Vec<Place>, len: usize) -> Place {
        let slot = self.slot(len);
        self.push(node, call, inputs, slot);
        Place::Slot(slot)
    }
}
