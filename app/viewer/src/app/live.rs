//! Analyses on the window's own GPU, in slices between frames: what is on the canvas, the comparison, the ladder, and, where
//! there are no threads, the list as well.

use std::sync::Arc;

use fovea_engine::{EngineError, Gpu, LiveResult, LiveRun, LiveStatus};
use fovea_student::Graph;
use fovea_student::explain::raw_output;

use super::jobs::{Course, Executor, Kind, LookJob, Queue, Report};
use super::live_patch::Passage;
use crate::analysis::{AnalysisError, Settings};

/// Compiled networks above this are not all kept, bytes of the GPU.
const KEPT: u64 = 768 << 20;
/// Nor are more than this many.
const MOST_KEPT: usize = 10;

/// A network compiled for the window's device.
struct Compiled {
    settings: Settings,
    run: LiveRun,
    /// Classes, height and width of each of its maps.
    maps: Vec<[usize; 3]>,
}

/// Runs on the window's GPU.
pub struct Live {
    gpu: Arc<Gpu>,
    course: Option<Arc<Course>>,
    /// The one used last at the end: it runs what is under way.
    compiled: Vec<Compiled>,
    queue: Queue,
    current: Option<Passage>,
    dropped: Vec<LookJob>,
    ticket: u64,
    announced: bool,
}

