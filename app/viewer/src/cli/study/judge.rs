//! What a trained network is worth on the test patches: its grades, and how much of its attention lies in the focus.

use super::origin::Origin;
use crate::analysis::{Analyzer, PatchResult, Settings};
use anyhow::{Context, anyhow, bail};
use fovea_distill::data::{Sample, Source};
use fovea_distill::{Metrics, Scores};
use fovea_engine::Device;
use fovea_patch::{Framing, Limits, Patch, decode, resize};
use fovea_student::{Method, Student};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::path::Path;

/// The test patches as one network judges them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Tested {
    /// What they are about.
    pub origin: Origin,
    /// Masks without a focus, because they hold other values than 0 and 255.
    pub unused_masks: usize,
    /// The patches.
    pub rows: Vec<Judged>,
}

/// What a file holds: older versions wrote the patches alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        #[serde(default)]
        origin: Origin,
        #[serde(default)]
        unused_masks: usize,
        rows: Vec<Judged>,
    },
    Before(Vec<Judged>),
}

impl From<Stored> for Tested {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now { origin, unused_masks, rows } => Self { origin, unused_masks, rows },
            Stored::Before(rows) => Self { rows, ..Self::default() },
        }
    }
}

impl Tested {
    /// Holds what was found in `file` against the study's origin and its test patches.
    ///
    /// # Errors
    /// Patches of another set.
    pub fn check(&self, wanted: &Origin, samples: &[Sample], file: &Path) -> anyhow::Result<()> {
        self.origin.check(wanted, file)?;
        let same = |(row, sample): (&Judged, &Sample)| row.name == sample.name && row.label == sample.label;
        if self.rows.len() != samples.len() || !self.rows.iter().zip(samples).all(same) {
            bail!("the test patches judged here are not those of the data set: {}", file.display());
        }
        Ok(())
    }
}

/// One test patch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// File name.
    pub name: String,
    /// Its class.
    pub label: usize,
    /// Scores before softmax.
    pub logits: Vec<f32>,
    /// Where the deciding region is known: the share of the true class's attention that lies in it, and the region's share of the
    /// patch. None without a region, or where the map has no positive value.
    pub focus: Option<Focus>,
}

/// Attention and region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Focus {
    /// Share of the attention inside, 0 to 1.
    pub inside: f64,
    /// Share of the area inside, 0 to 1: what a map without preference would reach.
    pub area: f64,
}

/// Runs a network over test patches; `tick` is called after each.
///
/// # Errors
/// Patches or masks that cannot be read; a failing device.
pub fn judge(
    student: &Student,
    device: &Device,
    samples: &[Sample],
    origin: Origin,
    tick: &mut dyn FnMut(),
) -> anyhow::Result<Tested> {
    let settings = Settings { method: Some(Method::Positive), framing: Framing::Whole, ..Settings::default() };
    let mut analyzer = Analyzer::new(device, student, settings)?;
    let mut tested = Tested { origin, ..Tested::default() };
    for sample in samples {
        let patch = decode(&bytes(&sample.source)?, &sample.name, &Limits::default())?;
        let result = pollster::block_on(analyzer.analyze_patch(&patch))?;
        let mask = sample.mask.as_ref().map(|mask| region(mask, &sample.name, &result)).transpose()?;
        tested.unused_masks += usize::from(matches!(mask, Some(None)));
        let tile = result.tiles.first().ok_or_else(|| anyhow!("no tile was analysed: {}", sample.name))?;
        let cells = result.map_h * result.map_w;
        let map = tile.raw.get(sample.label * cells..(sample.label + 1) * cells);
        let focus = mask.flatten().zip(map).and_then(|(mask, map)| share(map, &mask));
        tested.rows.push(Judged { name: sample.name.clone(), label: sample.label, logits: tile.logits.clone(), focus });
        tick();
    }
    Ok(tested)
}

fn bytes(source: &Source) -> anyhow::Result<Cow<'_, [u8]>> {
    match source {
        Source::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
        Source::File(file) => {
            let read = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(Cow::Owned(read))
        }
    }
}

/// The share of every map cell that lies in the region, 0 to 1; none where the picture does not say what is inside.
fn region(mask: &Source, name: &str, result: &PatchResult) -> anyhow::Result<Option<Vec<f64>>> {
    let picture = decode(&bytes(mask)?, &format!("mask of {name}"), &Limits::default())?;
    Ok(inside(&picture, result.map_w, result.map_h))
}

