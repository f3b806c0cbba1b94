//! A labelled patch, and sets of them.

use std::path::PathBuf;
use std::sync::Arc;

/// Where a patch's bytes are.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// In memory: dropped in a browser, or drawn.
    Memory(Arc<[u8]>),
}

/// A labelled patch.
#[derive(Clone, Debug)]
pub struct Sample {
    /// File name, for people and for the run's identity.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// Index into the classes.
    pub label: usize,
    /// Picture of the region that decides, where it is known (drawn sets): white is inside.
    pub mask: Option<Source>,
}

/// A data set in three parts that share no slide.
#[derive(Clone, Debug, Default)]
pub struct Splits {
    /// Class names, in the order of the labels.
    pub classes: Vec<String>,
    /// What is trained on.
    pub train: Vec<Sample>,
    /// What decides which weights are kept.
    pub validation: Vec<Sample>,
    /// What is reported; may be empty.
    pub test: Vec<Sample>,
    /// What the user should know.
    pub notes: Vec<String>,
}
