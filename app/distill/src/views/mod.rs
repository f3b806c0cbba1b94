//! Views of an image: as it is, flipped and rotated, or augmented from a seed. A Teacher's targets hold for the view they
//! were made from, so a view has a name ([`ViewId`]) from which any program makes the same picture again.

mod augment;
mod colour;
mod key;
mod name;

pub use augment::Augmentation;
pub(crate) use key::drawn_key;
pub use key::{image_key, live_key};

use fovea_patch::Turn;
use fovea_student::random::Draws;
use serde::{Deserialize, Serialize};

/// Most augmented views a set may have: every one of them costs the Teacher a run per image.
pub const MAX_VIEWS: u32 = 4096;

/// Why a view cannot be named or made.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum ViewError {
    /// Text that names no set of views.
    #[error("'{0}' names no views: plain, dihedral8 or aug:K:SEED (K from 1 to {MAX_VIEWS})")]
    Set(String),
    /// Text that names no view.
    #[error("'{0}' names no view: plain, dihedral:0 to dihedral:7 or aug:SEED:INDEX")]
    View(String),
    /// No SHA-256.
    #[error("'{0}' is no SHA-256 in hexadecimal digits")]
    Hash(String),
    /// A buffer that is no square RGB picture of that side.
    #[error("{bytes} bytes are no RGB picture of {px} × {px} pixels")]
    Picture {
        /// Length found.
        bytes: usize,
        /// Side asked for.
        px: usize,
    },
}

/// Which views a targets file holds. As text `plain`, `dihedral8` or `aug:K:SEED`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ViewSet {
    /// The image as it is.
    #[default]
    Plain,
    /// The eight flips and rotations.
    Dihedral8,
    /// Augmented views, drawn from a seed and the image's hash.
    Aug {
        /// How many, 1 to [`MAX_VIEWS`].
        count: u32,
        /// From what.
        seed: u64,
    },
}

/// One view. As text `plain`, `dihedral:N` or `aug:SEED:INDEX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ViewId {
    /// The image as it is.
    Plain,
    /// A flip or rotation by its number, 0 to 7 ([`Turn::nth`]); 0 shows the same picture as `plain` under a name of its own.
    Dihedral(u8),
    /// An augmented view.
    Aug {
        /// Seed of the set.
        seed: u64,
        /// Number in the set, from 0.
        index: u32,
    },
}

impl ViewSet {
    /// How many views.
    pub fn count(&self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Dihedral8 => usize::from(Turn::COUNT),
            Self::Aug { count, .. } => *count as usize,
        }
    }

    /// All views in the order in which files hold them.
    pub fn ids(&self) -> Vec<ViewId> {
        (0..self.count()).filter_map(|i| self.nth(i)).collect()
    }

    /// A view by its place in [`ViewSet::ids`].
    pub fn nth(&self, index: usize) -> Option<ViewId> {
        if index >= self.count() {
            return None;
        }
        Some(match *self {
            Self::Plain => ViewId::Plain,
            Self::Dihedral8 => ViewId::Dihedral(index as u8),
            Self::Aug { seed, .. } => ViewId::Aug { seed, index: index as u32 },
        })
    }

    /// Where a view stands in [`ViewSet::ids`].
    pub fn position(&self, view: &ViewId) -> Option<usize> {
        match (*self, *view) {
            (Self::Plain, ViewId::Plain) => Some(0),
            (Self::Dihedral8, ViewId::Dihedral(i)) if i < Turn::COUNT => Some(usize::from(i)),
            (Self::Aug { count, seed }, ViewId::Aug { seed: of, index }) if of == seed && index < count => Some(index as usize),
            _ => None,
        }
    }

    /// Whether every view of another set is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Aug { count, seed }, Self::Aug { count: fewer, seed: of }) => of == seed && fewer <= count,
            (a, b) => a == b,
        }
    }

    /// The view a sample is trained on when only views of this set may be: drawn evenly, the same for the same numbers.
    pub fn pick(&self, seed: u64, epoch: u64, position: u64) -> ViewId {
        let count = self.count().max(1);
        let drawn = (Draws::new(live_key(seed, epoch, position)).unit() * count as f64) as usize;
        self.nth(drawn.min(count - 1)).unwrap_or(ViewId::Plain)
    }
}

