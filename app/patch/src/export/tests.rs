#![allow(clippy::unwrap_used, clippy::expect_used)]
use serde_json::Value;

use super::*;
use crate::decode::Patch;
use crate::overlay::Overlay;
use crate::tiles::Tile;
use crate::{Colormap, NOTICE};

fn overlay(width: usize, height: usize, evidence: bool) -> Overlay {
    let rgba = [10, 200, 30, 255].repeat(width * height);
    Overlay { rgba, width, height, lo: 0.0, hi: 1.25, evidence, non_finite: 0 }
}

fn row(file: &str, probs: Vec<f32>) -> Row {
    Row {
        file: file.into(),
        sha256: "ab".into(),
        x: 0,
        y: 512,
        width: 512,
        height: 300,
        um_per_px: Some(0.5),
        probs,
        pred: "G3".into(),
        model_sha256: "cd".into(),
    }
}

#[test]
fn npy_is_what_numpy_reads() {
    let data: Vec<f32> = (0..24).map(|i| i as f32 * 0.5).collect();
    let bytes = npy_f32(&[2, 3, 4], &data).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + header) % 64, 0);
    let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
    assert!(text.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4,), }") && text.ends_with('\n'));
    let back: Vec<f32> = bytes[10 + header..].chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect();
    assert_eq!(back, data);
    for shape in [vec![], vec![1], vec![1, 1, 1], vec![1; 30]] {
        assert_eq!((npy_f32(&shape, &[1.0]).unwrap().len() - 4) % 64, 0);
    }
    assert!(npy_f32(&[2, 2], &[1.0; 3]).is_err());
    assert!(npy_f32(&[usize::MAX, 2], &[1.0; 3]).is_err());
}

#[test]
fn csv_has_its_columns_and_quotes() {
    let classes = ["NC".to_owned(), "G3".to_owned()];
    let mut rows = vec![row("a,\"b\".png", vec![0.25, 0.75]), row("ü.jpg", vec![1.0, 0.0])];
    rows[1].um_per_px = None;
    let text = String::from_utf8(csv_table(&classes, &rows).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "file,sha256,x,y,width,height,um_per_px,prob_NC,prob_G3,pred,model_sha256");
    assert_eq!(lines[1], "\"a,\"\"b\"\".png\",ab,0,512,512,300,0.5,0.25,0.75,G3,cd");
    assert_eq!(lines[2], "ü.jpg,ab,0,512,512,300,,1,0,G3,cd");
    assert!(csv_table(&classes, &[row("a", vec![1.0])]).is_err());
}

#[test]
fn geojson_is_in_level_0_pixels() {
    let feature = TileFeature {
        tile: Tile { x: 512, y: 0, width: 512, height: 300 },
        class: "G4".into(),
        color: [255, 128, 0],
        measurements: [("prob_G4".to_owned(), 0.5), ("bad".to_owned(), f64::NAN)].into(),
    };
    let place = Placement { origin: (6803, 59786), scale: 4.0 };
    let v: Value = serde_json::from_slice(&geojson(std::slice::from_ref(&feature), place).unwrap()).unwrap();
    assert_eq!(v["type"], "FeatureCollection");
    let f = &v["features"][0];
    assert_eq!(f["geometry"]["type"], "Polygon");
    let ring = f["geometry"]["coordinates"][0].as_array().unwrap();
    assert_eq!(ring[0], serde_json::json!([8851, 59786]));
    assert_eq!(ring[2], serde_json::json!([10899, 60986]));
    assert_eq!((ring.len(), &ring[0]), (5, &ring[4]));
    assert_eq!(f["properties"]["objectType"], "tile");
    let class = serde_json::json!({ "name": "G4", "color": [255, 128, 0] });
    assert_eq!(f["properties"]["classification"], class);
    assert_eq!(f["properties"]["measurements"], serde_json::json!({ "prob_G4": 0.5 }));
    for scale in [0.0, -1.0, f64::NAN] {
        assert!(geojson(std::slice::from_ref(&feature), Placement { scale, ..place }).is_err());
    }
}

