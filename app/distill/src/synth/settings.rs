//! What a drawn data set is made from.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the drawing: it changes whenever the same settings give other pictures.
pub const VERSION: u32 = 2;

/// Smallest side that holds a focus with cells in it, in pixels.
pub const MIN_PX: usize = 64;
/// Largest side that is drawn, in pixels.
pub const MAX_PX: usize = 1024;

/// The four grades, in the order of their labels: benign, and Gleason patterns 3 to 5 as SICAPv2 names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// Not cancerous.
    NC,
    /// Gleason pattern 3.
    G3,
    /// Gleason pattern 4.
    G4,
    /// Gleason pattern 5.
    G5,
}

impl Grade {
    /// All grades; a grade's place here is its label.
    pub const ALL: [Self; 4] = [Self::NC, Self::G3, Self::G4, Self::G5];

    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["NC", "G3", "G4", "G5"][self.label()]
    }

    /// 0 to 3.
    #[must_use]
    pub fn label(self) -> usize {
        self as usize
    }
}

/// What a drawn data set is made from; the same settings give the same pictures everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SynthSettings {
    /// Seed of everything. Default 1.
    pub seed: u64,
    /// Side of a patch in pixels, [`MIN_PX`] to [`MAX_PX`]. Default 128. Cells keep their size in pixels; the focus grows along.
    pub px: usize,
    /// Micrometres per pixel that the drawing stands for: 10×. Default 1.
    pub um_per_px: f64,
    /// Patches of one slide, which share stain, scanner and focus. Default 12.
    pub patches_per_slide: usize,
    /// How far neighbouring grades lie apart in their coarse look, in deviations of its spread within a grade. Default 2; 0 leaves
    /// nothing of the grade at low magnification.
    pub coarse: f64,
    /// Strength of the fine detail that decides. Default 1; 0 leaves only the coarse look.
    pub fine: f64,
}

impl Default for SynthSettings {
    fn default() -> Self {
        Self { seed: 1, px: 128, um_per_px: 1.0, patches_per_slide: 12, coarse: 2.0, fine: 1.0 }
    }
}

/// Settings that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{field}: {allowed}, found {found}")]
pub struct SettingsError {
    /// Which setting.
    pub field: &'static str,
    /// What it may be.
    pub allowed: String,
    /// What it is.
    pub found: String,
}

impl SynthSettings {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), SettingsError> {
        let fault = |field, allowed: &str, found: String| Err(SettingsError { field, allowed: allowed.to_owned(), found });
        if !(MIN_PX..=MAX_PX).contains(&self.px) {
            return fault("px", &format!("{MIN_PX} to {MAX_PX}"), self.px.to_string());
        }
        if self.patches_per_slide == 0 {
            return fault("patches_per_slide", "at least 1", "0".into());
        }
        if !(self.um_per_px.is_finite() && self.um_per_px > 0.0) {
            return fault("um_per_px", "a positive number", self.um_per_px.to_string());
        }
        for (field, value) in [("coarse", self.coarse), ("fine", self.fine)] {
            if !(0.0..=4.0).contains(&value) {
                return fault(field, "0 to 4", value.to_string());
            }
        }
        Ok(())
    }
}
