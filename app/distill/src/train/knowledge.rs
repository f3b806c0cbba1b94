//! Where the Teacher's side of the terms comes from: nowhere, a network that runs along, or a file.

use super::feed::Key;
use super::{Material, TrainError};
use crate::config::Terms;
use crate::settings::{TrainSettings, TrainViews};
use crate::teacher::{Targets, Teacher};
use burn::tensor::{Device, Tensor};
use fovea_student::Student;
use serde_json::{Value, json};

pub use super::file_teacher::FileTeacher;

/// What is known of the Teacher.
pub enum Knowledge {
    /// Nothing: cross entropy alone.
    None,
    /// It runs along, on the same pictures.
    Live {
        /// The network.
        teacher: Box<Teacher>,
        /// Its name and the hash of its weights.
        name: [String; 2],
        /// Its class names.
        classes: Vec<String>,
    },
    /// Its exported targets.
    File(Box<FileTeacher>),
}

impl Knowledge {
    /// A Teacher that runs along for these terms.
    ///
    /// # Errors
    /// When a term needs what the network does not have.
    pub fn live(teacher: &Student, terms: &Terms, device: &Device) -> Result<Self, TrainError> {
        let card = &teacher.card;
        let made = Teacher::new(&teacher.graph, &teacher.weights, &card.view, card.input_px, terms, device)?;
        let name = [card.name.clone(), teacher.weights.sha256()];
        Ok(Self::Live { teacher: Box::new(made), name, classes: card.class_names.clone() })
    }

    /// What it says about a batch: `images` `[n, 3, px, px]`, the views `keys`.
    pub(crate) fn targets(&self, images: &Tensor<4>, keys: &[Key], device: &Device) -> Result<Option<Targets>, TrainError> {
        match self {
            Self::None => Ok(None),
            Self::Live { teacher, .. } => Ok(Some(teacher.targets(images.clone())?)),
            Self::File(file) => file.targets(keys, device).map(Some),
        }
    }

    /// Shape `[k, h, w]` of the features the head reads, where SR needs it.
    pub(crate) fn last_shape(&self) -> Option<[usize; 3]> {
        match self {
            Self::None => None,
            Self::Live { teacher, .. } => teacher.last_shape(),
            Self::File(file) => file.last_shape(),
        }
    }

    /// Whether this Teacher can teach that Student on that data, as the settings say.
    pub(crate) fn check(&self, student: &Student, settings: &TrainSettings, material: &Material) -> Result<(), TrainError> {
        let unfit = |text: String| Err(TrainError::Unfit(text));
        match self {
            Self::None if settings.terms.needs_teacher() => {
                unfit("terms besides 'ce' need a Teacher: its targets file, or the Teacher itself".into())
            }
            Self::Live { classes, .. } if *classes != material.classes => {
                let (theirs, ours) = (classes.join(", "), material.classes.join(", "));
                unfit(format!("the Teacher's classes are {theirs}, those of the data {ours}"))
            }
            Self::File(file) => match &settings.views {
                TrainViews::Exported(views) => file.check(student, views, material),
                TrainViews::Continuous => unfit(
                    "targets hold for the views they were exported for: 'views' has to name those, 'continuous' needs the Teacher \
                     itself"
                        .into(),
                ),
            },
            Self::None | Self::Live { .. } => Ok(()),
        }
    }

    /// For a run's identity.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Live { name: [_, hash], .. } => format!("live {hash}"),
            Self::File(file) => format!("targets {}", file.identity()),
        }
    }

    /// For the training record.
    pub(crate) fn describe(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Live { name: [name, hash], .. } => json!({ "kind": "live", "name": name, "weights_sha256": hash }),
            Self::File(file) => file.describe(),
        }
    }
}
