//! Parts of a set, and the choice of patches to validate on where the data does not make it.

use super::{Sample, order};
use crate::views::live_key;
use fovea_student::random::Draws;
use std::collections::BTreeMap;

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    /// By the names that folders and tables use.
    pub fn named(words: &str) -> Option<Self> {
        match words.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "val" | "valid" | "validation" | "dev" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }

    /// In messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// The slide a patch is from, as SICAPv2's names tell it, whatever folder it is in; else the patch's own name with its folders:
/// `NC/1.png` and `G3/1.png` have nothing in common.
pub fn slide(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let cut = base.find("_Block_").or_else(|| base.find("_xini_"));
    cut.map_or(name, |at| &base[..at])
}

/// Keeps the choice apart from what else is drawn for the same seed.
const SPLIT: u64 = 0x5350_4c49_5400_0000;

/// Takes about `share` of the samples out, slide by slide: slides are drawn one after another, and each goes where it brings the
/// classes' numbers nearest to their shares. Both lists keep the samples' order. Labels are below `classes`.
pub(super) fn take(samples: Vec<Sample>, classes: usize, share: f64, seed: u64) -> (Vec<Sample>, Vec<Sample>) {
    let mut slides: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, sample) in samples.iter().enumerate() {
        slides.entry(slide(&sample.name)).or_default().push(i);
    }
    let mut slides: Vec<Vec<usize>> = slides.into_values().collect();
    order::shuffle(&mut slides, &mut Draws::new(live_key(seed ^ SPLIT, 0, 0)));
    let count = |of: &[usize]| {
        let mut numbers = vec![0.0; classes];
        for i in of {
            numbers[samples[*i].label] += 1.0;
        }
        numbers
    };
    let mut missing = count(&(0..samples.len()).collect::<Vec<_>>());
    missing.iter_mut().for_each(|n| *n *= share);
    let mut taken = vec![false; samples.len()];
    for own in &slides {
        let after: Vec<f64> = missing.iter().zip(count(own)).map(|(m, n)| m - n).collect();
        let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        if square(&after) < square(&missing) {
            missing = after;
            own.iter().for_each(|&i| taken[i] = true);
        }
    }
    let (out, kept): (Vec<_>, Vec<_>) = samples.into_iter().zip(taken).partition(|(_, taken)| *taken);
    let bare = |pairs: Vec<(Sample, bool)>| pairs.into_iter().map(|(sample, _)| sample).collect();
    (bare(kept), bare(out))
}
