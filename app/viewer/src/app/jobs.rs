//! Work beside the window: what is asked for, what comes back, and who does it. The latest request wins.

use std::sync::Arc;

use fovea_engine::{AdapterReport, Device, MapTexture, Preference};
use fovea_patch::Patch;
use fovea_student::Request;
use fovea_student::file::Student;

use super::live::Live;
use super::look::Look;
use super::state::ItemId;
use crate::analysis::{PatchResult, Settings};

/// Which model and which settings a result belongs to; results of an older one are not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision {
    /// Counts models.
    pub model: u32,
    /// Counts changes of method and layer.
    pub attention: u32,
}

/// What patches are run with.
pub struct Course {
    /// Its number.
    pub revision: Revision,
    /// The model.
    pub student: Arc<Student>,
    /// Layer, method, view.
    pub settings: Settings,
}

impl Course {
    /// What a job is run with.
    pub fn settings_for(&self, job: &LookJob) -> Settings {
        let mut settings = self.settings.clone();
        match job.kind {
            Kind::Interactive => {}
            Kind::Rung(factor) => settings.view.k = Some(factor),
            // The list shows predictions; maps are made smooth when they are looked at.
            Kind::Batch => settings.aug_smooth = false,
            Kind::Compare => {
                if let Some((first, more)) = job.requests.split_first() {
                    (settings.layer, settings.method) = (Some(first.layer.clone()), Some(first.method));
                    (settings.relu, settings.more) = (first.relu, more.to_vec());
                }
            }
        }
        settings
    }
}

/// Why a patch is looked at; this decides its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is on the canvas: before everything else, and only the newest counts.
    Interactive,
    /// Several maps of it side by side: only the newest counts.
    Compare,
    /// A step of the ladder, reduced by this factor.
    Rung(usize),
    /// The gallery's list.
    Batch,
}

/// One patch to be analysed.
#[derive(Clone)]
pub struct LookJob {
    /// Model and settings it was asked with.
    pub revision: Revision,
    /// Which patch.
    pub item: ItemId,
    /// Why.
    pub kind: Kind,
    /// Its pixels.
    pub patch: Arc<Patch>,
    /// The maps of [`Kind::Compare`].
    pub requests: Arc<[Request]>,
}

impl LookJob {
    /// Asks for the map of the course.
    pub fn new(revision: Revision, item: ItemId, kind: Kind, patch: Arc<Patch>) -> Self {
        Self { revision, item, kind, patch, requests: Arc::default() }
    }
}

/// What computes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Executor {
    /// One line for people, with the reason where it is the CPU.
    pub text: String,
    /// Does a GPU compute?
    pub gpu: bool,
    /// The adapter, used or passed over.
    pub adapter: AdapterReport,
    /// Bytes of the compiled model.
    pub memory: Option<u64>,
}

impl Executor {
    /// Describes a device.
    pub fn of(device: &Device, memory: Option<u64>) -> Self {
        Self { text: device.describe(), gpu: device.is_gpu(), adapter: device.adapter().clone(), memory }
    }
}

/// What comes back.
pub enum Report {
    /// A patch was analysed, or not.
    Looked {
        /// Model and settings it was asked with.
        revision: Revision,
        /// Which patch.
        item: ItemId,
        /// Why it was looked at.
        kind: Kind,
        /// The result, with its map where that is on the window's device already; or the reason.
        outcome: Result<(Arc<Look>, Option<MapTexture>), String>,
    },
    /// Several maps of a patch were made, or not.
    Compared {
        /// Model and settings it was asked with.
        revision: Revision,
        /// Which patch.
        item: ItemId,
        /// What was asked for.
        requests: Arc<[Request]>,
        /// One per request, or the reason.
        outcome: Result<Vec<Arc<Look>>, String>,
    },
    /// A batch or interactive run gave way to a newer request; ask again if it is still wanted.
    Dropped {
        /// Which patch.
        item: ItemId,
        /// Why it was looked at.
        kind: Kind,
    },
    /// Share of a run that is done.
    Progress(f32),
    /// What computes changed.
    Executor(Executor),
    /// Something the user should read.
    Notice(String),
    /// The interactive GPU run failed for good; the background takes over.
    LiveLost(String),
}

impl Report {
    /// What became of a job; `map` is its map where that is on the window's device already.
    pub fn of(job: LookJob, outcome: Result<PatchResult, String>, map: Option<MapTexture>) -> Self {
        let LookJob { revision, item, kind, requests, .. } = job;
        if kind == Kind::Compare {
            let outcome = outcome.and_then(|result| Look::each(result).map_err(|e| e.to_string()));
            return Self::Compared { revision, item, requests, outcome };
        }
        let look = outcome.and_then(|result| Look::new(result).map_err(|e| e.to_string()));
        Self::Looked { revision, item, kind, outcome: look.map(|look| (Arc::new(look), map)) }
    }
}

/// Who does the work.
pub enum Backend {
    /// The window's own GPU, in slices; it also does batches where there are no threads.
    Live(Box<Live>),
    /// A background thread with a device of its own.
    #[cfg(not(target_arch = "wasm32"))]
    Thread(super::worker::Thread),
    /// A dedicated Worker.
    #[cfg(target_arch = "wasm32")]
    Worker(Box<super::web_worker::WebWorker>),
}

