//! Training on a thread of its own, in a folder the user chose: a killed process loses nothing past the last checkpoint.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fovea_distill::data::DataOptions;
use fovea_distill::remote::{Driver, Order, Run, Word};
use fovea_distill::run::{CHECKPOINT, DataPlace, RECORD, RunFile, Session, TeacherPlace};
use fovea_distill::targets::TargetsFile;
use fovea_distill::{Device, DeviceKind};
use fovea_student::load::{Loaded, load};

use super::form::{DataKind, StudentKind, TeacherFacts};
use super::maps::TeacherSide;
use super::plan::{News, Opened, Plan, rows};
use crate::app::state::Source;

/// Description of a run in its folder; `fovea distill --config` reads it too.
const RUN: &str = "run.toml";
/// The trained Student, in its run's folder.
pub const TRAINED: &str = "student.safetensors";
/// The Student a run starts from, in its folder.
const START: &str = "start.safetensors";
/// A drawn set, in its run's folder.
const DRAWN: &str = "drawn";

/// How long a window that closes waits for the run's last step, so that it is kept; a longer one is made again when resumed.
const LAST_STEP: Duration = Duration::from_secs(3);

/// The window's end of a run; dropping it ends the run, which keeps its state first.
pub struct Link {
    orders: Sender<Order>,
    news: Receiver<News>,
    thread: JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.order(Order::Stop);
        let start = Instant::now();
        while !self.thread.is_finished() && start.elapsed() < LAST_STEP {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Link {
    /// Opens the run and lets it go.
    pub fn start(ctx: &egui::Context, plan: Plan) -> Self {
        let ((orders, inbox), (outbox, news)) = (channel(), channel());
        let out = Out { outbox, ctx: ctx.clone() };
        let thread = std::thread::spawn(move || serve(&plan, &inbox, &out));
        Self { orders, news, thread }
    }

    /// Gives an order; a run that has ended does not hear it.
    pub fn order(&mut self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// What was said since the last call.
    pub fn poll(&mut self) -> Vec<News> {
        self.news.try_iter().collect()
    }

    /// Must frames follow each other for the run to go on?
    pub fn needs_frames(&self) -> bool {
        false
    }
}

struct Out {
    outbox: Sender<News>,
    ctx: egui::Context,
}

impl Out {
    /// False once the window is gone.
    fn send(&self, news: News) -> bool {
        let heard = self.outbox.send(news).is_ok();
        self.ctx.request_repaint();
        heard
    }

    fn words(&self, words: Vec<Word>) -> bool {
        words.into_iter().all(|word| self.send(News::Word(word)))
    }
}

fn serve(plan: &Plan, orders: &Receiver<Order>, out: &Out) {
    let (device, name) = match plan.gpu {
        true => (Device::wgpu(DeviceKind::DefaultDevice), "GPU"),
        false => (Device::flex(), "CPU"),
    };
    let mut driver = Driver::new(device.clone(), name);
    let run = guarded(|| open(plan, &device, out));
    let mut words = driver.begin(run.and_then(|run| run));
    loop {
        let ended = words.iter().any(|w| matches!(w, Word::Stopped | Word::Progress(fovea_distill::Progress::Finished { .. })));
        if !out.words(words) || ended {
            // A window that closes takes the run's state with it, into the folder.
            driver.take(Order::Stop);
            return;
        }
        let order = match driver.busy() {
            true => orders.try_recv(),
            false => orders.recv().map_err(|_| TryRecvError::Disconnected),
        };
        words = match order {
            Ok(order) => driver.take(order),
            Err(TryRecvError::Empty) => guarded(|| driver.advance()).unwrap_or_else(|reason| driver.give_up(reason)),
            Err(TryRecvError::Disconnected) => {
                driver.take(Order::Stop);
                return;
            }
        };
    }
}

/// A panic in a corner of a library is a run that failed, not a thread that silently went.
fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        format!("training stopped unexpectedly: {}", text.unwrap_or_default())
    })
}

fn open(plan: &Plan, device: &Device, out: &Out) -> Result<Box<dyn Run>, String> {
    let folder = PathBuf::from(plan.form.out.trim());
    let told = |text: String| {
        out.send(News::Preparing(text));
    };
    let run = match plan.resume {
        true => again(plan, read_run(&folder)?),
        false => describe(plan, &folder, &told)?,
    };
    told("Reading the Teacher".into());
    let teacher = match plan.form.facts() {
        // It has been read already, with what a bare checkpoint does not say.
        Some(TeacherFacts::Live(network)) if !plan.resume => TeacherSide::Network(network.clone()),
        _ => teacher_side(&run, &folder)?,
    };
    told("Reading patches and network".into());
    let opened = Session::open(&run, &folder, device, !plan.resume).map_err(|e| e.to_string())?;
    out.send(News::Opened(Box::new(Opened { validation: opened.splits.validation, teacher })));
    Ok(Box::new(opened.session))
}

