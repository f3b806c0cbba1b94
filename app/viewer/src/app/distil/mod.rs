//! The Distil page: a Student learns from its labels and its Teacher, here, while one watches.
//!
//! [`Form`] is what the user sets up, [`Problems`] what is wrong with it; [`Link`] is the thread or Worker that trains, [`Run`] what
//! it said so far; [`Maps`] shows where the Student looked before and looks now. What a frame's widgets ask for are [`Wish`]es.

mod column;
mod curves;
mod data;
mod form;
mod header;
mod incoming;
#[cfg(not(target_arch = "wasm32"))]
#[path = "link_native.rs"]
mod link;
#[cfg(target_arch = "wasm32")]
#[path = "link_web.rs"]
mod link;
#[cfg(not(target_arch = "wasm32"))]
#[path = "mapper_native.rs"]
mod mapper;
#[cfg(target_arch = "wasm32")]
#[path = "mapper_web.rs"]
mod mapper;
mod maps;
mod plan;
mod problems;
mod published;
mod results;
mod rows;
mod run;
mod seal;
mod strip;
mod terms;
mod training;
mod wishes;

pub use published::PublishedDistil;
pub use wishes::{Wish, Wishes};

use std::sync::Arc;

use egui::{Margin, Panel, Ui};
use fovea_distill::remote::Order;
use fovea_engine::Preference;
use fovea_student::Student;
use fovea_student::load::BareInfo;
use web_time::Instant;

use super::theme;
use curves::Scale;
use data::Data;
use form::{DataKind, Form, TeacherFile};
use incoming::{Arrival, Inbox, Place};
use link::Link;
use mapper::Mapper;
use maps::Maps;
use plan::{News, Plan};
use problems::Problems;
use run::{Change, Run, Stage};
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
    /// What is done before a run is open.
    preparing: String,
    maps: Maps,
    sealer: Sealer,
    scale: Scale,
    /// A GPU may train.
    gpu: bool,
    /// Counts files that are read; older answers are dropped.
    number: u32,
    /// What the user should read, until the next file comes.
    refusal: Option<(String, String)>,
    /// Folder that was last looked into.
    #[cfg(not(target_arch = "wasm32"))]
    looked: String,
    /// Where things are on screen, for pages that drive the window.
    places: published::Places,
}

impl Distil {
    /// An empty page. `gpu`: a GPU that is none in software may train.
    pub fn new(ctx: &egui::Context, preference: Preference, gpu: bool) -> Self {
        Self {
            ctx: ctx.clone(),
            inbox: Inbox::new(ctx),
            form: Form::default(),
            place: None,
            own: Data::None,
            problems: Problems::default(),
            link: None,
            run: None,
            preparing: String::new(),
            maps: Maps::new(Mapper::new(ctx, preference)),
            sealer: Sealer::new(ctx),
            scale: Scale::default(),
            gpu,
            number: 0,
            refusal: None,
            #[cfg(not(target_arch = "wasm32"))]
            looked: String::new(),
            places: published::Places::default(),
        }
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
        let news = self.link.as_mut().map(Link::poll).unwrap_or_default();
        for news in news {
            self.hear(news);
        }
        self.maps.work();
        if self.sealer.work() {
            self.keep_sealed();
        }
        #[cfg(not(target_arch = "wasm32"))]
        self.look_into_folder();
        let data = self.data();
        self.problems = Problems::of(&self.form, &data, loaded.map(AsRef::as_ref));
        if self.link.as_ref().is_some_and(Link::needs_frames) {
            self.ctx.request_repaint();
        }
    }