impl Backend {
    /// The background of this platform.
    pub fn background(ctx: &egui::Context, preference: Preference, reason: Option<String>) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        return Self::Thread(super::worker::Thread::spawn(ctx, preference, reason));
        #[cfg(target_arch = "wasm32")]
        Self::Worker(Box::new(super::web_worker::WebWorker::new(ctx, preference, reason)))
    }

    /// Sets what patches are run with; work for older settings is dropped.
    pub fn course(&mut self, course: &Arc<Course>) {
        match self {
            Self::Live(live) => live.course(course),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Thread(thread) => thread.course(course),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(worker) => worker.course(course),
        }
    }

    /// Asks for an analysis.
    pub fn submit(&mut self, job: LookJob) {
        match self {
            Self::Live(live) => live.submit(job),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Thread(thread) => thread.submit(job),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(worker) => worker.submit(job),
        }
    }

    /// Looks after the work, once per frame.
    pub fn poll(&mut self, reports: &mut Vec<Report>) {
        match self {
            Self::Live(live) => live.poll(reports),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Thread(thread) => thread.poll(reports),
            #[cfg(target_arch = "wasm32")]
            Self::Worker(worker) => worker.poll(reports),
        }
    }

    /// Must frames follow each other for the work to go on?
    pub fn needs_frames(&self) -> bool {
        match self {
            Self::Live(live) => live.busy(),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Thread(_) => false,
            #[cfg(target_arch = "wasm32")]
            Self::Worker(_) => false,
        }
    }
}

/// Jobs by turn: the newest interactive one, then the newest comparison, then the ladder, then the list.
#[derive(Default)]
pub struct Queue {
    interactive: Option<LookJob>,
    compare: Option<LookJob>,
    rungs: std::collections::VecDeque<LookJob>,
    batch: std::collections::VecDeque<LookJob>,
}

impl Queue {
    /// Adds a job; an interactive one replaces the one before, and a rung of another patch empties the ladder.
    pub fn push(&mut self, job: LookJob) -> Option<LookJob> {
        match job.kind {
            Kind::Interactive => return self.interactive.replace(job),
            Kind::Compare => return self.compare.replace(job),
            Kind::Rung(_) => {
                self.rungs.retain(|r| r.item == job.item && r.revision == job.revision);
                self.rungs.push_back(job);
            }
            Kind::Batch => self.batch.push_back(job),
        }
        None
    }

    /// Puts an interrupted job back to the front of its kind.
    pub fn put_back(&mut self, job: LookJob) {
        match job.kind {
            Kind::Interactive => drop(self.interactive.get_or_insert(job)),
            Kind::Compare => drop(self.compare.get_or_insert(job)),
            Kind::Rung(_) => self.rungs.push_front(job),
            Kind::Batch => self.batch.push_front(job),
        }
    }

    /// The next job.
    pub fn pop(&mut self) -> Option<LookJob> {
        let first = self.interactive.take().or_else(|| self.compare.take());
        first.or_else(|| self.rungs.pop_front()).or_else(|| self.batch.pop_front())
    }

    /// Does something wait that must not wait for a job of this kind?
    pub fn outranks(&self, kind: Kind) -> bool {
        let first = self.interactive.is_some();
        match kind {
            Kind::Interactive => first,
            Kind::Compare | Kind::Rung(_) => first || self.compare.is_some(),
            Kind::Batch => first || self.compare.is_some() || !self.rungs.is_empty(),
        }
    }

    /// Empties the queue; what was in it comes back.
    pub fn drain(&mut self) -> Vec<LookJob> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.interactive.is_none() && self.compare.is_none() && self.rungs.is_empty() && self.batch.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn job(item: ItemId, kind: Kind) -> LookJob {
        let patch = Patch {
            name: String::new(),
            rgb: vec![0; 3],
            width: 1,
            height: 1,
            sha256: String::new(),
            um_per_px: None,
            position: None,
            notes: vec![],
        };
        LookJob::new(Revision::default(), item, kind, Arc::new(patch))
    }

    #[test]
    fn the_latest_interactive_request_wins() {
        let mut queue = Queue::default();
        queue.push(job(1, Kind::Batch));
        queue.push(job(2, Kind::Rung(1)));
        assert!(queue.push(job(3, Kind::Interactive)).is_none());
        assert_eq!(queue.push(job(4, Kind::Interactive)).unwrap().item, 3);
        assert!(queue.outranks(Kind::Batch) && queue.outranks(Kind::Rung(1)));
        let order: Vec<_> = queue.drain().iter().map(|j| j.item).collect();
        assert_eq!(order, [4, 2, 1]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_ladder_of_another_patch_empties_the_ladder() {
        let mut queue = Queue::default();
        for item in [1, 1, 2] {
            queue.push(job(item, Kind::Rung(1)));
        }
        assert_eq!(queue.drain().len(), 1);
        queue.push(job(5, Kind::Batch));
        queue.put_back(job(6, Kind::Batch));
        assert_eq!(queue.pop().unwrap().item, 6);
    }
}
