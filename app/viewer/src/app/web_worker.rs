//! The browser's background: analyses in a dedicated Worker, one at a time, so that the newest request can overtake.

use std::sync::Arc;

use fovea_engine::Preference;

use super::jobs::{Course, Executor, Kind, LookJob, Queue, Report};
use crate::analysis::Settings;
use crate::web::worker::{self, Answer, Event, Job, Lane, Ticket};

/// The window's end of the Worker.
pub struct WebWorker {
    preference: Preference,
    /// Why the window's GPU does not compute.
    reason: Option<String>,
    course: Option<Arc<Course>>,
    /// The model is on its way.
    student: Option<Ticket>,
    queue: Queue,
    current: Option<(Ticket, LookJob)>,
    dropped: Vec<LookJob>,
}

impl WebWorker {
    /// Nothing is started before the first model.
    pub fn new(ctx: &egui::Context, preference: Preference, reason: Option<String>) -> Self {
        let ctx = ctx.clone();
        worker::add_waker(move || ctx.request_repaint());
        Self { preference, reason, course: None, student: None, queue: Queue::default(), current: None, dropped: vec![] }
    }

    /// See [`super::jobs::Backend::course`].
    pub fn course(&mut self, course: &Arc<Course>) {
        self.queue.drain();
        if let Some((ticket, _)) = self.current.take() {
            worker::cancel(ticket);
        }
        let same_model = self.course.as_ref().is_some_and(|own| own.revision.model == course.revision.model);
        if !same_model {
            let settings = self.settings(course);
            self.student = Some(worker::submit(Job::Student { student: course.student.clone(), settings }));
        }
        self.course = Some(course.clone());
    }

    fn settings(&self, course: &Course) -> Settings {
        Settings { preference: self.preference, ..course.settings.clone() }
    }

    /// See [`super::jobs::Backend::submit`].
    pub fn submit(&mut self, job: LookJob) {
        let overtakes = |under_way: Kind| match job.kind {
            Kind::Interactive => true,
            Kind::Compare => !matches!(under_way, Kind::Interactive),
            _ => false,
        };
        if let Some((ticket, _)) = self.current.as_ref().filter(|(_, c)| overtakes(c.kind)) {
            worker::cancel(*ticket);
        }
        self.dropped.extend(self.queue.push(job));
    }

    /// See [`super::jobs::Backend::poll`].
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        reports.extend(self.dropped.drain(..).map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        for event in worker::poll(Lane::Analysis) {
            match event {
                Event::Progress { ticket, done, of } if of > 1 && self.is_interactive(ticket) => {
                    reports.push(Report::Progress(done as f32 / of as f32));
                }
                Event::Progress { .. } => {}
                Event::Cancelled { ticket } => self.cancelled(ticket, reports),
                Event::Done { ticket, outcome } => self.done(ticket, outcome, reports),
            }
        }
        if self.current.is_none()
            && let (Some(course), Some(job)) = (self.course.clone(), self.queue.pop())
        {
            let settings = Settings { preference: self.preference, ..course.settings_for(&job) };
            let ticket = worker::submit(Job::Analyze { patch: job.patch.clone(), settings });
            self.current = Some((ticket, job));
        }
    }

    fn is_interactive(&self, ticket: Ticket) -> bool {
        self.current.as_ref().is_some_and(|(t, job)| *t == ticket && job.kind == Kind::Interactive)
    }

    /// The latest interactive request won; what is not interactive is done later.
    fn cancelled(&mut self, ticket: Ticket, reports: &mut Vec<Report>) {
        match self.current.take_if(|(t, _)| *t == ticket) {
            Some((_, job)) if job.kind == Kind::Interactive => reports.push(Report::Dropped { item: job.item, kind: job.kind }),
            Some((_, job)) => self.queue.put_back(job),
            None => {}
        }
    }

    fn done(&mut self, ticket: Ticket, outcome: Result<Answer, String>, reports: &mut Vec<Report>) {
        if self.student.take_if(|t| *t == ticket).is_some() {
            match outcome {
                Ok(Answer::Student { executor }) => reports.push(Report::Executor(self.executor(executor))),
                Ok(_) => {}
                Err(reason) => reports.push(Report::Notice(reason)),
            }
            return;
        }
        let Some((_, job)) = self.current.take_if(|(t, _)| *t == ticket) else { return };
        let outcome = match outcome {
            Err(reason) => Err(reason),
            Ok(Answer::Result { result, executor }) => {
                if job.kind != Kind::Compare {
                    reports.push(Report::Executor(self.executor(executor)));
                }
                Ok(result)
            }
            Ok(_) => Err("the Worker answered something else".into()),
        };
        reports.push(Report::of(job, outcome, None));
    }

    fn executor(&self, text: String) -> Executor {
        let gpu = !text.starts_with("CPU");
        // The Worker only knows that it was told to use the CPU; the window knows why.
        let text = match &self.reason {
            Some(reason) if !gpu => format!("CPU: {reason}"),
            _ => text,
        };
        Executor { text, gpu, ..Executor::default() }
    }
}
