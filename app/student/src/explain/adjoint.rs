//! The adjoint of every forward operation: what the gradient of its result makes the gradient of an operand.

use super::ExplainError;
use crate::graph::{Binary, GraphBuilder, GraphError, Node, Op, Reduction, Unary, ValueId};

type Step = Result<ValueId, GraphError>;

/// Nodes added for one adjoint, named after the node they undo.
struct At<'a> {
    b: &'a mut GraphBuilder,
    name: &'a str,
}

impl At<'_> {
    fn op(&mut self, op: Op, inputs: &[ValueId]) -> Step {
        self.b.node(op, inputs, self.name, &format!("gradient.{}", self.name))
    }
    fn bin(&mut self, kind: Binary, a: ValueId, b: ValueId) -> Step {
        self.op(Op::Binary(kind), &[a, b])
    }
    fn un(&mut self, kind: Unary, x: ValueId) -> Step {
        self.op(Op::Unary(kind), &[x])
    }
    fn shape(&self, id: ValueId) -> Vec<usize> {
        self.b.value(id).shape.clone()
    }
    fn hw(&self, id: ValueId) -> [usize; 2] {
        let s = &self.b.value(id).shape;
        [s[s.len() - 2], s[s.len() - 1]]
    }
    fn reshape(&mut self, x: ValueId, shape: Vec<usize>) -> Step {
        if self.b.value(x).shape == shape { Ok(x) } else { self.op(Op::Reshape { shape }, &[x]) }
    }
    /// Sums over what broadcasting had repeated.
    fn unbroadcast(&mut self, g: ValueId, shape: &[usize]) -> Step {
        let from = self.shape(g);
        let extra = from.len() - shape.len();
        let axes = (0..from.len()).filter(|&i| i < extra || (shape[i - extra] == 1 && from[i] != 1)).collect::<Vec<_>>();
        let sum = if axes.is_empty() { g } else { self.op(Op::Reduce { kind: Reduction::Sum, axes, keep: true }, &[g])? };
        self.reshape(sum, shape.to_vec())
    }
}

/// Gradient of operand `i`, or `None` where it is zero everywhere.
pub(super) fn adjoint(b: &mut GraphBuilder, node: &Node, g: ValueId, i: usize) -> Result<Option<ValueId>, ExplainError> {
    let x = &node.inputs;
    let mut at = At { b, name: &node.name };
    let step = match &node.op {
        Op::Conv2d(c) => {
            let size = at.hw(x[0]);
            at.op(Op::ConvTranspose2d { conv: c.clone(), size }, &[g, x[1]])
        }
        Op::ConvTranspose2d { conv, .. } => at.op(Op::Conv2d(conv.clone()), &[g, x[1]]),
        Op::Linear { transposed } => at.op(Op::Linear { transposed: !transposed }, &[g, x[1]]),
        Op::BatchNorm { eps } => at.op(Op::BatchNormGrad { eps: *eps }, &[g, x[1], x[4]]),
        Op::LayerNorm { axis, eps } => layer_norm(&mut at, g, x, *axis, *eps),
        Op::Unary(Unary::Step) => return Ok(None),
        Op::Unary(Unary::Affine(a, _)) => at.un(Unary::Affine(*a, 0.0), g),
        Op::Unary(Unary::Neg) => at.un(Unary::Neg, g),
        Op::Unary(u) => at.op(Op::UnaryGrad(*u), &[g, x[0]]),
        Op::Binary(kind) => binary(&mut at, *kind, g, node, i),
        Op::MaxPool(p) => at.op(Op::MaxPoolGrad(p.clone()), &[g, x[0]]),
        Op::AvgPool(p) => {
            let size = at.hw(x[0]);
            at.op(Op::AvgPoolGrad { pool: p.clone(), size }, &[g])
        }
        Op::Reduce { kind, axes, .. } => reduce(&mut at, *kind, axes, g, node),
        Op::Expand { .. } => {
            let shape = at.shape(x[0]);
            at.unbroadcast(g, &shape)
        }
        Op::Reshape { .. } => {
            let shape = at.shape(x[0]);
            at.reshape(g, shape)
        }
        Op::Transpose { perm } => {
            let mut back = vec![0; perm.len()];
            perm.iter().enumerate().for_each(|(to, &from)| back[from] = to);
            at.op(Op::Transpose { perm: back }, &[g])
        }
        Op::Slice { axis, start, step, .. } => {
            let full = at.shape(x[0])[*axis];
            at.op(Op::SliceGrad { axis: *axis, start: *start, step: *step, full }, &[g])
        }
        Op::Pad { before, .. } => unpad(&mut at, g, before, x[0]),
        Op::Concat { axis } => {
            let start = x[..i].iter().map(|&v| at.shape(v)[*axis]).sum();
            let len = at.shape(x[i])[*axis];
            at.op(Op::Slice { axis: *axis, start, step: 1, len }, &[g])
        }
        Op::Resize(r) => {
            let size = at.hw(x[0]);
            at.op(Op::ResizeGrad { resize: r.clone(), size }, &[g])
        }
        Op::Softmax { axis } => softmax(&mut at, g, node.output, *axis),
        other => return Err(ExplainError::NoAdjoint { op: other.name().into(), node: node.name.clone() }),
    };
    Ok(Some(step?))
}

