//! Training from a file of targets is training with the Teacher that made them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{relative, student, tensors};
use fovea_distill::data::{Sample, Source};
use fovea_distill::targets::TargetsFile;
use fovea_distill::*;
use fovea_patch::{Limits, decode, resize};
use fovea_student::View;
use std::path::{Path, PathBuf};

const PX: usize = 128;

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file)
}

fn terms() -> Terms {
    let at = |layer: &str| At {
        weight: 10.0,
        layer: layer.into(),
        teacher_layer: None,
        form: AttentionForm::Positive,
        loss: AttentionLoss::L2,
        normalise: AttentionScale::MinMax,
    };
    Terms {
        kd: Some(Kd { weight: 1.0, t: 1.0 }),
        fm: Some(Fm { weight: 0.1, layer: "-1".into() }),
        sr: Some(Sr { weight: 1.0, kind: SrKind::Last }),
        at: vec![at("-2"), at("-1")],
        ..Terms::default()
    }
}

#[test]
fn a_step_from_a_file_is_a_step_with_the_teacher() {
    let name = "teacher/aug.targets.safetensors";
    let file = TargetsFile::read(std::fs::read(golden(name)).unwrap(), name).unwrap();
    let network = student(&tensors(&golden("kd_resolution/teacher.safetensors")), PX);
    let (device, terms) = (Device::flex(), terms());
    file.check_teacher("teacher.safetensors", &network.weights.sha256()).unwrap();
    let (mut views, mut pixels) = (vec![], vec![]);
    for image in ["larger.png", "same.png"] {
        let bytes = std::fs::read(golden("teacher").join(image)).unwrap();
        let patch = decode(&bytes, image, &Limits::default()).unwrap();
        let rgb = resize::area(&patch.rgb, patch.width, patch.height, PX, PX);
        for view in file.metadata().views.ids() {
            let seen = view.apply(&rgb, PX, &patch.sha256).unwrap();
            pixels.extend((0..3).flat_map(|c| seen.chunks_exact(3).map(move |p| f32::from(p[c]) / 255.0).collect::<Vec<_>>()));
            views.push((patch.sha256.clone(), view));
        }
    }
    let batch = Batch::new(pixels, PX, vec![0, 1, 2, 3], &device).unwrap();
    let selection = file.select(&terms).unwrap();
    let asked: Vec<(&str, ViewId)> = views.iter().map(|(hash, view)| (hash.as_str(), *view)).collect();
    let gathered = file.gather(&asked, &selection).unwrap();
    let cached = Targets::cached(&file, &selection, gathered, &device).unwrap();
    let teacher = Teacher::new(&network.graph, &network.weights, &View::default(), PX, &terms, &device).unwrap();
    let live = teacher.targets(batch.images.clone()).unwrap();

    let reduced = View { factor: 4, ..View::default() };
    let distiller = Distiller::new(&network.graph, &network.weights, &reduced, PX, terms, None).unwrap();
    let parameters = distiller.parameters(&network.weights, &device);
    let step = |targets: &Targets| distiller.step(&parameters, &batch, Some(targets)).unwrap();
    let (from_file, from_teacher) = (step(&cached), step(&live));
    let (a, b) = (from_file.values().unwrap(), from_teacher.values().unwrap());
    assert_eq!(a.terms.len(), 6);
    for ((term, a), (_, b)) in a.terms.iter().zip(&b.terms) {
        // FM's features went through half precision.
        let tolerance = if term == "fm" { 1e-3 } else { 1e-4 };
        assert!(b.abs() > 1e-3 && (a - b).abs() <= tolerance * b.abs(), "{term}: {a} from the file, {b} from the Teacher");
    }
    let weights = |step: &Step| step.gradients.weights(&parameters).unwrap();
    let (a, b) = (weights(&from_file), weights(&from_teacher));
    for (name, gradient) in b.iter() {
        let off = relative(a.get(name).unwrap().data(), gradient.data());
        assert!(off <= 1e-2, "{name}: {off:e}");
    }
}

/// The golden pictures as a data set; `more` is a picture the targets do not know.
fn material(classes: &[&str], more: bool) -> Material {
    let sample = |(label, name): (usize, &str)| {
        let mut bytes = std::fs::read(golden("teacher").join(name)).unwrap();
        if name == "same.png" && more {
            // What follows a picture's end is not looked at, but makes another file of it.
            bytes.push(0);
        }
        Sample { name: name.into(), source: Source::Memory(bytes.into()), label, mask: None }
    };
    let set = || Set::new(["larger.png", "same.png"].into_iter().enumerate().map(sample).collect(), PX, 1 << 20);
    let classes = classes.iter().map(ToString::to_string).collect();
    Material { train: set(), validation: set(), classes, origin: "tests".into() }
}

#[test]
fn targets_for_something_else_are_refused_before_training() {
    let name = "teacher/aug.targets.safetensors";
    let own = ["NC", "G3", "G4", "G5"];
    let start = |classes: &[&str], views: TrainViews, um_per_px, more| {
        let file = TargetsFile::read(std::fs::read(golden(name)).unwrap(), name).unwrap();
        let mut network = student(&tensors(&golden("kd_resolution/teacher.safetensors")), PX);
        network.card.class_names = classes.iter().map(ToString::to_string).collect();
        network.card.um_per_px = um_per_px;
        let settings = TrainSettings { terms: terms(), views, batch: 2, ..TrainSettings::default() };
        let knowledge = Knowledge::File(Box::new(FileTeacher::new(file, &settings.terms).unwrap()));
        Trainer::new(network, settings, material(classes, more), knowledge, &Device::flex()).map(|_| ())
    };
    let exported = || TrainViews::Exported("aug:2:7".parse().unwrap());
    start(&own, exported(), Some(1.0), false).unwrap();
    start(&own, TrainViews::Exported("aug:1:7".parse().unwrap()), None, false).unwrap();
    let refused = [
        (start(&own, TrainViews::Exported(ViewSet::Dihedral8), Some(1.0), false), "have aug:2:7, the run has dihedral8"),
        (start(&own, TrainViews::Continuous, Some(1.0), false), "'continuous' needs the Teacher itself"),
        (start(&own, exported(), Some(2.0), false), "have 1 µm/px, the Student has 2 µm/px"),
        (start(&["NC", "G4", "G3", "G5"], exported(), Some(1.0), false), "have NC, G3, G4, G5, the data has NC, G4, G3, G5"),
        (start(&own, exported(), Some(1.0), true), "lack 1 of 2 images (first: same.png)"),
    ];
    for (outcome, reason) in refused {
        let said = outcome.unwrap_err().to_string();
        assert!(said.contains(reason), "{reason}: {said}");
    }
}
