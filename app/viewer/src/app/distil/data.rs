//! The data set of the page: the user's own, or drawn by the program.

use std::sync::Arc;

use fovea_distill::data::{Sample, Source, Splits};
use fovea_distill::synth::{self, Grade, SynthSettings};
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
    /// The patches; drawn ones are only made when a run starts.
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
        let share = |n: usize| (0..Grade::ALL.len()).map(|i| n / 4 + usize::from(i < n % 4)).collect();
        Set {
            origin: "drawn example set".into(),
            classes: Grade::ALL.iter().map(|g| g.name().to_owned()).collect(),
            counts: [share(self.train), share(self.validation), vec![0; 4]],
            notes: vec!["Drawn by the program, not tissue: for trying things out.".into()],
            splits: None,
        }
    }

    /// How many patches.
    pub fn len(&self) -> usize {
        self.train + self.validation
    }

    /// Is patch `i` of both parts one that is trained on?
    pub fn trains(&self, i: usize) -> bool {
        i < self.train
    }

    /// Patch `i` of both parts, a PNG.
    ///
    /// # Errors
    /// A side that cannot be drawn.
    pub fn sample(&self, i: usize, px: usize) -> Result<Sample, String> {
        let settings = SynthSettings { seed: self.seed, px, ..SynthSettings::default() };
        // No slide is in both parts.
        let first = self.train.next_multiple_of(settings.patches_per_slide);
        let (index, part) = if self.trains(i) { (i, "train") } else { (first + i - self.train, "validation") };
        let grade = Grade::ALL[(if self.trains(i) { i } else { i - self.train }) % Grade::ALL.len()];
        let drawn = synth::draw(&settings, grade, index).map_err(|e| e.to_string())?;
        let png = fovea_patch::export::rgb_png(&drawn.rgb, px, px).map_err(|e| e.to_string())?;
        let name = format!("{part}_{}_{index:05}.png", grade.name());
        Ok(Sample { name, source: Source::Memory(png.into()), label: grade.label(), mask: None })
    }

    /// Writes the set as folders of pictures, one per part and class, unless it is there already.
    ///
    /// # Errors
    /// A side that cannot be drawn; a folder that cannot be written to.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write(&self, folder: &std::path::Path, px: usize, told: &dyn Fn(usize)) -> Result<(), String> {
        let failed = |e: std::io::Error| format!("cannot be written: {e}: {}", folder.display());
        for i in 0..self.len() {
            let sample = self.sample(i, px)?;
            let part = if self.trains(i) { "train" } else { "validation" };
            let place = folder.join(part).join(Grade::ALL[sample.label].name());
            std::fs::create_dir_all(&place).map_err(failed)?;
            if let Source::Memory(bytes) = &sample.source {
                fovea_distill::files::write_whole(&place.join(&sample.name), bytes).map_err(failed)?;
            }
            told(i + 1);
        }
        Ok(())
    }
}

/// A drawn set in the making: some patches at a time, so that a page without threads stays awake.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))] // natively the run's thread draws
pub struct Drawing {
    set: DrawnSet,
    px: usize,
    splits: Splits,
    done: usize,
}

#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
impl Drawing {
    /// Nothing drawn yet.
    pub fn new(set: DrawnSet, px: usize) -> Self {
        let splits = Splits { classes: set.set().classes, ..Splits::default() };
        Self { set, px, splits, done: 0 }
    }

    /// Share that is drawn.
    pub fn share(&self) -> f32 {
        self.done as f32 / self.set.len().max(1) as f32
    }

    /// Draws for about `seconds`; the set once it is complete.
    ///
    /// # Errors
    /// A side that cannot be drawn.
    pub fn draw(&mut self, seconds: f64) -> Result<Option<Splits>, String> {
        let start = web_time::Instant::now();
        while self.done < self.set.len() {
            let sample = self.set.sample(self.done, self.px)?;
            let part = if self.set.trains(self.done) { &mut self.splits.train } else { &mut self.splits.validation };
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
        let mut drawing = Drawing::new(drawn, 64);
        let splits = drawing.draw(60.0).unwrap().unwrap();
        let (said, made) = (drawn.set(), Set::of(splits.clone(), "x"));
        assert_eq!((said.counts, said.classes), (made.counts, made.classes));
        let picture = fovea_patch::decode(match &splits.train[0].source { Source::Memory(b) => b, Source::File(_) => panic!("a file") }, "x", &Default::default()).unwrap();
        assert_eq!((picture.width, picture.height), (64, 64));
        let names: std::collections::HashSet<_> = splits.train.iter().chain(&splits.validation).map(|s| &s.name).collect();
        assert_eq!(names.len(), 14);
    }

    #[test]
    fn drawing_stops_for_breath_and_goes_on() {
        let mut drawing = Drawing::new(DrawnSet { train: 4, validation: 4, seed: 1 }, 64);
        let mut rounds = 1;
        while drawing.draw(0.0).unwrap().is_none() {
            rounds += 1;
        }
        assert!(rounds > 4 && drawing.share() == 1.0);
    }
}
