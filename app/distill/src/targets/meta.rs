//! What a targets file says about itself.

use crate::config::AttentionForm;
use crate::views::ViewSet;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Version of the format that is written; up to this one is read.
pub const VERSION: u32 = 1;

/// Most attention maps or feature maps per view.
const MOST_LAYERS: usize = 64;
/// Most classes.
const MOST_CLASSES: usize = 4096;
/// Longest text in bytes.
const LONGEST: usize = 1024;

/// Which Teacher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeacherId {
    /// Name for people.
    pub name: String,
    /// [`fovea_student::Weights::sha256`] of its weights.
    pub sha256: String,
}

/// One attention map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionLayer {
    /// Source name of the layer.
    pub layer: String,
    /// Its level, −1 the last block; none where it has none.
    #[serde(default)]
    pub level: Option<i64>,
    /// Arithmetic of the raw map.
    pub form: AttentionForm,
    /// Height and width of the map.
    pub grid: [usize; 2],
}

/// One set of feature maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureLayer {
    /// Source name of the layer.
    pub layer: String,
    /// Its level, −1 the last block; none where it has none.
    #[serde(default)]
    pub level: Option<i64>,
    /// Channels, height, width.
    pub shape: [usize; 3],
}

/// Everything about the targets but their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Version of the format.
    pub version: u32,
    /// Who made them.
    pub teacher: TeacherId,
    /// Class names in the order of the scores.
    pub classes: Vec<String>,
    /// Side of the square image the Teacher took, in px.
    pub input_px: usize,
    /// Micrometres per px of that image; none when unknown.
    #[serde(default)]
    pub um_per_px: Option<f64>,
    /// Views of every image.
    pub views: ViewSet,
    /// Attention maps.
    pub attention: Vec<AttentionLayer>,
    /// Feature maps.
    #[serde(default)]
    pub features: Vec<FeatureLayer>,
    /// Length of the pooled features that the head reads; none without a head.
    #[serde(default)]
    pub pooled: Option<usize>,
    /// Program that wrote the file.
    #[serde(default)]
    pub program: String,
}

impl Metadata {
    /// Holds the parts against each other and against sensible bounds.
    ///
    /// # Errors
    /// The first thing that is wrong, in words.
    pub fn validate(&self) -> Result<(), String> {
        self.classes_and_sizes()?;
        let texts = [&self.teacher.name, &self.program].into_iter();
        let layers = self.attention.iter().map(|a| &a.layer).chain(self.features.iter().map(|f| &f.layer));
        if texts.chain(layers).chain(&self.classes).any(|t| t.len() > LONGEST) {
            return Err(format!("a name is longer than {LONGEST} bytes"));
        }
        let hash = &self.teacher.sha256;
        if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("the Teacher's hash '{}' is no SHA-256", hash.chars().take(80).collect::<String>()));
        }
        if self.attention.len().max(self.features.len()) > MOST_LAYERS {
            return Err(format!("more than {MOST_LAYERS} layers"));
        }
        let mut seen = HashSet::new();
        if let Some(a) = self.attention.iter().find(|a| !seen.insert((&a.layer, a.form as u8))) {
            return Err(format!("two attention maps of the layer '{}' in one form", a.layer));
        }
        let mut seen = HashSet::new();
        match self.features.iter().find(|f| !seen.insert(&f.layer)) {
            Some(f) => Err(format!("the features of the layer '{}' twice", f.layer)),
            None => Ok(()),
        }
    }

    fn classes_and_sizes(&self) -> Result<(), String> {
        if self.classes.is_empty() || self.classes.len() > MOST_CLASSES {
            return Err(format!("{} classes", self.classes.len()));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.classes.iter().find(|c| !seen.insert(c.as_str())) {
            return Err(format!("two classes are named '{twice}'"));
        }
        let sides = self.attention.iter().flat_map(|a| a.grid).chain(self.features.iter().flat_map(|f| f.shape));
        if sides.chain(self.pooled).chain([self.input_px]).any(|side| side == 0) {
            return Err("a size of 0".into());
        }
        if self.um_per_px.is_some_and(|um| !um.is_finite() || um <= 0.0) {
            return Err("the µm/px is not a positive number".into());
        }
        Ok(())
    }
}
