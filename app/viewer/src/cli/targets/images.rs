//! The images that targets are made of: found, read once, checked.

use crate::cli::analyze::files::{self, Found as File};
use crate::cli::analyze::read::{Source, ahead};
use anyhow::bail;
use clap::ValueEnum;
use fovea_distill::data::{self, DataOptions, Sample};
use fovea_patch::Patch;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Part of a labelled set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Split {
    /// What is trained on
    Train,
    /// What decides which weights are kept
    Validation,
    /// What is reported
    Test,
    /// All three
    All,
}

/// An image that can be used.
#[derive(Clone, Debug)]
pub struct Image {
    /// Where it lies.
    pub source: Source,
    /// Of the file's bytes.
    pub sha256: String,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// Usable images, each content once.
    pub images: Vec<Image>,
    /// Place and reason of those that are not.
    pub failed: Vec<(String, String)>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// The images that are meant, with what the user should know. A folder in SICAPv2's layout, or any path with `split`, is a labelled
/// set; other folders are searched.
pub fn sources(paths: &[PathBuf], split: Option<Split>, fold: usize) -> anyhow::Result<(Vec<Source>, Vec<String>)> {
    match (paths, split) {
        ([path], None) if path.join("partition").is_dir() => {
            let (sources, mut notes) = labelled(path, Split::Train, fold)?;
            notes.push(format!("only the {} images of the set's training part (--split all for every one)", sources.len()));
            Ok((sources, notes))
        }
        ([path], Some(split)) => labelled(path, split, fold),
        (_, Some(_)) => bail!("--split is about one labelled set, but {} paths are given", paths.len()),
        (_, None) => Ok((files::collect(paths).into_iter().map(Source::File).collect(), vec![])),
    }
}

fn labelled(path: &Path, split: Split, fold: usize) -> anyhow::Result<(Vec<Source>, Vec<String>)> {
    let set = data::open(path, &DataOptions { fold, ..DataOptions::default() })?;
    let samples: Vec<Sample> = match split {
        Split::Train => set.train,
        Split::Validation => set.validation,
        Split::Test => set.test,
        Split::All => [set.train, set.validation, set.test].concat(),
    };
    let source = |sample: Sample| match sample.source {
        data::Source::File(path) => Some(Source::File(File { path, label: sample.name, error: None })),
        data::Source::Memory(_) => None,
    };
    Ok((samples.into_iter().filter_map(source).collect(), set.notes))
}

/// Reads every image once, so that what cannot be used is known before the Teacher runs. `um_per_px` is the Teacher's scale at
/// `input_px`.
pub fn find(sources: &[Source], input_px: usize, um_per_px: Option<f64>, seen: &dyn Fn(usize, usize)) -> Found {
    let mut found = Found::default();
    let mut first: HashMap<String, String> = HashMap::new();
    let (mut twice, mut scaled) = (0usize, None);
    std::thread::scope(|scope| {
        let patches = ahead(scope, sources);
        for (i, source) in sources.iter().enumerate() {
            seen(i, sources.len());
            let patch = patches.recv().unwrap_or_else(|_| Err("the decoder stopped".into())).and_then(square);
            let patch = match patch {
                Ok(patch) => patch,
                Err(reason) => {
                    found.failed.push((source.place(), reason));
                    continue;
                }
            };
            if scaled.is_none() {
                scaled = other_scale(&patch, input_px, um_per_px);
            }
            if first.insert(patch.sha256.clone(), source.place()).is_some() {
                twice += 1;
                continue;
            }
            found.images.push(Image { source: source.clone(), sha256: patch.sha256 });
        }
    });
    if twice > 0 {
        found.notes.push(format!("{twice} files have the same bytes as others: one row serves all of them"));
    }
    found.notes.extend(scaled);
    found
}

/// Targets are for whole images: a Teacher takes a square, and nothing is squashed.
fn square(patch: Patch) -> Result<Patch, String> {
    if patch.width == patch.height {
        return Ok(patch);
    }
    Err(format!("{} × {} px: targets are made of square images", patch.width, patch.height))
}

/// A word where the file's own scale is clearly not the Teacher's.
fn other_scale(patch: &Patch, input_px: usize, um_per_px: Option<f64>) -> Option<String> {
    let (own, wanted) = patch.um_per_px.zip(um_per_px)?;
    let brought = own * patch.width as f64 / input_px.max(1) as f64;
    let off = (brought / wanted - 1.0).abs() > 0.1;
    off.then(|| format!("{} is at {brought:.3} µm/px of the Teacher's input, which expects {wanted}", patch.name))
}