/// How far the run in a folder is; none where there is none that could go on.
pub fn has_run(folder: &Path) -> Option<String> {
    if folder.as_os_str().is_empty() || !folder.join(CHECKPOINT).is_file() {
        return None;
    }
    let run = read_run(folder).ok()?;
    let record = std::fs::read(folder.join(RECORD)).ok()?;
    let history: fovea_distill::History = serde_json::from_slice(&record).ok()?;
    Some(format!("{} of {} epochs done", history.epochs.len(), run.train.epochs))
}

/// The description of the run in a folder.
///
/// # Errors
/// When there is none that can be read.
pub fn read_run(folder: &Path) -> Result<RunFile, String> {
    let file = folder.join(RUN);
    let text = std::fs::read_to_string(&file).map_err(|e| format!("cannot be read: {e}: {}", file.display()))?;
    toml::from_str(&text).map_err(|e| format!("this describes no run: {e}: {}", file.display()))
}

/// A run that goes on may go on for longer.
fn again(plan: &Plan, mut run: RunFile) -> RunFile {
    (run.train.epochs, run.train.patience) = (plan.form.train.epochs, plan.form.train.patience);
    run
}

/// Writes down what the run is, with everything it starts from that is not a file yet.
fn describe(plan: &Plan, folder: &Path, told: &(dyn Fn(String) + Sync)) -> Result<RunFile, String> {
    let failed = |e: std::io::Error| format!("cannot be written: {e}: {}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let (form, loaded) = (&plan.form, plan.loaded.as_ref());
    let px = form.px(loaded.map(AsRef::as_ref)).ok_or("no model is loaded")?;
    if let (StudentKind::Loaded, Some(student)) = (form.student, loaded) {
        let bytes = fovea_student::file::write(student).map_err(|e| e.to_string())?;
        fovea_distill::files::write_whole(&folder.join(START), &bytes).map_err(failed)?;
    }
    let path = match (form.data, &plan.place) {
        (DataKind::Own, Some(place)) => place.clone(),
        (DataKind::Own, None) => return Err("no data set was chosen".into()),
        (DataKind::Drawn, _) => {
            let all = form.drawn.len();
            let place = folder.join(DRAWN);
            // Patches of another set of drawings must not be mixed in.
            if place.exists() {
                std::fs::remove_dir_all(&place).map_err(failed)?;
            }
            form.drawn.write(&place, px, &|done| told(format!("Drawing patches: {done} of {all}")))?;
            DRAWN.into()
        }
    };
    let run = RunFile {
        out: ".".into(),
        student: form.student_start(START.into()),
        data: DataPlace { path, options: DataOptions::default() },
        teacher: teacher_place(plan)?,
        train: form.train.clone(),
        checkpoint_steps: 50,
    };
    let text = toml::to_string(&run).map_err(|e| e.to_string())?;
    fovea_distill::files::write_whole(&folder.join(RUN), text.as_bytes()).map_err(failed)?;
    Ok(run)
}

fn teacher_place(plan: &Plan) -> Result<Option<TeacherPlace>, String> {
    let Some(teacher) = &plan.form.teacher else { return Ok(None) };
    let Source::Path(path) = &teacher.file.source else { return Err("the Teacher's file has to be on disk".into()) };
    match plan.form.facts() {
        Some(TeacherFacts::Targets(..)) => Ok(Some(TeacherPlace::Targets(path.clone()))),
        Some(TeacherFacts::Live(_)) => Ok(Some(TeacherPlace::Live(path.clone()))),
        None => Err(format!("the Teacher's file cannot be used: {}", path.display())),
    }
}

fn teacher_side(run: &RunFile, folder: &Path) -> Result<TeacherSide, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| format!("cannot be read: {e}: {}", path.display()));
    match &run.teacher {
        None => Ok(TeacherSide::Nobody),
        Some(TeacherPlace::Targets(file)) => {
            let file = folder.join(file);
            let targets = TargetsFile::read(read(&file)?, &file.display().to_string()).map_err(|e| e.to_string())?;
            Ok(TeacherSide::Rows(Arc::new(rows(&targets, run.train.terms.at.first()))))
        }
        Some(TeacherPlace::Live(file)) => {
            let file = folder.join(file);
            match load(&read(&file)?, &file.display().to_string()).map_err(|e| e.to_string())? {
                Loaded::Ready(student) => Ok(TeacherSide::Network(Arc::new(*student))),
                // Training makes do with what it is told; a map needs a card.
                Loaded::Bare(_) => Ok(TeacherSide::Nobody),
            }
        }
    }
}
