//! What the Python package made (`tests/golden/teacher`): targets read, augmentations drawn again to the byte.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_distill::targets::TargetsFile;
use fovea_distill::views::{Augmentation, ViewId, ViewSet, image_key, live_key};
use fovea_patch::decode::sha256_hex;
use fovea_patch::{Limits, Patch, decode};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn made(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/teacher").join(file)
}

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(made(file)).unwrap()
}

fn picture(file: &str) -> Patch {
    decode(&bytes(file), file, &Limits::default()).unwrap()
}

#[test]
fn targets_from_pytorch_are_read() {
    for (file, views, layers) in [("aug", "aug:2:7", 2), ("dihedral8", "dihedral8", 1)] {
        let name = format!("{file}.targets.safetensors");
        let targets = TargetsFile::read(bytes(&name), &name).unwrap();
        let metadata = targets.metadata();
        assert_eq!(metadata.views, views.parse::<ViewSet>().unwrap());
        assert_eq!((metadata.attention.len(), metadata.pooled, targets.images()), (layers, Some(64), 2));
        for image in ["same.png", "larger.png"] {
            let hash = picture(image).sha256;
            for view in metadata.views.ids() {
                let row = targets.get(&hash, &view).unwrap();
                let head = targets.head().unwrap();
                for (class, logit) in row.logits.iter().enumerate() {
                    let weights = &head.weight[class * head.features..][..head.features];
                    let read: f32 = weights.iter().zip(&row.pooled).map(|(w, p)| w * p).sum::<f32>() + head.bias[class];
                    assert!((read - logit).abs() <= 1e-4 * logit.abs().max(1.0), "the head reads the pooled features");
                }
                assert!(row.attention.iter().all(|m| m.len() == 4 * 8 * 8 && m.iter().all(|v| *v >= 0.0)));
            }
            assert_eq!(targets.get(&hash, &ViewId::Plain), None);
        }
    }
}

#[test]
fn augmentations_agree_with_numpy_to_the_byte() {
    let listed: Value = serde_json::from_slice(&bytes("views.json")).unwrap();
    let number = |v: &Value| v.as_u64().unwrap();
    let (image, seed) = (picture(listed["image"].as_str().unwrap()), number(&listed["seed"]));
    let cases = listed["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let index = number(&case["index"]) as u32;
        let drawn = Augmentation::draw(image_key(seed, &image.sha256, index).unwrap());
        let parts = [drawn.degrees, drawn.scale, drawn.shift, drawn.brightness, drawn.contrast, drawn.saturation];
        let names = ["degrees", "scale", "shift", "brightness", "contrast", "saturation"];
        for (part, name) in parts.iter().zip(names) {
            // The JSON reader may be off by a last bit.
            assert!((part - case[name].as_f64().unwrap()).abs() < 1e-12, "{name} of {case}");
        }
        assert_eq!(drawn.mirror, case["mirror"].as_bool().unwrap());
        let pixels = ViewId::Aug { seed, index }.apply(&image.rgb, image.width, &image.sha256).unwrap();
        assert_eq!(sha256_hex(&pixels), case["pixels_sha256"].as_str().unwrap(), "{case}");
    }
    for live in listed["live"].as_array().unwrap() {
        let key = live_key(number(&live["seed"]), number(&live["epoch"]), number(&live["position"]));
        assert_eq!(key.to_string(), live["key"].as_str().unwrap());
    }
}
