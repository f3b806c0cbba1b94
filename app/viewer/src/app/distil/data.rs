//! The data set of the page: the user's own, or drawn by the program.

use std::sync::Arc;

#[cfg(any(test, target_arch = "wasm32"))]
use fovea_distill::data::Source;
use fovea_distill::data::{Sample, Splits};
use fovea_distill::synth::{self, Counts, Grade, SynthSettings};
use serde::{Deserialize, Serialize};

/// A data set, as far as it is known.
#[derive(Clone, Debug, Default)]
pub enum Data {
    /// None was chosen.
    #[default]
    None,
    /// It is being read.
    Reading,
    /// It can be used.
    Ready(Arc<Set>),
    /// It cannot be used; why.
    Failed(String),
}

/// What is in a data set.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// For people: where the patches come from.
    pub origin: String,
    /// Class names, in the order of the labels.
    pub classes: Vec<String>,
    /// Patches per class: training, validation, test.
    pub counts: [Vec<usize>; 3],
    /// What the user should know.
    pub notes: Vec<String>,
    /// The patches, which a browser has nowhere else; drawn ones are only made when a run starts.
    #[cfg(target_arch = "wasm32")]
    pub splits: Option<Splits>,
}

impl Set {
    /// Counts what was read.
    pub fn of(splits: Splits, origin: &str) -> Self {
        let count = |samples: &[Sample]| {
            let of = |class| samples.iter().filter(|s| s.label == class).count();
            (0..splits.classes.len()).map(of).collect()
        };
        Self {
            origin: origin.into(),
            classes: splits.classes.clone(),
            counts: [count(&splits.train), count(&splits.validation), count(&splits.test)],
            notes: splits.notes.clone(),
            #[cfg(target_arch = "wasm32")]
            splits: Some(splits),
        }
    }

    /// Number of patches: 0 training, 1 validation, 2 test.
    pub fn len(&self, part: usize) -> usize {
        self.counts.get(part).map_or(0, |c| c.iter().sum())
    }
}

/// A set the program draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrawnSet {
    /// Patches that are trained on.
    pub train: usize,
    /// Patches that decide which weights are kept.
    pub validation: usize,
    /// From what.
    pub seed: u64,
}

impl Default for DrawnSet {
    fn default() -> Self {
        Self { train: 256, validation: 96, seed: 1 }
    }
}

impl DrawnSet {
    /// Most patches of one part.
    pub const MOST: usize = 20_000;

    /// The set as it will be.
    pub fn set(&self) -> Set {
        let share =
            |n: usize| (0..Grade::ALL.len()).map(|i| n / Grade::ALL.len() + usize::from(i < n % Grade::ALL.len())).collect();
        Set {
            origin: "drawn examples".into(),
            classes: Grade::ALL.iter().map(|g| g.name().to_owned()).collect(),
            counts: [share(self.train), share(self.validation), vec![0; Grade::ALL.len()]],
            notes: vec!["Drawn by the program, not tissue: for trying things out.".into()],
            #[cfg(target_arch = "wasm32")]
            splits: None,
        }
    }

    /// How many patches.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn len(&self) -> usize {
        self.train + self.validation
    }

    fn counts(&self) -> Counts {
        Counts { train: self.train, validation: self.validation, test: 0 }
    }

    fn settings(&self, px: usize) -> SynthSettings {
        SynthSettings { seed: self.seed, px, ..SynthSettings::default() }
    }

    /// How the set is written.
    #[cfg(not(target_arch = "wasm32"))]
    fn options(&self, px: usize) -> synth::WriteOptions {
        let (settings, counts) = (self.settings(px), self.counts());
        synth::WriteOptions { settings, counts, size_level0: LEVEL0, format: synth::PictureFormat::Png }
    }

    /// Writes the set in SICAPv2 layout; `told` hears how many patches are drawn.
    ///
    /// # Errors
    /// A side that cannot be drawn; a folder that cannot be written to.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write(&self, folder: &std::path::Path, px: usize, told: &(dyn Fn(usize) + Sync)) -> Result<(), String> {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let done = AtomicUsize::new(0);
        let progress = || told(done.fetch_add(1, Ordering::Relaxed) + 1);
        synth::write(folder, &self.options(px), &progress).map(drop).map_err(|e| e.to_string())
    }

    /// Does a folder hold this very set?
    #[cfg(not(target_arch = "wasm32"))]
    pub fn is_in(&self, folder: &std::path::Path, px: usize) -> bool {
        let synth::WriteOptions { settings, counts, size_level0, format } = self.options(px);
        drawn_record(folder).is_some_and(|found| {
            let same = (found.version, found.counts, found.size_level0) == (synth::VERSION, counts, size_level0);
            same && found.settings == settings && found.format == format
        })
    }
}

