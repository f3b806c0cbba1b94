//! The training loop: it learns, it can be stopped anywhere, and it refuses what cannot work.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_distill::config::{At, Fm, Kd, Sr, Terms};
use fovea_distill::data::{Sample, Source};
use fovea_distill::record::{Ending, Progress};
use fovea_distill::targets::{AttentionLayer, Metadata, Plan, Row, TargetsFile, TeacherId, VERSION, Writer};
use fovea_distill::train::{FileTeacher, Knowledge};
use fovea_distill::*;
use fovea_student::fresh::{Fresh, random_vgg16};
use fovea_student::{Student, Tensor};
use std::io::Cursor;

const PX: usize = 32;

/// A picture whose class is the direction of its stripes; everything else about it is noise.
fn picture(class: usize, seed: u64) -> Vec<u8> {
    let mut draws = fovea_student::random::Draws::new(seed * 2 + class as u64);
    let phase = (draws.unit() * 6.0) as usize;
    let mut rgb = vec![];
    for y in 0..PX {
        for x in 0..PX {
            let along = if class == 0 { x } else { y };
            let base = if (along + phase) % 6 < 3 { 190.0 } else { 90.0 };
            rgb.extend((0..3).map(|_| (base + 60.0 * (draws.unit() - 0.5)) as u8));
        }
    }
    let mut bytes = Cursor::new(vec![]);
    let image = image::RgbImage::from_raw(PX as u32, PX as u32, rgb).unwrap();
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn set(n: usize, seed: u64) -> Set {
    let sample = |i: usize| Sample {
        name: format!("{seed}-{i}.png"),
        source: Source::Memory(picture(i % 2, seed * 1000 + i as u64).into()),
        label: i % 2,
        mask: None,
    };
    Set::new((0..n).map(sample).collect(), PX, 1 << 24)
}

fn material(n: usize) -> Material {
    Material { train: set(n, 1), validation: set(12, 2), classes: classes(), origin: "stripes".into() }
}

fn classes() -> Vec<String> {
    vec!["lying".into(), "standing".into()]
}

fn student(seed: u64, data: &Material) -> Student {
    let mut student = random_vgg16(&Fresh { divisor: 16, classes: classes(), input_px: PX, seed }).unwrap();
    train::settle(&mut student, &data.train, &Device::flex()).unwrap();
    student
}

fn settings(epochs: usize) -> TrainSettings {
    let mut settings = TrainSettings { epochs, batch: 8, seed: 7, ..TrainSettings::default() };
    settings.optimiser.lr = 2e-3;
    settings
}

fn at_plus(weight: f64) -> At {
    serde_json::from_value(serde_json::json!({ "weight": weight })).unwrap()
}

fn all_terms() -> Terms {
    Terms {
        kd: Some(Kd { weight: 0.5, t: 1.0 }),
        fm: Some(Fm { weight: 0.1, layer: "-1".into() }),
        sr: Some(Sr { weight: 0.1, kind: SrKind::Last }),
        at: vec![at_plus(1.0)],
        ..Terms::default()
    }
}

fn finish(trainer: &mut Trainer) -> Ending {
    loop {
        if let Progress::Finished { reason } = trainer.advance().unwrap() {
            return reason;
        }
    }
}

fn hash(trainer: &Trainer) -> String {
    trainer.trained().unwrap().student.weights.sha256()
}

#[test]
fn it_learns_and_keeps_the_best_epoch() {
    let data = material(48);
    let mut trainer = Trainer::new(student(3, &data), settings(8), data, Knowledge::None, &Device::flex()).unwrap();
    assert_eq!(trainer.steps(), 6);
    assert_eq!(finish(&mut trainer), Ending::Epochs);
    let history = trainer.history();
    assert_eq!((history.epochs.len(), history.steps.len()), (8, 48));
    let (first, last) = (&history.epochs[0].losses.total, &history.epochs[7].losses.total);
    assert!(*last < 0.5 * first, "loss {first} → {last}");
    let trained = trainer.trained().unwrap();
    let best = trained.best.unwrap();
    assert!(best.validation.balanced_accuracy > 0.9, "{:?}", best.validation);
    let judged = trainer.judge(&trained.student, &set(12, 2)).unwrap().metrics();
    assert_eq!(judged, best.validation, "the kept weights are those of the best epoch");
    assert_eq!(trained.student.card.training.record["patches"]["train"], 48);
    assert!(trained.student.card.self_check.is_none());
}

#[test]
fn a_run_that_is_killed_and_resumed_comes_to_the_same_numbers() {
    let device = Device::flex();
    let data = material(24);
    let teacher = student(9, &data);
    let make = |checkpoint: Option<&[u8]>| {
        let settings = TrainSettings { terms: all_terms(), ..settings(3) };
        let knowledge = Knowledge::live(&teacher, &settings.terms, &device).unwrap();
        match checkpoint {
            None => Trainer::new(student(3, &data), settings, data.clone(), knowledge, &device),
            Some(bytes) => Trainer::resume(bytes, student(3, &data), settings, data.clone(), knowledge, &device),
        }
    };
    let mut whole = make(None).unwrap();
    finish(&mut whole);
    // In the middle of the second epoch, and between validation and the next epoch.
    for units in [6, 5] {
        let mut first = make(None).unwrap();
        (0..units).for_each(|_| drop(first.advance().unwrap()));
        let checkpoint = first.checkpoint().unwrap();
        // What happens after the checkpoint is lost with the process.
        drop(first.advance());
        drop(first);
        let mut second = make(Some(&checkpoint)).unwrap();
        assert_eq!(second.history().steps.len(), if units == 6 { 4 } else { 3 });
        finish(&mut second);
        assert_eq!(hash(&second), hash(&whole));
        assert_eq!(second.history().epochs.last().unwrap().validation, whole.history().epochs.last().unwrap().validation);
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused_with_both_sides() {
    let device = Device::flex();
    let data = material(24);
    let mut trainer = Trainer::new(student(3, &data), settings(1), data.clone(), Knowledge::None, &device).unwrap();
    trainer.advance().unwrap();
    let checkpoint = trainer.checkpoint().unwrap();
    let refused = |student: Student, settings: TrainSettings, data: Material, bytes: &[u8]| {
        let outcome = Trainer::resume(bytes, student, settings, data, Knowledge::None, &device);
        outcome.err().expect("refused").to_string()
    };
    let said = refused(student(4, &data), settings(1), data.clone(), &checkpoint);
    assert!(said.contains("Student") && said.contains(&student(4, &data).card.weights_sha256), "{said}");
    let said = refused(student(3, &data), TrainSettings { batch: 4, ..settings(1) }, data.clone(), &checkpoint);
    assert!(said.contains("\"batch\":8") && said.contains("\"batch\":4"), "{said}");
    let other = Material { train: set(25, 5), ..data.clone() };
    assert!(refused(student(3, &data), settings(1), other, &checkpoint).contains("training set"));
    for cut in [0, 7, 100, checkpoint.len() / 2] {
        assert!(refused(student(3, &data), settings(1), data.clone(), &checkpoint[..cut]).contains("checkpoint"));
    }
    // More epochs are another matter, and so is a smaller step, which is written down.
    assert!(Trainer::resume(&checkpoint, student(3, &data), settings(5), data.clone(), Knowledge::None, &device).is_ok());
    let mut slower = settings(1);
    slower.optimiser.lr /= 10.0;
    let resumed = Trainer::resume(&checkpoint, student(3, &data), slower.clone(), data, Knowledge::None, &device).unwrap();
    let rate = resumed.history().rates[0];
    assert_eq!((rate.epoch, rate.step, rate.before, rate.lr), (0, 1, settings(1).optimiser.lr, slower.optimiser.lr));
    assert_eq!(resumed.trained().unwrap().student.card.training.record["rates"][0]["lr"], slower.optimiser.lr);
}

/// The Teacher's targets of a set's pictures as they are, written and read back.
fn targets(teacher: &Student, data: &Set, terms: &Terms) -> TargetsFile {
    let device = Device::flex();
    let live = Teacher::new(&teacher.graph, &teacher.weights, &teacher.card.view, PX, terms, &device).unwrap();
    let attention = AttentionLayer { layer: "-1".into(), level: Some(-1), form: AttentionForm::Positive, grid: [2, 2] };
    let metadata = Metadata {
        version: VERSION,
        teacher: TeacherId { name: "teacher".into(), sha256: teacher.weights.sha256() },
        classes: classes(),
        input_px: PX,
        um_per_px: None,
        views: ViewSet::Plain,
        attention: vec![attention],
        features: vec![],
        pooled: None,
        program: "test".into(),
    };
    let plan = Plan::new(metadata, data.len(), "t").unwrap();
    let mut writer = Writer::in_memory(plan, None, "t").unwrap();
    for i in 0..data.len() {
        let picture = data.store.get(i).unwrap();
        let pixels = (0..3).flat_map(|c| picture.rgb.iter().skip(c).step_by(3)).map(|&v| f32::from(v) / 255.0).collect();
        let batch = Batch::new(pixels, PX, vec![0], &device).unwrap();
        let said = live.targets(batch.images).unwrap();
        let logits = said.logits.try_into_vec_as::<f32>().unwrap();
        let map = said.maps[0].clone().try_into_vec_as::<f32>().unwrap();
        writer.push(&picture.sha256, &ViewId::Plain, &Row { logits, attention: vec![map], ..Row::default() }).unwrap();
    }
    TargetsFile::read(writer.finish().unwrap().into_inner(), "t").unwrap()
}

#[test]
fn a_targets_file_teaches_what_its_teacher_does() {
    let device = Device::flex();
    let data = material(16);
    let teacher = student(9, &data);
    let terms = Terms { kd: Some(Kd { weight: 1.0, t: 1.0 }), at: vec![at_plus(3.0)], ..Terms::default() };
    let settings = TrainSettings { terms: terms.clone(), views: "plain".parse().unwrap(), ..settings(1) };
    let run = |knowledge: Knowledge| {
        let mut trainer = Trainer::new(student(3, &data), settings.clone(), data.clone(), knowledge, &device).unwrap();
        finish(&mut trainer);
        trainer.history().steps.clone()
    };
    let live = run(Knowledge::live(&teacher, &terms, &device).unwrap());
    let file = || Box::new(FileTeacher::new(targets(&teacher, &data.train, &terms), &terms).unwrap());
    let read = run(Knowledge::File(file()));
    assert_eq!(live.len(), 2);
    for (a, b) in live.iter().zip(&read) {
        for ((name, a), (_, b)) in a.losses.terms.iter().zip(&b.losses.terms) {
            assert!((a - b).abs() <= 1e-5 * a.abs(), "{name}: live {a}, file {b}");
        }
    }
    // Views that the file does not hold are refused.
    let other = |views: &str| {
        let settings = TrainSettings { views: views.parse().unwrap(), ..settings.clone() };
        let outcome = Trainer::new(student(3, &data), settings, data.clone(), Knowledge::File(file()), &device);
        outcome.err().expect("refused").to_string()
    };
    assert!(other("continuous").contains("continuous"));
    assert!(other("dihedral8").contains("dihedral8"));
    // And so are pictures it does not know.
    let strangers = Material { train: set(16, 5), ..data.clone() };
    let outcome = Trainer::new(student(3, &data), settings.clone(), strangers, Knowledge::File(file()), &device);
    assert!(outcome.err().unwrap().to_string().contains("16 of 16"));
}

#[test]
fn frozen_layers_stay_and_the_rest_trains_as_if_they_were_not_cut_off() {
    let device = Device::flex();
    let data = material(16);
    let teacher = student(9, &data);
    let terms = Terms { at: vec![at_plus(1.0)], ..Terms::default() };
    let make = |freeze: Option<&str>| {
        let views = "dihedral8".parse().unwrap();
        let settings = TrainSettings { terms: terms.clone(), freeze: freeze.map(str::to_string), views, ..settings(4) };
        let knowledge = Knowledge::live(&teacher, &terms, &device).unwrap();
        Trainer::new(student(3, &data), settings, data.clone(), knowledge, &device)
    };
    let mut free = make(None).unwrap();
    let mut frozen = make(Some("-3")).unwrap();
    let step = |t: &mut Trainer| match t.advance().unwrap() {
        Progress::Step { record, .. } => record,
        other => panic!("{other:?}"),
    };
    let (a, b) = (step(&mut free), step(&mut frozen));
    assert!((a.losses.total - b.losses.total).abs() < 1e-5, "{a:?} {b:?}");
    assert!(b.gradient_norm < a.gradient_norm);
    finish(&mut frozen);
    let (before, after) = (student(3, &data).weights, frozen.trained().unwrap().student.weights);
    let same = |name: &str| before.get(name).map(Tensor::data) == after.get(name).map(Tensor::data);
    assert!(["0.0.0.weight", "0.1.7.bias", "0.2.14.weight"].into_iter().all(same));
    assert!(["0.3.17.weight", "0.4.28.weight", "2.weight"].into_iter().all(|name| !same(name)));
    // Attention in front of the frozen layer cannot be taught.
    let deep: Terms = serde_json::from_str(r#"{"at": [{"weight": 1, "layer": "-4"}]}"#).unwrap();
    let settings = TrainSettings { terms: deep.clone(), freeze: Some("-2".into()), ..settings(1) };
    let knowledge = Knowledge::live(&teacher, &deep, &device).unwrap();
    let said = Trainer::new(student(3, &data), settings, data, knowledge, &device).err().unwrap().to_string();
    assert!(said.contains("frozen"), "{said}");
}

#[test]
fn parts_of_a_batch_add_up_to_the_batch() {
    let device = Device::flex();
    let data = material(16);
    let run = |accumulate: usize| {
        let settings = TrainSettings { accumulate, ..settings(1) };
        let mut trainer = Trainer::new(student(3, &data), settings, data.clone(), Knowledge::None, &device).unwrap();
        trainer.advance().unwrap();
        trainer.history().steps[0].clone()
    };
    let (whole, parts) = (run(1), run(4));
    assert!((whole.losses.total - parts.losses.total).abs() < 1e-5);
    assert!((whole.gradient_norm - parts.gradient_norm).abs() < 1e-4 * whole.gradient_norm);
}

#[test]
fn numbers_that_run_away_end_the_run_and_say_where() {
    let data = material(16);
    let mut settings = settings(3);
    settings.optimiser.lr = 1e30;
    let mut trainer = Trainer::new(student(3, &data), settings, data, Knowledge::None, &Device::flex()).unwrap();
    let said = loop {
        match trainer.advance() {
            Ok(Progress::Finished { .. }) => panic!("it trained with a step size of 1e30"),
            Ok(_) => {}
            Err(e) => break e.to_string(),
        }
    };
    assert!(said.contains("epoch 1") && said.contains("not finite"), "{said}");
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let data = material(16);
    let refused = |student: Student, settings: TrainSettings, data: Material| {
        let outcome = Trainer::new(student, settings, data, Knowledge::None, &Device::flex());
        outcome.err().expect("refused").to_string()
    };
    let ours = || student(3, &data);
    let said = refused(ours(), TrainSettings { batch: 17, ..settings(1) }, data.clone());
    assert!(said.contains("17") && said.contains("16"), "{said}");
    let named = Material { classes: vec!["a".into(), "b".into()], ..data.clone() };
    let said = refused(ours(), settings(1), named);
    assert!(said.contains("lying, standing") && said.contains("a, b"), "{said}");
    assert!(refused(ours(), settings(1), Material { validation: set(0, 2), ..data.clone() }).contains("validation"));
    let mut one = data.clone();
    one.train.labels.iter_mut().for_each(|label| *label = 1);
    assert!(refused(ours(), settings(1), one).contains("one class"));
    assert!(refused(ours(), TrainSettings { terms: all_terms(), ..settings(1) }, data.clone()).contains("Teacher"));
    assert!(refused(ours(), TrainSettings { freeze: Some("nowhere".into()), ..settings(1) }, data.clone()).contains("nowhere"));
    let kernel = ours().weights.iter().map(|(name, _)| name.to_string()).find(|name| name.ends_with("weight")).unwrap();
    let frozen = TrainSettings { freeze: Some(kernel), ..settings(1) };
    assert!(refused(ours(), frozen, data.clone()).contains("no feature map"));
    let mut wrong = data.clone();
    wrong.validation.labels[0] = 2;
    assert!(refused(ours(), settings(1), wrong).contains("the label 2, there are 2 classes"));
    let broken = Sample { source: Source::Memory(vec![1, 2, 3].into()), ..data.train.store.samples()[0].clone() };
    let broken = Material { train: Set::new(vec![broken, data.train.store.samples()[1].clone()], PX, 0), ..data.clone() };
    let mut trainer =
        Trainer::new(ours(), TrainSettings { batch: 2, ..settings(1) }, broken, Knowledge::None, &Device::flex()).unwrap();
    assert!(trainer.advance().unwrap_err().to_string().contains("1-0.png"));
}
