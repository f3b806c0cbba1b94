//! From files to pixels: on a thread of its own, in a browser in a Worker.

use std::collections::VecDeque;
use std::sync::Arc;

use fovea_patch::{Field, Framing, Limits, Patch, decode, tiles};

use super::ladder;
use super::overlay_gpu::Picture;
use super::state::{ItemId, Source, Thumb};
use crate::analysis::factors;

/// Longest side of a picture on the device; larger patches are reduced for display only.
const DISPLAY_SIDE: usize = 8192;

/// What is wanted of a file.
pub enum DecodeJob {
    /// Its pixels; `shown` also makes the picture for the canvas.
    Read {
        /// Which patch.
        item: ItemId,
        /// File name.
        name: String,
        /// Where the bytes are.
        source: Source,
        /// A drawing, not a scan.
        synthetic: bool,
        /// For the canvas?
        shown: bool,
        /// Longest side of a texture.
        max_side: usize,
    },
    /// The reduced pictures of the ladder.
    Rungs {
        /// Which patch.
        item: ItemId,
        /// Its pixels.
        patch: Arc<Patch>,
        /// The model's field of view.
        field: Field,
        /// How the patch meets it.
        framing: Framing,
    },
}

/// What came of it.
pub enum Decoded {
    /// Pixels.
    Read {
        /// Which patch.
        item: ItemId,
        /// For the canvas?
        shown: bool,
        /// Pixels, thumbnail and picture; or why not.
        outcome: Result<Pixels, String>,
    },
    /// One picture per reduction.
    Rungs {
        /// Which patch.
        item: ItemId,
        /// Factor and picture.
        pictures: Vec<(usize, Picture)>,
    },
}

/// A decoded file.
pub struct Pixels {
    /// The patch.
    pub patch: Arc<Patch>,
    /// Its thumbnail.
    pub thumb: Thumb,
    /// Its picture, when it is to be shown.
    pub picture: Option<Picture>,
}

impl DecodeJob {
    /// On the canvas before in the list.
    fn urgent(&self) -> bool {
        !matches!(self, Self::Read { shown: false, .. })
    }