impl ViewId {
    /// The picture of this view: `rgb` is interleaved, `px` a side, of the file with that SHA-256 (hexadecimal).
    ///
    /// # Errors
    /// When `rgb` is no such picture, or the hash of an augmented view's image is none.
    pub fn apply(&self, rgb: &[u8], px: usize, sha256: &str) -> Result<Vec<u8>, ViewError> {
        check(rgb, px)?;
        match *self {
            Self::Plain => Ok(rgb.to_vec()),
            Self::Dihedral(i) => Ok(Turn::nth(i).image(rgb, px)),
            Self::Aug { seed, index } => Augmentation::draw(image_key(seed, sha256, index)?).apply(rgb, px),
        }
    }
}

fn check(rgb: &[u8], px: usize) -> Result<(), ViewError> {
    let want = px.checked_mul(px).and_then(|n| n.checked_mul(3));
    let fits = px > 0 && want == Some(rgb.len());
    if fits { Ok(()) } else { Err(ViewError::Picture { bytes: rgb.len(), px }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_set_finds_its_own_views_and_no_others() {
        let sets = [ViewSet::Plain, ViewSet::Dihedral8, ViewSet::Aug { count: 3, seed: 7 }];
        for set in sets {
            let ids = set.ids();
            assert_eq!(ids.len(), set.count());
            for (i, id) in ids.iter().enumerate() {
                assert_eq!(set.position(id), Some(i));
                assert!(sets.iter().filter(|s| **s != set).all(|s| s.position(id).is_none()), "{id}");
            }
        }
        let aug = ViewSet::Aug { count: 3, seed: 7 };
        assert_eq!(aug.position(&ViewId::Aug { seed: 8, index: 0 }), None);
        assert_eq!(aug.position(&ViewId::Aug { seed: 7, index: 3 }), None);
        assert!(aug.covers(&ViewSet::Aug { count: 2, seed: 7 }) && !aug.covers(&ViewSet::Aug { count: 4, seed: 7 }));
        assert!(!ViewSet::Dihedral8.covers(&ViewSet::Plain));
    }

    #[test]
    fn picks_are_even_and_repeat() {
        let set = ViewSet::Dihedral8;
        let mut seen = [0usize; 8];
        for i in 0..4000 {
            let view = set.pick(3, 1, i);
            assert_eq!(view, set.pick(3, 1, i));
            seen[set.position(&view).unwrap()] += 1;
        }
        assert!(seen.iter().all(|n| (400..600).contains(n)), "{seen:?}");
        assert_ne!((0..9).map(|i| set.pick(3, 1, i)).collect::<Vec<_>>(), (0..9).map(|i| set.pick(3, 2, i)).collect::<Vec<_>>());
    }

    #[test]
    fn plain_and_the_first_turn_show_the_same_picture() {
        let rgb: Vec<u8> = (0..27).collect();
        assert_eq!(ViewId::Plain.apply(&rgb, 3, "").unwrap(), rgb);
        assert_eq!(ViewId::Dihedral(0).apply(&rgb, 3, "").unwrap(), rgb);
        assert_ne!(ViewId::Dihedral(5).apply(&rgb, 3, "").unwrap(), rgb);
        assert!(matches!(ViewId::Plain.apply(&rgb, 4, ""), Err(ViewError::Picture { bytes: 27, px: 4 })));
        assert!(matches!(ViewId::Aug { seed: 1, index: 0 }.apply(&rgb, 3, "abc"), Err(ViewError::Hash(_))));
    }
}
