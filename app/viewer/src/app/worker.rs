//! The background thread: analyses on a device of its own, so that no frame waits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fovea_engine::{Device, EngineError, Preference};
use pollster::block_on;

use super::jobs::{Course, Executor, Kind, LookJob, Queue, Report};
use crate::analysis::{AnalysisError, Analyzer, Checked, PatchResult, Settings, self_check};

/// Compiled networks above this are not all kept at once, bytes.
const KEPT: u64 = 768 << 20;
/// Nor are more than this many.
const MOST_KEPT: usize = 10;

#[derive(Default)]
struct Orders {
    queue: Queue,
    course: Option<Arc<Course>>,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    orders: Mutex<Orders>,
    wake: Condvar,
}

impl Shared {
    /// A panic elsewhere does not make the queue unusable: it holds no half-done state.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The window's end of the thread; dropping it ends the thread after its current tile.
pub struct Thread {
    shared: Arc<Shared>,
    reports: Receiver<Report>,
    /// Jobs that a newer one replaced before their turn.
    dropped: Vec<LookJob>,
}

impl Thread {
    /// Starts it. `reason`: why the window's GPU does not compute, where that is known.
    pub fn spawn(ctx: &egui::Context, preference: Preference, reason: Option<String>) -> Self {
        let shared = Arc::new(Shared::default());
        let (sender, reports) = channel();
        let (theirs, ctx) = (shared.clone(), ctx.clone());
        std::thread::spawn(move || {
            let out = Out { sender, ctx };
            Worker { shared: theirs, out, device: None, course: None, analyzers: vec![] }.work(preference, reason);
        });
        Self { shared, reports, dropped: vec![] }
    }

    /// See [`super::jobs::Backend::course`].
    pub fn course(&mut self, course: &Arc<Course>) {
        let mut orders = self.shared.lock();
        orders.queue.drain();
        orders.course = Some(course.clone());
        self.shared.wake.notify_all();
    }

    /// See [`super::jobs::Backend::submit`].
    pub fn submit(&mut self, job: LookJob) {
        self.dropped.extend(self.shared.lock().queue.push(job));
        self.shared.wake.notify_all();
    }

