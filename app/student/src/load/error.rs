//! Why a file cannot be used.

use super::pickle::PickleError;
use crate::card::CardError;
use crate::graph::GraphError;
use crate::onnx::OnnxError;

/// Something the user must or may say about a bare checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The flag that says it, e.g. `--input`.
    pub flag: &'static str,
    /// What it is, for a form.
    pub what: &'static str,
    /// False when the checkpoint can be used without it (the Student then says what is unknown).
    pub required: bool,
}

/// A file that cannot be used: the reason, and the file last.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
#[error("{reason} ({file})")]
pub struct LoadError {
    /// What is wrong.
    pub reason: Reason,
    /// Name of the file, as the caller gave it.
    pub file: String,
}

impl LoadError {
    /// What the user must or may still say, when that is what is missing.
    pub fn needs(&self) -> Option<&[Need]> {
        match &self.reason {
            Reason::Needs(needs) => Some(needs),
            _ => None,
        }
    }
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum Reason {
    /// Not a format we read, or damaged.
    #[error("{0}")]
    Format(String),
    /// A size that a damaged or hostile file claims.
    #[error("{0}; this looks damaged or hostile")]
    TooLarge(String),
    /// The pickle inside is refused.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// A tensor that does not lie in its storage.
    #[error("the tensor '{tensor}' cannot be read: {what}")]
    Tensor {
        /// Parameter name.
        tensor: String,
        /// What is wrong with it.
        what: String,
    },
    /// A parameter is NaN or infinite.
    #[error("the tensor '{0}' holds NaN or infinite numbers")]
    NotFinite(String),
    /// A parameter the network needs is not in the file.
    #[error("the parameter '{0}' is missing")]
    Missing(String),
    /// A parameter the network does not have.
    #[error("the parameter '{0}' has no place in the network")]
    Unexpected(String),
    /// A parameter of the wrong shape.
    #[error("the parameter '{tensor}' has shape {got:?} where {want} fits")]
    Shape {
        /// Parameter name.
        tensor: String,
        /// Its shape.
        got: Vec<usize>,
        /// What fits.
        want: String,
    },
    /// Names given for another number of classes.
    #[error("{given} class names are given, but the network scores {found} classes")]
    ClassCount {
        /// Number of names.
        given: usize,
        /// Number of scores.
        found: usize,
    },
    /// A layer or structure that we cannot run.
    #[error("{0}")]
    Unsupported(String),
    /// Features without classifier.
    #[error("the file holds features only: the head (classifier) is missing, so there are no classes to explain")]
    HeadMissing,
    /// The file does not say enough.
    #[error("the file does not say {}", list(.0))]
    Needs(Vec<Need>),
    /// A value given by the user is unusable.
    #[error("{0}")]
    Given(String),
    /// The ONNX model cannot be used.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The graph does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The model card is unusable.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The weights are not those the card was written for.
    #[error("the weights have SHA-256 {found}, but the card says {said}")]
    Hash {
        /// Of the weights in the file.
        found: String,
        /// In the card.
        said: String,
    },
}

impl Reason {
    pub(crate) fn at(self, file: &str) -> LoadError {
        LoadError { reason: self, file: file.to_string() }
    }
}

fn list(needs: &[Need]) -> String {
    let required: Vec<String> =
        needs.iter().filter(|n| n.required).map(|n| format!("the {} (give {})", n.what, n.flag)).collect();
    required.join(" and ")
}
