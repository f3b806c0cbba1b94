//! Layers and attention maps as the terms name them.

use crate::config::AttentionForm;
use fovea_student::explain::{Method, Request};
use fovea_student::graph::{Graph, GraphError, ValueId};

/// A layer by name or level; a network without levels has a last one all the same.
///
/// # Errors
/// When there is no such layer.
pub fn layer(graph: &Graph, name: &str) -> Result<ValueId, GraphError> {
    match graph.layer(name) {
        Err(_) if name == "-1" => graph.default_layer().ok_or_else(|| GraphError::NoValue(name.into())),
        found => found,
    }
}

/// The level of a layer (−1 the last block), where it has one.
pub fn level(graph: &Graph, id: ValueId) -> Option<i64> {
    let name = &graph.value(id).name;
    let from_end = graph.levels.iter().rev().position(|l| l == name).and_then(|i| i64::try_from(i).ok());
    match from_end {
        Some(i) => Some(-1 - i),
        None => (graph.levels.is_empty() && graph.default_layer() == Some(id)).then_some(-1),
    }
}

/// What `explain` is asked for to get a raw map of this form.
///
/// # Errors
/// When there is no such layer.
pub fn request(graph: &Graph, name: &str, form: AttentionForm) -> Result<Request, GraphError> {
    let (method, relu) = match form {
        AttentionForm::Positive => (Method::Positive, false),
        AttentionForm::Relu => (Method::GradCam, true),
        AttentionForm::Signed => (Method::GradCam, false),
    };
    let layer = graph.value(layer(graph, name)?).name.clone();
    Ok(Request { layer, method, relu })
}
