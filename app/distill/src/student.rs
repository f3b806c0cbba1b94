//! The Student's side of the terms: which values they read, what is trained, how each meets the Teacher's.

use crate::config::{SrKind, Terms, at_name};
use crate::losses::{self, FixedHead};
use crate::lower::{LowerError, Values};
use crate::parameters::Parameters;
use crate::step::StepError;
use crate::teacher::{Targets, image};
use burn::tensor::Tensor;
use fovea_student::graph::{Graph, Op, ValueId};
use fovea_student::{Tensor as Stored, Weights};
use std::collections::BTreeSet;

/// What SR at each place trains beside the Student.
const ADAPTER_WEIGHT: &str = "distill.sr.weight";
const ADAPTER_BIAS: &str = "distill.sr.bias";

/// Values of the Student's explained graph that the terms read.
pub(crate) struct Taps {
    pub logits: ValueId,
    pub features: Option<ValueId>,
    pub pooled: Option<ValueId>,
    pub spatial: Option<ValueId>,
    pub maps: Vec<ValueId>,
}

impl Taps {
    pub(crate) fn all(&self) -> Vec<ValueId> {
        let some = [Some(self.logits), self.features, self.pooled, self.spatial];
        some.into_iter().flatten().chain(self.maps.iter().copied()).collect()
    }
}

/// Weights and biases of layers. Settled statistics, other constants and those of the view stay as they are.
pub(crate) fn trainable(graph: &Graph) -> BTreeSet<String> {
    let weights: BTreeSet<&str> = graph.constants().map(|v| v.name.as_str()).collect();
    let mut found = BTreeSet::new();
    for node in &graph.nodes {
        let operands = match &node.op {
            Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::Linear { .. } | Op::LayerNorm { .. } => &node.inputs[1..],
            Op::BatchNorm { .. } => &node.inputs[1..3],
            _ => &[],
        };
        let names = operands.iter().map(|&id| graph.value(id).name.as_str());
        found.extend(names.filter(|n| weights.contains(n) && !n.starts_with("view.")).map(str::to_string));
    }
    found
}

/// The block whose map is as large as the Teacher's last, and the adapter from its channels to the Teacher's.
pub(crate) fn spatial(
    graph: &Graph,
    teacher: Option<[usize; 3]>,
    beside: &mut Weights,
    trainable: &mut BTreeSet<String>,
) -> Result<ValueId, StepError> {
    let lacking = || StepError::Targets { what: "the shape of the last features".into(), term: "sr".into() };
    let [k, h, w] = teacher.ok_or_else(lacking)?;
    let blocks: Vec<ValueId> = graph.levels.iter().filter_map(|name| graph.find(name).ok()).collect();
    let fits = |id: &&ValueId| matches!(graph.value(**id).shape[..], [_, a, b] if [a, b] == [h, w]);
    let Some(&tap) = blocks.iter().rev().find(fits) else {
        let student = blocks.last().map(|&id| graph.value(id).shape.clone()).unwrap_or_default();
        return Err(StepError::Mismatch { what: "last block".into(), student, teacher: vec![k, h, w], term: "sr".into() });
    };
    let from = graph.value(tap).shape[0];
    beside.insert(ADAPTER_WEIGHT, Stored::new(vec![k, from], adapter(k, from))?);
    beside.insert(ADAPTER_BIAS, Stored::new(vec![k], vec![0.0; k])?);
    trainable.extend([ADAPTER_WEIGHT.to_string(), ADAPTER_BIAS.to_string()]);
    Ok(tap)
}

/// The identity where channels match (same architecture); otherwise each output channel starts as the mean of the inputs
/// it would pool.
fn adapter(to: usize, from: usize) -> Vec<f32> {
    let mut cells = vec![0.0f32; to * from];
    for row in 0..to {
        let (first, last) = (row * from / to, ((row + 1) * from).div_ceil(to));
        for column in first..last {
            cells[row * from + column] = 1.0 / (last - first) as f32;
        }
    }
    cells
}

/// A finished forward pass of the Student.
pub(crate) struct Seen<'a> {
    pub graph: &'a Graph,
    pub taps: &'a Taps,
    pub values: &'a Values,
    pub parameters: &'a Parameters,
    pub n: usize,
}

