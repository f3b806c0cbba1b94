#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::analysis::{Analyzer, embedded};
use fovea_engine::{Device, Preference};
use pollster::block_on;

fn there_and_back(job: &Job) -> Job {
    Job::unpack(job.pack().unwrap()).unwrap()
}

fn sample() -> Patch {
    embedded::SAMPLES[0].decode().unwrap()
}

#[test]
fn jobs_arrive_as_they_were_sent() {
    let patch = Arc::new(sample());
    let settings = Settings { layer: Some("-2".into()), relu: true, preference: Preference::Cpu, ..Default::default() };
    let job = Job::Analyze { patch: patch.clone(), settings: settings.clone() };
    let Job::Analyze { patch: p, settings: s } = there_and_back(&job) else { panic!("another job") };
    assert_eq!((p.as_ref(), s), (patch.as_ref(), settings));
    let student = Arc::new(embedded::student().unwrap());
    let job = Job::Student { student: student.clone(), settings: Settings::default() };
    let Job::Student { student: s, .. } = there_and_back(&job) else { panic!("another job") };
    assert_eq!((&s.graph, &s.card.class_names), (&student.graph, &student.card.class_names));
    let job = Job::Decode { name: "a.png".into(), bytes: vec![1, 2, 3].into(), max_pixels: 7 };
    let Job::Decode { name, bytes, max_pixels } = there_and_back(&job) else { panic!("another job") };
    assert_eq!((name.as_str(), &bytes[..], max_pixels), ("a.png", &[1, 2, 3][..], 7));
}

#[test]
fn answers_arrive_as_they_were_sent() {
    let patch = sample();
    let (device, student) = (Device::cpu("test"), embedded::student().unwrap());
    let mut analyzer = Analyzer::new(&device, &student, Settings::default()).unwrap();
    let mut result = block_on(analyzer.analyze_patch(&patch)).unwrap();
    // Times are the one thing that JSON may round in the last digit.
    result.total_ms = 12.5;
    result.stages.iter_mut().for_each(|(_, ms)| *ms = 0.25);
    let answer = Answer::Result { result: result.clone(), executor: "here".into() };
    let Answer::Result { result: r, executor } = Answer::unpack(answer.pack().unwrap()).unwrap() else { panic!("another") };
    assert_eq!((r, executor.as_str()), (result.clone(), "here"));
    let Answer::Patch(p) = Answer::unpack(Answer::Patch(patch.clone()).pack().unwrap()).unwrap() else { panic!("another") };
    assert_eq!(p, patch);
}

#[test]
fn damaged_messages_are_errors() {
    let whole = Job::Analyze { patch: Arc::new(sample()), settings: Settings::default() }.pack().unwrap();
    for damaged in [
        Parcel::default(),
        Parcel { head: "{}".into(), ..whole.clone() },
        Parcel { parts: vec![vec![0; 5]], ..whole.clone() },
        Parcel { parts: vec![], ..whole },
    ] {
        assert!(Job::unpack(damaged).is_err());
    }
    assert!(Answer::unpack(Parcel::default()).is_err());
}