    fn run(self) -> Decoded {
        match self {
            Self::Read { item, name, source, synthetic, shown, max_side } => {
                let outcome = read(&name, &source, synthetic, shown.then_some(max_side.min(DISPLAY_SIDE)));
                Decoded::Read { item, shown, outcome }
            }
            Self::Rungs { item, patch, field, framing } => Decoded::Rungs { item, pictures: rungs(&patch, &field, framing) },
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl DecodeJob {
    /// The part of the job that the Worker does; `None` where that is not worth it.
    fn parcel(&self) -> Option<crate::web::worker::Job> {
        match self {
            Self::Read { name, source: Source::Bytes(bytes), .. } => {
                let (name, bytes, max_pixels) = (name.clone(), bytes.clone(), limits().max_pixels);
                Some(crate::web::worker::Job::Decode { name, bytes, max_pixels })
            }
            _ => None,
        }
    }

    /// The rest of it.
    fn finish(self, outcome: Result<crate::web::worker::Answer, String>) -> Decoded {
        use crate::web::worker::Answer;
        match self {
            Self::Read { item, synthetic, shown, max_side, .. } => {
                let outcome = outcome.and_then(|answer| match answer {
                    Answer::Patch(patch) => Ok(pixels(patch, synthetic, shown.then_some(max_side.min(DISPLAY_SIDE)))),
                    _ => Err("the decoder answered something else".into()),
                });
                Decoded::Read { item, shown, outcome }
            }
            rungs => rungs.run(),
        }
    }
}

fn read(name: &str, source: &Source, synthetic: bool, picture: Option<usize>) -> Result<Pixels, String> {
    let bytes = source.read()?;
    let patch = decode(&bytes, name, &limits()).map_err(|e| e.to_string())?;
    Ok(pixels(patch, synthetic, picture))
}

fn pixels(mut patch: Patch, synthetic: bool, picture: Option<usize>) -> Pixels {
    if synthetic {
        patch.notes.push("A synthetic drawing, not tissue.".into());
    }
    let thumb = Thumb::of(&patch);
    let picture = picture.map(|side| Picture::new(&patch.rgb, patch.width, patch.height, side));
    Pixels { patch: Arc::new(patch), thumb, picture }
}

/// A browser tab has 4 GB at most, and a picture is held several times over while it is prepared.
fn limits() -> Limits {
    if cfg!(target_arch = "wasm32") { Limits { max_pixels: 120_000_000, ..Limits::default() } } else { Limits::default() }
}

fn rungs(patch: &Patch, field: &Field, framing: Framing) -> Vec<(usize, Picture)> {
    let plan = tiles::plan(patch.width, patch.height, patch.um_per_px, field, framing);
    let tile = plan.map_or(patch.width.max(patch.height), |p| p.tile_px).max(1);
    let reduced = |k: usize| {
        let side = |n: usize| ((n as f64 * field.input_px as f64 / (tile * k) as f64).round() as usize).clamp(1, n.max(1));
        let (w, h) = (side(patch.width), side(patch.height));
        let rgb = fovea_patch::resize::area(&patch.rgb, patch.width, patch.height, w, h);
        Picture::new(&rgb, w, h, ladder::LARGEST)
    };
    factors(field.input_px).into_iter().map(|k| (k, reduced(k))).collect()
}

/// The queue and who works on it.
#[derive(Default)]
pub struct Decoder {
    #[cfg(not(target_arch = "wasm32"))]
    thread: Option<threaded::Thread>,
    #[cfg(target_arch = "wasm32")]
    waiting: VecDeque<DecodeJob>,
    /// What the Worker decodes.
    #[cfg(target_arch = "wasm32")]
    current: Option<(crate::web::worker::Ticket, DecodeJob)>,
}

impl Decoder {
    /// Asks for a file. Of pictures for the canvas only the newest of each kind is made.
    pub fn submit(&mut self, ctx: &egui::Context, job: DecodeJob) {
        #[cfg(not(target_arch = "wasm32"))]
        self.thread.get_or_insert_with(|| threaded::Thread::spawn(ctx)).submit(job);
        #[cfg(target_arch = "wasm32")]
        {
            enqueue(&mut self.waiting, job);
            ctx.request_repaint();
        }
    }

    /// What is finished.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn poll(&mut self) -> Vec<Decoded> {
        self.thread.as_ref().map_or_else(Vec::new, threaded::Thread::poll)
    }

    /// What is finished, and one step further: the user's files are decoded in a Worker, drawings and reductions here.
    #[cfg(target_arch = "wasm32")]
    pub fn poll(&mut self) -> Vec<Decoded> {
        use crate::web::worker::{self, Event, Lane};
        let mut finished = vec![];
        for event in worker::poll(Lane::Decoding) {
            if let Event::Done { ticket, outcome } = event
                && let Some((_, job)) = self.current.take_if(|(current, _)| *current == ticket)
            {
                finished.push(job.finish(outcome));
            }
        }
        if self.current.is_none()
            && let Some(job) = self.waiting.pop_front()
        {
            match job.parcel() {
                Some(parcel) => self.current = Some((worker::submit(parcel), job)),
                None => finished.push(job.run()),
            }
        }
        finished
    }

    /// Must frames follow each other for the work to go on?
    pub fn needs_frames(&self) -> bool {
        #[cfg(not(target_arch = "wasm32"))]
        return false;
        #[cfg(target_arch = "wasm32")]
        return self.current.is_none() && !self.waiting.is_empty();
    }
}

/// Urgent jobs go first, and replace the urgent job of their kind.
fn enqueue(waiting: &mut VecDeque<DecodeJob>, job: DecodeJob) {
    if job.urgent() {
        waiting.retain(|w| !w.urgent() || std::mem::discriminant(w) != std::mem::discriminant(&job));
        waiting.push_front(job);
    } else {
        waiting.push_back(job);
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod threaded {
    use super::{DecodeJob, Decoded, enqueue};
    use std::collections::VecDeque;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Condvar, Mutex, PoisonError};

    type Shared = (Mutex<(VecDeque<DecodeJob>, bool)>, Condvar);

    pub struct Thread {
        shared: Arc<Shared>,
        done: Receiver<Decoded>,
    }

    impl Thread {
        pub fn spawn(ctx: &egui::Context) -> Self {
            let shared = Arc::new(Shared::default());
            let (sender, done) = channel();
            let (theirs, ctx) = (shared.clone(), ctx.clone());
            std::thread::spawn(move || {
                while let Some(job) = next(&theirs) {
                    let id = if let DecodeJob::Read { item, shown, .. } = &job { Some((*item, *shown)) } else { None };
                    let outcome = catch_unwind(AssertUnwindSafe(|| job.run()));
                    let lost =
                        || id.map(|(item, shown)| Decoded::Read { item, shown, outcome: Err("the decoder stopped".into()) });
                    let Some(outcome) = outcome.ok().or_else(lost) else { continue };
                    if sender.send(outcome).is_err() {
                        return;
                    }
                    ctx.request_repaint();
                }
            });
            Self { shared, done }
        }

        pub fn submit(&self, job: DecodeJob) {
            enqueue(&mut self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).0, job);
            self.shared.1.notify_one();
        }

        pub fn poll(&self) -> Vec<Decoded> {
            self.done.try_iter().collect()
        }
    }

    impl Drop for Thread {
        fn drop(&mut self) {
            self.shared.0.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
            self.shared.1.notify_all();
        }
    }

    /// Waits for a job; `None` when the window is gone.
    fn next((waiting, wake): &Shared) -> Option<DecodeJob> {
        let mut state = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.1 {
                return None;
            }
            if let Some(job) = state.0.pop_front() {
                return Some(job);
            }
            state = wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
