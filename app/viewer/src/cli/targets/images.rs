//! The images that targets are made of: found, read once, checked.

use crate::cli::analyze::files;
use crate::cli::analyze::read::{Source, ahead};
use fovea_patch::Patch;
use std::collections::HashMap;
use std::path::PathBuf;

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

/// Reads every image once, so that what cannot be used is known before the Teacher runs. `um_per_px` is the Teacher's scale at
/// `input_px`.
pub fn find(paths: &[PathBuf], input_px: usize, um_per_px: Option<f64>, seen: &dyn Fn(usize, usize)) -> Found {
    let sources: Vec<Source> = files::collect(paths).into_iter().map(Source::File).collect();
    let mut found = Found::default();
    let mut first: HashMap<String, String> = HashMap::new();
    let (mut twice, mut scaled) = (0usize, None);
    std::thread::scope(|scope| {
        let patches = ahead(scope, &sources);
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
