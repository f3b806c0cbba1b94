//! The Teacher: what it says about a batch, without gradient.

use crate::config::{At, Terms};
use crate::head;
use crate::layers::{self, layer};
use crate::losses::FixedHead;
use crate::lower::{self, LowerError};
use crate::parameters::Parameters;
use crate::step::StepError;
use burn::tensor::{Device, Tensor};
use fovea_student::explain::{Explain, explain, raw_output};
use fovea_student::graph::{Graph, GraphError, LOGITS, ValueId};
use fovea_student::{View, Weights, view};

/// What the terms need to know of the Teacher for one batch; live, or read from a file.
#[derive(Clone, Debug)]
pub struct Targets {
    /// `[n, classes]`.
    pub logits: Tensor<2>,
    /// Features `[n, k, h, w]` of the layer FM compares.
    pub features: Option<Tensor<4>>,
    /// Features `[n, k, h, w]` the head reads; SR at each place compares there.
    pub last: Option<Tensor<4>>,
    /// Raw attention `[n, classes, h, w]`, one per AT term.
    pub maps: Vec<Tensor<4>>,
    /// The head; SR reads the Student's features with it.
    pub head: Option<FixedHead>,
}

/// A Teacher that runs along.
pub struct Teacher {
    graph: Graph,
    parameters: Parameters,
    taps: Taps,
    head: Option<FixedHead>,
}

/// Values of an explained graph that the terms read.
pub(crate) struct Taps {
    pub logits: ValueId,
    pub features: Option<ValueId>,
    pub last: Option<ValueId>,
    pub maps: Vec<ValueId>,
}

impl Taps {
    pub(crate) fn all(&self) -> Vec<ValueId> {
        let some = [Some(self.logits), self.features, self.last];
        some.into_iter().flatten().chain(self.maps.iter().copied()).collect()
    }
}

/// The graph with one raw map per AT term, all classes, no normalisation.
pub(crate) fn explained(graph: &Graph, terms: &Terms, name: impl Fn(&At) -> &str) -> Result<Graph, StepError> {
    if terms.at.is_empty() {
        return Ok(graph.clone());
    }
    let requests = terms.at.iter().map(|at| layers::request(graph, name(at), at.form)).collect::<Result<Vec<_>, _>>()?;
    let spec = Explain { requests, classes: None, grid: None, normalise: false, closed_form: true, gradients: false };
    Ok(explain(graph, &spec)?)
}

/// Outputs of the explained graph, one per AT term.
pub(crate) fn maps(graph: &Graph, terms: &Terms) -> Result<Vec<ValueId>, GraphError> {
    (0..terms.at.len()).map(|i| graph.output(&raw_output(i))).collect()
}

/// `[n, shape of the item]` of a value with three item axes.
pub(crate) fn image(values: &lower::Values, graph: &Graph, id: ValueId, n: usize) -> Result<Tensor<4>, LowerError> {
    match graph.value(id).shape[..] {
        [k, h, w] => Ok(values.rows(graph, id, n)?.reshape([n, k, h, w])),
        _ => Err(LowerError::NotComputed(graph.value(id).name.clone())),
    }
}

impl Teacher {
    /// Prepares a Teacher for images of `[3, input_px, input_px]` in [0, 1]; `view` is its own (normalisation, rarely a factor).
    ///
    /// # Errors
    /// When a term needs a layer or a head that the network does not have.
    pub fn new(
        graph: &Graph,
        weights: &Weights,
        view: &View,
        input_px: usize,
        terms: &Terms,
        device: &Device,
    ) -> Result<Self, StepError> {
        let (graph, weights) = view::apply(graph, weights, view, input_px)?;
        let head = terms.sr.is_some().then(|| fixed_head(&graph, &weights, device)).transpose()?;
        let features = terms.fm.as_ref().map(|fm| layer(&graph, &fm.layer)).transpose()?;
        let last = terms.sr.is_some().then(|| layer(&graph, "-1")).transpose()?;
        let graph = explained(&graph, terms, |at| at.teacher_layer.as_ref().unwrap_or(&at.layer))?;
        let taps = Taps { logits: graph.output(LOGITS)?, features, last, maps: maps(&graph, terms)? };
        Ok(Self { parameters: Parameters::new(&weights, device), graph, taps, head })
    }

    /// Number of classes it scores.
    ///
    /// # Errors
    /// When the graph has no logits.
    pub fn class_count(&self) -> Result<usize, StepError> {
        Ok(self.graph.class_count()?)
    }

    /// Shape `[k, h, w]` of the features its head reads, where SR asks for them.
    pub fn last_shape(&self) -> Option<[usize; 3]> {
        self.taps.last.and_then(|id| <[usize; 3]>::try_from(&self.graph.value(id).shape[..]).ok())
    }

    /// What it says about images `[n, 3, px, px]`.
    ///
    /// # Errors
    /// When a node is not supported or the images do not fit.
    pub fn targets(&self, images: Tensor<4>) -> Result<Targets, StepError> {
        let n = images.dims()[0];
        let values = lower::run(&self.graph, &self.parameters, images, &self.taps.all())?;
        let map = |id: ValueId| image(&values, &self.graph, id, n);
        Ok(Targets {
            logits: values.rows(&self.graph, self.taps.logits, n)?,
            features: self.taps.features.map(map).transpose()?,
            last: self.taps.last.map(map).transpose()?,
            maps: self.taps.maps.iter().map(|&id| map(id)).collect::<Result<_, _>>()?,
            head: self.head.clone(),
        })
    }
}

fn fixed_head(graph: &Graph, weights: &Weights, device: &Device) -> Result<FixedHead, StepError> {
    Ok(FixedHead::new(&head::find(graph)?.numbers(weights)?, device))
}
