//! Maps are made on a thread with a device of its own; the newest Student's come first because older ones are skipped.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use fovea_engine::{Device, Preference};
use fovea_student::Student;
use pollster::block_on;

use super::maps::{Maker, MapJob, MapNews, Mapped, Side};
use crate::analysis::{Analyzer, Settings};

/// The window's end of the thread; the thread starts with the first job and ends with this.
pub struct Mapper {
    ctx: egui::Context,
    preference: Preference,
    line: Option<(Sender<MapJob>, Receiver<MapNews>)>,
}

impl Mapper {
    /// Nothing is started yet.
    pub fn new(ctx: &egui::Context, preference: Preference) -> Self {
        Self { ctx: ctx.clone(), preference, line: None }
    }

    /// Asks for a map.
    pub fn submit(&mut self, job: MapJob) {
        let (ctx, preference) = (&self.ctx, self.preference);
        let (jobs, _) = self.line.get_or_insert_with(|| spawn(ctx.clone(), preference));
        if jobs.send(job).is_err() {
            // The thread is gone; the next job starts another.
            self.line = None;
        }
    }

    /// What was made since the last call.
    pub fn poll(&mut self) -> Vec<MapNews> {
        self.line.iter().flat_map(|(_, news)| news.try_iter()).collect()
    }
}

fn spawn(ctx: egui::Context, preference: Preference) -> (Sender<MapJob>, Receiver<MapNews>) {
    let ((jobs, inbox), (outbox, news)) = (channel::<MapJob>(), channel());
    std::thread::spawn(move || {
        let device = block_on(Device::open(preference)).unwrap_or_else(|e| Device::cpu(&e.to_string()));
        let mut worker = Worker { device, compiled: BTreeMap::new() };
        let mut waiting: Vec<MapJob> = vec![];
        while let Some(job) = next(&inbox, &mut waiting) {
            let outcome = catch_unwind(AssertUnwindSafe(|| worker.make(&job)));
            let outcome = outcome.unwrap_or_else(|_| Err("the map could not be made".into()));
            if outbox.send(job.answer(outcome)).is_err() {
                return;
            }
            ctx.request_repaint();
        }
    });
    (jobs, news)
}

/// The next job; those for a Student that is no longer the newest are left out.
fn next(inbox: &Receiver<MapJob>, waiting: &mut Vec<MapJob>) -> Option<MapJob> {
    if waiting.is_empty() {
        waiting.push(inbox.recv().ok()?);
    }
    waiting.extend(inbox.try_iter());
    let newest = waiting.iter().map(|job| job.version).max().unwrap_or_default();
    waiting.retain(|job| job.side != Side::Now || job.version == newest);
    (!waiting.is_empty()).then(|| waiting.remove(0))
}

struct Worker {
    device: Device,
    /// One network per side.
    compiled: BTreeMap<Side, (Arc<Student>, Settings, Analyzer)>,
}

impl Worker {
    fn make(&mut self, job: &MapJob) -> Result<Mapped, String> {
        let patch = job.patch()?;
        let (student, settings) = match &job.maker {
            Maker::Rows(rows) => return rows.of(patch),
            Maker::Network { student, settings } => (student, settings),
        };
        let fits = |(own, with, _): &(Arc<Student>, Settings, Analyzer)| Arc::ptr_eq(own, student) && with == settings;
        if !self.compiled.get(&job.side).is_some_and(fits) {
            let analyzer = Analyzer::new(&self.device, student, settings.clone()).map_err(|e| e.to_string())?;
            self.compiled.insert(job.side, (student.clone(), settings.clone(), analyzer));
        }
        let (.., analyzer) = self.compiled.get_mut(&job.side).ok_or("no network")?;
        let result = block_on(analyzer.analyze_patch(&patch)).map_err(|e| e.to_string())?;
        Mapped::of(patch, result)
    }
}