/// What a drawn set says about itself; it is written last, so a set that has it is complete.
#[cfg(not(target_arch = "wasm32"))]
pub fn drawn_record(folder: &std::path::Path) -> Option<synth::SynthRecord> {
    serde_json::from_slice(&std::fs::read(folder.join("synth.json")).ok()?).ok()
}

/// Side of a drawn patch on the slide it stands for, as SICAPv2 has it.
const LEVEL0: u32 = 2048;

/// A drawn set in the making: some patches at a time, so that a page without threads stays awake.
#[cfg(any(test, target_arch = "wasm32"))]
pub struct Drawing {
    settings: SynthSettings,
    planned: Vec<synth::Planned>,
    splits: Splits,
    done: usize,
}

#[cfg(any(test, target_arch = "wasm32"))]
impl Drawing {
    /// Nothing drawn yet.
    ///
    /// # Errors
    /// A side that cannot be drawn.
    pub fn new(set: DrawnSet, px: usize) -> Result<Self, String> {
        let settings = set.settings(px);
        let planned = synth::plan(&settings, set.counts(), LEVEL0).map_err(|e| e.to_string())?;
        let splits = Splits { classes: set.set().classes, ..Splits::default() };
        Ok(Self { settings, planned, splits, done: 0 })
    }

    /// Share that is drawn.
    pub fn share(&self) -> f32 {
        self.done as f32 / self.planned.len().max(1) as f32
    }

    /// Draws for about `seconds`; the set once it is complete.
    ///
    /// # Errors
    /// When a picture cannot be encoded.
    pub fn draw(&mut self, seconds: f64) -> Result<Option<Splits>, String> {
        let start = web_time::Instant::now();
        while let Some(patch) = self.planned.get(self.done) {
            let drawn = synth::draw(&self.settings, patch.grade, patch.index).map_err(|e| e.to_string())?;
            let png = fovea_patch::export::rgb_png(&drawn.rgb, drawn.px, drawn.px).map_err(|e| e.to_string())?;
            let name = format!("{}.png", patch.name);
            let sample = Sample { name, source: Source::Memory(png.into()), label: patch.grade.label(), mask: None };
            let part = if patch.part == synth::Part::Train { &mut self.splits.train } else { &mut self.splits.validation };
            part.push(sample);
            self.done += 1;
            if start.elapsed().as_secs_f64() > seconds {
                return Ok(None);
            }
        }
        Ok(Some(std::mem::take(&mut self.splits)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_set_is_what_its_counts_say() {
        let drawn = DrawnSet { train: 9, validation: 5, seed: 3 };
        let mut drawing = Drawing::new(drawn, 64).unwrap();
        let splits = drawing.draw(60.0).unwrap().unwrap();
        let (said, made) = (drawn.set(), Set::of(splits.clone(), "x"));
        assert_eq!((said.counts, said.classes), (made.counts, made.classes));
        let Source::Memory(png) = &splits.train[0].source else { panic!("not in memory") };
        let picture = fovea_patch::decode(png, "x", &Default::default()).unwrap();
        assert_eq!((picture.width, picture.height), (64, 64));
        let names: std::collections::HashSet<_> = splits.train.iter().chain(&splits.validation).map(|s| &s.name).collect();
        assert_eq!(names.len(), 14);
    }

    #[test]
    fn drawing_stops_for_breath_and_goes_on() {
        let mut drawing = Drawing::new(DrawnSet { train: 4, validation: 4, seed: 1 }, 64).unwrap();
        let mut rounds = 1;
        while drawing.draw(0.0).unwrap().is_none() {
            rounds += 1;
        }
        assert!(rounds > 4 && drawing.share() == 1.0);
    }
}
