//! The window: one program for desktop and browser.
//!
//! [`App`] holds the state and lays a frame out; what a frame's widgets ask for are [`actions`], carried out after it. Work
//! goes to [`jobs`] and comes back as reports that `schedule` takes in before the next frame. No frame ever waits.

mod actions;
mod arrivals;
mod beside;
mod canvas_marks;
mod classes;
mod clock;
mod compare;
mod compare_view;
mod decoder;
mod distil;
mod drop;
mod error;
mod export;
mod export_rows;
mod facts;
mod files;
mod frame;
mod gallery;
mod inspector;
mod jobs;
mod keys;
mod ladder;
mod layer_picker;
mod layers;
mod live;
mod live_patch;
mod look;
mod method_picker;
mod model;
mod model_facts;
mod model_fields;
mod model_files;
mod model_form;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod network;
mod overlay_gpu;
mod overlay_paint;
mod pages;
mod patch_view;
mod post;
mod published;
mod recent;
#[cfg(not(target_arch = "wasm32"))]
mod restart;
mod results;
mod schedule;
mod screens;
mod setup;
mod state;
mod status;
mod theme;
mod topbar;
#[cfg(target_arch = "wasm32")]
mod web_worker;
#[cfg(not(target_arch = "wasm32"))]
mod worker;

pub use distil::PublishedDistil;
#[cfg(not(target_arch = "wasm32"))]
pub use native::native;
pub use published::{Published, PublishedMap, PublishedPatch};
pub use setup::{Setup, wgpu_options};

use std::sync::Arc;

use fovea_engine::Gpu;
#[cfg(not(target_arch = "wasm32"))]
use fovea_engine::Preference;

use actions::{Action, Actions};
use drop::Incoming;
use jobs::{Backend, Executor, Revision};
use model::Model;
use overlay_paint::Gfx;
use patch_view::Camera;
use state::{Attention, Display, Item, ItemId, Open, Problems, Progress, Source};

use crate::analysis::embedded;

/// The program's window.
pub struct App {
    gfx: Option<Gfx>,
    /// The window's device, computing or not: its errors are watched.
    window_gpu: Option<Arc<Gpu>>,
    #[cfg(not(target_arch = "wasm32"))]
    keeper: Option<restart::Keeper>,
    inbox: files::Inbox,
    decoder: decoder::Decoder,
    /// The window's own GPU, where it computes.
    live: Option<Backend>,
    background: Backend,
    executor: Executor,
    /// Which page is shown.
    page: state::Page,
    distil: distil::Distil,
    model: Option<Model>,
    form: Option<model_form::ModelForm>,
    /// Facts that came before their model, and the file they are from.
    card: Option<(String, Box<facts::Facts>)>,
    export: Option<export::Choice>,
    saved: Option<String>,
    items: Vec<Item>,
    selected: Option<usize>,
    open: Option<Open>,
    ladder: Option<ladder::Steps>,
    compare: compare::Compare,
    looks: recent::Recent,
    display: Display,
    attention: Attention,
    revision: Revision,
    problems: Problems,
    camera: Camera,
    /// Scroll the gallery to the chosen row.
    reveal: bool,
    /// Patch that is to be decoded for the canvas.
    wanted: Option<ItemId>,
    /// Patch that is being decoded for it.
    opening: Option<ItemId>,
    /// The patch on the canvas is to be analysed.
    look_wanted: bool,
    /// Share done of the analysis of the patch on the canvas.
    running: Option<f32>,
    /// Patches of the list between decoder and result.
    ahead: usize,
    /// Where in the list the search for the next queued patch begins.
    cursor: usize,
    next_id: ItemId,
    next_key: u64,
    frame: u64,
    #[cfg(target_arch = "wasm32")]
    told: Option<Published>,
}

impl App {
    /// A window with what `setup` says, in eframe's context.
    pub fn new(cc: &eframe::CreationContext<'_>, setup: Setup) -> Self {
        let samples = setup.samples;
        let mut app = Self::bare(cc, setup);
        app.inbox.embedded_model();
        if samples {
            app.add_samples();
        }
        app
    }

