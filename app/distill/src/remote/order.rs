//! What a run is told.

use super::Parcel;
use crate::data::{Sample, Source};
use crate::settings::TrainSettings;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a run is told.
#[derive(Clone, Debug)]
pub enum Order {
    /// Begin; what ran before is given up.
    Start(Box<Start>),
    /// Stop before the next step, and wait.
    Pause,
    /// Go on; after a failure, try again.
    Go,
    /// Hand over the run's state.
    Checkpoint,
    /// End; what was trained so far is handed over.
    Stop,
}

/// A run without files: everything it needs, as bytes.
#[derive(Clone, Debug)]
pub struct Start {
    /// The Student file it starts from.
    pub student: Vec<u8>,
    /// How to train.
    pub settings: TrainSettings,
    /// Class names, in the order of the labels.
    pub classes: Vec<String>,
    /// For people: where the patches come from.
    pub origin: String,
    /// Patches that are trained on, in memory.
    pub train: Vec<Sample>,
    /// Patches that decide which weights are kept, in memory.
    pub validation: Vec<Sample>,
    /// Who teaches.
    pub teacher: Option<StartTeacher>,
    /// State of an earlier run that goes on.
    pub checkpoint: Option<Vec<u8>>,
}

/// Who teaches: a file's name, for messages, and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum StartTeacher {
    /// A targets file.
    Targets(String, Vec<u8>),
    /// A Student file that runs along.
    Live(String, Vec<u8>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
enum Head {
    Start(Box<StartHead>),
    Pause,
    Go,
    Checkpoint,
    Stop,
}

/// Without the buffers: these follow as Student, training patches, validation patches, Teacher, checkpoint.
#[derive(Serialize, Deserialize)]
struct StartHead {
    settings: TrainSettings,
    classes: Vec<String>,
    origin: String,
    train: Vec<(String, usize)>,
    validation: Vec<(String, usize)>,
    teacher: Option<(bool, String)>,
    checkpoint: bool,
}

impl Order {
    /// The order as a message.
    ///
    /// # Errors
    /// Patches that are not in memory.
    pub fn pack(&self) -> Result<Parcel, String> {
        match self {
            Self::Start(start) => start.pack(),
            Self::Pause => Parcel::new(&Head::Pause, vec![]),
            Self::Go => Parcel::new(&Head::Go, vec![]),
            Self::Checkpoint => Parcel::new(&Head::Checkpoint, vec![]),
            Self::Stop => Parcel::new(&Head::Stop, vec![]),
        }
    }

    /// The order of a message.
    ///
    /// # Errors
    /// A message that is none.
    pub fn unpack(parcel: Parcel) -> Result<Self, String> {
        let (head, parts) = parcel.open()?;
        Ok(match head {
            Head::Start(head) => Self::Start(Box::new(Start::unpack(*head, parts)?)),
            Head::Pause => Self::Pause,
            Head::Go => Self::Go,
            Head::Checkpoint => Self::Checkpoint,
            Head::Stop => Self::Stop,
        })
    }
}

impl Start {
    fn pack(&self) -> Result<Parcel, String> {
        let mut parts = vec![self.student.clone()];
        let mut list = |samples: &[Sample]| -> Result<Vec<(String, usize)>, String> {
            let mut heads = vec![];
            for sample in samples {
                let Source::Memory(bytes) = &sample.source else { return Err(format!("not in memory: {}", sample.name)) };
                parts.push(bytes.to_vec());
                heads.push((sample.name.clone(), sample.label));
            }
            Ok(heads)
        };
        let (train, validation) = (list(&self.train)?, list(&self.validation)?);
        let teacher = self.teacher.as_ref().map(|teacher| {
            let (StartTeacher::Targets(name, bytes) | StartTeacher::Live(name, bytes)) = teacher;
            parts.push(bytes.clone());
            (matches!(teacher, StartTeacher::Live(..)), name.clone())
        });
        parts.extend(self.checkpoint.clone());
        let head = StartHead {
            settings: self.settings.clone(),
            classes: self.classes.clone(),
            origin: self.origin.clone(),
            train,
            validation,
            teacher,
            checkpoint: self.checkpoint.is_some(),
        };
        Parcel::new(&Head::Start(Box::new(head)), parts)
    }

    fn unpack(head: StartHead, parts: Vec<Vec<u8>>) -> Result<Self, String> {
        let mut parts = parts.into_iter();
        let mut next = || parts.next().ok_or_else(|| "the message is cut short".to_string());
        let student = next()?;
        let mut list = |heads: Vec<(String, usize)>| -> Result<Vec<Sample>, String> {
            let sample = |(name, label)| Ok(Sample { name, label, source: Source::Memory(Arc::from(next()?)), mask: None });
            heads.into_iter().map(sample).collect()
        };
        let (train, validation) = (list(head.train)?, list(head.validation)?);
        let teacher = match head.teacher {
            Some((true, name)) => Some(StartTeacher::Live(name, next()?)),
            Some((false, name)) => Some(StartTeacher::Targets(name, next()?)),
            None => None,
        };
        let checkpoint = head.checkpoint.then(next).transpose()?;
        let (settings, classes, origin) = (head.settings, head.classes, head.origin);
        Ok(Self { student, settings, classes, origin, train, validation, teacher, checkpoint })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn start() -> Start {
        let sample = |name: &str, byte: u8| Sample {
            name: name.into(),
            label: usize::from(byte),
            source: Source::Memory(Arc::from(vec![byte; 3])),
            mask: None,
        };
        Start {
            student: vec![9; 4],
            settings: TrainSettings { epochs: 3, ..TrainSettings::default() },
            classes: vec!["a".into(), "b".into()],
            origin: "drawn".into(),
            train: vec![sample("one", 0), sample("two", 1)],
            validation: vec![sample("three", 1)],
            teacher: Some(StartTeacher::Live("t".into(), vec![7])),
            checkpoint: Some(vec![8, 8]),
        }
    }

    #[test]
    fn a_start_comes_back_with_every_buffer_in_its_place() {
        let parcel = Order::Start(Box::new(start())).pack().unwrap();
        assert_eq!(parcel.parts.len(), 6);
        let Order::Start(again) = Order::unpack(parcel).unwrap() else { panic!("another order") };
        let (first, start) = (&again.train[1], start());
        assert!(matches!(&first.source, Source::Memory(b) if b[..] == [1, 1, 1]));
        assert_eq!((first.name.as_str(), first.label, again.validation[0].name.as_str()), ("two", 1, "three"));
        assert_eq!((again.student, again.settings, again.teacher), (start.student, start.settings, start.teacher));
        assert_eq!((again.checkpoint, again.classes, again.origin), (start.checkpoint, start.classes, start.origin));
    }

    #[test]
    fn what_is_cut_short_or_foreign_is_refused() {
        let mut parcel = Order::Start(Box::new(start())).pack().unwrap();
        parcel.parts.pop();
        assert!(Order::unpack(parcel).unwrap_err().contains("cut short"));
        assert!(Order::unpack(Parcel { head: "{\"order\":\"sing\"}".into(), parts: vec![] }).is_err());
        let mut start = start();
        start.train[0].source = Source::File("x.png".into());
        assert!(Order::Start(Box::new(start)).pack().unwrap_err().contains("one"));
        for order in [Order::Pause, Order::Go, Order::Checkpoint, Order::Stop] {
            let again = Order::unpack(order.pack().unwrap()).unwrap();
            assert_eq!(std::mem::discriminant(&again), std::mem::discriminant(&order));
        }
    }
}
