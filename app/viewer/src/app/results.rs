//! What is done with what comes back from the engine.

use std::sync::Arc;

use fovea_engine::MapTexture;

use super::App;
use super::jobs::{Kind, Report, Revision};
use super::look::Look;
use super::state::{ItemId, Progress};

impl App {
    pub(super) fn reported(&mut self, ctx: &egui::Context, report: Report) {
        match report {
            Report::Looked { revision, item, kind, outcome } => self.looked(revision, item, kind, outcome),
            Report::Compared { revision, item, requests, outcome } => self.compared(revision, item, &requests, outcome),
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
            // A comparison gives way to a newer one only.
            Kind::Rung(_) | Kind::Compare => return,
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
                if let Some(item) = self.items.iter_mut().find(|i| i.id == id) {
                    item.summary = Some(look.summary());
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
    pub(super) fn attach(&mut self, id: ItemId, look: Arc<Look>, map: Option<MapTexture>) {
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
    pub(super) fn put_map(&mut self, look: &Look, map: Option<MapTexture>) -> Option<u64> {
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

    pub(super) fn free_unused(&self) {
        let Some(gfx) = &self.gfx else { return };
        let open = self.open.iter().flat_map(|o| [Some(o.picture), o.map]);
        let steps = self.ladder.iter().flat_map(|l| &l.steps).flat_map(|s| [Some(s.picture), s.map]);
        let compared = self.compare.made.iter().map(|m| m.map);
        let keep: Vec<u64> = open.chain(steps).chain(compared).flatten().collect();
        gfx.retain(|key| keep.contains(&key));
    }

    pub(super) fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    pub(super) fn failed(&mut self, id: ItemId, reason: String) {
        let Some(item) = self.items.iter_mut().find(|i| i.id == id) else { return };
        if item.progress != Progress::Failed(reason.clone()) {
            self.problems.add(item.name.clone(), reason.clone());
        }
        item.progress = Progress::Failed(reason);
        if self.open.as_ref().is_some_and(|o| o.id != id) && self.selected_item().is_some_and(|i| i.id == id) {
            self.open = None;
        }
    }
}
