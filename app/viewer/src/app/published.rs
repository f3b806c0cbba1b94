//! What the window tells pages and tests about itself: one JSON object, also in `globalThis.fovea_state` in a browser.

use fovea_student::Request;
use serde::Serialize;

use super::look::Maps;
use super::state::Progress;
use super::{App, method_picker};

/// Most cells of a map that are published.
const MOST_CELLS: usize = 1024;

/// The window's state in short.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// A model is loaded and every patch has been looked at.
    pub ready: bool,
    /// All patches.
    pub patches: Vec<PublishedPatch>,
    /// Place of the chosen one.
    pub selected: Option<usize>,
    /// The chosen patch is on the canvas with its result.
    pub shown: bool,
    /// What computes.
    pub executor: String,
    /// Name of the adapter, empty without one.
    pub adapter: String,
    /// The newest problem.
    pub error: Option<String>,
    /// Is the heatmap on?
    pub heatmap: bool,
    /// Class whose evidence is shown.
    pub class: usize,
    /// Opacity of the heatmap.
    pub opacity: f32,
    /// Is the ladder open?
    pub ladder: bool,
    /// Predicted class per finished step of the ladder.
    pub rungs: Vec<(usize, String)>,
    /// Layer of the map.
    pub layer: String,
    /// Layers the map could be of.
    pub layers: Vec<String>,
    /// The map of the chosen class on the canvas.
    pub map: Option<PublishedMap>,
    /// Finished maps of the comparison, in the order of its tiles.
    pub compared: Vec<PublishedMap>,
    /// A form waits for facts about a checkpoint; its file.
    pub form: Option<String>,
    /// Model's name.
    pub model: String,
    /// The Distil page is shown.
    pub distilling: bool,
    /// What the Distil page is at.
    pub distil: super::PublishedDistil,
    /// Number of frames so far; not part of what counts as a change.
    pub frame: u64,
}

/// One patch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedPatch {
    /// File name.
    pub name: String,
    /// Predicted class, once there.
    pub predicted: Option<String>,
    /// One per class, once there.
    pub probabilities: Vec<f32>,
    /// Why there is no result.
    pub error: Option<String>,
}

/// A map of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedMap {
    /// Layer it looks at.
    pub layer: String,
    /// Map arithmetic.
    pub method: String,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Raw values, row by row; empty where there are more than 1024.
    pub values: Vec<f32>,
}

impl PublishedMap {
    fn new(request: Request, maps: &Maps, class: usize) -> Self {
        let values = if maps.h * maps.w <= MOST_CELLS { maps.class(class).to_vec() } else { vec![] };
        let method = method_picker::label_of(request.method, request.relu);
        Self { layer: request.layer, method, height: maps.h, width: maps.w, values }
    }
}

impl App {
    /// The window's state in short.
    pub fn published(&self) -> Published {
        let model = self.model.as_ref();
        let patch = |item: &super::state::Item| PublishedPatch {
            name: item.name.clone(),
            predicted: item.summary.as_ref().zip(model).map(|(s, m)| m.name(s.predicted.into()).to_owned()),
            probabilities: item.summary.as_ref().map_or_else(Vec::new, |s| s.probabilities.to_vec()),
            error: if let Progress::Failed(reason) = &item.progress { Some(reason.clone()) } else { None },
        };
        let settled = |i: &super::state::Item| matches!(i.progress, Progress::Done | Progress::Failed(_));
        let chosen = self.selected_item().map(|i| i.id);
        let rungs = self.ladder.iter().flat_map(|l| &l.steps);
        Published {
            ready: model.is_some() && self.items.iter().all(settled),
            patches: self.items.iter().map(patch).collect(),
            selected: self.selected,
            shown: self.open.as_ref().is_some_and(|o| Some(o.id) == chosen && o.look.is_some()),
            executor: self.executor.text.clone(),
            adapter: self.executor.adapter.name.clone(),
            error: self.problems.iter().next_back().map(|p| format!("{}: {}", p.subject, p.reason)),
            heatmap: self.display.heatmap,
            class: self.class(),
            opacity: self.display.opacity,
            ladder: self.display.ladder,
            rungs: rungs.filter_map(|s| Some((s.factor, model?.name(s.look.as_ref()?.result.predicted).to_owned()))).collect(),
            layer: self.attention.layer.clone(),
            layers: model.map_or_else(Vec::new, |m| m.layers().iter().map(|l| l.value.clone()).collect()),
            map: self.published_map(),
            compared: self.published_comparison(),
            form: self.form.as_ref().map(|f| f.file_name().to_owned()),
            model: model.map_or_else(String::new, |m| m.title.clone()),
            distilling: self.page == super::state::Page::Distil,
            distil: self.distil.published(),
            frame: self.frame,
        }
    }

    fn published_map(&self) -> Option<PublishedMap> {
        let look = self.open.as_ref()?.look.as_ref()?;
        Some(PublishedMap::new(self.attention.request(), &look.maps, self.class()))
    }

    fn published_comparison(&self) -> Vec<PublishedMap> {
        let shown = self.open.as_ref().is_some_and(|o| o.id == self.compare.item) && self.display.compare;
        let made = self.compare.wanted.iter().filter(|_| shown).filter_map(|request| self.compare.made(request));
        made.map(|m| PublishedMap::new(m.request.clone(), &m.look.maps, self.class())).collect()
    }

    /// Hands the state to the page, when it changed or every 32 frames.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn publish(&mut self) {
        // Apart from the rest, and in every frame: a page that is left asks for it.
        let _ = js_sys::Reflect::set(&js_sys::global(), &"fovea_unsaved".into(), &self.distil.unsaved().into());
        // Composing thousands of patches every frame would cost more than drawing them.
        if self.items.len() > 200 && !self.frame.is_multiple_of(16) {
            return;
        }
        let now = self.published();
        let same = self.told.as_ref().is_some_and(|told| Published { frame: told.frame, ..now.clone() } == *told);
        if same && !self.frame.is_multiple_of(32) {
            return;
        }
        if let Ok(json) = serde_json::to_string(&now) {
            // Setting a property of the global object does not fail.
            let _ = js_sys::Reflect::set(&js_sys::global(), &"fovea_state".into(), &json.into());
        }
        self.told = Some(now);
    }
}
