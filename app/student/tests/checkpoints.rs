//! Checkpoints made by PyTorch: what is read is what PyTorch wrote.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{bare, golden, interpret, reference, relative, sample, shared, torch_file};
use fovea_student::arch::Architecture;
use fovea_student::load::{Need, Reason};
use fovea_student::{BareInfo, LOGITS, Loaded, Student, load};

fn at(px: usize) -> BareInfo {
    BareInfo { input_px: Some(px), ..BareInfo::default() }
}

fn teacher() -> Student {
    bare(&golden("teacher.pth"), "teacher.pth").into_student(&at(128)).unwrap()
}

#[test]
fn four_formats_of_one_teacher_hold_the_same_weights() {
    let whole = bare(&golden("teacher.pth"), "teacher.pth");
    assert!(whole.tree.is_some());
    assert_eq!((whole.weights.len(), whole.weights.parameters()), (28, 230828));
    for name in ["teacher_state_dict.pt", "teacher_state_dict_legacy.pt", "teacher.safetensors"] {
        let other = bare(&golden(name), name);
        assert_eq!(other.weights, whole.weights, "{name}");
        assert_eq!(other.architecture, Architecture::KdResolution { widths: vec![8, 16, 32, 64, 64] });
        assert_eq!(other.class_count(), Some(4));
        // The graph from names alone is the one from the pickled modules.
        let (a, b) = (other.into_student(&at(128)).unwrap(), whole.clone().into_student(&at(128)).unwrap());
        assert_eq!(a.graph, b.graph, "{name}");
        assert_eq!(a.card.weights_sha256, b.card.weights_sha256);
    }
}

#[test]
fn names_levels_and_notes_of_the_teacher() {
    let s = teacher();
    assert_eq!(s.graph.levels, ["0.0.4", "0.1.9", "0.2.16", "0.3.23", "0.4.28"]);
    let layer = |l: &str| s.graph.value(s.graph.layer(l).unwrap());
    assert_eq!((layer("-1").name.as_str(), &layer("-1").shape[..]), ("0.4.28", &[64, 8, 8][..]));
    assert_eq!((layer("-2").name.as_str(), &layer("-2").shape[..]), ("0.3.23", &[64, 8, 8][..]));
    assert_eq!(s.card.class_names, ["NC", "G3", "G4", "G5"]);
    assert_eq!(s.card.um_per_px, None);
    for part in ["suggestion", "um-per-px", "Softmax", "0 to 1"] {
        assert!(s.notes.iter().any(|n| n.contains(part)), "{part}: {:?}", s.notes);
    }
}

#[test]
fn what_is_missing_is_named_by_flag() {
    let error = bare(&golden("teacher.pth"), "teacher.pth").into_student(&BareInfo::default()).unwrap_err();
    let required: Vec<&str> = error.needs().unwrap().iter().filter(|n| n.required).map(|n: &Need| n.flag).collect();
    assert_eq!(required, ["--input"]);
    assert_eq!(error.to_string(), "the file does not say the image size in px (give --input) (teacher.pth)");
    let three = BareInfo { classes: Some(["a", "b", "c"].map(String::from).to_vec()), ..at(128) };
    let error = bare(&golden("teacher.pth"), "teacher.pth").into_student(&three).unwrap_err();
    assert_eq!(error.reason, Reason::ClassCount { given: 3, found: 4 });
    let error = bare(&golden("teacher.pth"), "teacher.pth").into_student(&at(9)).unwrap_err();
    assert!(matches!(error.reason, Reason::Graph(_)), "{error}");
}

#[test]
fn logits_are_those_of_the_reference() {
    let Some(case) = shared("all_terms_l1.safetensors") else { return };
    let (case, s) = (reference(&case), teacher());
    for i in 0..2 {
        let image = sample(case.get("image").unwrap(), i);
        let logits = interpret::value(&s.graph, &s.weights, image, LOGITS);
        let error = relative(&logits, sample(case.get("teacher.logits").unwrap(), i));
        assert!(error < 1e-5, "{error:e}");
    }
}

#[test]
fn the_untrained_student_loads_too() {
    let Some(bytes) = shared("student_start.pth") else { return };
    let s = bare(&bytes, "student_start.pth").into_student(&at(128)).unwrap();
    assert_eq!(s.graph, teacher().graph);
    assert_ne!(s.weights, teacher().weights);
}