/// Only black and white say it: SICAPv2's masks hold numbers of grades, others 0 and 1.
fn inside(picture: &Patch, w: usize, h: usize) -> Option<Vec<f64>> {
    if picture.rgb.iter().any(|&v| !matches!(v, 0 | 255)) {
        return None;
    }
    let small = resize::area(&picture.rgb, picture.width, picture.height, w, h);
    Some(small.iter().step_by(3).map(|&v| f64::from(v) / 255.0).collect())
}

/// None where nothing is positive, or the region is empty or everything.
fn share(map: &[f32], mask: &[f64]) -> Option<Focus> {
    let positive = map.iter().map(|&v| f64::from(v.max(0.0)));
    let all: f64 = positive.clone().sum();
    let inside: f64 = positive.zip(mask).map(|(v, m)| v * m).sum();
    let area = mask.iter().sum::<f64>() / mask.len().max(1) as f64;
    (all > 0.0 && area > 0.0 && area < 1.0).then(|| Focus { inside: inside / all, area })
}

/// Metrics of some rows.
pub fn metrics<'a>(rows: impl Iterator<Item = &'a Judged>, classes: usize) -> Metrics {
    let mut scores = Scores::new(classes);
    rows.for_each(|row| scores.add_logits(&row.logits, &[row.label]));
    scores.metrics()
}

/// Means over the rows that have a focus: attention inside, and area.
pub fn focus(rows: &[Judged]) -> Option<Focus> {
    let all: Vec<Focus> = rows.iter().filter_map(|r| r.focus).collect();
    let n = all.len() as f64;
    let mean = |of: fn(&Focus) -> f64| all.iter().map(of).sum::<f64>() / n;
    (!all.is_empty()).then(|| Focus { inside: mean(|f| f.inside), area: mean(|f| f.area) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    #[test]
    fn attention_counts_where_it_is_positive() {
        let focus = share(&[1.0, 3.0, -5.0, 0.0], &[0.0, 1.0, 1.0, 0.0]).unwrap();
        assert_eq!(focus, Focus { inside: 0.75, area: 0.5 });
        assert_eq!(share(&[-1.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(share(&[1.0, 1.0], &[0.0, 0.0]), None);
    }

    fn mask(grey: [u8; 4]) -> Patch {
        Patch {
            rgb: grey.iter().flat_map(|&v| [v; 3]).collect(),
            width: 2,
            height: 2,
            um_per_px: None,
            sha256: String::new(),
            name: String::new(),
            position: None,
            notes: vec![],
        }
    }

    #[test]
    fn only_black_and_white_masks_tell_a_region() {
        assert_eq!(inside(&mask([0, 255, 0, 255]), 2, 1), Some(vec![0.0, 1.0]));
        let halves = inside(&mask([0, 255, 0, 255]), 1, 1).unwrap();
        assert!((halves[0] - 0.5).abs() < 0.01, "the area between is what resizing makes of it: {halves:?}");
        assert_eq!(inside(&mask([0; 4]), 2, 2), Some(vec![0.0; 4]));
        assert_eq!(inside(&mask([0, 1, 1, 0]), 2, 2), None, "0 and 1");
        assert_eq!(inside(&mask([0, 3, 4, 5]), 2, 2), None, "grades");
    }

    #[test]
    fn files_of_older_versions_are_read() {
        let row = r#"{"name":"a.png","label":1,"logits":[0.5,-4.720498],"focus":{"inside":0.25,"area":0.5}}"#;
        let before: Tested = serde_json::from_str(&format!("[{row}]")).unwrap();
        assert_eq!((before.origin.clone(), before.unused_masks, before.rows.len()), (Origin::default(), 0, 1));
        assert_eq!(before.rows[0].logits, [0.5, -4.720498]);
        let now = Tested { origin: Origin { data: Some("x".into()), teacher: None }, unused_masks: 3, ..before.clone() };
        assert_eq!(serde_json::from_str::<Tested>(&serde_json::to_string(&now).unwrap()).unwrap(), now);
        let sample = |label| Sample { name: "a.png".into(), source: Source::Memory(Arc::default()), label, mask: None };
        let check = |samples: &[Sample]| before.check(&now.origin, samples, Path::new("test.json"));
        assert!(check(&[sample(1)]).is_ok());
        assert!(check(&[sample(0)]).is_err() && check(&[]).is_err());
    }
}
