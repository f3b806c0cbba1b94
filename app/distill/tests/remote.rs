//! A run driven through orders and words, as a window's thread and a page's Worker do.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_distill::data::{Sample, Source};
use fovea_distill::remote::{Driver, Order, Start, Word};
use fovea_distill::synth::{Counts, Part, SynthSettings, draw, plan};
use fovea_distill::{Device, Progress, TrainSettings, TrainViews, ViewSet};
use fovea_student::fresh::{Fresh, random_vgg16};

fn start(epochs: usize) -> Start {
    let settings = SynthSettings { px: 64, ..SynthSettings::default() };
    let (mut train, mut validation) = (vec![], vec![]);
    for patch in plan(&settings, Counts { train: 8, validation: 4, test: 0 }, 2048).unwrap() {
        let drawn = draw(&settings, patch.grade, patch.index).unwrap();
        let png = fovea_patch::export::rgb_png(&drawn.rgb, 64, 64).unwrap();
        let sample = Sample { name: patch.name, source: Source::Memory(png.into()), label: patch.grade.label(), mask: None };
        if patch.part == Part::Train { train.push(sample) } else { validation.push(sample) }
    }
    let classes = ["NC", "G3", "G4", "G5"].map(String::from).to_vec();
    let student = random_vgg16(&Fresh { divisor: 32, classes: classes.clone(), input_px: 64, seed: 1 }).unwrap();
    let settings = TrainSettings { epochs, batch: 4, views: TrainViews::Exported(ViewSet::Plain), ..TrainSettings::default() };
    Start {
        student: fovea_student::file::write(&student).unwrap(),
        settings,
        classes,
        origin: "drawn".into(),
        train,
        validation,
        teacher: None,
        checkpoint: None,
    }
}

/// Through the message form, as a Worker gets it.
fn order(order: Order) -> Order {
    Order::unpack(order.pack().unwrap()).unwrap()
}

fn losses(words: &[Word]) -> Vec<f64> {
    let total =
        |word: &Word| if let Word::Progress(Progress::Step { record, .. }) = word { Some(record.losses.total) } else { None };
    words.iter().filter_map(total).collect()
}

/// Works until the run has nothing left to do.
fn to_the_end(driver: &mut Driver) -> Vec<Word> {
    let mut words = vec![];
    while driver.busy() {
        words.extend(driver.advance());
    }
    words
}

#[test]
fn a_run_goes_from_start_to_student() {
    let mut driver = Driver::new(Device::flex(), "CPU");
    assert!(!driver.busy() && driver.take(Order::Pause).is_empty());
    let words = driver.take(order(Order::Start(Box::new(start(2)))));
    assert!(matches!(&words[..], [Word::Ready(ready)] if ready.steps == 2 && ready.history.steps.is_empty()), "{words:?}");
    let words = to_the_end(&mut driver);
    assert_eq!(losses(&words).len(), 4);
    assert!(matches!(words.last(), Some(Word::Progress(Progress::Finished { .. }))));
    let students: Vec<_> =
        words.iter().filter_map(|w| if let Word::Student { bytes, epoch } = w { Some((bytes, epoch)) } else { None }).collect();
    assert_eq!(students[0].1, &Some(0), "the first epoch is the best so far");
    assert!(fovea_student::load(students[0].0, "trained").is_ok());
    assert_eq!(words.iter().filter(|w| matches!(w, Word::Checkpoint(_))).count(), 2);
}

#[test]
fn pausing_and_resuming_come_to_the_same_numbers() {
    let mut whole = Driver::new(Device::flex(), "CPU");
    whole.take(Order::Start(Box::new(start(2))));
    let wanted = losses(&to_the_end(&mut whole));
    let mut driver = Driver::new(Device::flex(), "CPU");
    driver.take(Order::Start(Box::new(start(2))));
    let mut found = losses(&driver.advance());
    let words = driver.take(order(Order::Pause));
    assert!(matches!(&words[..], [Word::Checkpoint(_), Word::Paused]) && driver.advance().is_empty());
    assert!(matches!(driver.take(order(Order::Go))[..], [Word::Ready(_)]));
    found.extend(losses(&driver.advance()));
    let words = driver.take(order(Order::Stop));
    let [Word::Checkpoint(checkpoint), Word::Student { epoch: None, .. }, Word::Stopped] = &words[..] else {
        panic!("{words:?}")
    };
    let again = Start { checkpoint: Some(checkpoint.clone()), ..start(2) };
    let words = driver.take(order(Order::Start(Box::new(again))));
    assert!(matches!(&words[..], [Word::Ready(ready)] if ready.history.steps.len() == 2));
    found.extend(losses(&to_the_end(&mut driver)));
    assert_eq!(found, wanted);
}

#[test]
fn what_cannot_start_says_why() {
    let mut driver = Driver::new(Device::flex(), "CPU");
    let failed = |words: Vec<Word>| match &words[..] {
        [Word::Failed(reason)] => reason.clone(),
        other => panic!("{other:?}"),
    };
    let other = Start { classes: vec!["a".into(), "b".into()], ..start(1) };
    assert!(failed(driver.take(Order::Start(Box::new(other)))).contains("classes"));
    let broken = Start { student: vec![1, 2, 3], ..start(1) };
    assert!(failed(driver.take(Order::Start(Box::new(broken)))).contains("the Student"));
    let foreign = Start { checkpoint: Some(vec![0; 16]), ..start(1) };
    assert!(failed(driver.take(Order::Start(Box::new(foreign)))).contains("checkpoint"));
    assert!(!driver.busy());
}
