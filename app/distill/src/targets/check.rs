//! Whether targets belong to what they are used with; messages name both sides.

use super::{TargetsError, TargetsFile};
use crate::views::ViewSet;

/// How many names a message lists.
const NAMED: usize = 3;
/// Scales that differ by less are the same scale, rounded differently.
const SAME_SCALE: f64 = 0.01;

impl TargetsFile {
    fn mismatch(&self, what: &'static str, targets: String, side: &'static str, other: String) -> TargetsError {
        TargetsError::Mismatch { what, targets, side, other, file: self.file.clone() }
    }

    /// Holds the file against a Teacher's weights (their [`fovea_student::Weights::sha256`]).
    ///
    /// # Errors
    /// When another Teacher made the targets.
    pub fn check_teacher(&self, name: &str, sha256: &str) -> Result<(), TargetsError> {
        let own = &self.metadata.teacher;
        if own.sha256.eq_ignore_ascii_case(sha256) {
            return Ok(());
        }
        let say = |name: &str, hash: &str| format!("'{name}' (weights {})", hash.chars().take(12).collect::<String>());
        Err(self.mismatch("another Teacher", say(&own.name, &own.sha256), "the run", say(name, sha256)))
    }

    /// Holds the classes against a Student's or a data set's; names and order count.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_classes(&self, classes: &[String], side: &'static str) -> Result<(), TargetsError> {
        if self.metadata.classes == classes {
            return Ok(());
        }
        Err(self.mismatch("other classes", self.metadata.classes.join(", "), side, classes.join(", ")))
    }

    /// Holds the image the Teacher took against the one the Student takes: side in px, and µm/px where both are known.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_input(&self, input_px: usize, um_per_px: Option<f64>) -> Result<(), TargetsError> {
        let own = &self.metadata;
        if own.input_px != input_px {
            return Err(self.mismatch("another input", format!("{} px", own.input_px), "the Student", format!("{input_px} px")));
        }
        match own.um_per_px.zip(um_per_px) {
            Some((a, b)) if (a - b).abs() > SAME_SCALE * a => {
                Err(self.mismatch("another scale", format!("{a} µm/px"), "the Student", format!("{b} µm/px")))
            }
            _ => Ok(()),
        }
    }

    /// Holds the views against those a run wants to draw.
    ///
    /// # Errors
    /// When some were not exported.
    pub fn check_views(&self, views: &ViewSet) -> Result<(), TargetsError> {
        if self.metadata.views.covers(views) {
            return Ok(());
        }
        Err(self.mismatch("missing views", self.metadata.views.to_string(), "the run", views.to_string()))
    }

    /// Makes sure that every image is known; each comes with a name for messages and the SHA-256 of its file.
    ///
    /// # Errors
    /// When some are not: how many of how many, and the first names.
    pub fn check_images<'a>(&self, images: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), TargetsError> {
        let (mut of, mut missing, mut first) = (0, 0, vec![]);
        for (name, sha256) in images {
            of += 1;
            if !self.knows(sha256) {
                missing += 1;
                if first.len() < NAMED {
                    first.push(name);
                }
            }
        }
        if missing == 0 {
            return Ok(());
        }
        Err(TargetsError::Images { missing, of, first: first.join(", "), file: self.file.clone() })
    }
}
