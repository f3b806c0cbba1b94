//! A trained Student gets its self-check: what this machine computes with it, measured once and then checked at every load.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use fovea_engine::{Device, Preference};
use fovea_student::{Student, file};

use crate::analysis::measure_self_check;
use crate::app::files::spawn;

/// A Student ready to be handed over.
#[derive(Clone)]
pub struct Sealed {
    /// With self-check.
    pub student: Arc<Student>,
    /// As a file.
    pub bytes: Arc<[u8]>,
}

/// Seals Students, one after the other.
pub struct Sealer {
    ctx: egui::Context,
    line: (Sender<Answer>, Receiver<Answer>),
    /// Which one is under way.
    wanted: Option<Arc<Student>>,
    /// The last one that is done, or why it could not be.
    pub done: Option<Result<Sealed, String>>,
}

type Answer = (Arc<Student>, Result<Sealed, String>);

impl Sealer {
    /// Nothing is sealed yet.
    pub fn new(ctx: &egui::Context) -> Self {
        Self { ctx: ctx.clone(), line: channel(), wanted: None, done: None }
    }

    /// Begins with a Student; the one before is of no interest any more.
    pub fn begin(&mut self, student: &Arc<Student>) {
        (self.wanted, self.done) = (Some(student.clone()), None);
        let (student, answers, ctx) = (student.clone(), self.line.0.clone(), self.ctx.clone());
        spawn(async move {
            let outcome = seal(&student).await;
            if answers.send((student, outcome)).is_ok() {
                ctx.request_repaint();
            }
        });
    }

    /// Forgets what was done.
    pub fn clear(&mut self) {
        (self.wanted, self.done) = (None, None);
    }

    /// Is a Student being sealed?
    pub fn busy(&self) -> bool {
        self.wanted.is_some() && self.done.is_none()
    }

    /// Takes in what was done; true when it is news.
    pub fn work(&mut self) -> bool {
        let mut news = false;
        for (student, outcome) in self.line.1.try_iter() {
            if self.wanted.as_ref().is_some_and(|w| Arc::ptr_eq(w, &student)) {
                (self.done, news) = (Some(outcome), true);
            }
        }
        news
    }
}

/// Measured on the CPU: every machine has one, and what GPUs compute is held against it.
async fn seal(student: &Student) -> Result<Sealed, String> {
    let device = Device::open(Preference::Cpu).await.map_err(|e| e.to_string())?;
    let mut student = student.clone();
    let check = measure_self_check(&device, &student, 0).await.map_err(|e| e.to_string())?;
    student.card.self_check = Some(check);
    let bytes = file::write(&student).map_err(|e| e.to_string())?;
    Ok(Sealed { student: Arc::new(student), bytes: bytes.into() })
}