#[test]
fn odd_tensors_are_laid_out_as_pytorch_does() {
    let want = reference(&torch_file("odd_tensors.safetensors"));
    assert_eq!(want.len(), 16);
    for name in ["", "_protocol4", "_protocol5", "_legacy", "_wrapped"].map(|n| format!("odd_tensors{n}.pt")) {
        let got = bare(&torch_file(&name), &name);
        assert_eq!(got.weights, want, "{name}");
        assert_eq!(got.architecture, Architecture::Unknown);
        let error = got.into_student(&at(64)).unwrap_err().to_string();
        assert!(error.contains("no network we know") && error.ends_with(&format!("({name})")), "{error}");
    }
}

#[test]
fn a_sequential_of_every_layer_computes_what_pytorch_computes() {
    let case = reference(&torch_file("odd_module.safetensors"));
    for name in ["odd_module.pth", "odd_module_legacy.pth"] {
        let s = bare(&torch_file(name), name).into_student(&at(21)).unwrap();
        assert_eq!(s.card.class_names, ["class 0", "class 1", "class 2"]);
        assert_eq!(s.graph.levels, ["0.2", "1.1"], "block ends; idle layers make no value");
        for i in 0..2 {
            let logits = interpret::value(&s.graph, &s.weights, sample(case.get("x").unwrap(), i), LOGITS);
            let error = relative(&logits, sample(case.get("logits").unwrap(), i));
            assert!(error < 1e-5, "{name}: {error:e}");
        }
    }
}

#[test]
fn refusals_name_file_and_part() {
    let text = |name: &str| load(&torch_file(name), name).unwrap_err().to_string();
    assert_eq!(text("odd_module_nan.pth"), "the tensor '3.bias' holds NaN or infinite numbers (odd_module_nan.pth)");
    let own = text("own_class.pth");
    assert!(own.contains("__main__.Own") && own.contains("own_class.pth"), "{own}");
}

#[test]
fn parameters_that_do_not_fit_are_named() {
    let refuse = |change: fn(&mut fovea_student::Checkpoint)| {
        let mut c = bare(&golden("teacher.safetensors"), "t");
        change(&mut c);
        c.into_student(&at(128)).unwrap_err().reason
    };
    let tensor = |shape: &[usize]| fovea_student::Tensor::new(shape.to_vec(), vec![0.0; shape.iter().product()]).unwrap();
    let stranger = refuse(|c| drop(c.weights.insert("4.weight", fovea_student::Tensor::new(vec![1], vec![1.0]).unwrap())));
    assert_eq!(stranger, Reason::Unexpected("4.weight".into()));
    let missing = refuse(|c| {
        c.weights = c.weights.iter().filter(|(n, _)| *n != "0.2.12.bias").map(|(n, t)| (n.into(), t.clone())).collect()
    });
    assert_eq!(missing, Reason::Missing("0.2.12.bias".into()));
    let mut c = bare(&golden("teacher.safetensors"), "t");
    c.weights.insert("0.2.12.bias", tensor(&[31]));
    let shape = c.into_student(&at(128)).unwrap_err().reason;
    assert_eq!(shape, Reason::Shape { tensor: "0.2.12.bias".into(), got: vec![31], want: "[32]".into() });
}

#[test]
fn a_student_comes_back_from_our_format_as_it_was() {
    let mut s = teacher();
    s.card.synthetic = true;
    s.card.um_per_px = Some(0.98);
    s.card.extra.insert("something_new".into(), serde_json::json!({"a": 1}));
    s.card.notes = vec!["drawn".into()];
    let bytes = fovea_student::file::write(&s).unwrap();
    let Loaded::Ready(back) = load(&bytes, "s.safetensors").unwrap() else { panic!("it is bare") };
    assert_eq!((&back.graph, &back.weights, &back.card), (&s.graph, &s.weights, &s.card));
    assert_eq!(back.notes, ["drawn"]);
    // One changed weight, and the hash no longer fits.
    let mut damaged = bytes.clone();
    let last = damaged.len() - 2;
    damaged[last] ^= 0x20;
    assert!(matches!(load(&damaged, "s").unwrap_err().reason, Reason::Hash { .. }));
}
