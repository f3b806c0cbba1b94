//! One map of one patch: what is asked for, and what comes of it.

use std::collections::HashMap;
use std::sync::Arc;

use fovea_distill::data::{ImageStore, Sample};
use fovea_patch::Patch;
use fovea_student::Student;

use crate::analysis::{PatchResult, Settings};

/// Whose map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The Student's at the start.
    Before,
    /// The best Student's so far.
    Now,
    /// The Teacher's.
    Teacher,
}

impl Side {
    /// In the order of the columns.
    pub const ALL: [Self; 3] = [Self::Before, Self::Now, Self::Teacher];
}

/// The Teacher's maps by the SHA-256 of the picture's file: `[classes, h, w]` raw values.
#[derive(Clone, Debug, Default)]
pub struct TeacherMaps {
    /// Height and width.
    pub grid: [usize; 2],
    /// Raw values.
    pub maps: HashMap<String, Vec<f32>>,
}

/// What makes a map.
#[derive(Clone)]
pub enum Maker {
    /// The engine, with a network.
    Network {
        /// The network.
        student: Arc<Student>,
        /// Which map.
        settings: Settings,
    },
    /// Nothing: it is there already.
    Rows(Arc<TeacherMaps>),
}

/// One map to be made.
pub struct MapJob {
    /// Whose.
    pub side: Side,
    /// Counts Students: answers for an older one are not shown.
    pub version: u64,
    /// Which validation patch.
    pub index: usize,
    /// Its file.
    pub sample: Sample,
    /// Side of the picture as it is trained on.
    pub px: usize,
    /// How.
    pub maker: Maker,
}

/// A map over its patch.
#[derive(Clone, Debug)]
pub struct Mapped {
    /// The patch as the network sees it.
    pub patch: Arc<Patch>,
    /// Height and width of the map.
    pub grid: [usize; 2],
    /// Raw values `[classes, h, w]`.
    pub raw: Vec<f32>,
    /// One per class; none for rows of a file.
    pub probabilities: Vec<f32>,
}

/// What came of a job.
pub struct MapNews {
    /// Whose.
    pub side: Side,
    /// Of which Student.
    pub version: u64,
    /// Which validation patch.
    pub index: usize,
    /// The map, or why there is none.
    pub outcome: Result<Mapped, String>,
}

impl MapJob {
    /// The patch at the size it is trained on.
    ///
    /// # Errors
    /// A file that cannot be read, or is no square picture.
    pub fn patch(&self) -> Result<Patch, String> {
        let store = ImageStore::new(vec![self.sample.clone()], self.px, 0);
        let picture = store.get(0).map_err(|e| e.to_string())?;
        Ok(Patch {
            name: self.sample.name.clone(),
            rgb: picture.rgb.clone(),
            width: self.px,
            height: self.px,
            sha256: picture.sha256.clone(),
            um_per_px: None,
            position: None,
            notes: vec![],
        })
    }

    /// The answer to this job.
    pub fn answer(&self, outcome: Result<Mapped, String>) -> MapNews {
        MapNews { side: self.side, version: self.version, index: self.index, outcome }
    }
}

impl Mapped {
    /// What an analysis of a patch of the network's own size gave.
    ///
    /// # Errors
    /// When it was cut into several tiles.
    pub fn of(patch: Patch, mut result: PatchResult) -> Result<Self, String> {
        match (result.tiles.pop(), result.tiles.is_empty()) {
            (Some(tile), true) => Ok(Self {
                patch: Arc::new(patch),
                grid: [result.map_h, result.map_w],
                raw: tile.raw,
                probabilities: result.probabilities,
            }),
            _ => Err("the patch does not fit the network's field".into()),
        }
    }
}

impl TeacherMaps {
    /// The map of a patch.
    ///
    /// # Errors
    /// When the file has none for it.
    pub fn of(&self, patch: Patch) -> Result<Mapped, String> {
        let raw = self.maps.get(&patch.sha256).cloned().ok_or("not in the targets, or not as it is (view 'plain')")?;
        Ok(Mapped { patch: Arc::new(patch), grid: self.grid, raw, probabilities: vec![] })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_the_pictures_hash() {
        let rows = TeacherMaps { grid: [1, 2], maps: HashMap::from([("x".to_string(), vec![1.0, 2.0])]) };
        let patch = |sha256: &str| Patch {
            name: String::new(),
            rgb: vec![0; 12],
            width: 2,
            height: 2,
            sha256: sha256.into(),
            um_per_px: None,
            position: None,
            notes: vec![],
        };
        assert_eq!(rows.of(patch("x")).unwrap().raw, [1.0, 2.0]);
        assert!(rows.of(patch("y")).unwrap_err().contains("not in the targets"));
    }
}
