//! A run that is to be started: what the form says, with everything that is needed at hand; and what opening it brings to light.

use std::collections::HashMap;
use std::sync::Arc;

use fovea_distill::data::Sample;
use fovea_distill::remote::Word;
use fovea_distill::targets::TargetsFile;
use fovea_distill::{At, ViewId};
use fovea_student::Student;

use super::form::Form;
use super::maps::{TeacherMaps, TeacherSide};

/// A run that is to be started.
#[derive(Clone)]
pub struct Plan {
    /// What the user has set up.
    pub form: Form,
    /// The window's model.
    pub loaded: Option<Arc<Student>>,
    /// The data set.
    #[cfg(target_arch = "wasm32")]
    pub set: Arc<super::data::Set>,
    /// Where the user's own data is.
    #[cfg(not(target_arch = "wasm32"))]
    pub place: Option<std::path::PathBuf>,
    /// State of an earlier run that goes on.
    #[cfg(target_arch = "wasm32")]
    pub checkpoint: Option<Vec<u8>>,
    /// Go on with the run that is in the folder.
    #[cfg(not(target_arch = "wasm32"))]
    pub resume: bool,
    /// A GPU trains.
    #[cfg(not(target_arch = "wasm32"))]
    pub gpu: bool,
}

/// What is known once a run is open.
pub struct Opened {
    /// The Student it starts from.
    pub start: Arc<Student>,
    /// Validation patches.
    pub validation: Vec<Sample>,
    /// Who teaches, as far as maps go.
    pub teacher: TeacherSide,
}

/// What the trainer's end says.
pub enum News {
    /// What is being done before the run is open.
    Preparing(String),
    /// The run is open.
    Opened(Box<Opened>),
    /// The run speaks.
    Word(Word),
}

/// The maps of a targets file that the first attention term compares, of pictures as they are.
pub fn rows(targets: &TargetsFile, at: Option<&At>) -> TeacherMaps {
    let terms = fovea_distill::Terms { at: at.into_iter().cloned().collect(), ..Default::default() };
    let selected = targets.select(&terms).ok().and_then(|s| s.maps.first().copied()).unwrap_or(0);
    let Some(grid) = targets.metadata().attention.get(selected).map(|a| a.grid) else { return TeacherMaps::default() };
    let plain = |hash: &str| [ViewId::Plain, ViewId::Dihedral(0)].iter().find_map(|view| targets.get(hash, view));
    let map = |hash: String| Some((hash.clone(), plain(&hash)?.attention.get(selected)?.clone()));
    TeacherMaps { grid, maps: targets.hashes().filter_map(map).collect::<HashMap<_, _>>() }
}
