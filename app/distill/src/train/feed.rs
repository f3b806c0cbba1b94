//! Pictures on their way into batches: which view of which patch a step sees, made while the step before it computes.

use super::TrainError;
use crate::data::{self, ImageStore, Sample};
use crate::settings::{TrainSettings, TrainViews};
use crate::views::{Augmentation, ViewId, live_key};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Patches with their classes.
#[derive(Clone)]
pub struct Set {
    /// Their pictures.
    pub store: Arc<ImageStore>,
    /// Class of each.
    pub labels: Vec<usize>,
}

impl Set {
    /// Number of patches.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Patches at `px`, up to `memory` bytes of pictures kept.
    pub fn new(samples: Vec<Sample>, px: usize, memory: u64) -> Self {
        let labels = samples.iter().map(|s| s.label).collect();
        Self { store: Arc::new(ImageStore::new(samples, px, memory)), labels }
    }

    /// Hex SHA-256 over size, names and classes: another set, or another order, has another one.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.store.px() as u64).to_le_bytes());
        for sample in self.store.samples() {
            hash.update((sample.name.len() as u64).to_le_bytes());
            hash.update(sample.name.as_bytes());
            hash.update((sample.label as u64).to_le_bytes());
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// One view of one patch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub index: usize,
    pub sha256: String,
    /// None for an augmentation that will not come again.
    pub view: Option<ViewId>,
}

/// Pictures on the host.
pub(crate) struct HostBatch {
    pub keys: Vec<Key>,
    pub labels: Vec<usize>,
    /// `[n, 3, px, px]`, RGB in [0, 1].
    pub pixels: Vec<f32>,
}

/// Which patch, and how it is turned.
#[derive(Clone, Debug)]
enum Look {
    Exported(usize, ViewId),
    Continuous(usize, u64),
}

/// In which order an epoch sees the patches.
fn order(set: &Set, settings: &TrainSettings, classes: usize, epoch: usize) -> Vec<usize> {
    match settings.balance {
        true => data::balanced(&set.labels, classes, settings.batch, settings.seed, epoch),
        false => data::shuffled(set.len(), settings.batch, settings.seed, epoch),
    }
}

/// What the step `step` of `epoch` sees, in the epoch's order.
fn looks(order: &[usize], settings: &TrainSettings, epoch: usize, step: usize) -> Vec<Look> {
    let first = step * settings.batch;
    let of_step = order.iter().enumerate().skip(first).take(settings.batch);
    of_step.map(|(position, &index)| look(settings, epoch, position, index)).collect()
}

fn look(settings: &TrainSettings, epoch: usize, position: usize, index: usize) -> Look {
    let (epoch, position) = (epoch as u64, position as u64);
    match &settings.views {
        TrainViews::Continuous => Look::Continuous(index, live_key(settings.seed, epoch, position)),
        TrainViews::Exported(set) => Look::Exported(index, set.pick(settings.seed, epoch, position)),
    }
}

fn make(set: &Set, looks: &[Look]) -> Result<HostBatch, TrainError> {
    let px = set.store.px();
    let mut batch = HostBatch { keys: vec![], labels: vec![], pixels: Vec::with_capacity(looks.len() * 3 * px * px) };
    for look in looks {
        let (Look::Exported(index, _) | Look::Continuous(index, _)) = *look;
        let picture = set.store.get(index)?;
        let (rgb, view) = match look {
            Look::Exported(_, view) => (view.apply(&picture.rgb, px, &picture.sha256)?, Some(*view)),
            Look::Continuous(_, drawn) => (Augmentation::draw(*drawn).apply(&picture.rgb, px)?, None),
        };
        batch.keys.push(Key { index, sha256: picture.sha256.clone(), view });
        batch.labels.push(set.labels.get(index).copied().unwrap_or_default());
        for channel in 0..3 {
            batch.pixels.extend(rgb.iter().skip(channel).step_by(3).map(|&v| f32::from(v) / 255.0));
        }
    }
    Ok(batch)
}

/// Some patches as they are.
pub(crate) fn plain(set: &Set, from: usize, count: usize) -> Result<HostBatch, TrainError> {
    let looks: Vec<Look> = (from..set.len().min(from + count)).map(|i| Look::Exported(i, ViewId::Plain)).collect();
    make(set, &looks)
}

/// Up to `count` patches as they are, evenly spread over the set: sets are often sorted by class or slide.
pub(crate) fn spread(set: &Set, count: usize) -> Result<HostBatch, TrainError> {
    let count = count.min(set.len());
    let looks: Vec<Look> = (0..count).map(|i| Look::Exported(i * set.len() / count.max(1), ViewId::Plain)).collect();
    make(set, &looks)
}

type Pending = ((usize, usize), std::thread::JoinHandle<Result<HostBatch, TrainError>>);

/// Makes the batches of a run, natively one ahead on a thread of its own.
pub(crate) struct Feed {
    set: Set,
    settings: TrainSettings,
    classes: usize,
    /// An epoch and its order.
    order: (usize, Vec<usize>),
    pending: Option<Pending>,
}

impl Feed {
    pub(crate) fn new(set: Set, settings: TrainSettings, classes: usize) -> Self {
        let order = (0, order(&set, &settings, classes, 0));
        Self { set, settings, classes, order, pending: None }
    }

    /// The batch of a step; `next` is the step that will be asked for after it, if any.
    pub(crate) fn batch(&mut self, at: (usize, usize), next: Option<(usize, usize)>) -> Result<HostBatch, TrainError> {
        let ready = self.pending.take().filter(|(of, _)| *of == at).and_then(|(_, thread)| thread.join().ok());
        let batch = match ready {
            Some(made) => made,
            // Nothing was made ahead (the first step, or no threads), or the thread could not finish.
            None => {
                let looks = self.looks(at);
                make(&self.set, &looks)
            }
        };
        if batch.is_ok() {
            self.pending = next.and_then(|next| self.ahead(next));
        }
        batch
    }

    fn looks(&mut self, (epoch, step): (usize, usize)) -> Vec<Look> {
        if self.order.0 != epoch {
            self.order = (epoch, order(&self.set, &self.settings, self.classes, epoch));
        }
        looks(&self.order.1, &self.settings, epoch, step)
    }

    /// Starts making a batch. A browser's Worker has no threads.
    fn ahead(&mut self, at: (usize, usize)) -> Option<Pending> {
        if cfg!(target_arch = "wasm32") {
            return None;
        }
        let (set, looks) = (self.set.clone(), self.looks(at));
        let work = move || make(&set, &looks);
        let thread = std::thread::Builder::new().name("fovea-feed".into()).spawn(work).ok()?;
        Some((at, thread))
    }
}
