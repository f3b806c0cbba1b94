//! A run as the page follows it: what stage it is at, what it said so far, how long it still takes.

use std::sync::Arc;

use fovea_distill::remote::{Ready, Word};
use fovea_distill::{Ending, EpochRecord, History, Progress, TrainSettings};
use fovea_student::Student;
use fovea_student::load::BareInfo;
use web_time::{Duration, Instant};

use super::pace::Pace;
use crate::analysis::open_student;

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Files are read, the network is prepared.
    Opening,
    /// Steps are being made.
    Running,
    /// It was told to pause; a step is still under way.
    Pausing,
    /// It waits.
    Paused,
    /// It was told to end.
    Stopping,
    /// It ended because it was told to.
    Stopped,
    /// It came to its end.
    Finished(Ending),
    /// It cannot go on.
    Failed(String),
}

impl Stage {
    /// Does the run hold the set-up column? Until it has ended, nothing there can be changed.
    pub fn under_way(&self) -> bool {
        matches!(self, Self::Opening | Self::Running | Self::Pausing | Self::Paused | Self::Stopping)
    }

    /// One word for pages and tests.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Running => "running",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
        }
    }
}

/// A run.
pub struct Run {
    /// How far it is.
    pub stage: Stage,
    /// What it was told.
    pub settings: TrainSettings,
    /// Class names, once the run is open.
    pub classes: Vec<String>,
    /// Steps and epochs so far.
    pub history: History,
    /// Steps of an epoch; 0 until it is known.
    pub steps: usize,
    /// Epoch it is in, from 0.
    pub epoch: usize,
    /// Step of that epoch it is at.
    pub step: usize,
    /// Validation patches judged, of how many.
    pub judging: Option<(usize, usize)>,
    /// What computes.
    pub device: String,
    /// The Student it starts from.
    pub start: Option<Arc<Student>>,
    /// The best Student so far and the epoch of its weights.
    pub best: Option<(Arc<Student>, Option<usize>)>,
    /// State to go on from, where it is not in a folder.
    pub checkpoint: Option<Vec<u8>>,
    pace: Pace,
}

/// What a word changed beyond the run's own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing more.
    None,
    /// The Student it starts from is known.
    Begun,
    /// There is a better Student.
    Better,
    /// It ended; the best Student is final.
    Ended,
}

impl Run {
    /// A run that is being opened.
    pub fn new(settings: TrainSettings) -> Self {
        Self {
            stage: Stage::Opening,
            settings,
            classes: vec![],
            history: History::default(),
            steps: 0,
            epoch: 0,
            step: 0,
            judging: None,
            device: String::new(),
            start: None,
            best: None,
            checkpoint: None,
            pace: Pace::default(),
        }
    }

    /// A run that goes on: what it came to stays until it reports again, and if it cannot go on.
    pub fn again(before: Self, settings: TrainSettings) -> Self {
        let Self { classes, steps, history, start, best, checkpoint, .. } = before;
        Self { classes, steps, history, start, best, checkpoint, ..Self::new(settings) }
    }

    /// Whether it got as far as to name what it computes on.
    pub fn opened(&self) -> bool {
        !self.device.is_empty()
    }

    /// It cannot go on.
    pub fn fail(&mut self, reason: impl Into<String>) {
        self.rest(Stage::Failed(reason.into()));
    }

    /// Takes in what the run said.
    pub fn hear(&mut self, word: Word, now: Instant) -> Change {
        match word {
            Word::Ready(ready) => self.ready(ready, now),
            Word::Progress(progress) => return self.progress(progress, now),
            Word::From(bytes) => {
                self.start = read(&bytes);
                return Change::Begun;
            }
            Word::Student { bytes, epoch } => {
                // If our own file ever did not read, the Student before stays.
                self.best = read(&bytes).map(|student| (student, epoch)).or_else(|| self.best.take());
                return Change::Better;
            }
            Word::Checkpoint(bytes) => self.checkpoint = Some(bytes),
            Word::Paused => self.rest(Stage::Paused),
            Word::Stopped => {
                // That its state could not be kept is worth more than that it ended.
                if !matches!(self.stage, Stage::Failed(_)) {
                    self.rest(Stage::Stopped);
                }
                return Change::Ended;
            }
            Word::Failed(reason) => {
                self.fail(reason);
                return Change::Ended;
            }
        }
        Change::None
    }

    fn ready(&mut self, ready: Ready, now: Instant) {
        (self.steps, self.device, self.history) = (ready.steps, ready.device, ready.history);
        self.epoch = self.history.epochs.len();
        self.step = self.history.steps.iter().rev().take_while(|s| s.epoch == self.epoch).count();
        self.judging = None;
        self.stage = Stage::Running;
        self.pace.begin(self.share(), now);
    }

