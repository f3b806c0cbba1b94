//! Why an analysis cannot be made.

use fovea_engine::EngineError;
use fovea_patch::PatchError;
use fovea_student::load::LoadError;
use fovea_student::view::ViewError;
use fovea_student::{ExplainError, GraphError};

/// Errors of [`super`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// The Student's file.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The Student's graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The asked-for map.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// The asked-for view.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The executor.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The picture.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A setting that does not fit the Student.
    #[error("{0}")]
    Setting(String),
    /// The Student's own test vector does not come out.
    #[error("the self-check failed on {device}: {what} should be {expected}, but is {found}; results would be wrong ({student})")]
    SelfCheck {
        /// What computed.
        device: String,
        /// Which number.
        what: String,
        /// What the card says.
        expected: String,
        /// What came out.
        found: String,
        /// Student's file name.
        student: String,
    },
    /// Scores or maps that are no numbers.
    #[error("the network's {what} are not finite: the weights overflow on this image: {name}")]
    NotFinite {
        /// "scores" or "attention values".
        what: &'static str,
        /// Name of the picture.
        name: String,
    },
    /// The executor did not return what it was asked for.
    #[error("the executor returned no '{0}'")]
    NoOutput(String),
}
