//! What drives a run, on a thread or in a Worker: whoever holds it hands in the orders that have come, lets it do a unit of work
//! while it is [`Driver::busy`], and passes its words on.

use super::order::Order;
use super::start::MemoryRun;
use super::word::{Ready, Word};
use crate::record::Progress;
use crate::train::Trainer;
use burn::tensor::Device;

/// A run that can be driven.
pub trait Run {
    /// Its trainer.
    fn trainer(&self) -> &Trainer;

    /// Does a unit of work; a checkpoint comes with it where one is due and the run does not keep it itself.
    ///
    /// # Errors
    /// Why it cannot go on.
    fn advance(&mut self) -> Result<(Progress, Option<Vec<u8>>), String>;

    /// Keeps its state now, or hands it over.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    fn keep(&mut self) -> Result<Option<Vec<u8>>, String>;
}

#[cfg(not(target_arch = "wasm32"))]
impl Run for crate::run::Session {
    fn trainer(&self) -> &Trainer {
        crate::run::Session::trainer(self)
    }

    fn advance(&mut self) -> Result<(Progress, Option<Vec<u8>>), String> {
        crate::run::Session::advance(self).map(|progress| (progress, None)).map_err(|e| e.to_string())
    }

    fn keep(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.save().map(|()| None).map_err(|e| e.to_string())
    }
}

/// A run, or none, and whether it goes.
pub struct Driver {
    device: Device,
    /// For people.
    name: String,
    run: Option<Box<dyn Run>>,
    going: bool,
    failed: bool,
}

impl Driver {
    /// Drives runs on `device`, which people call `name`.
    pub fn new(device: Device, name: &str) -> Self {
        Self { device, name: name.into(), run: None, going: false, failed: false }
    }

    /// Takes a run, or the reason why there is none.
    pub fn begin(&mut self, run: Result<Box<dyn Run>, String>) -> Vec<Word> {
        match run {
            Ok(run) => {
                let mut words = vec![self.ready(run.trainer())];
                if !run.trainer().history().epochs.is_empty() {
                    words.push(student(run.trainer()));
                }
                (self.run, self.going, self.failed) = (Some(run), true, false);
                words
            }
            Err(reason) => {
                (self.run, self.going) = (None, false);
                vec![Word::Failed(reason)]
            }
        }
    }

    /// Is there work to be done without another order?
    pub fn busy(&self) -> bool {
        self.going && self.run.is_some()
    }

    /// Carries an order out.
    pub fn take(&mut self, order: Order) -> Vec<Word> {
        match order {
            Order::Start(start) => {
                // What ran before makes room first.
                self.run = None;
                let run = MemoryRun::open(*start, &self.device);
                self.begin(run.map(|run| Box::new(run) as Box<dyn Run>).map_err(|e| e.to_string()))
            }
            Order::Pause => self.pause(),
            Order::Go => self.go(),
            Order::Checkpoint => self.keep(),
            Order::Stop => self.stop(),
        }
    }

    /// Does a unit of work.
    pub fn advance(&mut self) -> Vec<Word> {
        let Some(run) = self.run.as_mut().filter(|_| self.going) else { return vec![] };
        let (progress, checkpoint) = match run.advance() {
            Ok(done) => done,
            Err(reason) => {
                (self.going, self.failed) = (false, true);
                return vec![Word::Failed(reason)];
            }
        };
        let better = matches!(&progress, Progress::Epoch { record } if record.kept);
        let finished = matches!(progress, Progress::Finished { .. });
        let mut words: Vec<Word> = checkpoint.into_iter().map(Word::Checkpoint).collect();
        if better {
            words.push(student(run.trainer()));
        }
        // Last, so that whoever hears of the end has the Student already.
        words.push(Word::Progress(progress));
        if finished {
            (self.run, self.going) = (None, false);
        }
        words
    }

    fn ready(&self, trainer: &Trainer) -> Word {
        let (steps, share, history) = (trainer.steps(), trainer.share(), trainer.history().clone());
        Word::Ready(Ready { steps, share, device: self.name.clone(), history })
    }

    fn keep(&mut self) -> Vec<Word> {
        match self.run.as_mut().map(|run| run.keep()) {
            Some(Ok(checkpoint)) => checkpoint.into_iter().map(Word::Checkpoint).collect(),
            Some(Err(reason)) => {
                (self.going, self.failed) = (false, true);
                vec![Word::Failed(reason)]
            }
            None => vec![],
        }
    }

    fn pause(&mut self) -> Vec<Word> {
        if !self.busy() {
            return vec![];
        }
        let mut words = self.keep();
        if !self.failed {
            self.going = false;
            words.push(Word::Paused);
        }
        words
    }

    fn go(&mut self) -> Vec<Word> {
        let Some(run) = &self.run else { return vec![] };
        let words = vec![self.ready(run.trainer())];
        (self.going, self.failed) = (true, false);
        words
    }

    fn stop(&mut self) -> Vec<Word> {
        let mut words = self.keep();
        if let Some(run) = self.run.take() {
            // Before the end of an epoch nothing was handed over yet.
            if run.trainer().history().epochs.is_empty() {
                words.push(student(run.trainer()));
            }
        }
        // Ended all the same: that the state could not be kept has been said.
        (self.going, self.failed) = (false, false);
        words.push(Word::Stopped);
        words
    }
}

/// What was trained so far, as a file.
fn student(trainer: &Trainer) -> Word {
    let made = trainer.trained().and_then(|trained| Ok((fovea_student::file::write(&trained.student)?, trained.best)));
    match made {
        Ok((bytes, best)) => Word::Student { bytes, epoch: best.map(|record| record.epoch) },
        Err(e) => Word::Failed(e.to_string()),
    }
}
