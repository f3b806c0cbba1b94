//! Files written, read, damaged.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::config::{At, AttentionForm, Fm, Sr, SrKind, Terms};
use crate::views::{ViewId, ViewSet};
use std::io::Cursor;

const FILE: &str = "t.targets.safetensors";

fn metadata(views: ViewSet) -> Metadata {
    let map = |level: i64, form, grid| AttentionLayer { layer: format!("block{}", 6 + level), level: Some(level), form, grid };
    Metadata {
        version: VERSION,
        teacher: TeacherId { name: "a Teacher".into(), sha256: "ab".repeat(32) },
        classes: vec!["NC".into(), "G3".into(), "G4".into()],
        input_px: 8,
        um_per_px: Some(1.0),
        views,
        attention: vec![map(-1, AttentionForm::Positive, [1, 2]), map(-2, AttentionForm::Positive, [2, 3])],
        features: vec![FeatureLayer { layer: "block5".into(), level: Some(-1), shape: [2, 1, 2] }],
        pooled: Some(2),
        program: "tests".into(),
    }
}

fn head() -> HeadNumbers {
    HeadNumbers { classes: 3, features: 2, weight: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], bias: vec![0.5, -0.5, 0.0] }
}

fn hash(image: usize) -> String {
    format!("{image:064x}")
}

/// Numbers that say where they belong; exact in half precision.
fn row(image: usize, view: usize) -> Row {
    let base = (image * 32 + view * 4) as f32;
    let numbers = |n: usize, off: f32| (0..n).map(|i| base + off + i as f32 / 8.0).collect::<Vec<f32>>();
    Row {
        logits: numbers(3, 0.0),
        pooled: numbers(2, 1.0),
        attention: vec![numbers(6, 2.0), numbers(18, 3.0)],
        features: vec![numbers(4, 4.0)],
    }
}

fn written(views: ViewSet, images: usize) -> Vec<u8> {
    let plan = Plan::new(metadata(views), images, FILE).unwrap();
    let bytes = plan.bytes();
    let mut writer = Writer::in_memory(plan, Some(&head()), FILE).unwrap();
    for image in 0..images {
        for (i, view) in views.ids().iter().enumerate() {
            writer.push(&hash(image), view, &row(image, i)).unwrap();
        }
    }
    let made = writer.finish().unwrap().into_inner();
    assert_eq!(made.len() as u64, bytes, "the size was told before");
    made
}

#[test]
fn rows_come_back_by_hash_and_view() {
    for views in [ViewSet::Plain, ViewSet::Dihedral8, ViewSet::Aug { count: 2, seed: 5 }] {
        let targets = TargetsFile::read(written(views, 3), FILE).unwrap();
        assert_eq!((targets.images(), targets.metadata()), (3, &metadata(views)));
        assert_eq!(targets.head(), Some(&head()));
        for image in 0..3 {
            for (i, view) in views.ids().iter().enumerate() {
                assert_eq!(targets.get(&hash(image), view), Some(row(image, i)));
            }
        }
        assert_eq!(targets.get(&hash(3), &views.ids()[0]), None);
        assert_eq!(targets.get(&hash(0), &ViewId::Aug { seed: 6, index: 0 }), None);
    }
}

#[test]
fn the_container_is_ordinary_safetensors_with_classes_last() {
    let bytes = written(ViewSet::Plain, 2);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let view = file.tensor("attention.1").unwrap();
    assert_eq!(view.shape(), [2, 2, 3, 3]);
    let first: Vec<f32> = row::from_floats(view.data())[..4].to_vec();
    let map = &row(0, 0).attention[1];
    assert_eq!(first, [map[0], map[6], map[12], map[1]]);
}

