//! Grad-CAM as a transformation of the graph.
//!
//! [`explain`] appends, in the same vocabulary, the backward pass from each explained class's logit to the chosen layers and
//! the arithmetic of the attention map. The result is a graph like any other. Definitions: `METHOD.md` of the project and
//! the conventions of pytorch-grad-cam.

mod adjoint;
mod backward;
mod cam;
mod closed;

use crate::graph::{Coordinates, Lead};
use crate::graph::{Graph, GraphBuilder, GraphError, LOGITS, Op, Output, Resize, ResizeMode, ValueId};
use serde::{Deserialize, Serialize};

/// How gradients and activations become a map. `g` = ∂logit/∂A.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Σ_k max(mean(g_k)·A_k, 0): the attention of the paper (AT+).
    #[default]
    Positive,
    /// Σ_k mean(g_k)·A_k.
    GradCam,
    /// Σ_k max(g_k ⊙ A_k, 0).
    ElementWise,
    /// Σ_k g_k ⊙ A_k.
    HiResCam,
    /// Σ_k max(g_k, 0) ⊙ A_k.
    LayerCam,
    /// Second-order weights from powers of g.
    GradCamPlusPlus,
    /// Weights normalised by the activation's sum.
    XGradCam,
    /// First principal component of A: no gradient, the same map for every class.
    EigenCam,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 8] = [
        Method::Positive,
        Method::GradCam,
        Method::ElementWise,
        Method::HiResCam,
        Method::LayerCam,
        Method::GradCamPlusPlus,
        Method::XGradCam,
        Method::EigenCam,
    ];

    /// Name as the literature writes it.
    pub fn label(self) -> &'static str {
        match self {
            Method::Positive => "AT+ (positive)",
            Method::GradCam => "Grad-CAM",
            Method::ElementWise => "element-wise",
            Method::HiResCam => "HiResCAM",
            Method::LayerCam => "LayerCAM",
            Method::GradCamPlusPlus => "Grad-CAM++",
            Method::XGradCam => "XGrad-CAM",
            Method::EigenCam => "EigenCAM",
        }
    }

    /// Whether the map depends on a class score at all.
    pub fn uses_gradient(self) -> bool {
        self != Method::EigenCam
    }
}

/// One attention map that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Source name of the layer, or its level (`-1` = last block).
    pub layer: String,
    /// Map arithmetic.
    pub method: Method,
    /// Classic form: max(·, 0) after the sum over channels.
    pub relu: bool,
}

/// What to append to a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// Maps, in the order of the outputs.
    pub requests: Vec<Request>,
    /// Explained classes; `None` explains all.
    pub classes: Option<Vec<usize>>,
    /// Resize raw maps to this `[height, width]` (bilinear, corners aligned) before normalising: the Teacher's grid.
    pub grid: Option<[usize; 2]>,
    /// Append the joint min-max map too.
    pub normalise: bool,
    /// Use the closed form where the layer feeds global average pooling and one Linear.
    pub closed_form: bool,
    /// Return the gradients too: [`gradient_output`].
    pub gradients: bool,
}

impl Explain {
    /// One map for all classes, raw and normalised.
    pub fn one(layer: impl Into<String>, method: Method) -> Self {
        let request = Request { layer: layer.into(), method, relu: false };
        Self { requests: vec![request], classes: None, grid: None, normalise: true, closed_form: true, gradients: false }
    }
}

/// Name of the output with raw map `i`, shape `[classes, h, w]` per sample.
pub fn raw_output(i: usize) -> String {
    format!("map.{i}")
}

/// Name of the output with normalised map `i` (min-max, jointly over pixels and classes).
pub fn minmax_output(i: usize) -> String {
    format!("map.{i}.minmax")
}

/// Name of the output with the gradient behind map `i`, shape `[classes, k, h, w]` per sample, or `[classes, k]` where it is
/// the same at every pixel. Maps without a gradient (EigenCAM) have none.
pub fn gradient_output(i: usize) -> String {
    format!("gradient.{i}")
}

/// Why a network cannot be explained as asked.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum ExplainError {
    /// Building the appended nodes failed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The layer is no feature map.
    #[error("layer '{layer}' has the shape {shape:?}; an attention map needs channels × height × width")]
    NotSpatial {
        /// Layer name.
        layer: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The logits do not depend on the layer.
    #[error("layer '{0}' does not lead to the logits: no class score depends on it")]
    NotUpstream(String),
    /// A class index past the last.
    #[error("class {class} is asked for, but the network scores {count} classes")]
    NoClass {
        /// Asked index.
        class: usize,
        /// Number of classes.
        count: usize,
    },
    /// An operation between the layer and the logits has no adjoint.
    #[error("'{op}' has no adjoint (node '{node}')")]
    NoAdjoint {
        /// Operation.
        op: String,
        /// Node.
        node: String,
    },
    /// The graph was explained before.
    #[error("the network already carries an explanation")]
    Twice,
}