    /// See [`super::jobs::Backend::poll`].
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        reports.extend(self.dropped.drain(..).map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        reports.extend(self.reports.try_iter());
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.wake.notify_all();
    }
}

struct Out {
    sender: Sender<Report>,
    ctx: egui::Context,
}

impl Out {
    /// The window may be gone by now; then nobody needs to know.
    fn send(&self, report: Report) {
        if self.sender.send(report).is_ok() {
            self.ctx.request_repaint();
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    out: Out,
    device: Option<Device>,
    course: Option<Arc<Course>>,
    /// Networks compiled for the settings used so far, the last used at the end.
    analyzers: Vec<Analyzer>,
}

enum Next {
    Course(Arc<Course>),
    Job(LookJob),
    Stop,
}

impl Worker {
    fn work(mut self, preference: Preference, reason: Option<String>) {
        let device = match (reason, preference) {
            (Some(reason), _) => Device::cpu(&reason),
            (None, preference) => block_on(Device::open(preference)).unwrap_or_else(|e| Device::cpu(&e.to_string())),
        };
        self.out.send(Report::Executor(Executor::of(&device, None)));
        self.device = Some(device);
        loop {
            match self.next() {
                Next::Stop => return,
                Next::Course(course) => self.begin(course),
                Next::Job(job) => self.run(job),
            }
        }
    }

    fn next(&self) -> Next {
        let mut orders = self.shared.lock();
        loop {
            if orders.stop {
                return Next::Stop;
            }
            let newer = orders.course.as_ref().filter(|c| self.course.as_ref().is_none_or(|own| own.revision != c.revision));
            if let Some(course) = newer {
                return Next::Course(course.clone());
            }
            if let Some(job) = orders.queue.pop() {
                return Next::Job(job);
            }
            orders = self.shared.wake.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn begin(&mut self, course: Arc<Course>) {
        self.analyzers.clear();
        let same_model = self.course.as_ref().is_some_and(|own| own.revision.model == course.revision.model);
        if let Some(device) = self.device.as_ref().filter(|_| !same_model) {
            match block_on(self_check(device, &course.student)) {
                Ok(Checked::Passed(_) | Checked::None) => {}
                Err(e) => self.out.send(Report::Notice(e.to_string())),
            }
        }
        self.course = Some(course);
    }

    fn run(&mut self, job: LookJob) {
        let (revision, item, kind) = (job.revision, job.item, job.kind);
        if self.course.as_ref().is_none_or(|c| c.revision != revision) {
            return self.out.send(Report::Dropped { item, kind });
        }
        // A panic in a decoder's or kernel's corner is one patch without a result, not a window without an engine.
        let outcome = catch_unwind(AssertUnwindSafe(|| self.analyze(&job)));
        let outcome = outcome.unwrap_or_else(|_| {
            self.analyzers.clear();
            Err(AnalysisError::Setting("the analysis stopped unexpectedly".into()))
        });
        match outcome {
            Err(AnalysisError::Engine(EngineError::Cancelled)) if kind == Kind::Interactive => {
                self.out.send(Report::Dropped { item, kind });
            }
            Err(AnalysisError::Engine(EngineError::Cancelled)) => self.shared.lock().queue.put_back(job),
            outcome => self.out.send(Report::of(job, outcome.map_err(|e| e.to_string()), None)),
        }
    }

    fn analyze(&mut self, job: &LookJob) -> Result<PatchResult, AnalysisError> {
        let settings = self.course.as_ref().map(|c| c.settings_for(job)).unwrap_or_default();
        let (shared, out, kind) =
            (self.shared.clone(), Out { sender: self.out.sender.clone(), ctx: self.out.ctx.clone() }, job.kind);
        let analyzer = self.analyzer(settings)?;
        let before = analyzer.notes().len();
        let mut progress = |done: usize, all: usize| {
            if kind == Kind::Interactive && all > 1 {
                out.send(Report::Progress(done as f32 / all as f32));
            }
            let orders = shared.lock();
            !(orders.stop || orders.queue.outranks(kind) || orders.course.as_ref().is_some_and(|c| c.revision != job.revision))
        };
        let result = block_on(analyzer.analyze_with(&job.patch, &mut progress))?;
        let executor = Executor::of(analyzer.device(), Some(analyzer.memory_bytes()));
        let notes = analyzer.notes()[before..].to_vec();
        if !notes.is_empty() {
            self.device = Some(Device::cpu(&notes.join("; ")));
        }
        notes.into_iter().for_each(|note| out.send(Report::Notice(note)));
        if matches!(kind, Kind::Interactive | Kind::Batch) {
            out.send(Report::Executor(executor));
        }
        Ok(result)
    }

    /// The network compiled for these settings. Large networks are compiled anew instead of all being kept.
    fn analyzer(&mut self, settings: Settings) -> Result<&mut Analyzer, AnalysisError> {
        let missing = || AnalysisError::Setting("no model is loaded".into());
        let analyzer = match self.analyzers.iter().position(|a| *a.settings() == settings) {
            Some(at) => self.analyzers.remove(at),
            None => {
                let course = self.course.as_ref().ok_or_else(missing)?;
                let device = self.device.as_ref().ok_or_else(missing)?;
                let large = self.analyzers.iter().map(Analyzer::memory_bytes).sum::<u64>() > KEPT;
                if large || self.analyzers.len() >= MOST_KEPT {
                    self.analyzers.clear();
                }
                Analyzer::new(device, &course.student, settings)?
            }
        };
        self.analyzers.push(analyzer);
        self.analyzers.last_mut().ok_or_else(missing)
    }
}
