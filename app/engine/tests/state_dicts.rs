//! torchvision's residual networks by the names in their state dicts, against PyTorch's logits (`state_dicts/make.py`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{cpu, relative, run};
use fovea_student::load::Reason;
use fovea_student::{BareInfo, Checkpoint, Loaded, Tensor, Weights, load};
use std::path::Path;

fn bare(name: &str) -> Checkpoint {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/state_dicts").join(name);
    match load(&std::fs::read(&path).unwrap(), name).unwrap() {
        Loaded::Bare(checkpoint) => *checkpoint,
        Loaded::Ready(_) => panic!("{} is a Student", path.display()),
    }
}

fn info() -> BareInfo {
    BareInfo { input_px: Some(64), ..BareInfo::default() }
}

#[test]
fn residual_networks_give_pytorchs_logits() {
    for (file, widths) in [("resnet", [4, 8, 16, 32]), ("resnext", [16, 32, 64, 128])] {
        let student = bare(&format!("{file}.safetensors")).into_student(&info()).unwrap();
        let levels = student.graph.levels.iter().map(|l| student.graph.value(student.graph.find(l).unwrap()).shape.clone());
        let wanted: Vec<_> = widths.into_iter().zip([16, 8, 4, 2]).map(|(c, side)| vec![c, side, side]).collect();
        assert_eq!(levels.collect::<Vec<_>>(), wanted, "{file}");
        let case: Weights = bare(&format!("{file}.case.safetensors")).weights;
        let x = case.get("x").unwrap();
        let made = run(&cpu(), &student.graph, &student.weights, x.data(), 2);
        let error = relative(&made.get("logits").unwrap().data, case.get("logits").unwrap().data());
        assert!(error < 1e-4, "{file}: {error:e}");
    }
}

#[test]
fn what_does_not_fit_a_residual_network_is_named() {
    let refused = |change: &dyn Fn(&mut Weights)| {
        let mut checkpoint = bare("resnet.safetensors");
        change(&mut checkpoint.weights);
        checkpoint.into_student(&info()).unwrap_err().reason
    };
    let ones = |shape: &[usize]| Tensor::new(shape.to_vec(), vec![1.0; shape.iter().product()]).unwrap();
    let without = |w: &Weights, name: &str| w.iter().filter(|(n, _)| *n != name).map(|(n, t)| (n.into(), t.clone())).collect();
    assert_eq!(refused(&|w| *w = without(w, "layer2.0.bn1.bias")), Reason::Missing("layer2.0.bn1.bias".into()));
    assert_eq!(refused(&|w| *w = without(w, "fc.weight")), Reason::HeadMissing);
    let stranger = refused(&|w| drop(w.insert("layer2.0.gate.weight", ones(&[3]))));
    assert_eq!(stranger, Reason::Unexpected("layer2.0.gate.weight".into()));
    let shape = refused(&|w| drop(w.insert("layer3.0.conv2.weight", ones(&[16, 8, 3, 3]))));
    assert!(shape.to_string().contains("layer3.0"), "{shape}");
}
