//! What is done next, and what is done with what comes back.

use std::sync::Arc;

use fovea_engine::MapTexture;
use fovea_patch::{Field, Framing};
use fovea_student::load::Loaded;

use super::App;
use super::decoder::{DecodeJob, Decoded, Pixels};
use super::drop::Incoming;
use super::files::Arrival;
use super::jobs::{Course, Kind, LookJob, Report, Revision};
use super::ladder::{Step, Steps};
use super::look::Look;
use super::model::Model;
use super::model_form::ModelForm;
use super::state::{Attention, Item, ItemId, Open, Progress};
use crate::analysis::Settings;

/// Patches of the list that are decoded ahead of the engine: pixels are large.
const AHEAD: usize = 3;

impl App {
    /// Takes everything that came back and asks for what comes next; once per frame, before it is laid out.
    pub(super) fn work(&mut self, ctx: &egui::Context) {
        for arrival in self.inbox.take() {
            self.arrived(arrival);
        }
        for decoded in self.decoder.poll() {
            self.decoded(decoded);
        }
        let mut reports = vec![];
        self.live.iter_mut().for_each(|live| live.poll(&mut reports));
        self.background.poll(&mut reports);
        for report in reports {
            self.reported(ctx, report);
        }
        self.pump(ctx);
        self.climb(ctx);
        let frames =
            self.live.as_ref().is_some_and(|l| l.needs_frames()) || self.background.needs_frames() || self.decoder.needs_frames();
        if frames {
            ctx.request_repaint();
        }
    }

    /// Watches the window's device. Natively a lost one closes the window, which is opened again with everything in it.
    pub(super) fn watch_device(&mut self, ctx: &egui::Context) {
        let Some(fault) = self.window_gpu.as_ref().and_then(|gpu| gpu.fault()) else { return };
        let reason = fault.to_string();
        if matches!(fault, fovea_engine::EngineError::DeviceLost(_)) {
            self.window_gpu = None;
            #[cfg(not(target_arch = "wasm32"))]
            if self.leave(ctx, &reason) {
                return;
            }
            ctx.request_repaint();
        }
        self.problems.add("Graphics", reason);
    }

    fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Patches(files) => self.add(files, false),
            Arrival::Problem(p) => self.problems.add(p.subject, p.reason),
            Arrival::Saved(text) => self.saved = Some(text),
            Arrival::Model(loaded) => match *loaded {
                Loaded::Ready(student) => self.set_model(Model::new(Arc::new(*student))),
                Loaded::Bare(checkpoint) => self.form = Some(ModelForm::new(*checkpoint)),
            },
        }
    }

    /// Appends patches; the first new one is shown, unless these are the samples.
    pub(super) fn add(&mut self, files: Vec<Incoming>, synthetic: bool) {
        let first = self.items.len();
        for Incoming { name, source } in files {
            self.next_id += 1;
            self.items.push(Item {
                id: self.next_id,
                name,
                source,
                synthetic,
                progress: Progress::Queued,
                thumb: None,
                texture: None,
                size: None,
                summary: None,
            });
        }
        if first < self.items.len() && (self.selected.is_none() || !synthetic) {
            self.select(first);
        }
    }

    /// Puts a patch on the canvas.
    pub(super) fn select(&mut self, index: usize) {
        let Some(item) = self.items.get(index) else { return };
        self.selected = Some(index);
        self.reveal = true;
        self.ladder = None;
        if self.open.as_ref().is_none_or(|o| o.id != item.id) {
            self.camera.fit();
            self.wanted = Some(item.id);
            self.running = None;
        }
    }

    /// A new model: everything is looked at again.
    pub(super) fn set_model(&mut self, model: Model) {
        self.revision = Revision { model: self.revision.model + 1, attention: 0 };
        self.attention = model.attention();
        self.display.class = self.display.class.filter(|c| *c < model.names().len());
        self.model = Some(model);
        self.looks.clear();
        for item in &mut self.items {
            item.summary = None;
            item.progress = Progress::Queued;
        }
        self.begin_course();
    }

    /// Another method or layer: predictions stand, maps are made again when they are looked at.
    pub(super) fn set_attention(&mut self, attention: Attention) {
        self.attention = attention;
        self.revision.attention += 1;
        self.looks.clear();
        for item in self.items.iter_mut().filter(|i| i.progress == Progress::Working && i.summary.is_none()) {
            item.progress = Progress::Queued;
        }
        self.begin_course();
    }

    fn begin_course(&mut self) {
        let Some(model) = &self.model else { return };
        let settings = Settings {
            layer: Some(self.attention.layer.clone()),
            method: Some(self.attention.method),
            relu: self.attention.relu,
            ..Settings::default()
        };
        let course = Arc::new(Course { revision: self.revision, student: model.student.clone(), settings });
        self.live.iter_mut().for_each(|live| live.course(&course));
        self.background.course(&course);
        self.ladder = None;
        self.ahead = 0;
        self.running = None;
        if let Some(open) = &mut self.open {
            (open.look, open.error) = (None, None);
            self.look_wanted = true;
        }
    }

    /// Keeps decoder and engine supplied.
    fn pump(&mut self, ctx: &egui::Context) {
        if let Some(id) = self.wanted.take()
            && let Some(item) = self.items.iter().find(|i| i.id == id)
        {
            let job = self.read_job(item, true);
            self.decoder.submit(ctx, job);
        }
        self.look_at_open();
        let max_side = self.gfx.as_ref().map_or(8192, |g| g.max_side());
        let (decoder, ahead) = (&mut self.decoder, &mut self.ahead);
        let chosen = self.selected.and_then(|i| self.items.get(i)).map(|i| i.id);
        let model = self.model.is_some();
        // Without a model there is still a picture to show.
        let waiting = |i: &Item| i.progress == Progress::Queued && (model || i.thumb.is_none()) && chosen != Some(i.id);
        while *ahead < AHEAD {
            let from = self.cursor.min(self.items.len());
            let found = self.items[from..].iter().position(waiting).map(|i| i + from);
            let Some(at) = found.or_else(|| self.items[..from].iter().position(waiting)) else { break };
            self.cursor = at + 1;
            let item = &mut self.items[at];
            item.progress = Progress::Working;
            *ahead += 1;
            let (name, source, synthetic) = (item.name.clone(), item.source.clone(), item.synthetic);
            decoder.submit(ctx, DecodeJob::Read { item: item.id, name, source, synthetic, shown: false, max_side });
        }
    }

    fn read_job(&self, item: &Item, shown: bool) -> DecodeJob {
        let max_side = self.gfx.as_ref().map_or(8192, |g| g.max_side());
        let (name, source, synthetic) = (item.name.clone(), item.source.clone(), item.synthetic);
        DecodeJob::Read { item: item.id, name, source, synthetic, shown, max_side }
    }

    /// Asks for the analysis of what is on the canvas, or takes it from the recent ones.
    fn look_at_open(&mut self) {
        if !self.look_wanted || self.model.is_none() {
            return;
        }
        self.look_wanted = false;
        let Some(open) = &self.open else { return };
        let (id, patch) = (open.id, open.patch.clone());
        if let Some(look) = self.looks.get(id) {
            return self.attach(id, look, None);
        }
        self.set_progress(id, Progress::Working);
        self.running = Some(0.0);
        let job = LookJob { revision: self.revision, item: id, kind: Kind::Interactive, patch };
        self.interactive().submit(job);
    }

    fn interactive(&mut self) -> &mut super::jobs::Backend {
        self.live.as_mut().unwrap_or(&mut self.background)
    }

    fn set_progress(&mut self, id: ItemId, progress: Progress) {
        if let Some(item) = self.items.iter_mut().find(|i| i.id == id)
            && item.summary.is_none()
        {
            item.progress = progress;
        }
    }

    fn decoded(&mut self, decoded: Decoded) {
        match decoded {
            Decoded::Rungs { item, pictures } => self.rungs(item, pictures),
            Decoded::Read { item, shown, outcome } => {
                if !shown {
                    self.ahead = self.ahead.saturating_sub(usize::from(outcome.is_err() || self.model.is_none()));
                }
                match outcome {
                    Ok(pixels) => self.read(item, shown, pixels),
                    Err(reason) => self.failed(item, reason),
                }
            }
        }
    }

    fn failed(&mut self, id: ItemId, reason: String) {
        let Some(item) = self.items.iter_mut().find(|i| i.id == id) else { return };
        if item.progress != Progress::Failed(reason.clone()) {
            self.problems.add(item.name.clone(), reason.clone());
        }
        item.progress = Progress::Failed(reason);
        if self.open.as_ref().is_some_and(|o| o.id != id) && self.selected_item().is_some_and(|i| i.id == id) {
            self.open = None;
        }
    }

    fn read(&mut self, id: ItemId, shown: bool, pixels: Pixels) {
        let Some(item) = self.items.iter_mut().find(|i| i.id == id) else { return };
        item.size = Some([pixels.patch.width, pixels.patch.height]);
        item.thumb.get_or_insert(pixels.thumb);
        if shown {
            return self.opened(id, pixels.patch, pixels.picture);
        }
        if self.model.is_none() {
            item.progress = Progress::Queued;
            return;
        }
        let job = LookJob { revision: self.revision, item: id, kind: Kind::Batch, patch: pixels.patch };
        self.batch_backend().submit(job);
    }

    /// The list runs beside the window where there are threads, else on the window's GPU too.
    fn batch_backend(&mut self) -> &mut super::jobs::Backend {
        match &mut self.live {
            Some(live) if cfg!(target_arch = "wasm32") => live,
            _ => &mut self.background,
        }
    }

    fn opened(&mut self, id: ItemId, patch: Arc<fovea_patch::Patch>, picture: Option<super::overlay_gpu::Picture>) {
        if self.selected_item().is_none_or(|i| i.id != id) {
            return;
        }
        let key = self.new_key();
        if let (Some(gfx), Some(picture)) = (&self.gfx, &picture) {
            gfx.put_picture(key, picture);
        }
        self.open = Some(Open { id, patch, picture: key, look: None, map: None, error: None });
        self.look_wanted = true;
        self.free_unused();
    }

    pub(super) fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn reported(&mut self, ctx: &egui::Context, report: Report) {
        match report {
            Report::Looked { revision, item, kind, outcome } => self.looked(revision, item, kind, outcome),
            Report::Dropped { item, kind } => self.dropped_job(item, kind),
            Report::Progress(share) => self.running = self.running.map(|_| share),
            Report::Executor(executor) => self.executor = executor,
            Report::Notice(text) => self.problems.add("Engine", text),
            Report::LiveLost(reason) => {
                self.problems.add("GPU", format!("{reason}; the CPU goes on"));
                self.live = None;
                self.background = super::jobs::Backend::background(
                    ctx,
                    fovea_engine::Preference::Cpu,
                    Some(format!("the GPU failed: {reason}")),
                );
                self.set_attention(self.attention.clone());
            }
        }
    }

    fn dropped_job(&mut self, id: ItemId, kind: Kind) {
        match kind {
            Kind::Batch => self.ahead = self.ahead.saturating_sub(1),
            Kind::Rung(_) => return,
            Kind::Interactive => {}
        }
        self.set_progress(id, Progress::Queued);
    }

    fn looked(&mut self, revision: Revision, id: ItemId, kind: Kind, outcome: Result<(Arc<Look>, Option<MapTexture>), String>) {
        if let Kind::Rung(factor) = kind {
            return self.rung_looked(revision, id, factor, outcome);
        }
        let same_model = revision.model == self.revision.model;
        if kind == Kind::Batch && revision == self.revision {
            self.ahead = self.ahead.saturating_sub(1);
        }
        if !same_model {
            return;
        }
        let current = revision == self.revision;
        match outcome {
            Ok((look, map)) => {
                let um = self.open.as_ref().filter(|o| o.id == id).and_then(|o| o.patch.um_per_px);
                if let Some(item) = self.items.iter_mut().find(|i| i.id == id) {
                    item.summary = Some(look.summary(um));
                    item.progress = Progress::Done;
                }
                if current {
                    self.looks.put(id, look.clone());
                    self.attach(id, look, map);
                }
            }
            Err(reason) if current => {
                if let Some(open) = self.open.as_mut().filter(|o| o.id == id) {
                    open.error = Some(reason.clone());
                    self.running = None;
                }
                self.failed(id, reason);
            }
            Err(_) => {}
        }
    }

    /// Shows a result, if its patch is on the canvas.
    fn attach(&mut self, id: ItemId, look: Arc<Look>, map: Option<MapTexture>) {
        if self.open.as_ref().is_none_or(|o| o.id != id || o.look.is_some()) {
            return;
        }
        let key = self.put_map(&look, map);
        if let Some(open) = &mut self.open {
            (open.look, open.map, open.error) = (Some(look), key, None);
        }
        self.running = None;
        self.free_unused();
    }

    /// Uploads a result's maps, unless they are on the device already.
    fn put_map(&mut self, look: &Look, map: Option<MapTexture>) -> Option<u64> {
        let key = self.new_key();
        let gfx = self.gfx.as_ref()?;
        let maps = &look.maps;
        match map {
            Some(map) => gfx.put_map(key, map),
            None if gfx.upload_map(key, maps.classes, maps.h, maps.w, &maps.data) => {}
            None => return None,
        }
        Some(key)
    }

    fn free_unused(&self) {
        let Some(gfx) = &self.gfx else { return };
        let open = self.open.iter().flat_map(|o| [Some(o.picture), o.map]);
        let steps = self.ladder.iter().flat_map(|l| &l.steps).flat_map(|s| [Some(s.picture), s.map]);
        let keep: Vec<u64> = open.chain(steps).flatten().collect();
        gfx.retain(|key| keep.contains(&key));
    }

    /// Starts the ladder when it is open and the patch on the canvas has none yet.
    fn climb(&mut self, ctx: &egui::Context) {
        let (Some(open), Some(model)) = (&self.open, &self.model) else { return };
        // The canvas comes first.
        if !self.display.ladder
            || self.ladder.as_ref().is_some_and(|l| l.item == open.id)
            || (open.look.is_none() && open.error.is_none())
        {
            return;
        }
        let card = &model.student.card;
        let field = Field { input_px: card.input_px, um_per_px: card.um_per_px };
        let (item, patch) = (open.id, open.patch.clone());
        self.ladder = Some(Steps { item, um_per_px: card.um_per_px, steps: vec![] });
        self.decoder.submit(ctx, DecodeJob::Rungs { item, patch, field, framing: Framing::default() });
    }

    fn rungs(&mut self, id: ItemId, pictures: Vec<(usize, super::overlay_gpu::Picture)>) {
        if self.ladder.as_ref().is_none_or(|l| l.item != id) {
            return;
        }
        let Some(patch) = self.open.as_ref().filter(|o| o.id == id).map(|o| o.patch.clone()) else { return };
        let mut steps = vec![];
        for (factor, picture) in pictures {
            let key = self.new_key();
            if let Some(gfx) = &self.gfx {
                gfx.put_picture(key, &picture);
            }
            steps.push(Step { factor, picture: key, size: picture.size, look: None, map: None, error: None });
            let job = LookJob { revision: self.revision, item: id, kind: Kind::Rung(factor), patch: patch.clone() };
            self.interactive().submit(job);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.steps = steps;
        }
    }

    fn rung_looked(
        &mut self,
        revision: Revision,
        id: ItemId,
        factor: usize,
        outcome: Result<(Arc<Look>, Option<MapTexture>), String>,
    ) {
        if revision != self.revision || self.ladder.as_ref().is_none_or(|l| l.item != id) {
            return;
        }
        let (look, map, error) = match outcome {
            Ok((look, map)) => (Some(look.clone()), self.put_map(&look, map), None),
            Err(reason) => (None, None, Some(reason)),
        };
        let steps = self.ladder.as_mut().map(|l| l.steps.iter_mut());
        if let Some(step) = steps.and_then(|mut s| s.find(|s| s.factor == factor)) {
            (step.look, step.map, step.error) = (look, map, error);
        }
    }
}
