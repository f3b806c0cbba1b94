//! From gradient and activation to the map of one class: the table of methods.

use super::{Gradient, Method, Request};
use crate::graph::{Binary, CamMode, GraphBuilder, GraphError, Op, Reduction, Unary, ValueId};

/// Raw map `[classes, h, w]` per sample, named `name`. `g` is there for every method that uses a gradient.
pub(super) fn map(
    b: &mut GraphBuilder,
    a: ValueId,
    g: Option<Gradient>,
    request: &Request,
    classes: usize,
    name: &str,
) -> Result<ValueId, GraphError> {
    let (weights, mode) = match (request.method, g) {
        (Method::EigenCam, _) | (_, None) => return component(b, a, request.relu, classes, name),
        (Method::GradCam, Some(g)) => (pooled(b, g)?, CamMode::Sum),
        (Method::Positive, Some(g)) => (pooled(b, g)?, CamMode::PositiveTerms),
        (Method::ElementWise, Some(g)) => (either(g), CamMode::PositiveTerms),
        (Method::HiResCam, Some(g)) => (either(g), CamMode::Sum),
        (Method::LayerCam, Some(g)) => (either(g), CamMode::PositiveGradient),
        (Method::GradCamPlusPlus, Some(g)) => (plus_plus(b, a, g)?, CamMode::Sum),
        (Method::XGradCam, Some(g)) => (x_grad(b, a, g)?, CamMode::Sum),
    };
    let map = b.node(Op::Cam { mode, relu: request.relu }, &[weights, a], request.method.label(), "cam")?;
    b.node(Op::FoldClasses { classes }, &[map], "classes", name)
}

/// The activation's principal component, the same for every class.
fn component(b: &mut GraphBuilder, a: ValueId, relu: bool, classes: usize, name: &str) -> Result<ValueId, GraphError> {
    let label = Method::EigenCam.label();
    let mut map = b.node(Op::PrincipalComponent, &[a], label, "cam")?;
    if relu {
        map = b.node(Op::Unary(Unary::Relu), &[map], label, "cam")?;
    }
    let [h, w] = [1, 2].map(|axis| b.value(a).shape[axis]);
    let one = b.node(Op::Reshape { shape: vec![1, h, w] }, &[map], label, "cam")?;
    b.node(Op::Expand { shape: vec![classes, h, w] }, &[one], "classes", name)
}

fn reduce(b: &mut GraphBuilder, kind: Reduction, x: ValueId, keep: bool) -> Result<ValueId, GraphError> {
    b.node(Op::Reduce { kind, axes: vec![1, 2], keep }, &[x], "cam weights", "cam.pooled")
}

fn binary(b: &mut GraphBuilder, kind: Binary, p: ValueId, q: ValueId) -> Result<ValueId, GraphError> {
    b.node(Op::Binary(kind), &[p, q], "cam weights", "cam.weights")
}

fn pooled(b: &mut GraphBuilder, g: Gradient) -> Result<ValueId, GraphError> {
    match g {
        Gradient::Uniform(g) => Ok(g),
        Gradient::Full(g) => reduce(b, Reduction::Mean, g, false),
    }
}

/// The `Cam` operation takes pooled and full weights alike.
fn either(g: Gradient) -> ValueId {
    match g {
        Gradient::Uniform(g) | Gradient::Full(g) => g,
    }
}

/// `[k, 1, 1]` or `[k, h, w]`, for arithmetic with the activation.
fn spatial(b: &mut GraphBuilder, g: Gradient) -> Result<ValueId, GraphError> {
    match g {
        Gradient::Full(g) => Ok(g),
        Gradient::Uniform(g) => {
            let k = b.value(g).len();
            b.node(Op::Reshape { shape: vec![k, 1, 1] }, &[g], "cam weights", "cam.gradient")
        }
    }
}

/// Σ_hw max(g, 0)·a with a = g² / (2g² + ΣA·g³ + 1e-6); where g = 0 the numerator is 0 and so is a.
fn plus_plus(b: &mut GraphBuilder, a: ValueId, g: Gradient) -> Result<ValueId, GraphError> {
    let g = spatial(b, g)?;
    let full = b.value(a).shape.clone();
    let area = reduce(b, Reduction::Sum, a, true)?;
    let square = binary(b, Binary::Mul, g, g)?;
    let cube = binary(b, Binary::Mul, square, g)?;
    let tail = binary(b, Binary::Mul, cube, area)?;
    let head = b.node(Op::Unary(Unary::Affine(2.0, 1e-6)), &[square], "cam weights", "cam.weights")?;
    let below = binary(b, Binary::Add, head, tail)?;
    let ratio = binary(b, Binary::Div, square, below)?;
    let positive = b.node(Op::Unary(Unary::Relu), &[g], "cam weights", "cam.weights")?;
    let part = binary(b, Binary::Mul, positive, ratio)?;
    let part = b.node(Op::Expand { shape: full }, &[part], "cam weights", "cam.weights")?;
    reduce(b, Reduction::Sum, part, false)
}

/// Σ_hw g ⊙ A / (Σ_hw A + 1e-7).
fn x_grad(b: &mut GraphBuilder, a: ValueId, g: Gradient) -> Result<ValueId, GraphError> {
    let g = spatial(b, g)?;
    let product = binary(b, Binary::Mul, g, a)?;
    let top = reduce(b, Reduction::Sum, product, false)?;
    let area = reduce(b, Reduction::Sum, a, false)?;
    let below = b.node(Op::Unary(Unary::Affine(1.0, 1e-7)), &[area], "cam weights", "cam.weights")?;
    binary(b, Binary::Div, top, below)
}
