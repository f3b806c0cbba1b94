//! What is done with what comes in: patches, models and the facts they lack.

use std::sync::Arc;

use fovea_student::load::Loaded;
use fovea_student::{Checkpoint, Student};

use super::App;
use super::drop::Incoming;
use super::model::Model;
use super::model_form::ModelForm;
use super::post::Arrival;
use super::state::{Item, Progress};

impl App {
    /// Takes in one thing.
    pub(super) fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Patches(files) => self.add(files, false),
            Arrival::Problem(p) => self.problems.add(p.subject, p.reason),
            Arrival::Saved(text) => self.saved = Some(text),
            Arrival::Settled(file) => self.problems.settle(&file),
            Arrival::Card(file, facts) => match &mut self.form {
                Some(form) => form.fill(*facts),
                None => {
                    self.problems.add(&file, "describes a model: it will fill the form of the next one that is dropped");
                    self.card = Some((file, facts));
                }
            },
            Arrival::Made(outcome) => self.made(outcome),
            Arrival::Model(loaded) => match *loaded {
                Loaded::Ready(student) => self.set_model(Model::new(Arc::new(*student))),
                Loaded::Bare(checkpoint) => self.ask_facts(*checkpoint),
            },
        }
    }

    /// Opens the form for a bare checkpoint, filled from a card that came before it.
    fn ask_facts(&mut self, checkpoint: Checkpoint) {
        let mut form = ModelForm::new(checkpoint);
        if let Some((file, facts)) = self.card.take() {
            self.problems.settle(&file);
            form.fill(*facts);
        }
        self.form = Some(form);
    }

    /// The form's model is there, or cannot be made; after Cancel neither is of interest.
    fn made(&mut self, outcome: Result<Box<Student>, String>) {
        let Some(form) = self.form.as_mut().filter(|f| f.is_busy()) else { return };
        match outcome {
            Ok(student) => {
                self.form = None;
                self.set_model(Model::new(Arc::new(*student)));
            }
            Err(reason) => form.refuse(reason),
        }
    }

    /// Appends patches; the first new one is shown, unless these are the samples.
    pub(super) fn add(&mut self, files: Vec<Incoming>, synthetic: bool) {
        let first = self.items.len();
        for Incoming { name, source } in files {
            self.next_id += 1;
            self.items.push(Item {
                id: self.next_id,
                name,
                source,
                synthetic,
                progress: Progress::Queued,
                thumb: None,
                texture: None,
                size: None,
                um_per_px: None,
                summary: None,
            });
        }
        if first < self.items.len() && (self.selected.is_none() || !synthetic) {
            self.select(first);
        }
    }
}
