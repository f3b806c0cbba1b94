//! What a run says.

use super::Parcel;
use crate::record::{History, Progress};
use serde::{Deserialize, Serialize};

/// What a run says.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// It can go; also after a failure, when it is tried again.
    Ready(Ready),
    /// The Student it starts from, as a file.
    From(Vec<u8>),
    /// A unit of work is done.
    Progress(Progress),
    /// The Student with the best weights so far, as a file without self-check.
    Student {
        /// The file.
        bytes: Vec<u8>,
        /// Epoch of the weights, from 0; none before the end of the first.
        epoch: Option<usize>,
    },
    /// State from which the run can go on.
    Checkpoint(Vec<u8>),
    /// It waits.
    Paused,
    /// It ended because it was told to.
    Stopped,
    /// It cannot go on; the last checkpoint is unharmed.
    Failed(String),
}

/// A run that can go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// Optimiser steps of an epoch.
    pub steps: usize,
    /// Share of the run that is done, 0 to 1.
    pub share: f64,
    /// What computes, for people.
    pub device: String,
    /// What happened before.
    pub history: History,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
enum Head {
    Ready { ready: Ready },
    From,
    Progress { progress: Progress },
    Student { epoch: Option<usize> },
    Checkpoint,
    Paused,
    Stopped,
    Failed { reason: String },
}

impl Word {
    /// The word as a message.
    ///
    /// # Errors
    /// Only where JSON cannot hold a value.
    pub fn pack(self) -> Result<Parcel, String> {
        let (head, parts) = match self {
            Self::Ready(ready) => (Head::Ready { ready }, vec![]),
            Self::From(bytes) => (Head::From, vec![bytes]),
            Self::Progress(progress) => (Head::Progress { progress }, vec![]),
            Self::Student { bytes, epoch } => (Head::Student { epoch }, vec![bytes]),
            Self::Checkpoint(bytes) => (Head::Checkpoint, vec![bytes]),
            Self::Paused => (Head::Paused, vec![]),
            Self::Stopped => (Head::Stopped, vec![]),
            Self::Failed(reason) => (Head::Failed { reason }, vec![]),
        };
        Parcel::new(&head, parts)
    }

    /// The word of a message.
    ///
    /// # Errors
    /// A message that is none.
    pub fn unpack(parcel: Parcel) -> Result<Self, String> {
        let (head, mut parts) = parcel.open()?;
        let mut bytes = || parts.pop().ok_or_else(|| "the message is cut short".to_string());
        Ok(match head {
            Head::Ready { ready } => Self::Ready(ready),
            Head::From => Self::From(bytes()?),
            Head::Progress { progress } => Self::Progress(progress),
            Head::Student { epoch } => Self::Student { bytes: bytes()?, epoch },
            Head::Checkpoint => Self::Checkpoint(bytes()?),
            Head::Paused => Self::Paused,
            Head::Stopped => Self::Stopped,
            Head::Failed { reason } => Self::Failed(reason),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::record::{Ending, Losses, StepRecord};

    #[test]
    fn every_word_comes_back() {
        let losses = Losses { terms: vec![("ce".into(), 0.1)], total: 0.1 };
        let record = StepRecord { epoch: 1, step: 2, losses, gradient_norm: 0.3 };
        let history = History { steps: vec![record.clone()], ..History::default() };
        let words = [
            Word::Ready(Ready { steps: 4, share: 0.5, device: "CPU".into(), history }),
            Word::From(vec![4]),
            Word::Progress(Progress::Step { record, of: 4 }),
            Word::Progress(Progress::Finished { reason: Ending::Patience }),
            Word::Student { bytes: vec![1, 2], epoch: Some(3) },
            Word::Checkpoint(vec![5]),
            Word::Paused,
            Word::Stopped,
            Word::Failed("no".into()),
        ];
        for word in words {
            assert_eq!(Word::unpack(word.clone().pack().unwrap()).unwrap(), word);
        }
        let mut cut = Word::Checkpoint(vec![5]).pack().unwrap();
        cut.parts.clear();
        assert!(Word::unpack(cut).is_err());
    }
}
