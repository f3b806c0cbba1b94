//! Files that come in for the page: data set, Teacher, settings, the run's folder.

use std::sync::Arc;

use fovea_student::Student;
use fovea_student::load::BareInfo;

use super::Distil;
use super::data::Data;
use super::form::{DataKind, TeacherFile};
use super::incoming::{Arrival, Place};
#[cfg(not(target_arch = "wasm32"))]
use super::link;
use crate::app::drop::Incoming;

impl Distil {
    /// Takes in what came.
    pub(super) fn arrived(&mut self, arrival: Arrival, loaded: Option<&Arc<Student>>) {
        match arrival {
            Arrival::Place(place) => self.open_data(place),
            Arrival::Read(number, outcome) if number == self.numbers[0] => {
                self.own = outcome.map_or_else(Data::Failed, |set| Data::Ready(Arc::new(set)));
            }
            Arrival::Teacher(file) => self.open_teacher(file, loaded),
            Arrival::Facts(number, outcome) if number == self.numbers[1] => {
                if let Some(teacher) = &mut self.form.teacher {
                    teacher.facts = Some(outcome);
                    self.form.follow_targets();
                }
            }
            // Another file was chosen meanwhile.
            Arrival::Read(..) | Arrival::Facts(..) => {}
            #[cfg(not(target_arch = "wasm32"))]
            Arrival::Folder(folder) => self.form.out = folder,
            Arrival::Settings(Ok(description)) if !self.training() => self.form.describe(*description),
            Arrival::Settings(Ok(_)) => self.refusal = Some(("Settings".into(), "a run is under way".into())),
            Arrival::Settings(Err(reason)) => self.refusal = Some(("Settings".into(), reason)),
            Arrival::Refused(file, reason) => self.refusal = Some((file, reason)),
        }
    }

    /// Reads the user's own data set.
    pub(super) fn open_data(&mut self, place: Place) {
        self.numbers[0] += 1;
        (self.form.data, self.own, self.refusal) = (DataKind::Own, Data::Reading, None);
        self.inbox.read(self.numbers[0], place.clone());
        self.place = Some(place);
    }

    /// Reads the Teacher's file.
    pub(super) fn open_teacher(&mut self, file: Incoming, loaded: Option<&Arc<Student>>) {
        self.numbers[1] += 1;
        self.refusal = None;
        let classes = match self.data() {
            Data::Ready(set) => Some(set.classes.clone()),
            _ => None,
        };
        let bare = BareInfo { classes, input_px: self.form.px(loaded.map(AsRef::as_ref)), ..BareInfo::default() };
        self.inbox.facts(self.numbers[1], file.clone(), bare);
        self.form.teacher = Some(TeacherFile { file, facts: None });
    }

    /// Does the chosen folder hold a run already?
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn look_into_folder(&mut self) {
        if self.form.out != self.looked && !self.training() {
            self.looked.clone_from(&self.form.out);
            self.form.found = link::has_run(std::path::Path::new(self.form.out.trim()));
        }
    }
}
