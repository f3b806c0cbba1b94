//! The background in a browser: a dedicated Worker runs the CPU twins, so that no frame waits.

use std::sync::Arc;

use fovea_engine::{Device, Preference};

use super::jobs::{Course, Executor, Kind, LookJob, Queue, Report};
use super::look::Look;
use crate::analysis::Settings;
use crate::web::worker::{self, Answer, Event, Job, Ticket};

/// The window's end of the Worker.
pub struct WebWorker {
    /// Why the CPU computes; without a reason it only stands by for a GPU that may fail.
    device: Option<Device>,
    course: Option<Arc<Course>>,
    /// Number of the model that the Worker was told, and the ticket of that.
    told: Option<(u32, Ticket)>,
    queue: Queue,
    current: Option<(Ticket, LookJob)>,
    waiting: Vec<Report>,
}

impl WebWorker {
    /// Does not start the Worker yet: that waits for the first patch.
    pub fn new(ctx: &egui::Context, reason: Option<String>) -> Self {
        let ctx = ctx.clone();
        worker::add_waker(move || ctx.request_repaint());
        let device = reason.map(|r| Device::cpu(&r));
        let waiting = device.iter().map(|d| Report::Executor(Executor::of(d, None))).collect();
        Self { device, course: None, told: None, queue: Queue::default(), current: None, waiting }
    }

    /// See [`super::jobs::Backend::course`].
    pub fn course(&mut self, course: &Arc<Course>) {
        self.queue.drain();
        if let Some((ticket, _)) = self.current.take() {
            worker::cancel(ticket);
        }
        self.course = Some(course.clone());
    }

    /// See [`super::jobs::Backend::submit`].
    pub fn submit(&mut self, job: LookJob) {
        let overtaken = self.queue.push(job);
        self.waiting.extend(overtaken.map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        if let Some((ticket, current)) = &self.current
            && self.queue.outranks(current.kind)
        {
            worker::cancel(*ticket);
        }
        self.advance();
    }

    /// See [`super::jobs::Backend::poll`].
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        let tickets = [self.current.as_ref().map(|c| c.0), self.told.map(|t| t.1)];
        for event in worker::poll(|ticket| tickets.contains(&Some(ticket))) {
            self.take(event);
        }
        self.advance();
        reports.append(&mut self.waiting);
    }

    /// Hands the next job to the Worker, when it is free.
    fn advance(&mut self) {
        if self.current.is_some() {
            return;
        }
        let Some(course) = self.course.clone() else { return };
        let Some(job) = self.queue.pop() else { return };
        if job.revision != course.revision {
            self.waiting.push(Report::Dropped { item: job.item, kind: job.kind });
            return self.advance();
        }
        let mut settings = Settings { preference: Preference::Cpu, ..course.settings.clone() };
        if self.told.is_none_or(|(model, _)| model != course.revision.model) {
            let student = Job::Student { student: course.student.clone(), settings: settings.clone() };
            self.told = Some((course.revision.model, worker::submit(student)));
        }
        if let Kind::Rung(factor) = job.kind {
            settings.view.k = Some(factor);
        }
        let ticket = worker::submit(Job::Analyze { patch: job.patch.clone(), settings });
        self.current = Some((ticket, job));
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Progress { done, of, .. } => {
                if self.current.as_ref().is_some_and(|(_, job)| job.kind == Kind::Interactive) {
                    self.waiting.push(Report::Progress(done as f32 / of.max(1) as f32));
                }
            }
            Event::Cancelled { .. } => match self.current.take() {
                Some((_, job)) if job.kind == Kind::Interactive => {
                    self.waiting.push(Report::Dropped { item: job.item, kind: job.kind });
                }
                Some((_, job)) => self.queue.put_back(job),
                None => {}
            },
            Event::Done { ticket, outcome } if self.told.is_some_and(|(_, told)| told == ticket) => {
                if let Err(reason) = outcome {
                    self.waiting.push(Report::Notice(reason));
                }
            }
            Event::Done { outcome, .. } => {
                let Some((_, job)) = self.current.take() else { return };
                let outcome = outcome.and_then(|answer| self.look(answer)).map(|look| (Arc::new(look), None));
                self.waiting.push(Report::Looked { revision: job.revision, item: job.item, kind: job.kind, outcome });
            }
        }
    }

    fn look(&self, answer: Answer) -> Result<Look, String> {
        let Answer::Result { result, executor } = answer else { return Err("the background worker answered something else".into()) };
        let text = self.device.as_ref().map_or(executor, Device::describe);
        Look::new(result, text).map_err(|e| e.to_string())
    }
}
