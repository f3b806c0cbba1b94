//! What is done next: patches are decoded and analysed with the model and settings of the moment.

use std::sync::Arc;

use fovea_student::Student;

use super::App;
use super::decoder::{DecodeJob, Decoded, Pixels};
use super::jobs::{Course, Kind, LookJob, Revision};
use super::model::Model;
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
        self.ask_compared();
        let frames =
            self.live.as_ref().is_some_and(|l| l.needs_frames()) || self.background.needs_frames() || self.decoder.needs_frames();
        if frames {
            ctx.request_repaint();
        }
    }

    /// Watches the window's device. Natively a lost one closes the window, which is opened again with everything in it; a browser's
    /// page says what happened instead of the window that cannot be drawn any more.
    pub(super) fn watch_device(&mut self, ctx: &egui::Context) {
        let Some(fault) = self.window_gpu.as_ref().and_then(|gpu| gpu.fault()) else { return };
        let reason = fault.to_string();
        if matches!(fault, fovea_engine::EngineError::DeviceLost(_)) {
            self.window_gpu = None;
            #[cfg(not(target_arch = "wasm32"))]
            if self.leave(ctx, &reason) {
                return;
            }
            #[cfg(target_arch = "wasm32")]
            crate::web::device_lost(&reason);
            ctx.request_repaint();
        }
        self.problems.add("Graphics", reason);
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
        let attention = model.attention();
        self.compare.wanted.clear();
        self.adopt(model, attention);
    }

    /// The model's input has this scale, µm/px: patches are cut anew.
    pub(super) fn set_scale(&mut self, um_per_px: Option<f64>) {
        let Some(model) = &self.model else { return };
        let mut student = Student::clone(&model.student);
        student.card.um_per_px = um_per_px;
        let attention = self.attention.clone();
        self.adopt(Model::new(Arc::new(student)), attention);
    }

    fn adopt(&mut self, model: Model, attention: Attention) {
        self.revision = Revision { model: self.revision.model + 1, attention: 0 };
        self.attention = attention;
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
        for item in &mut self.items {
            // What could be decoded failed because of the map that was asked for.
            let failed = item.size.is_some() && matches!(item.progress, Progress::Failed(_));
            if failed {
                self.problems.settle(&item.name);
            }
            if failed || item.progress == Progress::Working {
                item.progress = if item.summary.is_some() { Progress::Done } else { Progress::Queued };
            }
        }
        self.begin_course();
    }

    fn begin_course(&mut self) {
        let Some(model) = &self.model else { return };
        let settings = Settings {
            layer: Some(self.attention.layer.clone()),
            method: Some(self.attention.method),
            relu: self.attention.relu,
            aug_smooth: self.attention.smooth,
            ..Settings::default()
        };
        let course = Arc::new(Course { revision: self.revision, student: model.student.clone(), settings });
        self.live.iter_mut().for_each(|live| live.course(&course));
        self.background.course(&course);
        self.ladder = None;
        self.compare.forget();
        self.ahead = 0;
        self.running = None;
        if let Some(open) = &mut self.open {
            (open.look, open.error) = (None, None);
            self.look_wanted = true;
        }
        self.want_chosen();
    }

    /// The list leaves the chosen patch to the canvas: where that could not show it before, it is tried again.
    fn want_chosen(&mut self) {
        let queued = self.selected_item().filter(|i| i.progress == Progress::Queued).map(|i| i.id);
        if queued.is_some() && queued != self.open.as_ref().map(|o| o.id) && queued != self.opening {
            self.wanted = queued;
        }
    }

    /// Keeps decoder and engine supplied.
    fn pump(&mut self, ctx: &egui::Context) {
        if let Some(id) = self.wanted.take()
            && let Some(item) = self.items.iter().find(|i| i.id == id)
        {
            let job = self.read_job(item, true);
            self.opening = Some(id);
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
        let job = LookJob::new(self.revision, id, Kind::Interactive, patch);
        self.interactive().submit(job);
    }

    pub(super) fn interactive(&mut self) -> &mut super::jobs::Backend {
        self.live.as_mut().unwrap_or(&mut self.background)
    }

    pub(super) fn set_progress(&mut self, id: ItemId, progress: Progress) {
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
                if shown && self.opening == Some(item) {
                    self.opening = None;
                }
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

    fn read(&mut self, id: ItemId, shown: bool, pixels: Pixels) {
        let Some(item) = self.items.iter_mut().find(|i| i.id == id) else { return };
        item.size = Some([pixels.patch.width, pixels.patch.height]);
        item.um_per_px = pixels.patch.um_per_px;
        item.thumb.get_or_insert(pixels.thumb);
        if shown {
            return self.opened(id, pixels.patch, pixels.picture);
        }
        if self.model.is_none() {
            item.progress = Progress::Queued;
            return;
        }
        let job = LookJob::new(self.revision, id, Kind::Batch, pixels.patch);
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
}
