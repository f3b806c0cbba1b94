//! What comes in, on its way to the window: files are sorted, models and cards read, away from the frame.

use std::sync::mpsc::Sender;

use fovea_student::Student;
use fovea_student::load::Loaded;

use super::drop::Incoming;
use super::facts::Facts;
use super::model_files::{self, LONGEST_CARD, Sorted, Waiting};
use super::state::Problem;

/// What came in.
pub enum Arrival {
    /// Patches for the gallery.
    Patches(Vec<Incoming>),
    /// A model file was read.
    Model(Box<Loaded>),
    /// A model was made of a checkpoint and facts, or not.
    Made(Result<Box<Student>, String>),
    /// A card was read: its file and what it says.
    Card(String, Box<Facts>),
    /// What was wrong with this file is settled.
    Settled(String),
    /// Something did not work.
    Problem(Problem),
    /// Results were written; where.
    Saved(String),
}

/// The end that background work holds.
#[derive(Clone)]
pub struct Post {
    sender: Sender<Arrival>,
    waiting: Waiting,
    ctx: egui::Context,
}

impl Post {
    /// An end whose other end has this window.
    pub fn new(sender: Sender<Arrival>, ctx: &egui::Context) -> Self {
        Self { sender, waiting: Waiting::default(), ctx: ctx.clone() }
    }

    /// Hands something over and wakes the window; after its end nobody needs to know.
    pub fn send(&self, arrival: Arrival) {
        if self.sender.send(arrival).is_ok() {
            self.ctx.request_repaint();
        }
    }

    /// Something did not work.
    pub fn problem(&self, subject: impl Into<String>, reason: impl Into<String>) {
        self.send(Arrival::Problem(Problem { subject: subject.into(), reason: reason.into() }));
    }

    /// Sorts files into models, what belongs to models, and patches.
    pub fn files(&self, files: Vec<Incoming>) {
        let Sorted { models, cards, mut beside, patches } = Sorted::of(files, self.waiting.wanted().as_deref());
        if !patches.is_empty() {
            self.send(Arrival::Patches(patches));
        }
        if let Some(pending) = self.waiting.take(&beside) {
            beside.extend(pending.beside);
            self.model(pending.file, beside.clone());
        } else if models.is_empty() && !beside.is_empty() {
            self.without_model(beside.clone());
        }
        models.into_iter().for_each(|m| self.model(m, beside.clone()));
        cards.into_iter().for_each(|c| self.card(&c));
    }

    /// Weights wait for their model.
    fn without_model(&self, files: Vec<Incoming>) {
        let why = match self.waiting.wanted() {
            Some(wanted) => format!("is not what the model waits for: drop '{wanted}'"),
            None => "looks like the weights of an ONNX model: drop its .onnx file as well".into(),
        };
        files.iter().for_each(|f| self.problem(&f.name, &why));
        self.waiting.put_spare(files);
    }

    /// Reads a model; what it lacks is asked for.
    pub fn model(&self, file: Incoming, mut beside: Vec<Incoming>) {
        beside.extend(self.waiting.spare());
        match model_files::read(&file, &beside) {
            Ok(loaded) => {
                self.waiting.clear();
                beside.into_iter().chain([file]).for_each(|f| self.send(Arrival::Settled(f.name)));
                self.send(Arrival::Model(Box::new(loaded)));
            }
            Err(e) => {
                if let Some(wanted) = model_files::missing(&e) {
                    self.waiting.put(file, wanted.to_owned(), beside);
                }
                self.problem(e.file, e.reason.to_string());
            }
        }
    }

    fn card(&self, file: &Incoming) {
        let text = file.source.read().and_then(|bytes| match bytes.len() {
            n if n > LONGEST_CARD => Err(format!("is too long for a model card: {n} bytes")),
            _ => String::from_utf8(bytes.to_vec()).map_err(|_| "is no text".into()),
        });
        match text.and_then(|text| Facts::read(&text)) {
            Ok(facts) => self.send(Arrival::Card(file.name.clone(), Box::new(facts))),
            Err(reason) => self.problem(&file.name, reason),
        }
    }
}
