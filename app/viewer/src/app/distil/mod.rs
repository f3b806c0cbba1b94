//! The Distil page: a Student learns from its labels and its Teacher, here, while one watches.
//!
//! [`Form`] is what the user sets up, [`Problems`] what is wrong with it; [`Link`] is the thread or Worker that trains, [`Run`] what
//! it said so far; [`Maps`] shows where the Student looked before and looks now. What a frame's widgets ask for are [`Wish`]es.

mod arrivals;
mod column;
mod curves;
mod data;
#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod foot;
mod form;
mod header;
mod incoming;
#[cfg(not(target_arch = "wasm32"))]
mod left;
#[cfg(not(target_arch = "wasm32"))]
#[path = "link_native.rs"]
mod link;
#[cfg(target_arch = "wasm32")]
#[path = "link_web.rs"]
mod link;
mod map_job;
#[cfg(not(target_arch = "wasm32"))]
#[path = "mapper_native.rs"]
mod mapper;
#[cfg(target_arch = "wasm32")]
#[path = "mapper_web.rs"]
mod mapper;
mod maps;
mod orders;
mod pace;
mod plan;
mod problems;
mod published;
mod results;
mod resume;
mod rows;
mod run;
mod seal;
mod strip;
mod summary;
mod terms;
mod training;
mod wishes;

#[cfg(not(target_arch = "wasm32"))]
pub use left::Left;
pub use published::PublishedDistil;
pub use wishes::{Wish, Wishes};

use std::sync::Arc;

use egui::{Margin, Panel, Ui};
use fovea_distill::remote::Order;
use fovea_engine::Preference;
use fovea_student::Student;

use super::theme;
use curves::Scale;
use data::Data;
pub use form::Description;
use form::{DataKind, Form};
use incoming::{Inbox, Place};
use link::Link;
use mapper::Mapper;
use maps::Maps;
use plan::{Opened, Plan};
use problems::Problems;
use run::{Run, Stage};
use seal::Sealer;

/// The page.
pub struct Distil {
    ctx: egui::Context,
    inbox: Inbox,
    form: Form,
    /// Where the user's own data is.
    place: Option<Place>,
    own: Data,
    problems: Problems,
    link: Option<Link>,
    run: Option<Run>,
    /// What that run was begun with.
    plan: Option<Plan>,
    /// Its best Student was used or exported.
    handed: bool,
    /// What is done before a run is open.
    preparing: String,
    /// Patches and Teacher of a run whose Student is not known yet.
    opened: Option<Opened>,
    maps: Maps,
    sealer: Sealer,
    scale: Scale,
    /// A GPU trains.
    #[cfg(not(target_arch = "wasm32"))]
    gpu: bool,
    /// Counts data sets and Teachers that are read; older answers are dropped.
    numbers: [u32; 2],
    /// What the user should read, until the next file comes.
    refusal: Option<(String, String)>,
    /// Folder of the run on screen.
    #[cfg(not(target_arch = "wasm32"))]
    folder: String,
    /// Folder that was last looked into.
    #[cfg(not(target_arch = "wasm32"))]
    looked: String,
    /// When.
    #[cfg(not(target_arch = "wasm32"))]
    looked_at: std::time::Instant,
    /// Where things are on screen, for pages that drive the window.
    places: published::Places,
}

impl Distil {
    /// An empty page; maps are computed where `preference` says.
    pub fn new(ctx: &egui::Context, preference: Preference) -> Self {
        Self {
            ctx: ctx.clone(),
            inbox: Inbox::new(ctx),
            form: Form::default(),
            place: None,
            own: Data::None,
            problems: Problems::default(),
            link: None,
            run: None,
            plan: None,
            handed: false,
            preparing: String::new(),
            opened: None,
            maps: Maps::new(Mapper::new(ctx, preference)),
            sealer: Sealer::new(ctx),
            scale: Scale::default(),
            #[cfg(not(target_arch = "wasm32"))]
            gpu: false,
            numbers: [0; 2],
            refusal: None,
            #[cfg(not(target_arch = "wasm32"))]
            folder: String::new(),
            #[cfg(not(target_arch = "wasm32"))]
            looked: String::new(),
            #[cfg(not(target_arch = "wasm32"))]
            looked_at: std::time::Instant::now(),
            places: published::Places::default(),
        }
    }

    /// Whether a GPU trains. (In a browser none does: see `web/trainer`.)
    #[cfg(not(target_arch = "wasm32"))]
    pub fn train_on_gpu(&mut self, gpu: bool) {
        self.gpu = gpu;
    }

    /// Files that were dropped while the page was open.
    pub fn dropped(&mut self, files: Vec<egui::DroppedFileHandle>) {
        self.refusal = None;
        self.inbox.dropped(files);
    }

    /// Takes in what came; once per frame, on whichever page the window is.
    pub fn work(&mut self, loaded: Option<&Arc<Student>>) {
        for arrival in self.inbox.take() {
            self.arrived(arrival, loaded);
        }
        self.listen();
        self.maps.work();
        if self.sealer.work() {
            self.keep_sealed();
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.look_into_folder();
        let data = self.data();
        self.follow_data(&data, loaded);
        self.problems = Problems::of(&self.form, &data, loaded.map(AsRef::as_ref));
        if self.link.as_ref().is_some_and(Link::needs_frames) {
            self.ctx.request_repaint();
        }
    }

    /// Is a run under way?
    pub fn training(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.stage.under_way())
    }

    /// Would it be lost if the program ended now? A run under way, or a trained Student that was neither used nor exported.
    pub fn unsaved(&self) -> bool {
        self.training() || self.run.as_ref().is_some_and(|run| run.best.is_some() && !self.handed)
    }

    /// The best Student was used or exported.
    pub fn handed_over(&mut self) {
        self.handed = true;
    }

    /// The chosen data set.
    fn data(&self) -> Data {
        match self.form.data {
            DataKind::Drawn => Data::Ready(Arc::new(self.form.drawn.set())),
            DataKind::Own => self.own.clone(),
        }
    }

    /// Lays the page out.
    pub fn show(&mut self, ui: &mut Ui, loaded: Option<&Arc<Student>>) -> Wishes {
        let mut wishes = vec![];
        let column = Panel::left("distil set-up").default_size(348.0).size_range(300.0..=460.0);
        column.frame(theme::panel(Margin { left: 14, right: 6, top: 10, bottom: 0 })).show(ui, |ui| {
            self.column(ui, loaded.map(AsRef::as_ref), &mut wishes);
        });
        let frame = egui::Frame::new().fill(theme::GROUND).inner_margin(Margin { left: 16, right: 8, top: 12, bottom: 8 });
        egui::CentralPanel::default().frame(frame).show(ui, |ui| self.results(ui, &mut wishes));
        wishes
    }

    /// Carries out what belongs to the page itself.
    pub fn carry_out(&mut self, wish: &Wish, loaded: Option<&Arc<Student>>) {
        match wish {
            Wish::Start => self.start(loaded),
            Wish::Resume => self.resume(loaded),
            Wish::Pause => self.order(Order::Pause),
            Wish::Go => self.order(Order::Go),
            Wish::Cancel => self.order(Order::Stop),
            Wish::PickFolder => {
                #[cfg(not(target_arch = "wasm32"))]
                self.inbox.pick_data_folder();
            }
            Wish::PickFiles => self.inbox.pick_data_files(),
            Wish::PickTeacher => self.inbox.pick_teacher(),
            Wish::PickOut => {
                #[cfg(not(target_arch = "wasm32"))]
                self.inbox.pick_out();
            }
            Wish::Use(_) | Wish::Export(..) => {}
        }
    }
}
