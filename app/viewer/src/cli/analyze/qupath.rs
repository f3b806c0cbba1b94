//! Tiles for QuPath, one collection per slide: patches of different slides share no coordinates.

use super::report::FileReport;
use fovea_patch::Tile;
use fovea_patch::export::{Placement, TileFeature, geojson};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Side in level-0 pixels of the field a SICAPv2 patch shows; its name gives the corner.
const SICAP_FIELD: f64 = 2048.0;

/// Names and contents of the GeoJSON files, relative to the results' folder: `qupath.geojson` when everything lies on one
/// slide or image, `qupath/<slide>.geojson` otherwise.
pub fn files(reports: &[FileReport], classes: &[String], colors: &[[u8; 3]]) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut slides: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    let mut names = super::files::Names::default();
    for report in reports.iter().filter(|r| r.error.is_none()) {
        let slide = slide(report).unwrap_or_else(|| names.unique(&report.file));
        let bytes = geojson(&features(report, classes, colors), placement(report))?;
        let collection: serde_json::Value = serde_json::from_slice(&bytes)?;
        let features = collection.get("features").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        slides.entry(slide).or_default().extend(features);
    }
    let single = slides.len() == 1;
    let path = |slide: &str| match single {
        true => PathBuf::from("qupath.geojson"),
        false => PathBuf::from("qupath").join(format!("{slide}.geojson")),
    };
    let whole = |features| serde_json::json!({ "type": "FeatureCollection", "features": features });
    slides.into_iter().map(|(slide, features)| Ok((path(&slide), serde_json::to_vec_pretty(&whole(features))?))).collect()
}

/// The slide a placed patch belongs to: SICAPv2 names start with it.
fn slide(report: &FileReport) -> Option<String> {
    report.position?;
    let name = report.file.rsplit('/').next()?;
    let front = name.split("_xini_").next()?;
    Some(front.split("_Block").next().unwrap_or(front).to_string())
}

/// Level-0 pixels per image pixel: known for SICAPv2's square patches; other images stand for themselves.
fn placement(report: &FileReport) -> Placement {
    match (report.position, report.width, report.height) {
        (Some(origin), Some(w), Some(h)) if w == h => Placement { origin, scale: SICAP_FIELD / w as f64 },
        _ => Placement::default(),
    }
}

fn features(report: &FileReport, classes: &[String], colors: &[[u8; 3]]) -> Vec<TileFeature> {
    let measurements = |probabilities: &[f32]| {
        let named = classes.iter().zip(probabilities);
        named.map(|(c, p)| (format!("prob_{c}"), f64::from(*p))).collect()
    };
    let color = |class: &str| {
        let at = classes.iter().position(|c| c == class);
        at.and_then(|i| colors.get(i)).copied().unwrap_or([128; 3])
    };
    let feature = |t: &super::report::TileReport| TileFeature {
        tile: Tile { x: t.x, y: t.y, width: t.width, height: t.height },
        class: t.predicted.clone(),
        color: color(&t.predicted),
        measurements: measurements(&t.probabilities),
    };
    report.tiles.iter().map(feature).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::cli::analyze::report::TileReport;

    fn report(file: &str, position: Option<(i64, i64)>) -> FileReport {
        let tile = TileReport {
            x: 0,
            y: 0,
            width: 256,
            height: 256,
            predicted: "a".into(),
            probabilities: vec![0.75],
            logits: vec![0.0],
        };
        let mut report = FileReport { file: file.into(), position, width: Some(256), height: Some(256), ..Default::default() };
        report.tiles.push(tile);
        report
    }

    #[test]
    fn patches_of_one_slide_share_a_file() {
        let placed = |name: &str, at| report(name, Some(at));
        let one = [
            placed("S1_Block_Region_0_xini_6803_yini_10.jpg", (6803, 10)),
            placed("S1_Block_Region_1_xini_0_yini_0.jpg", (0, 0)),
        ];
        let made = files(&one, &["a".into()], &[[1, 2, 3]]).unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!(made[0].0, PathBuf::from("qupath.geojson"));
        let json: serde_json::Value = serde_json::from_slice(&made[0].1).unwrap();
        assert_eq!(json["features"].as_array().unwrap().len(), 2);
        assert_eq!(json["features"][0]["geometry"]["coordinates"][0][2], serde_json::json!([6803 + 2048, 10 + 2048]));
        assert_eq!(json["features"][0]["properties"]["measurements"]["prob_a"], 0.75);
    }

    #[test]
    fn different_slides_never_mix() {
        let two = [report("x.png", None), report("y/x.png", None)];
        let made = files(&two, &["a".into()], &[]).unwrap();
        let names: Vec<_> = made.iter().map(|m| m.0.clone()).collect();
        assert_eq!(names, ["qupath/x.geojson", "qupath/x-2.geojson"].map(PathBuf::from));
    }
}