impl Seen<'_> {
    /// Every term but CE, in the order of [`Terms::weights`].
    pub(crate) fn compare(&self, terms: &Terms, logits: Tensor<2>, targets: &Targets) -> Result<Vec<Tensor<1>>, StepError> {
        let mut out = vec![];
        if let Some(kd) = &terms.kd {
            fit("logits", &logits, &targets.logits, "kd")?;
            out.push(losses::soft_labels(logits, targets.logits.clone(), kd.t));
        }
        if terms.fm.is_some() {
            let ours = self.image(self.taps.features)?;
            let theirs = have(&targets.features, "feature maps", "fm")?;
            channels(&ours, theirs, "fm")?;
            out.push(losses::features(ours, theirs.clone()));
        }
        if let Some(sr) = &terms.sr {
            out.push(self.semantic(sr.kind, targets)?);
        }
        for (i, at) in terms.at.iter().enumerate() {
            let ours = self.image(self.taps.maps.get(i).copied())?;
            let name = at_name(i);
            let theirs = targets.maps.get(i).ok_or_else(|| lack("attention maps", &name))?;
            channels(&ours, theirs, &name)?;
            out.push(losses::attention(ours, theirs.clone(), at));
        }
        Ok(out)
    }

    fn semantic(&self, kind: SrKind, targets: &Targets) -> Result<Tensor<1>, StepError> {
        let head: &FixedHead = have(&targets.head, "the head", "sr")?;
        if kind == SrKind::Spatial {
            let theirs = have(&targets.last, "the last features", "sr")?;
            readable(theirs, head)?;
            let leaf = |name: &str| self.parameters.leaf(name).ok_or_else(|| LowerError::Missing(name.into()));
            let ours = self.image(self.taps.spatial)?;
            let shape = [theirs.dims()[1], ours.dims()[1]];
            let (weight, bias) = (leaf(ADAPTER_WEIGHT)?, leaf(ADAPTER_BIAS)?);
            if weight.dims() != [shape[0] * shape[1]] {
                return Err(mismatch("adapter", &weight.dims(), &shape, "sr"));
            }
            return Ok(losses::head_spatial(ours, weight.reshape(shape), bias, head, theirs.clone()));
        }
        let id = self.taps.pooled.ok_or_else(|| lack("pooled features", "sr"))?;
        let pooled = self.values.rows(self.graph, id, self.n)?;
        if pooled.dims()[1] != head.weight.dims()[1] {
            return Err(mismatch("pooled features", &pooled.dims(), &head.weight.dims(), "sr"));
        }
        Ok(losses::head_last(pooled, head, targets.logits.clone()))
    }

    fn image(&self, id: Option<ValueId>) -> Result<Tensor<4>, StepError> {
        let id = id.ok_or_else(|| LowerError::NotComputed("a feature map".into()))?;
        Ok(image(self.values, self.graph, id, self.n)?)
    }
}

fn have<'a, T>(part: &'a Option<T>, what: &str, term: &str) -> Result<&'a T, StepError> {
    part.as_ref().ok_or_else(|| lack(what, term))
}

/// At each place the Teacher's head reads its last features themselves; between torchvision's VGG16 and its last Linear there are others.
fn readable(last: &Tensor<4>, head: &FixedHead) -> Result<(), StepError> {
    let (channels, inputs) = (last.dims()[1], head.weight.dims()[1]);
    if channels == inputs {
        return Ok(());
    }
    let what = format!(
        "last features that its head can read at each place (they have {channels} channels, the head reads {inputs}; kind 'last' \
         compares what it reads)"
    );
    Err(lack(&what, "sr"))
}

fn lack(what: &str, term: &str) -> StepError {
    StepError::Targets { what: what.into(), term: term.into() }
}

fn mismatch(what: &str, student: &[usize], teacher: &[usize], term: &str) -> StepError {
    StepError::Mismatch { what: what.into(), student: student.to_vec(), teacher: teacher.to_vec(), term: term.into() }
}

fn fit(what: &str, ours: &Tensor<2>, theirs: &Tensor<2>, term: &str) -> Result<(), StepError> {
    if ours.dims() == theirs.dims() { Ok(()) } else { Err(mismatch(what, &ours.dims(), &theirs.dims(), term)) }
}

/// Same batch and channels (or classes); the grid may differ.
fn channels(ours: &Tensor<4>, theirs: &Tensor<4>, term: &str) -> Result<(), StepError> {
    let same = ours.dims()[..2] == theirs.dims()[..2];
    if same { Ok(()) } else { Err(mismatch("map", &ours.dims(), &theirs.dims(), term)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Sr;
    use crate::step::{Batch, Distiller};
    use burn::tensor::Device;
    use fovea_student::fresh::{Fresh, random_vgg16};

    const PX: usize = 32;

    /// SR at each place with a Teacher of 16 channels whose head has so many inputs.
    fn spatial_loss(inputs: usize) -> Result<f64, StepError> {
        let device = Device::flex();
        let fresh = Fresh { divisor: 32, classes: vec!["a".into(), "b".into()], input_px: PX, seed: 1 };
        let student = random_vgg16(&fresh).unwrap();
        let terms = Terms { sr: Some(Sr { weight: 1.0, kind: SrKind::Spatial }), ..Terms::default() };
        let (card, last) = (&student.card, [16, 2, 2]);
        let distiller = Distiller::new(&student.graph, &student.weights, &card.view, PX, terms, Some(last)).unwrap();
        let batch = Batch::new(vec![0.5; 3 * PX * PX], PX, vec![0], &device).unwrap();
        let head = FixedHead { weight: Tensor::ones([2, inputs], &device), bias: Tensor::zeros([2], &device) };
        let targets = Targets {
            logits: Tensor::zeros([1, 2], &device),
            features: None,
            last: Some(Tensor::ones([1, 16, 2, 2], &device)),
            maps: vec![],
            head: Some(head),
        };
        let parameters = distiller.parameters(&student.weights, &device);
        Ok(distiller.evaluate(&parameters, &batch, Some(&targets))?.total)
    }

    #[test]
    fn a_head_that_does_not_read_the_last_features_is_refused_instead_of_a_panic() {
        assert!(spatial_loss(16).unwrap().is_finite());
        let said = spatial_loss(4096).unwrap_err().to_string();
        assert!(said.contains("16 channels, the head reads 4096") && said.contains("'sr'"), "{said}");
    }
}
