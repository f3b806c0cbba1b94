//! What a trained network is worth on the test patches: its grades, and how much of its attention lies in the focus.

use crate::analysis::{Analyzer, PatchResult, Settings};
use anyhow::{Context, anyhow};
use fovea_distill::data::{Sample, Source};
use fovea_distill::{Metrics, Scores};
use fovea_engine::Device;
use fovea_patch::{Framing, Limits, decode, resize};
use fovea_student::{Method, Student};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
pub fn judge(student: &Student, device: &Device, samples: &[Sample], tick: &mut dyn FnMut()) -> anyhow::Result<Vec<Judged>> {
    let settings = Settings { method: Some(Method::Positive), framing: Framing::Whole, ..Settings::default() };
    let mut analyzer = Analyzer::new(device, student, settings)?;
    let mut rows = Vec::with_capacity(samples.len());
    for sample in samples {
        let patch = decode(&bytes(&sample.source)?, &sample.name, &Limits::default())?;
        let result = pollster::block_on(analyzer.analyze_patch(&patch))?;
        let mask = sample.mask.as_ref().map(|mask| region(mask, &sample.name, &result)).transpose()?;
        let tile = result.tiles.first().ok_or_else(|| anyhow!("no tile was analysed: {}", sample.name))?;
        let cells = result.map_h * result.map_w;
        let map = tile.raw.get(sample.label * cells..(sample.label + 1) * cells);
        let focus = mask.zip(map).and_then(|(mask, map)| share(map, &mask));
        rows.push(Judged { name: sample.name.clone(), label: sample.label, logits: tile.logits.clone(), focus });
        tick();
    }
    Ok(rows)
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

/// The share of every map cell that lies in the region, 0 to 1.
fn region(mask: &Source, name: &str, result: &PatchResult) -> anyhow::Result<Vec<f64>> {
    let picture = decode(&bytes(mask)?, &format!("mask of {name}"), &Limits::default())?;
    let small = resize::area(&picture.rgb, picture.width, picture.height, result.map_w, result.map_h);
    Ok(small.iter().step_by(3).map(|&v| f64::from(v) / 255.0).collect())
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

    #[test]
    fn attention_counts_where_it_is_positive() {
        let focus = share(&[1.0, 3.0, -5.0, 0.0], &[0.0, 1.0, 1.0, 0.0]).unwrap();
        assert_eq!(focus, Focus { inside: 0.75, area: 0.5 });
        assert_eq!(share(&[-1.0, 0.0], &[1.0, 0.0]), None);
        assert_eq!(share(&[1.0, 1.0], &[0.0, 0.0]), None);
    }
}