fn binary(at: &mut At<'_>, kind: Binary, g: ValueId, node: &Node, i: usize) -> Step {
    let (a, b) = (node.inputs[0], node.inputs[1]);
    let part = match (kind, i) {
        (Binary::Add, _) | (Binary::Sub, 0) => g,
        (Binary::Sub, _) => at.un(Unary::Neg, g)?,
        (Binary::Mul, 0) => at.bin(Binary::Mul, g, b)?,
        (Binary::Mul, _) => at.bin(Binary::Mul, g, a)?,
        (Binary::Div, 0) => at.bin(Binary::Div, g, b)?,
        (Binary::Div, _) => {
            let q = at.bin(Binary::Div, node.output, b)?;
            let gq = at.bin(Binary::Mul, g, q)?;
            at.un(Unary::Neg, gq)?
        }
        (Binary::Max, 0) | (Binary::Min, 1) => masked(at, g, a, b)?,
        (Binary::Max, _) | (Binary::Min, _) => masked(at, g, b, a)?,
        (Binary::Pow, 0) => {
            // b · a^(b−1), with the power taken directly so that a = 0 stays finite for b ≥ 1.
            let less = at.un(Unary::Affine(1.0, -1.0), b)?;
            let power = at.bin(Binary::Pow, a, less)?;
            let slope = at.bin(Binary::Mul, power, b)?;
            at.bin(Binary::Mul, g, slope)?
        }
        (Binary::Pow, _) => {
            let log = at.un(Unary::Log, a)?;
            let slope = at.bin(Binary::Mul, node.output, log)?;
            at.bin(Binary::Mul, g, slope)?
        }
    };
    let shape = at.shape(node.inputs[i]);
    at.unbroadcast(part, &shape)
}

/// g where p > q, half of it where they are equal (PyTorch's convention for elementwise max and min).
fn masked(at: &mut At<'_>, g: ValueId, p: ValueId, q: ValueId) -> Step {
    let ahead = at.bin(Binary::Sub, p, q)?;
    let behind = at.bin(Binary::Sub, q, p)?;
    let (wins, loses) = (at.un(Unary::Step, ahead)?, at.un(Unary::Step, behind)?);
    let edge = at.bin(Binary::Sub, wins, loses)?;
    let share = at.un(Unary::Affine(0.5, 0.5), edge)?;
    at.bin(Binary::Mul, g, share)
}

fn reduce(at: &mut At<'_>, kind: Reduction, axes: &[usize], g: ValueId, node: &Node) -> Step {
    let x = node.inputs[0];
    let full = at.shape(x);
    let kept: Vec<usize> = full.iter().enumerate().map(|(i, &d)| if axes.contains(&i) { 1 } else { d }).collect();
    let column = at.reshape(g, kept.clone())?;
    if let Reduction::Sum | Reduction::Mean = kind {
        let count: usize = axes.iter().map(|&a| full[a]).product();
        let scaled = match kind {
            Reduction::Mean => at.un(Unary::Affine(1.0 / count as f32, 0.0), column)?,
            _ => column,
        };
        return at.op(Op::Expand { shape: full }, &[scaled]);
    }
    // Extremes share the gradient evenly among ties, as PyTorch's amax does.
    let extreme = at.reshape(node.output, kept)?;
    let gap = match kind {
        Reduction::Max => at.bin(Binary::Sub, extreme, x)?,
        _ => at.bin(Binary::Sub, x, extreme)?,
    };
    let below = at.un(Unary::Step, gap)?;
    let hit = at.un(Unary::Affine(-1.0, 1.0), below)?;
    let count = at.op(Op::Reduce { kind: Reduction::Sum, axes: axes.to_vec(), keep: true }, &[hit])?;
    let share = at.bin(Binary::Div, hit, count)?;
    at.bin(Binary::Mul, column, share)
}

fn unpad(at: &mut At<'_>, g: ValueId, before: &[usize], x: ValueId) -> Step {
    let shape = at.shape(x);
    let mut part = g;
    for (axis, (&start, &len)) in before.iter().zip(&shape).enumerate() {
        if at.shape(part)[axis] != len {
            part = at.op(Op::Slice { axis, start, step: 1, len }, &[part])?;
        }
    }
    Ok(part)
}

fn softmax(at: &mut At<'_>, g: ValueId, y: ValueId, axis: usize) -> Step {
    let gy = at.bin(Binary::Mul, g, y)?;
    let sum = at.op(Op::Reduce { kind: Reduction::Sum, axes: vec![axis], keep: true }, &[gy])?;
    let centred = at.bin(Binary::Sub, g, sum)?;
    at.bin(Binary::Mul, centred, y)
}

/// With x̂ = (x − μ)/σ and ĝ = g·scale: (ĝ − mean(ĝ) − x̂·mean(ĝ·x̂)) / σ.
fn layer_norm(at: &mut At<'_>, g: ValueId, x: &[ValueId], axis: usize, eps: f32) -> Step {
    let mean = |at: &mut At<'_>, v| at.op(Op::Reduce { kind: Reduction::Mean, axes: vec![axis], keep: true }, &[v]);
    let mu = mean(at, x[0])?;
    let centred = at.bin(Binary::Sub, x[0], mu)?;
    let square = at.bin(Binary::Mul, centred, centred)?;
    let variance = mean(at, square)?;
    let shifted = at.un(Unary::Affine(1.0, eps), variance)?;
    let inverse = at.un(Unary::Pow(-0.5), shifted)?;
    let normal = at.bin(Binary::Mul, centred, inverse)?;
    let mut wide = vec![1; at.shape(x[0]).len()];
    wide[axis] = at.shape(x[0])[axis];
    let scale = at.reshape(x[1], wide)?;
    let scaled = at.bin(Binary::Mul, g, scale)?;
    let level = mean(at, scaled)?;
    let product = at.bin(Binary::Mul, scaled, normal)?;
    let slope = mean(at, product)?;
    let tilt = at.bin(Binary::Mul, normal, slope)?;
    let flat = at.bin(Binary::Sub, scaled, level)?;
    let rest = at.bin(Binary::Sub, flat, tilt)?;
    at.bin(Binary::Mul, rest, inverse)
}