    /// Is a run under way?
    pub fn training(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.stage.under_way())
    }

    /// The chosen data set.
    fn data(&self) -> Data {
        match self.form.data {
            DataKind::Drawn => Data::Ready(Arc::new(self.form.drawn.set())),
            DataKind::Own => self.own.clone(),
        }
    }

    fn arrived(&mut self, arrival: Arrival, loaded: Option<&Arc<Student>>) {
        match arrival {
            Arrival::Place(place) => self.open_data(place),
            Arrival::Read(number, outcome) if number == self.number => {
                self.own = outcome.map_or_else(Data::Failed, |set| Data::Ready(Arc::new(set)));
            }
            Arrival::Teacher(file) => self.open_teacher(file, loaded),
            Arrival::Facts(number, outcome) if number == self.number => {
                if let Some(teacher) = &mut self.form.teacher {
                    teacher.facts = Some(outcome);
                    self.form.follow_targets();
                }
            }
            // Another file was chosen meanwhile.
            Arrival::Read(..) | Arrival::Facts(..) => {}
            Arrival::Folder(folder) => self.form.out = folder,
            Arrival::Settings(Ok(description)) if !self.training() => self.form.describe(description),
            Arrival::Settings(Ok(_)) => self.refusal = Some(("Settings".into(), "a run is under way".into())),
            Arrival::Settings(Err(reason)) => self.refusal = Some(("Settings".into(), reason)),
            Arrival::Refused(file, reason) => self.refusal = Some((file, reason)),
        }
    }

    fn open_data(&mut self, place: Place) {
        self.number += 1;
        (self.form.data, self.own, self.refusal) = (DataKind::Own, Data::Reading, None);
        self.inbox.read(self.number, place.clone());
        self.place = Some(place);
    }

    fn open_teacher(&mut self, file: super::drop::Incoming, loaded: Option<&Arc<Student>>) {
        self.number += 1;
        self.refusal = None;
        let classes = match self.data() {
            Data::Ready(set) => Some(set.classes.clone()),
            _ => None,
        };
        let bare = BareInfo { classes, input_px: self.form.px(loaded.map(AsRef::as_ref)), ..BareInfo::default() };
        self.inbox.facts(self.number, file.clone(), bare);
        self.form.teacher = Some(TeacherFile { file, facts: None });
    }

    fn hear(&mut self, news: News) {
        let Some(run) = &mut self.run else { return };
        match news {
            News::Preparing(what) => self.preparing = what,
            News::Opened(opened) => {
                run.classes.clone_from(&opened.start.card.class_names);
                let at = run.settings.terms.at.first().cloned();
                self.maps.begin(opened.start, opened.validation, opened.teacher, at.as_ref());
            }
            News::Word(word) => match run.hear(word, Instant::now()) {
                Change::None => {}
                Change::Better => {
                    if let Some((student, _)) = &run.best {
                        self.maps.better(student.clone());
                    }
                }
                Change::Ended => {
                    if let Some((student, _)) = &run.best {
                        self.sealer.begin(student);
                    }
                }
            },
        }
    }

    /// The run's folder gets the finished Student.
    fn keep_sealed(&mut self) {
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(Ok(sealed)) = &self.sealer.done {
            let file = std::path::Path::new(self.form.out.trim()).join(link::TRAINED);
            if let Err(e) = fovea_distill::files::write_whole(&file, &sealed.bytes) {
                self.refusal = Some((link::TRAINED.into(), format!("cannot be written: {e}")));
            }
        }
    }

    /// Does the chosen folder hold a run already?
    #[cfg(not(target_arch = "wasm32"))]
    fn look_into_folder(&mut self) {
        if self.form.out != self.looked && !self.training() {
            self.looked.clone_from(&self.form.out);
            self.form.found = link::has_run(std::path::Path::new(self.form.out.trim()));
        }
    }

    fn order(&mut self, order: Order) {
        let Some((link, run)) = self.link.as_mut().zip(self.run.as_mut()) else { return };
        run.stage = match &order {
            Order::Pause => Stage::Pausing,
            Order::Stop => Stage::Stopping,
            Order::Go => Stage::Running,
            Order::Start(_) | Order::Checkpoint => run.stage.clone(),
        };
        link.order(order);
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
            Wish::Start => self.start(loaded, false),
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

    /// Goes on with a run that waits, that failed, or that is only in its folder.
    fn resume(&mut self, loaded: Option<&Arc<Student>>) {
        match self.run.as_ref().map(|run| &run.stage) {
            Some(Stage::Paused) => self.order(Order::Go),
            _ => self.start(loaded, true),
        }
    }

    fn start(&mut self, loaded: Option<&Arc<Student>>, again: bool) {
        let Data::Ready(set) = self.data() else { return };
        #[cfg(not(target_arch = "wasm32"))]
        if again && !self.take_earlier(loaded) {
            return;
        }
        #[cfg(not(target_arch = "wasm32"))]
        let plan = self.plan(loaded.cloned(), again);
        #[cfg(target_arch = "wasm32")]
        let plan = self.plan(set.clone(), loaded.cloned(), again);
        self.sealer.clear();
        self.preparing = "Preparing".into();
        self.run = Some(Run::new(self.form.train.clone(), set.classes.clone()));
        self.link = Some(Link::start(&self.ctx, plan));
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn plan(&self, loaded: Option<Arc<Student>>, again: bool) -> Plan {
        Plan { form: self.form.clone(), loaded, place: self.place.clone(), resume: again, gpu: self.gpu }
    }

    #[cfg(target_arch = "wasm32")]
    fn plan(&self, set: Arc<data::Set>, loaded: Option<Arc<Student>>, again: bool) -> Plan {
        let checkpoint = self.run.as_ref().filter(|_| again).and_then(|run| run.checkpoint.clone());
        Plan { form: self.form.clone(), loaded, set, checkpoint }
    }

    /// A run that this window did not start: the form shows what it is. False where its description cannot be read.
    #[cfg(not(target_arch = "wasm32"))]
    fn take_earlier(&mut self, loaded: Option<&Arc<Student>>) -> bool {
        if self.run.is_some() {
            return true;
        }
        let folder = std::path::PathBuf::from(self.form.out.trim());
        match link::read_run(&folder) {
            Ok(run) => {
                self.form.earlier(&run, &folder);
                if let Some(file) = self.form.teacher.take() {
                    self.open_teacher(file.file, loaded);
                }
                true
            }
            Err(reason) => {
                self.refusal = Some((self.form.out.clone(), reason));
                false
            }
        }
    }
}
