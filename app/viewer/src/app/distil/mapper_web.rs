//! Maps are made in a Worker of their own, so that neither the window's analyses nor training wait for them.

use std::collections::VecDeque;
use std::sync::Arc;

use fovea_engine::Preference;
use fovea_student::Student;

use super::maps::{Maker, MapJob, MapNews, Mapped, Side};
use crate::analysis::Settings;
use crate::web::worker::{self, Answer, Event, Job, Lane, Ticket};

/// The page's end.
pub struct Mapper {
    preference: Preference,
    waiting: VecDeque<MapJob>,
    current: Option<(Ticket, MapJob)>,
    /// The Student the Worker holds.
    loaded: Option<Arc<Student>>,
    made: Vec<MapNews>,
}

impl Mapper {
    /// Nothing is started yet.
    pub fn new(_: &egui::Context, preference: Preference) -> Self {
        // The window is woken by whatever arrives from any Worker.
        Self { preference, waiting: VecDeque::new(), current: None, loaded: None, made: vec![] }
    }

    /// Asks for a map.
    pub fn submit(&mut self, job: MapJob) {
        match &job.maker {
            Maker::Rows(rows) => {
                let outcome = job.patch().and_then(|patch| rows.of(patch));
                self.made.push(job.answer(outcome));
            }
            Maker::Network { .. } => {
                // Only the newest Student's maps are still wanted.
                self.waiting.retain(|w| w.side != Side::Now || w.version == job.version);
                self.waiting.push_back(job);
            }
        }
        self.next();
    }

    /// What was made since the last call.
    pub fn poll(&mut self) -> Vec<MapNews> {
        for event in worker::poll(Lane::Maps) {
            match event {
                Event::Done { ticket, outcome } => self.done(ticket, outcome),
                Event::Cancelled { .. } | Event::Progress { .. } => {}
            }
        }
        self.next();
        std::mem::take(&mut self.made)
    }

    fn done(&mut self, ticket: Ticket, outcome: Result<Answer, String>) {
        let Some((_, job)) = self.current.take_if(|(t, _)| *t == ticket) else {
            // A Student that the Worker could not take: the next map says so.
            if outcome.is_err() {
                self.loaded = None;
            }
            return;
        };
        let mapped = match outcome {
            Ok(Answer::Result { result, .. }) => job.patch().and_then(|patch| Mapped::of(patch, result)),
            Ok(_) => Err("the Worker answered something else".into()),
            Err(reason) => {
                self.loaded = None;
                Err(reason)
            }
        };
        self.made.push(job.answer(mapped));
    }

    fn next(&mut self) {
        while self.current.is_none() {
            let Some(job) = self.waiting.pop_front() else { return };
            let Maker::Network { student, settings } = &job.maker else { continue };
            let settings = Settings { preference: self.preference, ..settings.clone() };
            match job.patch() {
                Err(reason) => self.made.push(job.answer(Err(reason))),
                Ok(patch) => {
                    if !self.loaded.as_ref().is_some_and(|own| Arc::ptr_eq(own, student)) {
                        worker::submit_to(Lane::Maps, Job::Student { student: student.clone(), settings: settings.clone() });
                        self.loaded = Some(student.clone());
                    }
                    let ticket = worker::submit_to(Lane::Maps, Job::Analyze { patch: Arc::new(patch), settings });
                    self.current = Some((ticket, job));
                }
            }
        }
    }
}
