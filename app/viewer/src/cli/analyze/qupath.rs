//! Tiles for QuPath, one collection per slide: patches of different slides share no coordinates.

use super::files::Names;
use super::report::FileReport;
use fovea_patch::Tile;
use fovea_patch::export::{Placement, TileFeature, geojson};
use std::collections::HashMap;
use std::path::PathBuf;

/// Side in level-0 pixels of the field a SICAPv2 patch shows; its name gives the corner.
const SICAP_FIELD: f64 = 2048.0;

/// Names and contents of the GeoJSON files, relative to the results' folder: `qupath.geojson` when everything lies on one
/// slide or image, `qupath/<slide>.geojson` otherwise.
///
/// All names come from one register: no slide and no image writes over another's file.
pub fn files(reports: &[FileReport], classes: &[String], colors: &[[u8; 3]]) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut made: Vec<(String, Vec<serde_json::Value>)> = vec![];
    let mut slides: HashMap<&str, usize> = HashMap::new();
    let mut names = Names::default();
    for report in reports.iter().filter(|r| r.error.is_none()) {
        let placed = placed(report);
        let next = made.len();
        let at = placed.map_or(next, |(slide, _)| *slides.entry(slide).or_insert(next));
        if at == next {
            let name = match placed {
                Some((slide, _)) => names.unique_name(slide),
                None => names.unique(&report.file),
            };
            made.push((name, vec![]));
        }
        let placement = placed.map(|(_, placement)| placement).unwrap_or_default();
        let bytes = geojson(&features(report, classes, colors), placement)?;
        let collection: serde_json::Value = serde_json::from_slice(&bytes)?;
        let features = collection.get("features").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        made[at].1.extend(features);
    }
    let single = made.len() == 1;
    let path = |name: &str| match single {
        true => PathBuf::from("qupath.geojson"),
        false => PathBuf::from("qupath").join(format!("{name}.geojson")),
    };
    let whole = |features| serde_json::json!({ "type": "FeatureCollection", "features": features });
    made.into_iter().map(|(name, features)| Ok((path(&name), serde_json::to_vec_pretty(&whole(features))?))).collect()
}

/// Slide and place of a patch whose place is known: that of SICAPv2's square patches, whose names start with the slide's. Everything
/// else stands for itself.
fn placed(report: &FileReport) -> Option<(&str, Placement)> {
    let origin = report.position?;
    let (width, height) = (report.width?, report.height?);
    let name = report.file.rsplit('/').next()?;
    let front = name.split("_xini_").next()?;
    let slide = front.split("_Block").next().unwrap_or(front);
    (width == height).then_some((slide, Placement { origin, scale: SICAP_FIELD / width as f64 }))
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

    /// The files' names, each with its number of features.
    fn named(reports: &[FileReport]) -> Vec<(String, usize)> {
        let count = |bytes: &[u8]| {
            let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            json["features"].as_array().unwrap().len()
        };
        let made = files(reports, &["a".into()], &[]).unwrap();
        made.iter().map(|(path, bytes)| (path.display().to_string(), count(bytes))).collect()
    }

    #[test]
    fn slides_and_images_never_share_a_name() {
        let placed = |name: &str| report(name, Some((0, 0)));
        let reports = [
            placed("S1_Block_Region_0_xini_0_yini_0.jpg"),
            report("S1.png", None),
            placed("s1_Block_Region_0_xini_0_yini_0.jpg"),
            placed("S1_Block_Region_1_xini_0_yini_0.jpg"),
            report("s1-2.png", None),
        ];
        let wanted = [("S1", 2), ("S1-2", 1), ("s1-3", 1), ("s1-2-2", 1)];
        let wanted = wanted.map(|(name, count)| (format!("qupath/{name}.geojson"), count));
        assert_eq!(named(&reports), wanted, "names that differ in case alone are one name on many disks");
    }

    #[test]
    fn a_patch_that_is_not_square_stands_for_itself() {
        let mut wide = report("S1_Block_Region_0_xini_50_yini_60.jpg", Some((50, 60)));
        wide.width = Some(512);
        let square = report("S1_Block_Region_1_xini_0_yini_0.jpg", Some((0, 0)));
        let wanted = ["S1_Block_Region_0_xini_50_yini_60", "S1"].map(|name| (format!("qupath/{name}.geojson"), 1));
        assert_eq!(named(&[wide, square]), wanted);
    }
}
