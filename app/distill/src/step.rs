//! One training step: forward through view, network and explanation, the loss terms, the gradients.

use crate::config::{At, ConfigError, SrKind, Terms};
use crate::head::{self, HeadError};
use crate::layers;
use crate::losses;
use crate::lower::{self, LowerError};
use crate::parameters::{Gradients, Parameters, ReadError};
use crate::record::Losses;
use crate::student::{self, Taps};
use crate::teacher::{self, Targets};
use crate::train::cut;
use burn::tensor::{Device, Tensor, TensorData};
use fovea_student::explain::ExplainError;
use fovea_student::graph::{Graph, GraphError, LOGITS, Lead, ValueId};
use fovea_student::view::{self, ViewError};
use fovea_student::weights::ShapeMismatch;
use fovea_student::{View, Weights};
use std::collections::BTreeSet;

/// Why a step cannot be prepared or made.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The terms are unusable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network does not take the view.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The network cannot be explained at a term's layer.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// A layer is missing.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// SR needs a head that the network does not have.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A node cannot be trained.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The device did not return what it computed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An internal constant has the wrong length.
    #[error(transparent)]
    Constant(#[from] ShapeMismatch),
    /// A batch that contradicts itself or the network.
    #[error("the batch is unusable: {0}")]
    Batch(String),
    /// A term needs something of the Teacher that the targets lack.
    #[error("the Teacher's targets lack {what} (term '{term}')")]
    Targets {
        /// Missing part.
        what: String,
        /// Term.
        term: String,
    },
    /// Student and Teacher do not fit each other.
    #[error("the Student's {what} is {student:?}, the Teacher's {teacher:?} (term '{term}')")]
    Mismatch {
        /// Compared quantity.
        what: String,
        /// Shape on the Student's side.
        student: Vec<usize>,
        /// Shape on the Teacher's side.
        teacher: Vec<usize>,
        /// Term.
        term: String,
    },
    /// A layer that cannot be frozen: something that is trained looks past it.
    #[error("nothing can be frozen up to '{layer}': what lies behind it also reads '{needed}' in front of it")]
    Freeze {
        /// The layer.
        layer: String,
        /// The value in front of it.
        needed: String,
    },
    /// Something that is frozen up to but is no feature map.
    #[error("nothing can be frozen up to '{0}': it is no feature map")]
    NoMap(String),
    /// A loss is NaN or infinite; the step must not be taken.
    #[error("the loss is not finite: {value} (term '{term}')")]
    NotFinite {
        /// Its value.
        value: f64,
        /// First such term.
        term: String,
    },
}

/// Images on the Teacher's grid with their labels.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[n, 3, px, px]`, RGB in [0, 1]; behind frozen layers what those make of it.
    pub images: Tensor<4>,
    /// Class of each.
    pub labels: Vec<usize>,
}

impl Batch {
    /// Copies images, `[n, 3, px, px]` row-major, to a device.
    ///
    /// # Errors
    /// When there are none, or the number of values is not n·3·px².
    pub fn new(images: Vec<f32>, px: usize, labels: Vec<usize>, device: &Device) -> Result<Self, StepError> {
        let n = labels.len();
        let want = n.checked_mul(3).and_then(|v| v.checked_mul(px)).and_then(|v| v.checked_mul(px));
        if n == 0 || px == 0 || want != Some(images.len()) {
            return Err(StepError::Batch(format!("{} values are not {n} images of 3 × {px} × {px}", images.len())));
        }
        let data = TensorData::new(images, [n, 3, px, px]);
        Ok(Self { images: Tensor::from_data(data, &device.clone().inner()), labels })
    }
}

/// A Student prepared for training with certain terms.
pub struct Distiller {
    graph: Graph,
    terms: Terms,
    taps: Taps,
    trainable: BTreeSet<String>,
    /// Names of the Student's own weights.
    own: BTreeSet<String>,
    /// Constants of the view, and what SR trains beside the Student.
    beside: Weights,
    /// What lies behind the frozen layer, with that layer.
    tail: Option<(Graph, ValueId)>,
}

/// Values of all terms, and the gradients of the total.
pub struct Step {
    names: Vec<String>,
    values: Tensor<1>,
    /// ∂total/∂parameter.
    pub gradients: Gradients,
}

