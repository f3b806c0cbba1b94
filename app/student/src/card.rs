//! The model card: everything about a Student that is neither graph nor weights.

mod check;
mod colours;

pub use check::{CheckResults, DEFAULT_TOLERANCE, Deviation, SelfCheck, SelfCheckError};
pub use colours::class_colours;

use crate::explain::Method;
use crate::graph::{Graph, GraphError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Version this program writes; it reads up to this one.
pub const CARD_VERSION: u32 = 1;

/// On which pixels the Student computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grid {
    /// On the Teacher's: pooled down by the factor and back up (the paper's way).
    #[default]
    Teacher,
    /// On the pooled pixels themselves: factor² less arithmetic.
    Native,
}

/// How images are brought to the input size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeFilter {
    /// Area averaging on u8, rounded to u8.
    #[default]
    Area,
}

/// Per-channel (x − mean) / std of RGB values in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Mean of red, green, blue.
    pub mean: [f32; 3],
    /// Standard deviation of red, green, blue; positive.
    pub std: [f32; 3],
}

/// What happens to an image before the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// On which pixels the network computes.
    pub grid: Grid,
    /// Integer reduction k = input px / target px; 1 leaves the image as it is.
    pub factor: usize,
    /// How files are brought to the input size.
    pub resize_filter: ResizeFilter,
    /// Corner alignment of the bilinear way back up; the reference has it, and only it is written.
    pub align_corners: bool,
    /// Normalisation; none means values in [0, 1].
    pub normalisation: Option<Normalisation>,
}

impl Default for View {
    fn default() -> Self {
        Self { grid: Grid::Teacher, factor: 1, resize_filter: ResizeFilter::Area, align_corners: true, normalisation: None }
    }
}

/// Which attention map is shown first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CamDefault {
    /// Source name of the layer; none means the last feature map.
    pub layer: Option<String>,
    /// Map arithmetic.
    pub method: Method,
    /// Classic form: max(·, 0) after the sum over channels.
    pub relu: bool,
}

/// How the weights came to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Training {
    /// For people.
    pub text: String,
    /// For programs: settings, data, curves, as the trainer wrote them.
    pub record: Value,
}

/// The card. Fields this version does not know are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Version of the card.
    pub version: u32,
    /// Name for people.
    pub name: String,
    /// Architecture for people.
    pub architecture: String,
    /// Class names, in the order of the scores.
    pub class_names: Vec<String>,
    /// sRGB colours of the classes.
    pub class_colours: Vec<[u8; 3]>,
    /// Side of the square input image, in px.
    pub input_px: usize,
    /// Micrometres per px of that image; none when unknown.
    #[serde(default)]
    pub um_per_px: Option<f64>,
    /// What happens to an image before the network.
    #[serde(default)]
    pub view: View,
    /// Which attention map is shown first.
    #[serde(default)]
    pub cam: CamDefault,
    /// How the weights came to be.
    #[serde(default)]
    pub training: Training,
    /// True when the model was trained on drawn images: it must never be taken for a real one.
    #[serde(default)]
    pub synthetic: bool,
    /// What the user should know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Input and expected results, run at every load.
    #[serde(default)]
    pub self_check: Option<SelfCheck>,
    /// Licence of the weights.
    #[serde(default)]
    pub licence: String,
    /// [`crate::Weights::sha256`] of the weights the card belongs to.
    pub weights_sha256: String,
    /// Fields of other versions and programs.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Why a card cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum CardError {
    /// No JSON of the expected form.
    #[error("the model card cannot be read: {0}")]
    Json(String),
    /// A later version.
    #[error("the model card has version {0}; this program reads up to {CARD_VERSION}")]
    Version(u32),
    /// A field that contradicts another one or the graph.
    #[error("the model card is wrong: {0}")]
    Wrong(String),
    /// The graph itself lacks something.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl ModelCard {
    /// A card with what must be known; everything else unknown or default.
    pub fn new(name: &str, architecture: &str, class_names: Vec<String>, input_px: usize) -> Self {
        Self {
            version: CARD_VERSION,
            name: name.into(),
            architecture: architecture.into(),
            class_colours: class_colours(class_names.len()),
            class_names,
            input_px,
            um_per_px: None,
            view: View::default(),
            cam: CamDefault::default(),
            training: Training::default(),
            synthetic: false,
            notes: vec![],
            self_check: None,
            licence: String::new(),
            weights_sha256: String::new(),
            extra: Map::new(),
        }
    }

    /// Reads a card.
    ///
    /// # Errors
    /// When it is no card, or one of a later version.
    pub fn from_json(text: &str) -> Result<Self, CardError> {
        let card: Self = serde_json::from_str(text).map_err(|e| CardError::Json(e.to_string()))?;
        if card.version > CARD_VERSION { Err(CardError::Version(card.version)) } else { Ok(card) }
    }

    /// Writes a card.
    ///
    /// # Errors
    /// When it cannot be expressed as JSON.
    pub fn to_json(&self) -> Result<String, CardError> {
        serde_json::to_string(self).map_err(|e| CardError::Json(e.to_string()))
    }

    /// Holds the card against the graph it describes.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn validate(&self, graph: &Graph) -> Result<(), CardError> {
        let wrong = |what: String| Err(CardError::Wrong(what));
        let (names, scores) = (self.class_names.len(), graph.class_count()?);
        if names != scores {
            return wrong(format!("it names {names} classes, but the network scores {scores}"));
        }
        if self.class_colours.len() != names {
            return wrong(format!("it has {} colours for {names} classes", self.class_colours.len()));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.class_names.iter().find(|n| !seen.insert(n.as_str())) {
            return wrong(format!("two classes are named '{twice}'"));
        }
        if self.class_names.iter().any(|n| n.trim().is_empty() || n.chars().any(char::is_control)) {
            return wrong("a class name is empty or has control characters".into());
        }
        if graph.input_shape() != [3, self.input_px, self.input_px] {
            return wrong(format!("it says {} px, but the network takes {:?}", self.input_px, graph.input_shape()));
        }
        if self.um_per_px.is_some_and(|s| !s.is_finite() || s <= 0.0) {
            return wrong("its µm/px is not a positive number".into());
        }
        if let Some(layer) = &self.cam.layer {
            graph.layer(layer)?;
        }
        self.view.validate(self.input_px)?;
        self.self_check.as_ref().map_or(Ok(()), |c| c.validate(names))
    }
}

impl View {
    /// Checks the view for an input of `input_px`.
    ///
    /// # Errors
    /// When the factor does not divide the input, or the normalisation is unusable.
    pub fn validate(&self, input_px: usize) -> Result<(), CardError> {
        let wrong = |what: String| Err(CardError::Wrong(what));
        if self.factor == 0 || !input_px.is_multiple_of(self.factor) || self.factor > input_px {
            return wrong(format!("the view's factor {} does not divide {input_px} px", self.factor));
        }
        if !self.align_corners && self.factor > 1 {
            return wrong("views without align_corners are not defined".into());
        }
        match &self.normalisation {
            Some(n) if n.mean.iter().chain(&n.std).any(|v| !v.is_finite()) || n.std.iter().any(|s| *s <= 0.0) => {
                wrong("the normalisation's mean or deviation is unusable".into())
            }
            _ => Ok(()),
        }
    }
}