/// Appends the requested maps to a network.
///
/// # Errors
/// See [`ExplainError`].
pub fn explain(graph: &Graph, spec: &Explain) -> Result<Graph, ExplainError> {
    if !graph.classes.is_empty() {
        return Err(ExplainError::Twice);
    }
    let logits = graph.output(LOGITS)?;
    let classes = classes(graph, spec)?;
    let layers = spec.requests.iter().map(|r| layer(graph, logits, &r.layer)).collect::<Result<Vec<_>, _>>()?;
    let mut b = GraphBuilder::extend(graph.clone());
    b.classes(classes.clone());
    let wanted = |(r, l): (&Request, &ValueId)| r.method.uses_gradient().then_some(*l);
    let wanted: Vec<Option<ValueId>> = spec.requests.iter().zip(&layers).map(wanted).collect();
    let gradients = gradients(&mut b, graph, logits, &wanted, spec.closed_form)?;
    let mut outputs: Vec<Output> = vec![];
    for (i, request) in spec.requests.iter().enumerate() {
        let mut raw = cam::map(&mut b, layers[i], gradients[i], request, classes.len(), &raw_output(i))?;
        if let Some(size) = spec.grid {
            let resize = Resize { size, mode: ResizeMode::Bilinear, coordinates: Coordinates::AlignCorners, scale: None };
            raw = b.node(Op::Resize(resize), &[raw], "teacher grid", "map.grid")?;
        }
        outputs.push(Output { name: raw_output(i), value: raw });
        if let (true, Some(Gradient::Uniform(g) | Gradient::Full(g))) = (spec.gradients, gradients[i]) {
            let value = b.node(Op::FoldClasses { classes: classes.len() }, &[g], "gradient", &gradient_output(i))?;
            outputs.push(Output { name: gradient_output(i), value });
        }
        if spec.normalise {
            let value = b.node(Op::MinMax, &[raw], "joint min-max", &minmax_output(i))?;
            outputs.push(Output { name: minmax_output(i), value });
        }
    }
    outputs.into_iter().for_each(|o| b.output(&o.name, o.value));
    Ok(b.finish())
}

/// Gradient of a layer: pooled when it is the same at every pixel.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gradient {
    /// `[k]` per class.
    Uniform(ValueId),
    /// `[k, h, w]` per class.
    Full(ValueId),
}

fn classes(graph: &Graph, spec: &Explain) -> Result<Vec<usize>, ExplainError> {
    let count = graph.class_count()?;
    let classes = spec.classes.clone().unwrap_or_else(|| (0..count).collect());
    match classes.iter().find(|&&c| c >= count) {
        Some(&class) => Err(ExplainError::NoClass { class, count }),
        None if classes.is_empty() => Err(ExplainError::NoClass { class: 0, count: 0 }),
        None => Ok(classes),
    }
}

fn layer(graph: &Graph, logits: ValueId, name: &str) -> Result<ValueId, ExplainError> {
    let id = graph.layer(name)?;
    let v = graph.value(id);
    if v.lead != Lead::Sample || v.shape.len() != 3 {
        return Err(ExplainError::NotSpatial { layer: v.name.clone(), shape: v.shape.clone() });
    }
    if !graph.upstream_of(logits)[id.index()] {
        return Err(ExplainError::NotUpstream(v.name.clone()));
    }
    Ok(id)
}

/// Gradients of the layers whose gradient is wanted, in their order.
fn gradients(
    b: &mut GraphBuilder,
    graph: &Graph,
    logits: ValueId,
    layers: &[Option<ValueId>],
    closed_form: bool,
) -> Result<Vec<Option<Gradient>>, ExplainError> {
    let head = |layer: &Option<ValueId>| layer.filter(|_| closed_form).and_then(|l| closed::head(graph, logits, l));
    let closed: Vec<Option<closed::Head>> = layers.iter().map(head).collect();
    let open: Vec<ValueId> = layers.iter().zip(&closed).filter(|(_, c)| c.is_none()).filter_map(|(l, _)| *l).collect();
    let full = backward::gradients(b, graph, logits, &open)?;
    let gradient = |b: &mut GraphBuilder, layer: ValueId, head: &Option<closed::Head>| match head {
        Some(head) => Ok(Gradient::Uniform(head.gradient(b)?)),
        None => {
            full.get(&layer).map(|g| Gradient::Full(*g)).ok_or_else(|| ExplainError::NotUpstream(graph.value(layer).name.clone()))
        }
    };
    layers.iter().zip(&closed).map(|(layer, head)| layer.map(|l| gradient(b, l, head)).transpose()).collect()
}