#[test]
fn a_named_patch_finds_its_place() {
    let patch = Patch {
        name: "a_xini_6803_yini_59786.jpg".into(),
        rgb: vec![0; 512 * 3],
        width: 512,
        height: 1,
        sha256: String::new(),
        um_per_px: None,
        position: Some((6803, 59786)),
        notes: vec![],
    };
    let place = Placement::of(&patch, Placement::SICAP_SIDE).unwrap();
    assert_eq!(place, Placement { origin: (6803, 59786), scale: 4.0 });
    assert_eq!(Placement::of(&Patch { position: None, ..patch }, 2048.0), None);
}

#[test]
fn run_record_survives_a_round_trip_and_names_failures() {
    let model = ModelRecord { name: "s.safetensors".into(), sha256: "00".into(), classes: vec!["NC".into()] };
    let mut run = RunRecord::new("fovea 0.1.0", "2026-01-02T03:04:05Z", "CPU", model, serde_json::json!({ "px": 128 }));
    run.files.push(FileRecord { file: "a.png".into(), sha256: Some("11".into()), notes: vec![], error: None });
    let error = Some("truncated PNG file: b.png".to_owned());
    run.files.push(FileRecord { file: "b.png".into(), sha256: None, notes: vec![], error });
    let bytes = run.to_json().unwrap();
    assert_eq!(serde_json::from_slice::<RunRecord>(&bytes).unwrap(), run);
    assert_eq!((run.failed(), run.notice.as_str()), (1, NOTICE));
    let v: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(v["files"][0].get("error").is_none() && v["notice"].as_str().unwrap().contains("research use only"));
}

#[test]
fn the_bare_overlay_keeps_its_pixels() {
    let o = overlay(7, 3, true);
    let back = image::load_from_memory(&overlay_png(&o).unwrap()).unwrap().into_rgba8();
    assert_eq!((back.dimensions(), back.into_raw()), ((7, 3), o.rgba));
}

#[test]
fn a_figure_has_picture_bar_and_words() {
    let caption = Caption { class: "G3", file: "patch.png", colormap: Colormap::Viridis };
    for (w, h) in [(1, 1), (7, 300), (512, 512), (900, 40), (5000, 3)] {
        let png = figure_png(&overlay(w, h, true), &caption).unwrap();
        let figure = image::load_from_memory(&png).unwrap().into_rgb8();
        let has = |c: [u8; 3]| figure.pixels().any(|p| p.0 == c);
        assert!(has([10, 200, 30]), "picture of {w}×{h}");
        assert!(has(Colormap::Viridis.rgb(0.0)) && has(Colormap::Viridis.rgb(1.0)), "bar of {w}×{h}");
        assert!(figure.pixels().filter(|p| p.0.iter().all(|&v| v < 60)).count() > 50, "words of {w}×{h}");
    }
    let bare = image::load_from_memory(&figure_png(&overlay(64, 64, false), &caption).unwrap()).unwrap().into_rgb8();
    assert!(!bare.pixels().any(|p| p.0 == Colormap::Viridis.rgb(1.0)), "no bar without evidence");
}

#[test]
fn long_and_foreign_names_do_not_break_a_figure() {
    let long = "x_".repeat(400);
    for file in [long.as_str(), "", "前立腺 🔬.png", "a\nb\u{0}"] {
        assert!(figure_png(&overlay(20, 20, true), &Caption { class: file, file, colormap: Colormap::Jet }).is_ok());
    }
    let mut short = overlay(4, 4, true);
    short.rgba.pop();
    assert!(
        overlay_png(&short).is_err() && figure_png(&short, &Caption { class: "", file: "", colormap: Colormap::Jet }).is_err()
    );
}