#[test]
fn rows_out_of_order_or_of_another_shape_are_refused() {
    let plan = || Plan::new(metadata(ViewSet::Dihedral8), 2, FILE).unwrap();
    let fresh = || Writer::in_memory(plan(), Some(&head()), FILE).unwrap();
    let say = |r: Result<(), TargetsError>| r.unwrap_err().to_string();
    assert!(say(fresh().push(&hash(0), &ViewId::Plain, &row(0, 0))).contains("'dihedral:0'"));
    let mut writer = fresh();
    writer.push(&hash(0), &ViewId::Dihedral(0), &row(0, 0)).unwrap();
    assert!(say(writer.push(&hash(1), &ViewId::Dihedral(1), &row(0, 0))).contains("not all views"));
    let short = Row { logits: vec![0.0; 2], ..row(0, 0) };
    assert!(say(writer.push(&hash(0), &ViewId::Dihedral(1), &short)).contains("'logits' is 8 bytes"));
    let mut nan = row(0, 0);
    nan.attention[0][3] = f32::NAN;
    assert!(matches!(writer.push(&hash(0), &ViewId::Dihedral(1), &nan), Err(TargetsError::NotFinite { .. })));
    let large = Row { features: vec![vec![1e5; 4]], ..row(0, 0) };
    assert!(matches!(writer.push(&hash(0), &ViewId::Dihedral(1), &large), Err(TargetsError::NotFinite { .. })));
    assert!(matches!(writer.finish(), Err(TargetsError::Order { row: 1, .. })));
    assert!(Writer::in_memory(plan(), None, FILE).is_err(), "a plan with pooled features needs the head");
    let mut twice = fresh();
    ViewSet::Dihedral8.ids().iter().for_each(|v| twice.push(&hash(0), v, &row(0, 0)).unwrap());
    assert!(matches!(twice.push(&hash(0), &ViewId::Dihedral(0), &row(0, 0)), Err(TargetsError::Twice { .. })));
}

#[test]
fn a_file_appears_only_when_complete() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("x.targets.safetensors");
    let plan = || Plan::new(metadata(ViewSet::Plain), 1, FILE).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut half = FileWriter::create(&place, plan(), Some(&head())).unwrap();
    assert!(!place.exists() && files() == 1);
    half.push(&hash(0), &ViewId::Plain, &row(0, 0)).unwrap();
    drop(half);
    assert_eq!(files(), 0, "given up: nothing is left");
    assert!(FileWriter::create(&place, plan(), Some(&head())).unwrap().finish().is_err());
    assert_eq!(files(), 0);
    let mut whole = FileWriter::create(&place, plan(), Some(&head())).unwrap();
    whole.push(&hash(0), &ViewId::Plain, &row(0, 0)).unwrap();
    whole.finish().unwrap();
    assert_eq!((std::fs::read(&place).unwrap(), files()), (written(ViewSet::Plain, 1), 1));
    let nowhere = folder.path().join("none/x.targets.safetensors");
    assert!(matches!(FileWriter::create(&nowhere, plan(), Some(&head())), Err(TargetsError::Write { .. })));
}

