//! Files that come in for the page: data set, Teacher, settings, the run's folder.

use std::sync::Arc;

use fovea_student::Student;
use fovea_student::load::BareInfo;

use super::Distil;
use super::data::Data;
#[cfg(not(target_arch = "wasm32"))]
use super::folder;
use super::form::{DataKind, TeacherFile};
use super::incoming::{Arrival, Place};
use crate::app::drop::Incoming;

/// How long what was seen in a folder that will not do is believed.
#[cfg(not(target_arch = "wasm32"))]
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

impl Distil {
    /// Takes in what came.
    pub(super) fn arrived(&mut self, arrival: Arrival, loaded: Option<&Arc<Student>>) {
        match arrival {
            Arrival::Place(place) => self.open_data(place),
            Arrival::Read(number, outcome) if number == self.numbers[0] => {
                self.own = outcome.map_or_else(Data::Failed, |set| Data::Ready(Arc::new(set)));
            }
            Arrival::Teacher(file) => self.open_teacher(file, loaded),
            Arrival::Facts(number, outcome, told) if number == self.numbers[1] => {
                if let Some(teacher) = &mut self.form.teacher {
                    (teacher.facts, teacher.told) = (Some(outcome), told);
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
        self.refusal = None;
        let bare = self.bare(&self.data(), loaded);
        self.read_teacher(file, bare);
    }

    fn read_teacher(&mut self, file: Incoming, bare: BareInfo) {
        self.numbers[1] += 1;
        self.inbox.facts(self.numbers[1], file.clone(), bare);
        self.form.teacher = Some(TeacherFile::unread(file));
    }

    /// What a Teacher is told that says nothing about itself.
    fn bare(&self, data: &Data, loaded: Option<&Arc<Student>>) -> BareInfo {
        let classes = if let Data::Ready(set) = data { Some(set.classes.clone()) } else { None };
        BareInfo { classes, input_px: self.form.px(loaded.map(AsRef::as_ref)), ..BareInfo::default() }
    }

    /// A Teacher that had to be told what the data or the Student say is read again when they say something else.
    pub(super) fn follow_data(&mut self, data: &Data, loaded: Option<&Arc<Student>>) {
        // A file that is being read is waited for, whatever changes meanwhile.
        let read = self.form.teacher.as_ref().filter(|teacher| teacher.facts.is_some());
        let Some(told) = read.and_then(|teacher| teacher.told.as_ref()) else { return };
        if self.training() || !matches!(data, Data::Ready(_)) {
            return;
        }
        let bare = self.bare(data, loaded);
        if *told != bare
            && let Some(teacher) = self.form.teacher.take()
        {
            self.read_teacher(teacher.file, bare);
        }
    }

    /// What does the chosen folder hold already? One that will not do is looked into again: the user may have emptied it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn look_into_folder(&mut self) {
        let again = self.form.unfit.is_some() && self.looked_at.elapsed() > AGAIN;
        if (self.form.out != self.looked || again) && !self.training() {
            self.looked.clone_from(&self.form.out);
            self.looked_at = std::time::Instant::now();
            let folder = std::path::Path::new(self.form.out.trim());
            (self.form.found, self.form.unfit) = (folder::has_run(folder), folder::unfit(folder));
        }
    }
}
