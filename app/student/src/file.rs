//! A Student as one `.safetensors` file: the graph and the model card are JSON in its metadata.

use crate::card::{CardError, ModelCard};
use crate::graph::{Graph, GraphError, Lead};
use crate::load::{LoadError, Loaded, Reason, load};
use crate::view::{self, ViewError};
use crate::weights::Weights;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError};
use std::collections::{HashMap, HashSet};

const GRAPH: &str = "fovea.graph";
const CARD: &str = "fovea.card";

/// Most values and nodes a stored graph may have.
const MAX_VALUES: usize = 1 << 16;
/// Most levels and outputs.
const MAX_NAMED: usize = 256;

/// A network with its card: everything the program needs to analyse images.
#[derive(Clone, Debug, PartialEq)]
pub struct Student {
    /// The network for `card.input_px`, without view.
    pub graph: Graph,
    /// Its numbers.
    pub weights: Weights,
    /// What it is.
    pub card: ModelCard,
    /// What the user should know about how it was loaded.
    pub notes: Vec<String>,
    /// The file's name, as the caller gave it.
    pub file_name: String,
}

/// Why a Student cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The card does not fit.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The graph does not fit.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A parameter is missing or has another shape.
    #[error("{0}")]
    Weights(String),
    /// The container cannot be written.
    #[error("the safetensors file cannot be written: {0}")]
    Container(String),
    /// What was written could not be read back.
    #[error("what was written cannot be read back: {0}")]
    ReadBack(LoadError),
}

impl From<SafeTensorError> for WriteError {
    fn from(e: SafeTensorError) -> Self {
        Self::Container(e.to_string())
    }
}

impl Student {
    /// The graph with its input view in front, and the weights with what the view adds: what executors run.
    ///
    /// # Errors
    /// When the network does not take the view's size.
    pub fn runnable(&self) -> Result<(Graph, Weights), ViewError> {
        view::apply(&self.graph, &self.weights, &self.card.view, self.card.input_px)
    }
}

/// Writes a Student; the hash in the card is set to that of the weights. The result has been read back once.
///
/// # Errors
/// When graph, card and weights contradict each other.
pub fn write(student: &Student) -> Result<Vec<u8>, WriteError> {
    let mut card = student.card.clone();
    card.weights_sha256 = student.weights.sha256();
    student.graph.validate()?;
    card.validate(&student.graph)?;
    let graph = serde_json::to_string(&student.graph).map_err(|e| WriteError::Container(e.to_string()))?;
    let metadata = HashMap::from([
        ("format".to_string(), "pt".to_string()),
        (GRAPH.to_string(), graph),
        (CARD.to_string(), card.to_json()?),
    ]);
    let bytes = container(&student.weights, Some(metadata))?;
    match load(&bytes, &student.file_name) {
        Ok(Loaded::Ready(_)) => Ok(bytes),
        Ok(Loaded::Bare(_)) => Err(WriteError::Container("it lost its graph".into())),
        Err(e) => Err(WriteError::ReadBack(e)),
    }
}

/// Weights as safetensors.
pub(crate) fn container(weights: &Weights, metadata: Option<HashMap<String, String>>) -> Result<Vec<u8>, WriteError> {
    let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> =
        weights.iter().map(|(n, t)| (n, t.shape().to_vec(), t.data().iter().flat_map(|v| v.to_le_bytes()).collect())).collect();
    let views: Vec<(&str, TensorView<'_>)> = bytes
        .iter()
        .map(|(n, shape, data)| TensorView::new(Dtype::F32, shape.clone(), data).map(|v| (*n, v)))
        .collect::<Result<_, _>>()?;
    Ok(safetensors::serialize(views, metadata)?)
}

/// True when the metadata is that of our format.
pub(crate) fn is_ours(metadata: &HashMap<String, String>) -> bool {
    metadata.contains_key(GRAPH) || metadata.contains_key(CARD)
}

/// Puts a Student together and checks that graph, card and weights belong together.
pub(crate) fn assemble(weights: Weights, metadata: &HashMap<String, String>, name: &str) -> Result<Student, Reason> {
    let part = |key: &str| metadata.get(key).ok_or_else(|| Reason::Format(format!("the Student file lacks '{key}'")));
    let graph: Graph =
        serde_json::from_str(part(GRAPH)?).map_err(|e| Reason::Format(format!("the graph cannot be read: {e}")))?;
    let card = ModelCard::from_json(part(CARD)?)?;
    check_size(&graph)?;
    graph.validate()?;
    check_weights(&graph, &weights)?;
    card.validate(&graph)?;
    let found = weights.sha256();
    if found != card.weights_sha256 {
        return Err(Reason::Hash { found, said: card.weights_sha256 });
    }
    let notes = card.notes.clone();
    Ok(Student { graph, weights, card, notes, file_name: name.to_string() })
}

/// Validation takes time that grows with these.
fn check_size(graph: &Graph) -> Result<(), Reason> {
    let large = graph.values.len() > MAX_VALUES || graph.nodes.len() > MAX_VALUES;
    if large || graph.levels.len() > MAX_NAMED || graph.outputs.len() > MAX_NAMED {
        return Err(Reason::TooLarge("the stored graph is too large".into()));
    }
    if !graph.classes.is_empty() || graph.values.iter().any(|v| v.lead == Lead::SampleClass) {
        return Err(Reason::Format("the stored graph is an explanation, not a network".into()));
    }
    Ok(())
}

fn check_weights(graph: &Graph, weights: &Weights) -> Result<(), Reason> {
    let mut used = HashSet::new();
    for constant in graph.constants() {
        let tensor = weights.get(&constant.name).ok_or_else(|| Reason::Missing(constant.name.clone()))?;
        if tensor.shape() != constant.shape {
            let want = format!("{:?}", constant.shape);
            return Err(Reason::Shape { tensor: constant.name.clone(), got: tensor.shape().to_vec(), want });
        }
        used.insert(constant.name.as_str());
    }
    if let Some((stranger, _)) = weights.iter().find(|(n, _)| !used.contains(n)) {
        return Err(Reason::Unexpected(stranger.to_string()));
    }
    match weights.first_not_finite() {
        Some(name) => Err(Reason::NotFinite(name.to_string())),
        None => Ok(()),
    }
}
