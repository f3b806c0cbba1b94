//! torchvision's VGG state dicts, recognised by their names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_student::arch::Architecture;
use fovea_student::load::Reason;
use fovea_student::{BareInfo, Checkpoint, LoadError, Loaded, Student, Tensor, Weights, load};
use safetensors::{Dtype, tensor::TensorView};

/// Widths and number of convolutions of the five blocks; `head` is the width of the classifier.
fn vgg(convs: [usize; 5], norm: bool, head: Option<usize>) -> Weights {
    let mut w = Weights::new();
    let mut put = |name: String, shape: &[usize]| {
        let len: usize = shape.iter().product();
        w.insert(name, Tensor::new(shape.to_vec(), vec![0.01; len]).unwrap());
    };
    let (mut index, mut channels) = (0, 3);
    for (block, n) in convs.into_iter().enumerate() {
        let width = 2 + block;
        for _ in 0..n {
            put(format!("features.{index}.weight"), &[width, channels, 3, 3]);
            put(format!("features.{index}.bias"), &[width]);
            if norm {
                for part in ["weight", "bias", "running_mean", "running_var"] {
                    put(format!("features.{}.{part}", index + 1), &[width]);
                }
            }
            (index, channels) = (index + if norm { 3 } else { 2 }, width);
        }
        index += 1;
    }
    if let Some(h) = head {
        for (i, out, into) in [(0, h, channels * 49), (3, h, h), (6, 5, h)] {
            put(format!("classifier.{i}.weight"), &[out, into]);
            put(format!("classifier.{i}.bias"), &[out]);
        }
    }
    w
}

fn checkpoint(weights: &Weights) -> Checkpoint {
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .iter()
        .map(|(n, t)| (n.to_string(), t.shape().to_vec(), t.data().iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = bytes.iter().map(|(n, s, d)| (n, TensorView::new(Dtype::F32, s.clone(), d).unwrap()));
    match load(&safetensors::serialize(views, None).unwrap(), "vgg").unwrap() {
        Loaded::Bare(c) => *c,
        Loaded::Ready(_) => panic!("it has a card"),
    }
}

fn student(weights: &Weights, px: usize) -> Result<Student, LoadError> {
    checkpoint(weights).into_student(&BareInfo { input_px: Some(px), ..BareInfo::default() })
}

#[test]
fn depths_and_batch_norm_are_told_by_indices() {
    for (convs, depth) in [([1, 1, 2, 2, 2], 11), ([2, 2, 2, 2, 2], 13), ([2, 2, 3, 3, 3], 16), ([2, 2, 4, 4, 4], 19)] {
        for batch_norm in [false, true] {
            let c = checkpoint(&vgg(convs, batch_norm, Some(8)));
            assert_eq!(c.architecture, Architecture::TorchvisionVgg { depth, batch_norm });
            assert_eq!(c.class_count(), Some(5));
            let s = c.into_student(&BareInfo { input_px: Some(224), ..BareInfo::default() }).unwrap();
            assert_eq!(s.graph.levels.len(), 5);
            let last = s.graph.value(s.graph.layer("-1").unwrap());
            assert_eq!(last.shape, [6, 7, 7]);
            assert!(last.name.starts_with("features."), "{}", last.name);
        }
    }
}

#[test]
fn the_head_fixes_the_image_size() {
    let w = vgg([2, 2, 3, 3, 3], false, Some(8));
    let error = student(&w, 128).unwrap_err().to_string();
    assert!(error.contains("7×7") && error.contains("4×4") && error.contains("avgpool"), "{error}");
    assert!(student(&w, 448).is_ok(), "14×14 cells average to 7×7 exactly");
}

#[test]
fn features_alone_and_strange_names_are_refused() {
    assert_eq!(student(&vgg([2, 2, 3, 3, 3], false, None), 224).unwrap_err().reason, Reason::HeadMissing);
    assert_eq!(checkpoint(&vgg([2, 2, 3, 3, 2], false, Some(8))).architecture, Architecture::Unknown);
    let mut w = vgg([2, 2, 3, 3, 3], false, Some(8));
    w.insert("classifier.7.weight", Tensor::new(vec![5], vec![0.0; 5]).unwrap());
    assert_eq!(student(&w, 224).unwrap_err().reason, Reason::Unexpected("classifier.7.weight".into()));
    let mut w = vgg([2, 2, 3, 3, 3], false, Some(8));
    w.insert("features.5.weight", Tensor::new(vec![3, 2, 5, 5], vec![0.0; 150]).unwrap());
    assert!(matches!(student(&w, 224).unwrap_err().reason, Reason::Shape { .. }));
}
