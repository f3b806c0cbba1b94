//! Runs: how they begin, and what they say.

use std::sync::Arc;

use fovea_distill::remote::Order;
use fovea_student::Student;
use web_time::Instant;

use super::Distil;
#[cfg(target_arch = "wasm32")]
use super::data::Data;
#[cfg(not(target_arch = "wasm32"))]
use super::folder;
use super::link::Link;
use super::plan::{News, Opened, Plan};
use super::run::{Change, Run, Stage};

/// What a run is said to be whose thread or Worker is gone.
const GONE: &str = "the run has ended; resume it";

impl Distil {
    /// Takes in what the trainer's end said since the last frame.
    pub(super) fn listen(&mut self) {
        // Looked at first: what a thread or Worker said before its end is here by then.
        let gone = self.link.as_ref().is_some_and(|link| !link.alive());
        let news = self.link.as_mut().map(Link::poll).unwrap_or_default();
        for news in news {
            self.hear(news);
        }
        if gone {
            self.lost();
        }
    }

    fn hear(&mut self, news: News) {
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
                    // The one that was sealed is an older one.
                    self.sealer.clear();
                    self.handed = false;
                    if let Some((student, _)) = &run.best {
                        self.maps.better(student.clone());
                    }
                }
                Change::Ended => self.ended(),
            },
        }
    }

    /// The run's end: its best Student is final.
    fn ended(&mut self) {
        #[cfg(not(target_arch = "wasm32"))]
        self.looked.clear();
        if let Some((student, _)) = self.run.as_ref().and_then(|run| run.best.as_ref()) {
            self.sealer.begin(student);
        }
    }

    /// Nobody hears orders any more. A run that has said how it ended keeps to that.
    fn lost(&mut self) {
        if let Some(run) = self.run.as_mut().filter(|run| run.stage.under_way()) {
            run.fail(GONE);
            self.ended();
        }
    }

    /// The run's folder gets the finished Student.
    pub(super) fn keep_sealed(&mut self) {
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(Ok(sealed)) = &self.sealer.done {
            let file = std::path::Path::new(self.folder.trim()).join(folder::TRAINED);
            if let Err(e) = fovea_distill::files::write_whole(&file, &sealed.bytes) {
                self.refusal = Some((folder::TRAINED.into(), format!("cannot be written: {e}")));
            }
        }
    }

    /// Is there anybody who hears orders?
    pub(super) fn alive(&self) -> bool {
        self.link.as_ref().is_some_and(Link::alive)
    }

    /// Gives an order to the run.
    pub(super) fn order(&mut self, order: Order) {
        if self.run.is_some() && !self.alive() {
            return self.lost();
        }
        let Some((link, run)) = self.link.as_mut().zip(self.run.as_mut()) else { return };
        run.stage = match &order {
            Order::Pause => Stage::Pausing,
            Order::Stop => Stage::Stopping,
            Order::Go => Stage::Running,
            Order::Start(_) | Order::Checkpoint => run.stage.clone(),
        };
        link.order(order);
    }

    /// Begins a run anew.
    pub(super) fn start(&mut self, loaded: Option<&Arc<Student>>) {
        if let Some(plan) = self.new_plan(loaded) {
            let run = Run::new(plan.form.train.clone());
            self.begin(plan, run);
        }
    }

    /// Begins, or goes on from where `run` is.
    pub(super) fn begin(&mut self, plan: Plan, run: Run) {
        #[cfg(not(target_arch = "wasm32"))]
        self.folder.clone_from(&plan.form.out);
        self.sealer.clear();
        (self.preparing, self.opened) = ("Preparing".into(), None);
        self.plan = Some(plan.clone());
        #[cfg(target_arch = "wasm32")]
        let plan = Plan { checkpoint: run.checkpoint.clone(), ..plan };
        self.run = Some(run);
        // The run before, if it still waits, ends first: two must not write into one folder.
        self.link = None;
        self.link = Some(Link::start(&self.ctx, plan));
    }

    /// A run as the form says, if its data is there.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn new_plan(&self, loaded: Option<&Arc<Student>>) -> Option<Plan> {
        Some(Plan { form: self.form.clone(), loaded: loaded.cloned(), place: self.place.clone(), resume: false, gpu: self.gpu })
    }

    /// A run as the form says, if its data is there.
    #[cfg(target_arch = "wasm32")]
    fn new_plan(&self, loaded: Option<&Arc<Student>>) -> Option<Plan> {
        let Data::Ready(set) = self.data() else { return None };
        Some(Plan { form: self.form.clone(), loaded: loaded.cloned(), set, checkpoint: None })
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::distil::form::{Form, StudentKind};
    use std::time::Duration;

    fn stage(page: &Distil) -> Stage {
        page.run.as_ref().unwrap().stage.clone()
    }

    fn until(page: &mut Distil, done: impl Fn(&Distil) -> bool) {
        let start = Instant::now();
        while !done(page) {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", stage(page));
            page.work(None);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn orders_to_a_run_that_is_gone_do_not_lock_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        std::fs::write(&file, b"x").unwrap();
        let mut page = Distil::new(&egui::Context::default(), fovea_engine::Preference::Cpu);
        let out = file.join("below").display().to_string();
        page.form = Form { student: StudentKind::Fresh, input_px: 64, divisor: 16, out, ..Form::default() };
        page.start(None);
        until(&mut page, |page| matches!(stage(page), Stage::Failed(_)));
        assert!(page.alive(), "a run that could not be opened waits for orders");
        page.order(Order::Stop);
        until(&mut page, |page| stage(page) == Stage::Stopped && !page.alive());
        page.order(Order::Go);
        assert_eq!(stage(&page), Stage::Stopped);
        // As if the thread had gone in the middle of a step.
        for order in [Order::Pause, Order::Go, Order::Stop] {
            page.run.as_mut().unwrap().stage = Stage::Running;
            page.order(order);
            assert_eq!(stage(&page), Stage::Failed(GONE.into()));
        }
        page.run.as_mut().unwrap().stage = Stage::Pausing;
        page.work(None);
        assert_eq!(stage(&page), Stage::Failed(GONE.into()));
    }
}
