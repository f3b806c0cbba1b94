//! Runs: how they begin and go on, and what they say.

use std::sync::Arc;

use fovea_distill::remote::Order;
use fovea_student::Student;
use web_time::Instant;

use super::Distil;
#[cfg(target_arch = "wasm32")]
use super::data::Data;
#[cfg(not(target_arch = "wasm32"))]
use super::link;
use super::link::Link;
use super::plan::{News, Opened, Plan};
use super::run::{Change, Run, Stage};

impl Distil {
    /// Takes in what the trainer's end says.
    pub(super) fn hear(&mut self, news: News) {
        let Some(run) = &mut self.run else { return };
        match news {
            News::Preparing(what) => self.preparing = what,
            News::Opened(opened) => self.opened = Some(*opened),
            News::Word(word) => match run.hear(word, Instant::now()) {
                Change::None => {}
                Change::Begun => {
                    if let (Some(start), Some(Opened { validation, teacher })) = (&run.start, self.opened.take()) {
                        run.classes.clone_from(&start.card.class_names);
                        self.maps.begin(start.clone(), validation, teacher, run.settings.terms.at.first());
                    }
                }
                Change::Better => {
                    if let Some((student, _)) = &run.best {
                        self.maps.better(student.clone());
                    }
                }
                Change::Ended => {
                    #[cfg(not(target_arch = "wasm32"))]
                    self.looked.clear();
                    if let Some((student, _)) = &run.best {
                        self.sealer.begin(student);
                    }
                }
            },
        }
    }

    /// The run's folder gets the finished Student.
    pub(super) fn keep_sealed(&mut self) {
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(Ok(sealed)) = &self.sealer.done {
            let file = std::path::Path::new(self.folder.trim()).join(link::TRAINED);
            if let Err(e) = fovea_distill::files::write_whole(&file, &sealed.bytes) {
                self.refusal = Some((link::TRAINED.into(), format!("cannot be written: {e}")));
            }
        }
    }

    /// Gives an order to the run.
    pub(super) fn order(&mut self, order: Order) {
        let Some((link, run)) = self.link.as_mut().zip(self.run.as_mut()) else { return };
        run.stage = match &order {
            Order::Pause => Stage::Pausing,
            Order::Stop => Stage::Stopping,
            Order::Go => Stage::Running,
            Order::Start(_) | Order::Checkpoint => run.stage.clone(),
        };
        link.order(order);
    }

    /// Goes on with a run that waits, that failed, or that is only in its folder.
    pub(super) fn resume(&mut self, loaded: Option<&Arc<Student>>) {
        match self.run.as_ref().map(|run| &run.stage) {
            Some(Stage::Paused) => self.order(Order::Go),
            _ => self.start(loaded, true),
        }
    }

    /// Begins a run, or goes on with the one that is in the folder or was kept.
    pub(super) fn start(&mut self, loaded: Option<&Arc<Student>>, again: bool) {
        #[cfg(not(target_arch = "wasm32"))]
        if again && !self.take_earlier(loaded) {
            return;
        }
        let Some(plan) = self.plan(loaded.cloned(), again) else { return };
        #[cfg(not(target_arch = "wasm32"))]
        self.folder.clone_from(&self.form.out);
        self.sealer.clear();
        (self.preparing, self.opened) = ("Preparing".into(), None);
        self.run = Some(Run::new(self.form.train.clone()));
        // The run before, if it still waits, ends first: two must not write into one folder.
        self.link = None;
        self.link = Some(Link::start(&self.ctx, plan));
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn plan(&self, loaded: Option<Arc<Student>>, again: bool) -> Option<Plan> {
        Some(Plan { form: self.form.clone(), loaded, place: self.place.clone(), resume: again, gpu: self.gpu })
    }

    #[cfg(target_arch = "wasm32")]
    fn plan(&self, loaded: Option<Arc<Student>>, again: bool) -> Option<Plan> {
        let Data::Ready(set) = self.data() else { return None };
        let checkpoint = self.run.as_ref().filter(|_| again).and_then(|run| run.checkpoint.clone());
        Some(Plan { form: self.form.clone(), loaded, set, checkpoint })
    }

    /// A run that this window did not start: the form shows what it is. False where its description cannot be read.
    #[cfg(not(target_arch = "wasm32"))]
    fn take_earlier(&mut self, loaded: Option<&Arc<Student>>) -> bool {
        if self.run.is_some() && self.folder == self.form.out {
            return true;
        }
        let folder = std::path::PathBuf::from(self.form.out.trim());
        match link::read_run(&folder) {
            Ok(run) => {
                self.form.earlier(&run, &folder);
                self.open_data(folder.join(&run.data.path));
                if let Some(file) = self.form.teacher.take() {
                    self.open_teacher(file.file, loaded);
                }
                true
            }
            Err(reason) => {
                self.refusal = Some((self.form.out.clone(), reason));
                false
            }
        }
    }
}
