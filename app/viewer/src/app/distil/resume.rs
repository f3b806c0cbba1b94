//! Runs that go on. A run is what it was when it began: only how long it may take comes from the form, which shows the rest as it is.

use std::sync::Arc;

use fovea_distill::remote::Order;
use fovea_student::Student;

use super::Distil;
#[cfg(target_arch = "wasm32")]
use super::data::Data;
#[cfg(not(target_arch = "wasm32"))]
use super::folder;
use super::form::{DataKind, Form};
use super::plan::Plan;
use super::run::{Run, Stage};

impl Distil {
    /// Goes on with a run that waits, that ended, or that is only in its folder.
    pub(super) fn resume(&mut self, loaded: Option<&Arc<Student>>) {
        if self.run.as_ref().is_some_and(|run| run.stage == Stage::Paused) {
            return self.order(Order::Go);
        }
        match self.plan_again() {
            Some(plan) => {
                self.show_again(&plan, loaded);
                let settings = plan.form.train.clone();
                let run = match self.run.take() {
                    Some(before) => Run::again(before, settings),
                    None => Run::new(settings),
                };
                self.begin(plan, run);
            }
            #[cfg(not(target_arch = "wasm32"))]
            None => self.resume_folder(loaded),
            #[cfg(target_arch = "wasm32")]
            None => {}
        }
    }

    /// Can the run on screen go on from what was kept of it?
    pub(super) fn resumable(&self) -> bool {
        let Some(run) = &self.run else { return false };
        // A finished run can go on when it is allowed more epochs.
        let more = !matches!(run.stage, Stage::Finished(_)) || self.form.train.epochs > run.epoch;
        #[cfg(not(target_arch = "wasm32"))]
        let kept = self.form.found.is_some();
        #[cfg(target_arch = "wasm32")]
        let kept = run.checkpoint.is_some();
        more && kept
    }

    /// Is the folder in the form that of the run on screen?
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn same_folder(&self) -> bool {
        self.folder == self.form.out
    }

    /// A browser's run has no folder.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn same_folder(&self) -> bool {
        true
    }

    /// The plan of the run on screen, with the epochs, patience and step size that the form says by now.
    fn plan_again(&self) -> Option<Plan> {
        let run = self.run.as_ref()?;
        // One that was never opened says nothing about what the folder holds.
        if cfg!(not(target_arch = "wasm32")) && !(run.start.is_some() && self.same_folder()) {
            return None;
        }
        let mut plan = self.plan.clone()?;
        let train = &self.form.train;
        (plan.form.train.epochs, plan.form.train.patience) = (train.epochs, train.patience);
        // A run whose numbers ran away may go on with smaller steps.
        plan.form.train.optimiser.lr = train.optimiser.lr;
        #[cfg(not(target_arch = "wasm32"))]
        {
            (plan.resume, plan.gpu) = (true, self.gpu);
        }
        Some(plan)
    }

    /// Puts the form back to what the run is.
    fn show_again(&mut self, plan: &Plan, loaded: Option<&Arc<Student>>) {
        let found = self.form.found.take();
        self.form = Form { found, unfit: None, ..plan.form.clone() };
        // Whatever is still being read is for another set-up.
        self.numbers[1] += 1;
        if let Some(teacher) = self.form.teacher.take_if(|teacher| teacher.facts.is_none()) {
            self.open_teacher(teacher.file, loaded);
        }
        if plan.form.data == DataKind::Own {
            self.show_data_again(plan);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn show_data_again(&mut self, plan: &Plan) {
        if let Some(place) = plan.place.clone().filter(|place| self.place.as_ref() != Some(place)) {
            self.open_data(place);
        }
    }

    #[cfg(target_arch = "wasm32")]
    fn show_data_again(&mut self, plan: &Plan) {
        self.numbers[0] += 1;
        self.own = Data::Ready(plan.set.clone());
    }

    /// A run that this window did not start: the form shows what it is.
    #[cfg(not(target_arch = "wasm32"))]
    fn resume_folder(&mut self, loaded: Option<&Arc<Student>>) {
        let folder = std::path::PathBuf::from(self.form.out.trim());
        match folder::read_run(&folder) {
            Ok(run) => {
                self.form.earlier(&run, &folder);
                self.open_data(folder.join(&run.data.path));
                if let Some(file) = self.form.teacher.take() {
                    self.open_teacher(file.file, loaded);
                }
                if let Some(plan) = self.new_plan(loaded) {
                    let run = Run::new(plan.form.train.clone());
                    self.begin(Plan { resume: true, ..plan }, run);
                }
            }
            Err(reason) => self.refusal = Some((self.form.out.clone(), reason)),
        }
    }
}
