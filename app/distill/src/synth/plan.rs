//! Which patches a drawn set consists of: grades, slides and names, before anything is drawn.

use serde::{Deserialize, Serialize};

use super::random::Random;
use super::settings::{Grade, SettingsError, SynthSettings};

/// Parts of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// For fitting.
    Train,
    /// For choosing weights and checkpoints.
    Validation,
    /// For the final figures.
    Test,
}

/// Numbers of patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Patches to train on.
    pub train: usize,
    /// Patches to validate on.
    pub validation: usize,
    /// Patches to test on.
    pub test: usize,
}

/// Most patches of one set: slide numbers have four digits.
pub const MAX_PATCHES: usize = 100_000;

/// A patch that is to be drawn with [`super::draw`].
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// File name without extension, as SICAPv2 forms it; `…_xini_<x>_yini_<y>` in level-0 pixels.
    pub name: String,
    /// What to draw.
    pub grade: Grade,
    /// Number to draw it by.
    pub index: usize,
    /// Where it belongs.
    pub part: Part,
}

/// All patches of a set, part after part. Grades are as equal in number as they can be and mixed on each slide; no slide has patches in
/// two parts. `size_level0` is the side of a patch in level-0 pixels (SICAPv2: 2048).
///
/// # Errors
/// Settings out of range, or more than [`MAX_PATCHES`].
pub fn plan(settings: &SynthSettings, counts: Counts, size_level0: u32) -> Result<Vec<Planned>, SettingsError> {
    settings.check()?;
    let parts = [(Part::Train, counts.train), (Part::Validation, counts.validation), (Part::Test, counts.test)];
    let total = parts.iter().fold(0usize, |sum, (_, n)| sum.saturating_add(*n));
    if total == 0 || total > MAX_PATCHES {
        let found = total.to_string();
        return Err(SettingsError { field: "patches", allowed: format!("1 to {MAX_PATCHES} in all"), found });
    }
    let mut planned = Vec::with_capacity(total);
    let mut first_slide = 0;
    for (part, count) in parts {
        let mut grades: Vec<Grade> = (0..count).map(|i| Grade::ALL[i % Grade::ALL.len()]).collect();
        Random::new(&[settings.seed, 3, part as u64]).shuffle(&mut grades);
        for (i, grade) in grades.into_iter().enumerate() {
            let index = first_slide * settings.patches_per_slide + i;
            planned.push(Planned { name: name(settings, index, size_level0), grade, index, part });
        }
        first_slide += count.div_ceil(settings.patches_per_slide);
    }
    Ok(planned)
}

/// Columns of patches on a slide.
const COLUMNS: usize = 4;

fn name(settings: &SynthSettings, index: usize, size_level0: u32) -> String {
    let (slide, on_slide) = (index / settings.patches_per_slide, index % settings.patches_per_slide);
    let (column, row) = (on_slide % COLUMNS, on_slide / COLUMNS);
    let at = |n: usize| (n as u64 + 1) * u64::from(size_level0);
    format!("00B{slide:07}_Block_Region_0_{row}_{column}_xini_{}_yini_{}", at(column), at(row))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use std::collections::{HashMap, HashSet};

    #[test]
    fn grades_are_even_and_slides_belong_to_one_part() {
        let settings = SynthSettings { patches_per_slide: 5, ..SynthSettings::default() };
        let all = plan(&settings, Counts { train: 42, validation: 8, test: 16 }, 2048).unwrap();
        assert_eq!(all.len(), 66);
        let of = |part, grade| all.iter().filter(|p| p.part == part && p.grade == grade).count();
        assert_eq!(Grade::ALL.map(|g| of(Part::Train, g)), [11, 11, 10, 10]);
        assert_eq!(Grade::ALL.map(|g| of(Part::Test, g)), [4; 4]);
        let names: HashSet<&str> = all.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        let mut slides: HashMap<&str, HashSet<Part>> = HashMap::new();
        for patch in &all {
            let slide = patch.name.split('_').next().unwrap();
            assert_eq!(slide[3..].parse::<usize>().unwrap(), patch.index / 5);
            slides.entry(slide).or_default().insert(patch.part);
        }
        assert!(slides.values().all(|parts| parts.len() == 1));
        assert!(all[0].name.ends_with("_xini_2048_yini_2048"));
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let none = Counts { train: 0, validation: 0, test: 0 };
        assert!(plan(&SynthSettings::default(), none, 2048).is_err());
        let many = Counts { train: usize::MAX, validation: 1, test: 1 };
        assert!(plan(&SynthSettings::default(), many, 2048).unwrap_err().to_string().contains("100000"));
        let small = SynthSettings { px: 8, ..SynthSettings::default() };
        let error = plan(&small, Counts { train: 1, ..none }, 2048).unwrap_err();
        assert_eq!(error.to_string(), "px: 64 to 1024, found 8");
    }
}
