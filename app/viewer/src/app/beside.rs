//! What stands beside the canvas: the comparison and the ladder, asked for and taken in.

use std::sync::Arc;

use fovea_engine::MapTexture;
use fovea_patch::{Field, Framing};
use fovea_student::Request;

use super::App;
use super::compare::Made;
use super::decoder::DecodeJob;
use super::jobs::{Kind, LookJob, Revision};
use super::ladder::{Step, Steps};
use super::look::Look;
use super::overlay_gpu::Picture;
use super::state::ItemId;

impl App {
    /// Asks for the maps of the comparison that are not there yet; the canvas comes first.
    pub(super) fn ask_compared(&mut self) {
        let (Some(open), Some(model)) = (&self.open, &self.model) else { return };
        if !self.display.compare || (open.look.is_none() && open.error.is_none()) {
            return;
        }
        self.compare.begin(model, &self.attention);
        let canvas = open.look.clone().map(|look| Made { request: self.attention.request(), look, map: open.map });
        let Some(requests) = self.compare.next(self.revision, open.id, canvas) else { return };
        let job = LookJob::new(self.revision, open.id, Kind::Compare, open.patch.clone());
        self.interactive().submit(LookJob { requests, ..job });
    }

    /// Starts the ladder when it is open and the patch on the canvas has none yet.
    pub(super) fn climb(&mut self, ctx: &egui::Context) {
        let (Some(open), Some(model)) = (&self.open, &self.model) else { return };
        // The canvas comes first, and the patch that is about to be on it.
        if !self.display.ladder
            || self.selected_item().is_none_or(|chosen| chosen.id != open.id)
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

    pub(super) fn rungs(&mut self, id: ItemId, pictures: Vec<(usize, Picture)>) {
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
            let job = LookJob::new(self.revision, id, Kind::Rung(factor), patch.clone());
            self.interactive().submit(job);
        }
        if let Some(ladder) = &mut self.ladder {
            ladder.steps = steps;
        }
    }

    /// Takes the maps of a comparison, unless another patch or model is looked at by now.
    pub(super) fn compared(
        &mut self,
        revision: Revision,
        id: ItemId,
        requests: &[Request],
        outcome: Result<Vec<Arc<Look>>, String>,
    ) {
        if revision != self.revision || self.compare.item != id {
            return;
        }
        match outcome {
            Ok(looks) => {
                for (request, look) in requests.iter().cloned().zip(looks) {
                    let map = self.put_map(&look, None);
                    self.compare.made.push(Made { request, look, map });
                }
                self.free_unused();
            }
            Err(reason) => self.compare.failed(requests, reason),
        }
    }

    pub(super) fn rung_looked(
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