impl Live {
    /// For a device that computes.
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self {
            gpu,
            course: None,
            compiled: vec![],
            queue: Queue::default(),
            current: None,
            dropped: vec![],
            ticket: 0,
            announced: false,
        }
    }

    /// See [`super::jobs::Backend::course`].
    pub fn course(&mut self, course: &Arc<Course>) {
        self.queue.drain();
        self.current = None;
        self.compiled.clear();
        self.announced = false;
        self.course = Some(course.clone());
    }

    /// See [`super::jobs::Backend::submit`].
    pub fn submit(&mut self, job: LookJob) {
        let overtaken = self.current.take_if(|c| job.kind == Kind::Interactive && c.job.kind != Kind::Batch);
        match overtaken.map(|c| c.job) {
            Some(old) if old.kind == Kind::Interactive => self.dropped.push(old),
            Some(old) if old.item == job.item => self.queue.put_back(old),
            _ => {}
        }
        self.dropped.extend(self.queue.push(job));
    }

    /// Is something under way?
    pub fn busy(&self) -> bool {
        self.current.is_some() || !self.queue.is_empty() || !self.dropped.is_empty()
    }

    /// See [`super::jobs::Backend::poll`].
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        reports.extend(self.dropped.drain(..).map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        if self.current.is_none()
            && let Some(job) = self.queue.pop()
        {
            self.begin(job, reports);
        }
        let (Some(current), Some(compiled)) = (&self.current, self.compiled.last_mut()) else { return };
        match compiled.run.poll() {
            Ok(LiveStatus::Idle) => {}
            Ok(LiveStatus::Running { fraction }) if current.job.kind == Kind::Interactive => {
                reports.push(Report::Progress(current.share(fraction)));
            }
            Ok(LiveStatus::Running { .. }) => {}
            Ok(LiveStatus::Done(result)) => self.run_done(*result, reports),
            Err(e) => self.lost(&e.to_string(), reports),
        }
    }

    /// The GPU is of no more use: everything comes back, and the background takes over.
    fn lost(&mut self, reason: &str, reports: &mut Vec<Report>) {
        let under_way = self.current.take().map(|c| c.job);
        let all = under_way.into_iter().chain(self.queue.drain());
        reports.extend(all.map(|j| Report::Dropped { item: j.item, kind: j.kind }));
        reports.push(Report::LiveLost(reason.to_owned()));
    }

    fn begin(&mut self, job: LookJob, reports: &mut Vec<Report>) {
        let Some(course) = self.course.clone().filter(|c| c.revision == job.revision) else {
            reports.push(Report::Dropped { item: job.item, kind: job.kind });
            return;
        };
        let settings = course.settings_for(&job);
        let begun = self.compile(&course, &settings).and_then(|maps| {
            self.current = Some(Passage::new(job.clone(), &settings, &course.student.card, maps)?);
            self.start()
        });
        match begun {
            Ok(()) => self.announce(reports),
            Err(AnalysisError::Engine(e)) if !only_this(&e, job.kind) => {
                self.queue.put_back(job);
                self.current = None;
                self.lost(&e.to_string(), reports);
            }
            Err(e) => {
                self.current = None;
                reports.push(Report::of(job, Err(e.to_string()), None));
            }
        }
    }

    /// Brings the network for these settings to the end of the compiled ones; the shapes of its maps.
    fn compile(&mut self, course: &Course, settings: &Settings) -> Result<Vec<[usize; 3]>, AnalysisError> {
        // Smoothing runs the same network on turned images.
        let settings = Settings { aug_smooth: false, ..settings.clone() };
        let compiled = match self.compiled.iter().position(|c| c.settings == settings) {
            Some(at) => self.compiled.remove(at),
            None => {
                let large = self.compiled.iter().map(|c| c.run.memory_bytes()).sum::<u64>() > KEPT;
                if large || self.compiled.len() >= MOST_KEPT {
                    self.compiled.clear();
                }
                let (graph, weights) = settings.explained(&course.student)?;
                let maps = map_shapes(&graph, 1 + settings.more.len())?;
                Compiled { run: LiveRun::new(self.gpu.clone(), &graph, &weights)?, settings, maps }
            }
        };
        let maps = compiled.maps.clone();
        self.compiled.push(compiled);
        Ok(maps)
    }

    fn announce(&mut self, reports: &mut Vec<Report>) {
        if !std::mem::replace(&mut self.announced, true) {
            let memory = self.compiled.iter().map(|c| c.run.memory_bytes()).sum();
            let device = fovea_engine::Device::Gpu(self.gpu.clone());
            reports.push(Report::Executor(Executor::of(&device, Some(memory))));
        }
    }

    /// Hands the next tile of the current patch to the GPU, as it is or turned.
    fn start(&mut self) -> Result<(), AnalysisError> {
        let Some(rgb) = self.current.as_ref().and_then(Passage::pixels) else { return Ok(()) };
        let Some(compiled) = self.compiled.last_mut() else { return Ok(()) };
        self.ticket += 1;
        Ok(compiled.run.start(&rgb, self.ticket)?)
    }

    fn run_done(&mut self, result: LiveResult, reports: &mut Vec<Report>) {
        if result.ticket != self.ticket {
            return;
        }
        let Some(mut current) = self.current.take() else { return };
        current.take(result);
        if current.is_finished() {
            let (job, outcome, texture) = current.finish();
            return reports.push(Report::of(job, outcome.map_err(|e| e.to_string()), texture));
        }
        let gives_way = current.job.kind != Kind::Interactive && self.queue.outranks(current.job.kind);
        if gives_way {
            return self.queue.put_back(current.job);
        }
        self.current = Some(current);
        if let Err(e) = self.start() {
            self.lost(&e.to_string(), reports);
        }
    }
}

/// A network for a comparison or a step of the ladder that this device does not take: what is on the canvas still runs there.
fn only_this(e: &EngineError, kind: Kind) -> bool {
    let fits_not = matches!(e, EngineError::TooLarge { .. } | EngineError::Unsupported { .. });
    fits_not && matches!(kind, Kind::Compare | Kind::Rung(_))
}

fn map_shapes(graph: &Graph, count: usize) -> Result<Vec<[usize; 3]>, AnalysisError> {
    let shape = |i| match graph.value(graph.output(&raw_output(i))?).shape[..] {
        [classes, h, w] => Ok([classes, h, w]),
        _ => Err(AnalysisError::NoOutput(raw_output(i))),
    };
    (0..count).map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_beside_the_canvas_costs_nothing_else() {
        let large = EngineError::TooLarge { what: "a map".into(), bytes: 2, limit: 1 };
        let lost = EngineError::DeviceLost("gone".into());
        let alone = [Kind::Compare, Kind::Rung(2), Kind::Interactive, Kind::Batch].map(|kind| only_this(&large, kind));
        assert_eq!(alone, [true, true, false, false]);
        assert!(!only_this(&lost, Kind::Compare));
    }
}
