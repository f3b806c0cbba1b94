//! A Teacher of which only its targets are there.

use super::feed::Key;
use super::{Material, TrainError};
use crate::config::Terms;
use crate::targets::{Selection, TargetsFile};
use crate::teacher::Targets;
use crate::views::{ViewId, ViewSet};
use burn::tensor::Device;
use fovea_student::Student;
use serde_json::{Value, json};

/// A targets file, and what of it the terms of a run read.
pub struct FileTeacher {
    file: TargetsFile,
    selection: Selection,
    head: bool,
}

impl FileTeacher {
    /// Finds what the terms need in a file.
    ///
    /// # Errors
    /// When something is not in it: the term, the part, and what there is.
    pub fn new(file: TargetsFile, terms: &Terms) -> Result<Self, TrainError> {
        let selection = file.select(terms)?;
        Ok(Self { file, selection, head: terms.sr.is_some() })
    }

    /// The file.
    pub fn file(&self) -> &TargetsFile {
        &self.file
    }

    pub(super) fn last_shape(&self) -> Option<[usize; 3]> {
        self.file.last_shape()
    }

    /// Whether the file is about this Student's input, those views and every training picture.
    pub(super) fn check(&self, student: &Student, views: &ViewSet, material: &Material) -> Result<(), TrainError> {
        self.file.check_classes(&material.classes, "the data")?;
        self.file.check_input(student.card.input_px, student.card.um_per_px)?;
        self.file.check_views(views)?;
        let store = &material.train.store;
        // Only the hashes are held on to: the pictures of a large set do not fit.
        let hash = |index: usize| store.get(index).map(|picture| picture.sha256.clone());
        let hashes: Vec<String> = (0..store.samples().len()).map(hash).collect::<Result<_, _>>()?;
        let names = store.samples().iter().map(|sample| sample.name.as_str());
        Ok(self.file.check_images(names.zip(hashes.iter().map(String::as_str)))?)
    }

    /// What the Teacher says about these views.
    pub(super) fn targets(&self, keys: &[Key], device: &Device) -> Result<Targets, TrainError> {
        let views: Vec<(&str, ViewId)> = keys.iter().filter_map(|key| Some((key.sha256.as_str(), key.view?))).collect();
        let batch = self.file.gather(&views, &self.selection)?;
        let all = Targets::cached(&self.file, &self.selection, batch, device)?;
        Ok(Targets { head: all.head.filter(|_| self.head), ..all })
    }

    pub(super) fn identity(&self) -> String {
        let own = self.file.metadata();
        format!("{} {}", own.teacher.sha256, own.views)
    }

    pub(super) fn describe(&self) -> Value {
        let own = self.file.metadata();
        json!({ "kind": "targets", "name": own.teacher.name, "weights_sha256": own.teacher.sha256, "views": own.views.to_string() })
    }
}