    fn progress(&mut self, progress: Progress, now: Instant) -> Change {
        match progress {
            Progress::Step { record, of } => {
                (self.steps, self.epoch, self.step, self.judging) = (of, record.epoch, record.step + 1, None);
                self.history.steps.push(record);
            }
            Progress::Validating { done, of, .. } => self.judging = Some((done, of)),
            Progress::Epoch { record } => {
                (self.epoch, self.step, self.judging) = (record.epoch + 1, 0, None);
                self.history.epochs.push(record);
            }
            Progress::Finished { reason } => {
                self.rest(Stage::Finished(reason));
                return Change::Ended;
            }
        }
        self.pace.at(self.share(), now);
        Change::None
    }

    fn rest(&mut self, stage: Stage) {
        self.stage = stage;
        self.pace = Pace::default();
    }

    /// Share of the run that is done, 0 to 1, were it to go through all epochs. A validation counts as part of its epoch's last step.
    pub fn share(&self) -> f64 {
        let all = (self.settings.epochs * self.steps.max(1)) as f64;
        let done = (self.epoch * self.steps.max(1) + self.step) as f64;
        (done / all).clamp(0.0, 1.0)
    }

    /// How long it still takes, once that can be told.
    pub fn left(&self) -> Option<Duration> {
        self.pace.left(self.share())
    }

    /// The epoch whose weights are kept.
    pub fn best_epoch(&self) -> Option<&EpochRecord> {
        self.history.best()
    }
}

/// A Student as the trainer writes it.
fn read(bytes: &[u8]) -> Option<Arc<Student>> {
    let student = open_student(bytes, "the trained Student", &BareInfo::default());
    student.inspect_err(|e| log::error!("{e}")).ok().map(Arc::new)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use fovea_distill::{Losses, Metrics, StepRecord};

    fn step(epoch: usize, step: usize) -> Word {
        let losses = Losses { terms: vec![("ce".into(), 1.0)], total: 1.0 };
        Word::Progress(Progress::Step { record: StepRecord { epoch, step, losses, gradient_norm: 1.0 }, of: 4 })
    }

    fn epoch(epoch: usize) -> Word {
        let validation = Metrics {
            patches: 4,
            balanced_accuracy: 0.5,
            kappa: 0.1,
            accuracy: 0.5,
            confusion: vec![vec![1, 1], vec![1, 1]],
            auc: vec![None, Some(0.5)],
            cross_entropy: 0.7,
        };
        Word::Progress(Progress::Epoch { record: EpochRecord { epoch, losses: Losses::default(), validation, kept: true } })
    }

    #[test]
    fn follows_a_run_through_its_stages() {
        let start = Instant::now();
        let mut run = Run::new(TrainSettings { epochs: 2, ..TrainSettings::default() });
        assert!(run.stage.under_way() && run.share() == 0.0);
        run.hear(Word::Ready(Ready { steps: 4, ..Ready::default() }), start);
        assert_eq!((run.stage.clone(), run.left()), (Stage::Running, None));
        for i in 0..4 {
            run.hear(step(0, i), start + Duration::from_secs(i as u64 + 1));
        }
        assert_eq!((run.share(), run.left().unwrap().as_secs()), (0.5, 4));
        run.hear(Word::Progress(Progress::Validating { epoch: 0, done: 2, of: 4 }), start);
        assert_eq!(run.judging, Some((2, 4)));
        run.hear(epoch(0), start + Duration::from_secs(5));
        assert_eq!((run.epoch, run.step, run.judging, run.share()), (1, 0, None, 0.5));
        run.hear(Word::Paused, start);
        assert_eq!((run.stage.clone(), run.left()), (Stage::Paused, None));
        assert_eq!(run.hear(Word::Progress(Progress::Finished { reason: Ending::Epochs }), start), Change::Ended);
        assert!(!run.stage.under_way());
    }

    #[test]
    fn a_resumed_run_knows_where_it_is() {
        let mut first = Run::new(TrainSettings { epochs: 2, ..TrainSettings::default() });
        for word in [step(0, 0), step(0, 1), step(0, 2), step(0, 3), epoch(0), step(1, 0)] {
            first.hear(word, Instant::now());
        }
        let mut second = Run::new(first.settings.clone());
        second.hear(Word::Ready(Ready { steps: 4, history: first.history, ..Ready::default() }), Instant::now());
        assert_eq!((second.epoch, second.step, second.share()), (1, 1, 0.625));
    }

    #[test]
    fn what_cannot_be_resumed_keeps_what_there_was() {
        let mut first = Run::new(TrainSettings::default());
        for word in [step(0, 0), epoch(0), Word::Checkpoint(vec![7]), Word::Stopped] {
            first.hear(word, Instant::now());
        }
        let mut second = Run::again(first, TrainSettings { epochs: 9, ..TrainSettings::default() });
        assert_eq!((second.stage.clone(), second.settings.epochs), (Stage::Opening, 9));
        second.hear(Word::Failed("no".into()), Instant::now());
        assert_eq!((second.history.epochs.len(), second.checkpoint), (1, Some(vec![7])));
    }
}
