//! The model card: what is refused, what is kept, and the self-check that travels with it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{bare, golden, interpret};
use fovea_student::card::{CheckResults, Normalisation};
use fovea_student::explain::Method;
use fovea_student::load::Reason;
use fovea_student::{BareInfo, LOGITS, Loaded, ModelCard, SelfCheck, Student, load};

fn teacher() -> Student {
    let info = BareInfo { input_px: Some(32), um_per_px: Some(4.0), ..BareInfo::default() };
    bare(&golden("teacher.safetensors"), "t").into_student(&info).unwrap()
}

#[test]
fn a_self_check_travels_with_the_file() {
    let mut s = teacher();
    let shape = s.graph.input_shape().to_vec();
    let results = |logits: &[f32], map: &[f32]| {
        let results = CheckResults { logits, layer: "0.4.28", method: Method::Positive, map_shape: [4, 2, 2], map };
        SelfCheck::new(11, &shape, results)
    };
    let draft = results(&[0.0; 4], &[0.0; 16]).unwrap();
    let logits = interpret::value(&s.graph, &s.weights, &draft.input(&shape).unwrap(), LOGITS);
    let map: Vec<f32> = (0..16).map(|i| i as f32).collect();
    s.card.self_check = Some(results(&logits, &map).unwrap());
    let bytes = fovea_student::file::write(&s).unwrap();
    let Loaded::Ready(back) = load(&bytes, "s").unwrap() else { panic!("it is bare") };
    let check = back.card.self_check.unwrap();
    let again = interpret::value(&back.graph, &back.weights, &check.input(&shape).unwrap(), LOGITS);
    assert_eq!(check.compare(&again, &map).unwrap().logits, 0.0);
    assert!(check.compare(&map[..4], &map).unwrap_err().to_string().contains("scores"));
    assert!(results(&logits[..3], &map).is_err() && results(&[f32::NAN; 4], &map).is_err());
}

#[test]
fn contradictions_are_refused() {
    let refuse = |change: fn(&mut ModelCard)| {
        let s = teacher();
        let mut card = s.card.clone();
        change(&mut card);
        card.validate(&s.graph).unwrap_err().to_string()
    };
    assert!(refuse(|c| drop(c.class_names.pop())).contains("3 classes"));
    assert!(refuse(|c| c.class_names[1] = "NC".into()).contains("'NC'"));
    assert!(refuse(|c| c.class_names[1] = " ".into()).contains("empty"));
    assert!(refuse(|c| c.class_colours.truncate(3)).contains("colours"));
    assert!(refuse(|c| c.input_px = 64).contains("64 px"));
    assert!(refuse(|c| c.um_per_px = Some(f64::NAN)).contains("µm/px"));
    assert!(refuse(|c| c.cam.layer = Some("nowhere".into())).contains("nowhere"));
    assert!(refuse(|c| c.view.factor = 5).contains("factor 5"));
    let mut s = teacher();
    s.card.class_names.pop();
    assert!(fovea_student::file::write(&s).is_err());
    let later = teacher().card.to_json().unwrap().replace("\"version\":1", "\"version\":2");
    assert!(ModelCard::from_json(&later).unwrap_err().to_string().contains("version 2"));
}

#[test]
fn wsinfer_configurations_fill_the_form() {
    let text = r#"{"spec_version": "1.0", "architecture": "resnet34", "num_classes": 2, "class_names": ["Other", "Tumor"],
        "patch_size_pixels": 350, "spacing_um_px": 0.25, "transform": [{"name": "Resize", "arguments": {"size": 224}},
        {"name": "ToTensor"}, {"name": "Normalize", "arguments": {"mean": [0.7, 0.6, 0.7], "std": [0.2, 0.2, 0.25]}}]}"#;
    let info = BareInfo::from_wsinfer(text).unwrap();
    assert_eq!((info.input_px, info.classes.unwrap().len()), (Some(224), 2));
    assert!((info.um_per_px.unwrap() - 0.390_625).abs() < 1e-12);
    assert_eq!(info.view.unwrap().normalisation, Some(Normalisation { mean: [0.7, 0.6, 0.7], std: [0.2, 0.2, 0.25] }));
    assert_eq!(BareInfo::from_wsinfer("{}").unwrap(), BareInfo::default());
    for bad in ["[]", "{", r#"{"class_names": 3}"#, r#"{"patch_size_pixels": "big"}"#, r#"{"spacing_um_px": -1}"#] {
        assert!(matches!(BareInfo::from_wsinfer(bad), Err(Reason::Given(_))), "{bad}");
    }
}