#[test]
fn damaged_files_are_refused_without_panic() {
    let good = written(ViewSet::Plain, 2);
    for cut in 0..good.len() {
        assert!(TargetsFile::read(good[..cut].to_vec(), FILE).is_err(), "cut at {cut}");
    }
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    for at in 0..header {
        for flip in [1, 0x10, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            // Some flips change a name and nothing else; none may panic or ask for much memory.
            let _ = TargetsFile::read(bad, FILE);
        }
    }
    let mut nan = good.clone();
    nan[header..header + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(matches!(TargetsFile::read(nan, FILE), Err(TargetsError::NotFinite { row: 0, .. })));
}

fn changed(change: impl Fn(&mut serde_json::Value)) -> TargetsError {
    let good = written(ViewSet::Plain, 2);
    let (length, header) = safetensors::SafeTensors::read_metadata(&good).unwrap();
    let mut own = serde_json::from_str(&header.metadata().as_ref().unwrap()[KEY]).unwrap();
    change(&mut own);
    let file = safetensors::SafeTensors::deserialize(&good).unwrap();
    assert!(length > 0);
    let texts = std::collections::HashMap::from([(KEY.to_string(), own.to_string())]);
    TargetsFile::read(safetensors::serialize(file.tensors(), Some(texts)).unwrap(), FILE).unwrap_err()
}

#[test]
fn metadata_that_does_not_fit_is_refused_naming_both_sides() {
    let say = |change: fn(&mut serde_json::Value)| changed(change).to_string();
    assert!(say(|m| m["version"] = 2.into()).contains("version 2, this program reads up to 1"));
    // A later version may look quite different.
    assert!(say(|m| *m = serde_json::json!({ "version": 7 })).contains("version 7"));
    let classes = say(|m| m["classes"] = serde_json::json!(["NC", "G3"]));
    assert!(classes.contains("F32 [2, 3]") && classes.contains("F32 [2, 2]"), "{classes}");
    assert!(say(|m| m["views"] = "dihedral8".into()).contains("'logits'"));
    assert!(say(|m| m["views"] = "aug:9".into()).contains("names no views"));
    assert!(say(|m| m["teacher"]["sha256"] = "12".into()).contains("no SHA-256"));
    assert!(say(|m| m["attention"][0]["grid"] = serde_json::json!([u64::MAX, u64::MAX])).contains("address"));
    assert!(say(|m| m["classes"] = serde_json::json!(["NC", "NC", "G3"])).contains("two classes"));
    assert!(say(|m| m["attention"][1]["layer"] = "block5".into()).contains("two attention maps"));
    assert!(changed(|m| m["pooled"] = 3.into()).to_string().ends_with(FILE));
    let bytes = safetensors::serialize(Vec::<(String, safetensors::tensor::TensorView<'_>)>::new(), None).unwrap();
    assert!(matches!(TargetsFile::read(bytes, FILE), Err(TargetsError::Kind { .. })));
}

#[test]
fn checks_name_both_sides() {
    let targets = TargetsFile::read(written(ViewSet::Plain, 2), FILE).unwrap();
    let say = |r: Result<(), TargetsError>| r.unwrap_err().to_string();
    targets.check_teacher("any name", &"AB".repeat(32)).unwrap();
    let other = say(targets.check_teacher("another", &"cd".repeat(32)));
    assert!(other.contains("'a Teacher' (weights abab") && other.contains("'another' (weights cdcd"), "{other}");
    let classes = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    targets.check_classes(&classes(&["NC", "G3", "G4"]), "the Student").unwrap();
    let order = say(targets.check_classes(&classes(&["NC", "G4", "G3"]), "the Student"));
    assert!(order.contains("have NC, G3, G4, the Student has NC, G4, G3"), "{order}");
    targets.check_input(8, Some(1.004)).unwrap();
    targets.check_input(8, None).unwrap();
    assert!(say(targets.check_input(16, None)).contains("have 8 px, the Student has 16 px"));
    assert!(say(targets.check_input(8, Some(2.0))).contains("1 µm/px"));
    targets.check_views(&ViewSet::Plain).unwrap();
    assert!(say(targets.check_views(&ViewSet::Dihedral8)).contains("have plain, the run has dihedral8"));
    let known = [hash(0), hash(1)];
    targets.check_images(known.iter().map(|h| ("x", h.as_str()))).unwrap();
    let names: Vec<(String, String)> = (0..9).map(|i| (format!("{i}.png"), hash(i))).collect();
    let missing = say(targets.check_images(names.iter().map(|(n, h)| (n.as_str(), h.as_str()))));
    assert!(missing.contains("7 of 9 images (first: 2.png, 3.png, 4.png)"), "{missing}");
}

#[test]
fn terms_find_their_parts() {
    let targets = TargetsFile::read(written(ViewSet::Plain, 2), FILE).unwrap();
    let at = |layer: &str, form| At {
        weight: 1.0,
        layer: layer.into(),
        teacher_layer: None,
        form,
        loss: Default::default(),
        normalise: Default::default(),
    };
    let mut terms = Terms {
        fm: Some(Fm { weight: 0.1, layer: "-1".into() }),
        sr: Some(Sr { weight: 1.0, kind: SrKind::Spatial }),
        at: vec![at("-2", AttentionForm::Positive), at("block5", AttentionForm::Positive)],
        ..Terms::default()
    };
    let selection = targets.select(&terms).unwrap();
    assert_eq!(selection, Selection { maps: vec![1, 0], features: Some(0), last: Some(0) });
    let (a, b) = (hash(1), hash(0));
    let batch = targets.gather(&[(&a, ViewId::Plain), (&b, ViewId::Plain)], &selection).unwrap();
    assert_eq!(batch.maps[0], [&row(1, 0).attention[1][..], &row(0, 0).attention[1]].concat());
    assert_eq!(batch.features, Some([&row(1, 0).features[0][..], &row(0, 0).features[0]].concat()));
    assert_eq!(batch.logits, [&row(1, 0).logits[..], &row(0, 0).logits].concat());
    let c = hash(2);
    assert!(targets.gather(&[(&c, ViewId::Plain)], &selection).unwrap_err().to_string().contains("view 'plain'"));
    terms.at[1] = at("-1", AttentionForm::Signed);
    let lacking = targets.select(&terms).unwrap_err().to_string();
    assert!(
        lacking.contains("'at.1' needs the signed map of layer -1") && lacking.contains("positive -1 ('block5')"),
        "{lacking}"
    );
    terms.at.pop();
    terms.fm = Some(Fm { weight: 0.1, layer: "-3".into() });
    assert!(targets.select(&terms).unwrap_err().to_string().contains("'fm' needs the features of layer -3"));
}

#[test]
fn a_head_that_does_not_read_the_last_features_is_refused_for_sr_at_each_place() {
    let features = vec![FeatureLayer { layer: "block5".into(), level: Some(-1), shape: [3, 1, 2] }];
    let plan = Plan::new(Metadata { features, ..metadata(ViewSet::Plain) }, 1, FILE).unwrap();
    let mut writer = Writer::in_memory(plan, Some(&head()), FILE).unwrap();
    writer.push(&hash(0), &ViewId::Plain, &Row { features: vec![vec![0.5; 6]], ..row(0, 0) }).unwrap();
    let targets = TargetsFile::read(writer.finish().map(Cursor::into_inner).unwrap(), FILE).unwrap();
    let terms = |kind| Terms { sr: Some(Sr { weight: 1.0, kind }), ..Terms::default() };
    assert_eq!(targets.select(&terms(SrKind::Last)).unwrap().last, None);
    let said = targets.select(&terms(SrKind::Spatial)).unwrap_err().to_string();
    assert!(said.contains("'sr' needs last features with the 2 channels") && said.contains("have 3 channels"), "{said}");
}

#[test]
fn a_file_is_read_up_to_a_size() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("x.targets.safetensors");
    let bytes = written(ViewSet::Plain, 1);
    std::fs::write(&place, &bytes).unwrap();
    assert_eq!(TargetsFile::open(&place).unwrap().images(), 1);
    let most = bytes.len() as u64;
    assert_eq!(reader::contents(&place, most).unwrap(), bytes);
    let said = reader::contents(&place, most - 1).unwrap_err().to_string();
    assert!(said.contains(&format!("more than {} bytes", most - 1)) && said.ends_with("x.targets.safetensors"), "{said}");
    let none = TargetsFile::open(&folder.path().join("none")).unwrap_err().to_string();
    assert!(none.contains("cannot be read") && none.ends_with("none"), "{none}");
}

#[test]
fn a_teacher_without_a_head_gives_targets_without_pooled_features() {
    let bare = Metadata { pooled: None, features: vec![], ..metadata(ViewSet::Plain) };
    let mut writer = Writer::in_memory(Plan::new(bare, 1, FILE).unwrap(), None, FILE).unwrap();
    writer.push(&hash(0), &ViewId::Plain, &Row { features: vec![], pooled: vec![], ..row(0, 0) }).unwrap();
    let targets = TargetsFile::read(writer.finish().map(Cursor::into_inner).unwrap(), FILE).unwrap();
    assert!(targets.head().is_none() && targets.get(&hash(0), &ViewId::Plain).unwrap().pooled.is_empty());
    let terms = Terms { sr: Some(Sr { weight: 1.0, kind: SrKind::Last }), ..Terms::default() };
    assert!(targets.select(&terms).unwrap_err().to_string().contains("'sr' needs the Teacher's head"));
}