    /// A window without patches and model.
    fn bare(cc: &eframe::CreationContext<'_>, setup: Setup) -> Self {
        theme::apply(&cc.egui_ctx);
        let gfx = cc.wgpu_render_state.as_ref().map(Gfx::new);
        let window_gpu = gfx.as_ref().map(setup::window_gpu);
        let (live, reason) = setup::interactive(window_gpu.as_ref(), setup.preference, setup.reason);
        #[allow(unused_mut)] // in a browser nothing more is set
        let mut distil = distil::Distil::new(&cc.egui_ctx, setup.preference);
        #[cfg(not(target_arch = "wasm32"))]
        distil.train_on_gpu(setup.preference != Preference::Cpu && window_gpu.as_ref().is_some_and(|gpu| gpu.usable()));
        Self {
            page: state::Page::default(),
            distil,
            background: Backend::background(&cc.egui_ctx, setup.preference, reason),
            inbox: files::Inbox::new(&cc.egui_ctx),
            executor: Executor { text: "looking for a device".into(), ..Executor::default() },
            gfx,
            window_gpu,
            #[cfg(not(target_arch = "wasm32"))]
            keeper: setup.keeper,
            live,
            decoder: decoder::Decoder::default(),
            model: None,
            form: None,
            card: None,
            export: None,
            saved: None,
            items: vec![],
            selected: None,
            open: None,
            ladder: None,
            compare: compare::Compare::default(),
            looks: recent::Recent::default(),
            display: Display::default(),
            attention: Attention { method: Default::default(), layer: String::new(), relu: false, smooth: false },
            revision: Revision::default(),
            problems: Problems::default(),
            camera: Camera::default(),
            reveal: false,
            wanted: None,
            opening: None,
            look_wanted: false,
            running: None,
            ahead: 0,
            cursor: 0,
            next_id: 0,
            next_key: 0,
            frame: 0,
            #[cfg(target_arch = "wasm32")]
            told: None,
        }
    }

    /// Puts the embedded drawings into the gallery.
    fn add_samples(&mut self) {
        let sample = |s: &embedded::Sample| Incoming { name: s.name.into(), source: Source::Embedded(s.bytes) };
        self.add(embedded::SAMPLES.iter().map(sample).collect(), true);
    }

    /// The chosen class, or the predicted one.
    fn class(&self) -> usize {
        let predicted = self.open.as_ref().and_then(|o| o.look.as_ref()).map(|l| l.result.predicted);
        let known = || self.selected_item()?.summary.as_ref().map(|s| usize::from(s.predicted));
        self.display.class.or(predicted).or_else(known).unwrap_or_default()
    }

    fn selected_item(&self) -> Option<&Item> {
        self.selected.and_then(|i| self.items.get(i))
    }

    fn carry_out(&mut self, actions: Actions) {
        for action in actions {
            match action {
                Action::Select(index) => self.select(index),
                Action::Step(step) => self.step(step),
                Action::OpenFiles => self.inbox.pick_files(false),
                Action::OpenModel => self.inbox.pick_files(true),
                Action::OpenFolder => self.inbox.pick_folder(),
                Action::AskExport => self.export = self.model.is_some().then(export::Choice::default),
                Action::ClearPatches => self.clear(),
                Action::AddSamples => self.add_samples(),
                Action::Class(class) => self.display.class = class,
                Action::Attention(attention) => self.set_attention(attention),
                Action::ModelScale(um) => self.set_scale(um),
                Action::Fit => self.camera.fit(),
                Action::Dismiss(index) => self.problems.remove(index),
                Action::DismissAll => {
                    self.problems.clear();
                    self.saved = None;
                }
                Action::Retry => self.retry(),
                Action::Page(page) => self.page = page,
                Action::Distil(wish) => self.distil_wish(wish),
            }
        }
    }

    fn distil_wish(&mut self, wish: distil::Wish) {
        match wish {
            distil::Wish::Use(student) => {
                self.distil.handed_over();
                self.set_model(Model::new(student));
                self.page = state::Page::Analyse;
            }
            distil::Wish::Export(name, bytes) => {
                self.distil.handed_over();
                self.inbox.save(move || vec![Ok((name, bytes.to_vec()))]);
            }
            wish => self.distil.carry_out(&wish, self.model.as_ref().map(|m| &m.student)),
        }
    }

    fn step(&mut self, step: isize) {
        let last = self.items.len().saturating_sub(1);
        let next = self.selected.map_or(0, |i| i.saturating_add_signed(step).min(last));
        if Some(next) != self.selected {
            self.select(next);
        }
    }

    fn clear(&mut self) {
        self.items.clear();
        (self.selected, self.open, self.ladder, self.running) = (None, None, None, None);
        (self.wanted, self.opening) = (None, None);
        self.looks.clear();
        self.compare.forget();
        self.ahead = 0;
        // Results still on their way belong to patches that are no longer there.
        self.set_attention(self.attention.clone());
    }

    fn retry(&mut self) {
        if let Some(item) = self.selected.and_then(|i| self.items.get_mut(i)) {
            item.progress = Progress::Queued;
            self.wanted = Some(item.id);
        }
    }

    fn ask_export(&mut self) {
        let Some(choice) = self.export.take() else { return };
        let Some(model) = &self.model else { return };
        let patch = self.open.as_ref().and_then(|o| Some((o.patch.clone(), o.look.clone()?)));
        let seen = export::Seen {
            model,
            patch,
            items: &self.items,
            display: &self.display,
            attention: &self.attention,
            class: self.class(),
            executor: &self.executor.text,
        };
        let export = export::Export::new(&choice, seen);
        self.inbox.save(move || export.files());
    }
}
