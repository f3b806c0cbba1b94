//! A checkpoint without a card, and what turns it into a Student.

use super::collect::Contents;
use super::{BareInfo, LoadError, Need, Reason};
use crate::arch::{self, Architecture, Built, Module};
use crate::card::ModelCard;
use crate::file::Student;
use crate::onnx::Onnx;
use crate::weights::Weights;
use std::sync::Arc;

/// The paper's classes, suggested for its own networks when the user names none.
const PAPER_CLASSES: [&str; 4] = ["NC", "G3", "G4", "G5"];
/// Largest image side; above it a single feature map passes what kernels can index.
const MAX_INPUT: usize = 8192;

/// Weights, and the module tree where whole modules were pickled.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Weights under their source names; an ONNX model has its own.
    pub weights: Weights,
    /// The pickled modules, if any.
    pub tree: Option<Module>,
    /// The ONNX model, if it is one.
    pub onnx: Option<Arc<Onnx>>,
    /// What the names and modules were recognised as.
    pub architecture: Architecture,
    /// What the user should know about the reading.
    pub notes: Vec<String>,
    /// Name of the file.
    pub file_name: String,
}

impl Checkpoint {
    pub(super) fn new(contents: Contents, name: &str) -> Self {
        let Contents { weights, tree, notes } = contents;
        let architecture = arch::detect(&weights, tree.as_ref());
        Self { weights, tree, onnx: None, architecture, notes, file_name: name.to_string() }
    }

    pub(super) fn from_onnx(model: Onnx, name: &str) -> Self {
        let architecture = Architecture::Onnx { producer: model.producer().to_string() };
        let onnx = Some(Arc::new(model));
        Self { weights: Weights::new(), tree: None, onnx, architecture, notes: vec![], file_name: name.to_string() }
    }

    /// Image size the file itself says.
    pub fn fixed_px(&self) -> Option<usize> {
        self.onnx.as_ref().and_then(|m| m.fixed_px())
    }

    fn build(&self, px: usize) -> Result<Built, Reason> {
        match &self.onnx {
            None => arch::build(&self.architecture, &self.weights, self.tree.as_ref(), px),
            Some(model) => {
                let made = model.build(Some(px))?;
                Ok(Built { graph: made.graph, weights: made.weights, notes: made.notes })
            }
        }
    }

    /// Number of classes the head scores, when the architecture tells.
    pub fn class_count(&self) -> Option<usize> {
        if let Some(model) = &self.onnx {
            return model.class_count();
        }
        arch::class_count(&self.architecture, &self.weights, self.tree.as_ref())
    }

    /// What the user must or may still say, given what is said so far.
    pub fn needs(&self, info: &BareInfo) -> Vec<Need> {
        let mut needs = vec![];
        let mut need = |missing: bool, flag, what, required| {
            if missing {
                needs.push(Need { flag, what, required });
            }
        };
        need(info.input_px.or(self.fixed_px()).is_none(), "--input", "image size in px", true);
        need(info.classes.is_none(), "--classes", "class names", false);
        need(info.um_per_px.is_none(), "--um-per-px", "micrometres per px", false);
        needs
    }

    /// Builds the Student for the given image size and facts.
    ///
    /// # Errors
    /// [`Reason::Needs`] lists by flag what must still be said; other reasons name the parameter or layer that does not fit.
    pub fn into_student(self, info: &BareInfo) -> Result<Student, LoadError> {
        let file = self.file_name.clone();
        self.assemble(info).map_err(|reason| reason.at(&file))
    }

    fn assemble(self, info: &BareInfo) -> Result<Student, Reason> {
        let needs = self.needs(info);
        let Some(px) = info.input_px.or(self.fixed_px()) else { return Err(Reason::Needs(needs)) };
        if px == 0 || px > MAX_INPUT {
            return Err(Reason::Given(format!("an image size of {px} px is not between 1 and {MAX_INPUT}")));
        }
        let built = self.build(px)?;
        let mut notes = self.notes;
        notes.extend(built.notes);
        let found = built.graph.class_count()?;
        let classes = class_names(info, &self.architecture, found, &mut notes)?;
        if info.um_per_px.is_none() {
            notes.push(
                "micrometres per px are unknown (--um-per-px): check that patches have the scale the model was trained at".into(),
            );
        }
        if info.view.is_none() && info.normalisation.is_none() {
            notes.push(
                "images go in as RGB from 0 to 1, without mean and standard deviation, unless a view says otherwise".into(),
            );
        }
        let mut view = info.view.clone().unwrap_or_default();
        view.normalisation = info.normalisation.or(view.normalisation);
        let mut card = ModelCard::new(&self.file_name, &self.architecture.to_string(), classes, px);
        card.um_per_px = info.um_per_px;
        card.view = view;
        card.cam.layer = built.graph.levels.last().cloned();
        card.licence = info.licence.clone().unwrap_or_default();
        card.weights_sha256 = built.weights.sha256();
        card.validate(&built.graph)?;
        Ok(Student { graph: built.graph, weights: built.weights, card, notes, file_name: self.file_name })
    }
}

fn class_names(
    info: &BareInfo,
    architecture: &Architecture,
    found: usize,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, Reason> {
    if let Some(names) = &info.classes {
        let given = names.len();
        return if given == found { Ok(names.clone()) } else { Err(Reason::ClassCount { given, found }) };
    }
    if architecture.is_kd() && found == PAPER_CLASSES.len() {
        notes.push(
            "class names NC, G3, G4, G5 are a suggestion: the paper's, for a network of its kind (--classes sets others)".into(),
        );
        return Ok(PAPER_CLASSES.map(String::from).to_vec());
    }
    notes.push("class names are unknown (--classes): placeholders stand in".into());
    Ok((0..found).map(|i| format!("class {i}")).collect())
}