impl Step {
    /// Brings the values back and refuses those that are not finite.
    ///
    /// # Errors
    /// When the device fails, or a value is NaN or infinite.
    pub fn values(&self) -> Result<Losses, StepError> {
        read(&self.names, &self.values)
    }
}

fn read(names: &[String], values: &Tensor<1>) -> Result<Losses, StepError> {
    let device = |source| ReadError::Device { source, name: "loss".into() };
    let mut numbers = values.clone().try_into_vec_as::<f64>().map_err(device)?;
    let total = numbers.pop().unwrap_or_default();
    let terms: Vec<(String, f64)> = names.iter().cloned().zip(numbers).collect();
    match terms.iter().find(|(_, v)| !v.is_finite()) {
        Some((term, value)) => Err(StepError::NotFinite { value: *value, term: term.clone() }),
        None if !total.is_finite() => Err(StepError::NotFinite { value: total, term: "total".into() }),
        None => Ok(Losses { terms, total }),
    }
}

impl Distiller {
    /// Prepares a Student (a graph without view, with its weights) for images of `[3, input_px, input_px]`. `teacher` is the shape
    /// `[k, h, w]` of the features the Teacher's head reads; only SR at each place needs it.
    ///
    /// # Errors
    /// When a term is absurd or needs a layer the Student does not have.
    pub fn new(
        graph: &Graph,
        weights: &Weights,
        view: &View,
        input_px: usize,
        terms: Terms,
        teacher: Option<[usize; 3]>,
    ) -> Result<Self, StepError> {
        terms.validate()?;
        let (graph, viewed) = view::apply(graph, weights, view, input_px)?;
        let mut trainable = student::trainable(&graph);
        let mut beside: Weights =
            viewed.iter().filter(|(n, _)| weights.get(n).is_none()).map(|(n, t)| (n.to_string(), t.clone())).collect();
        let spatial = match &terms.sr {
            Some(sr) if sr.kind == SrKind::Spatial => Some(student::spatial(&graph, teacher, &mut beside, &mut trainable)?),
            _ => None,
        };
        let pooled = terms.sr.as_ref().filter(|sr| sr.kind == SrKind::Last).map(|_| head::find(&graph)).transpose()?;
        let features = terms.fm.as_ref().map(|fm| layers::layer(&graph, &fm.layer)).transpose()?;
        let graph = teacher::explained(&graph, &terms, |at: &At| &at.layer)?;
        let logits = graph.output(LOGITS)?;
        let taps = Taps { logits, features, pooled: pooled.map(|h| h.input), spatial, maps: teacher::maps(&graph, &terms)? };
        let own = weights.iter().map(|(n, _)| n.to_string()).collect();
        Ok(Self { graph, terms, taps, trainable, own, beside, tail: None })
    }

    /// The Student's weights, and what is trained beside them, on a device.
    pub fn parameters(&self, weights: &Weights, device: &Device) -> Parameters {
        let mut parameters = Parameters::new(weights, device);
        self.beside.iter().for_each(|(name, tensor)| parameters.insert(name, tensor));
        parameters
    }

    /// The Student's own weights back from the device.
    ///
    /// # Errors
    /// When the device fails.
    pub fn weights(&self, parameters: &Parameters) -> Result<Weights, StepError> {
        let all = parameters.weights()?;
        Ok(all.iter().filter(|(n, _)| self.own.contains(*n)).map(|(n, t)| (n.to_string(), t.clone())).collect())
    }

    /// Names of the parameters that are trained.
    pub fn trainable(&self) -> impl Iterator<Item = &str> {
        self.trainable.iter().map(String::as_str)
    }

    /// Trains only what `keep` says, of what is trained now.
    pub fn freeze_unless(&mut self, keep: impl Fn(&str) -> bool) {
        self.trainable.retain(|name| keep(name));
    }

    /// Trains nothing up to a layer (name or level), itself included. From then on every batch holds what [`Distiller::front`] makes
    /// of the images instead of the images.
    ///
    /// # Errors
    /// When there is no such layer, or a term or the network looks past it.
    pub fn freeze(&mut self, layer: &str) -> Result<(), StepError> {
        let at = layers::layer(&self.graph, layer)?;
        let value = self.graph.value(at);
        if value.lead != Lead::Sample || value.shape.len() != 3 {
            return Err(StepError::NoMap(layer.to_string()));
        }
        let tail = cut::behind(&self.graph, at, &self.taps.all())?;
        cut::frozen_names(&self.graph, at).iter().for_each(|name| {
            self.trainable.remove(name);
        });
        self.tail = Some((tail, at));
        Ok(())
    }

