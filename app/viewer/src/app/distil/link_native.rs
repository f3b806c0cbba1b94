//! Training on a thread of its own, in a folder the user chose: a killed process loses nothing past the last checkpoint.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fovea_distill::Progress;
use fovea_distill::remote::{Driver, Order, Run, Word};
use fovea_distill::run::{RunFile, Session, TeacherPlace};
use fovea_distill::targets::TargetsFile;
use fovea_distill::{Device, DeviceKind};
use fovea_student::load::{Loaded, load};

use super::folder;
use super::form::TeacherFacts;
use super::maps::TeacherSide;
use super::plan::{News, Opened, Plan, rows};

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
        let thread = std::thread::spawn(move || {
            if let Err(reason) = guarded(|| serve(&plan, &inbox, &out)) {
                out.words(vec![Word::Failed(reason), Word::Stopped]);
            }
        });
        Self { orders, news, thread }
    }

    /// Does it still hear orders?
    pub fn alive(&self) -> bool {
        !self.thread.is_finished()
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
    let run = guarded(|| open(plan, &device, out)).and_then(|run| run);
    let mut words = driven(&mut driver, |driver| driver.begin(run));
    loop {
        let ended = words.iter().any(|w| matches!(w, Word::Stopped | Word::Progress(Progress::Finished { .. })));
        if !out.words(words) || ended {
            // A window that closes takes the run's state with it, into the folder.
            driven(&mut driver, |driver| driver.take(Order::Stop));
            return;
        }
        let order = match driver.busy() {
            true => orders.try_recv(),
            false => orders.recv().map_err(|_| TryRecvError::Disconnected),
        };
        words = match order {
            Ok(order) => driven(&mut driver, |driver| driver.take(order)),
            Err(TryRecvError::Empty) => driven(&mut driver, Driver::advance),
            Err(TryRecvError::Disconnected) => {
                driven(&mut driver, |driver| driver.take(Order::Stop));
                return;
            }
        };
    }
}

/// What the driver says. After a panic its run is given up, and there is nothing that could be told any more.
fn driven(driver: &mut Driver, work: impl FnOnce(&mut Driver) -> Vec<Word>) -> Vec<Word> {
    guarded(|| work(driver)).unwrap_or_else(|reason| {
        let mut words = driver.give_up(reason);
        if !words.contains(&Word::Stopped) {
            words.push(Word::Stopped);
        }
        words
    })
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
        true => again(plan, folder::read_run(&folder)?),
        false => folder::describe(plan, &folder, &told)?,
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

/// A run that goes on may go on for longer, and with other steps.
fn again(plan: &Plan, mut run: RunFile) -> RunFile {
    let train = &plan.form.train;
    (run.train.epochs, run.train.patience, run.train.optimiser.lr) = (train.epochs, train.patience, train.optimiser.lr);
    run
}

fn teacher_side(run: &RunFile, folder: &Path) -> Result<TeacherSide, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|e| format!("cannot be read: {e}: {}", path.display()));
    match &run.teacher {
        None => Ok(TeacherSide::Nobody),
        Some(TeacherPlace::Targets(file)) => {
            let file = folder.join(file);
            let targets = TargetsFile::open(&file).map_err(|e| e.to_string())?;
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
