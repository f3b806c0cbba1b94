//! `fovea targets info`.

use crate::cli::{Outcome, print, print_json};
use fovea_distill::targets::{AttentionLayer, FeatureLayer, LARGEST, TargetsFile};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments of `fovea targets info`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A targets file
    file: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Reads and checks the whole file, as training would.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let targets = TargetsFile::open(&args.file)?;
    if args.json {
        print_json(&document(&targets)?)?;
    } else {
        lines(&targets).iter().try_for_each(|line| print(line))?;
    }
    Ok(Outcome::AllFine)
}

fn document(targets: &TargetsFile) -> anyhow::Result<Value> {
    let mut all = serde_json::to_value(targets.metadata())?;
    all["images"] = json!(targets.images());
    all["rows"] = json!(targets.images() * targets.metadata().views.count());
    all["bytes"] = json!(targets.bytes());
    all["head"] = json!(targets.head().is_some());
    Ok(all)
}

fn lines(targets: &TargetsFile) -> Vec<String> {
    let m = targets.metadata();
    let views = m.views.count();
    let scale = m.um_per_px.map_or("unknown".to_string(), |um| format!("{um} µm/px"));
    let mut out = vec![
        format!("teacher   {} (weights {})", m.teacher.name, m.teacher.sha256),
        format!("classes   {}", m.classes.join(", ")),
        format!("input     {} px, scale {scale}", m.input_px),
        format!("rows      {} images × {views} view{} ({})", targets.images(), if views == 1 { "" } else { "s" }, m.views),
    ];
    out.extend(m.attention.iter().map(attention));
    out.extend(m.features.iter().map(features));
    out.push(match m.pooled {
        Some(k) => format!("head      {} × {k}", m.classes.len()),
        None => "head      none: the logits are not made by one Linear".into(),
    });
    out.push(format!("size      {}", size(targets.bytes() as u64)));
    out.push(format!("made by   {}", m.program));
    out
}

fn level(level: Option<i64>) -> String {
    level.map(|l| format!(", level {l}")).unwrap_or_default()
}

fn attention(a: &AttentionLayer) -> String {
    format!("attention {:?}{}, {}, {} × {}", a.layer, level(a.level), crate::cli::parse::name_of(&a.form), a.grid[0], a.grid[1])
}

fn features(f: &FeatureLayer) -> String {
    format!("features  {:?}{}, {} × {} × {}", f.layer, level(f.level), f.shape[0], f.shape[1], f.shape[2])
}

/// A word about a file of so many bytes, where training would refuse it.
pub fn too_large(bytes: u64) -> Option<String> {
    let (own, most) = (size(bytes), size(LARGEST));
    let words = || format!("the targets take {own}, training reads at most {most}: take fewer images, views or feature maps");
    (bytes > LARGEST).then(words)
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..100_000 => format!("{bytes} bytes"),
        100_000..100_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_training_refuses_is_told_beforehand() {
        assert_eq!(too_large(LARGEST), None);
        let told = too_large(LARGEST + 1).unwrap_or_default();
        assert!(told.contains("take 17.18 GB, training reads at most 17.18 GB"), "{told}");
    }
}