    /// What the frozen layers make of images `[n, 3, px, px]`; without frozen layers the images themselves.
    ///
    /// # Errors
    /// When the images do not fit.
    pub fn front(&self, parameters: &Parameters, images: Tensor<4>) -> Result<Tensor<4>, StepError> {
        let Some((_, at)) = self.tail else { return Ok(images) };
        let n = images.dims()[0];
        Ok(teacher::image(&lower::run(&self.graph, parameters, images, &[at])?, &self.graph, at, n)?)
    }

    /// Whether [`Distiller::front`] does anything.
    pub fn is_frozen(&self) -> bool {
        self.tail.is_some()
    }

    /// What a batch is run through.
    fn running(&self) -> &Graph {
        self.tail.as_ref().map_or(&self.graph, |(graph, _)| graph)
    }

    /// Logits `[n, classes]`, without gradient.
    ///
    /// # Errors
    /// When the images do not fit.
    pub fn logits(&self, parameters: &Parameters, images: Tensor<4>) -> Result<Tensor<2>, StepError> {
        let n = images.dims()[0];
        let logits = self.taps.logits;
        Ok(lower::run(self.running(), parameters, images, &[logits])?.rows(&self.graph, logits, n)?)
    }

    /// Values of the terms, without gradient.
    ///
    /// # Errors
    /// As [`Distiller::step`].
    pub fn evaluate(&self, parameters: &Parameters, batch: &Batch, targets: Option<&Targets>) -> Result<Losses, StepError> {
        let (names, values, _) = self.losses(parameters, batch, targets)?;
        read(&names, &values)
    }

    /// Forward and backward. The parameters stay as they are: hand the gradients to [`crate::Adam`].
    ///
    /// # Errors
    /// When batch, targets and network do not fit each other.
    pub fn step(&self, parameters: &Parameters, batch: &Batch, targets: Option<&Targets>) -> Result<Step, StepError> {
        let live = parameters.tracked(&self.trainable);
        let (names, values, total) = self.losses(&live, batch, targets)?;
        // With everything frozen there is nothing to go back to.
        let gradients = match total.is_tracked() {
            true => Gradients::collect(&live, &self.trainable, total.backward()),
            false => Gradients::default(),
        };
        Ok(Step { names, values, gradients })
    }

    /// Names, values with the total behind them (detached), and the total.
    fn losses(
        &self,
        parameters: &Parameters,
        batch: &Batch,
        targets: Option<&Targets>,
    ) -> Result<(Vec<String>, Tensor<1>, Tensor<1>), StepError> {
        let n = batch.images.dims()[0];
        let classes = self.graph.class_count()?;
        if let Some(label) = batch.labels.iter().find(|&&l| l >= classes) {
            return Err(StepError::Batch(format!("the label {label} is past the last of {classes} classes")));
        }
        if batch.labels.len() != n {
            return Err(StepError::Batch(format!("{n} images have {} labels", batch.labels.len())));
        }
        let values = lower::run(self.running(), parameters, batch.images.clone(), &self.taps.all())?;
        let logits = values.rows(&self.graph, self.taps.logits, n)?;
        let mut terms = vec![losses::cross_entropy(logits.clone(), &batch.labels)];
        if self.terms.needs_teacher() {
            let lacking = || StepError::Targets { what: "everything".into(), term: "all but ce".into() };
            let seen = student::Seen { graph: &self.graph, taps: &self.taps, values: &values, parameters, n };
            terms.extend(seen.compare(&self.terms, logits, targets.ok_or_else(lacking)?)?);
        }
        let weights = self.terms.weights();
        let weighted = terms.iter().zip(&weights).map(|(t, (_, w))| t.clone().mul_scalar(*w));
        let total = weighted.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::zeros([1], parameters.device()));
        let all = terms.into_iter().chain([total.clone()]).map(Tensor::inner).collect();
        Ok((weights.into_iter().map(|(name, _)| name).collect(), Tensor::cat(all, 0), total))
    }
}
