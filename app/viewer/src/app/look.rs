//! A finished analysis as the window shows it: the result and its maps over the whole image.

use std::sync::Arc;

use fovea_patch::PatchError;

use super::state::{RangeMode, Summary};
use crate::analysis::PatchResult;

/// Longest side in cells of a map put together from tiles.
const LONGEST_MOSAIC: usize = 1024;

/// One analysed patch.
pub struct Look {
    /// What the analysis gave.
    pub result: PatchResult,
    /// Its maps over the whole image.
    pub maps: Maps,
}

/// One map per class, all of one size, over the whole image.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Number of classes.
    pub classes: usize,
    /// Height in cells.
    pub h: usize,
    /// Width in cells.
    pub w: usize,
    /// `classes * h * w` raw values.
    pub data: Vec<f32>,
}

/// What the ends of the colour bar stand for, for one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Value of the lowest colour.
    pub lo: f32,
    /// Value of the highest colour.
    pub hi: f32,
    /// False: this class's map has no positive value; nothing is drawn.
    pub evidence: bool,
}

impl Look {
    /// Puts the tiles' maps together.
    ///
    /// # Errors
    /// When the result's maps do not fit its shape.
    pub fn new(result: PatchResult) -> Result<Self, PatchError> {
        let side = result.natural_side().min(LONGEST_MOSAIC);
        let maps: Vec<_> = (0..result.classes).map(|c| result.image_map(c, side)).collect::<Result<_, _>>()?;
        let (h, w) = maps.first().map_or((0, 0), |m| (m.height, m.width));
        let data = maps.into_iter().flat_map(|m| m.data).collect();
        Ok(Self { maps: Maps { classes: result.classes, h, w, data }, result })
    }

    /// One per map of a result with several.
    ///
    /// # Errors
    /// As [`Look::new`].
    pub fn each(result: PatchResult) -> Result<Vec<Arc<Self>>, PatchError> {
        result.each().into_iter().map(|r| Self::new(r).map(Arc::new)).collect()
    }

    /// What the gallery keeps of the analysis.
    pub fn summary(&self) -> Summary {
        Summary {
            probabilities: self.result.probabilities.clone().into(),
            predicted: self.result.predicted.min(usize::from(u16::MAX)) as u16,
            tiles: self.result.tiles.len() as u32,
            sha256: self.result.sha256.as_str().into(),
        }
    }

    /// Bytes it takes in memory, about.
    pub fn bytes(&self) -> usize {
        let tile = |t: &crate::analysis::TileResult| (t.raw.len() + t.minmax.len() + 2 * t.logits.len()) * 4;
        self.maps.data.len() * 4 + self.result.tiles.iter().map(tile).sum::<usize>()
    }
}

impl Maps {
    /// The map of one class; empty when there is none.
    pub fn class(&self, class: usize) -> &[f32] {
        let cells = self.h * self.w;
        class.checked_mul(cells).and_then(|from| self.data.get(from..from + cells)).unwrap_or_default()
    }

    /// Ends of the colour bar.
    pub fn shown(&self, class: usize, mode: RangeMode, fixed: (f32, f32)) -> Shown {
        let (least, most) = ends(self.class(class));
        if most <= 0.0 {
            return Shown { lo: 0.0, hi: 0.0, evidence: false };
        }
        let (lo, hi) = match mode {
            RangeMode::PerImage => (least.max(0.0), most),
            RangeMode::AllClasses => ends(&self.data),
            RangeMode::Fixed => fixed,
        };
        // A constant positive map is evidence, not a blank: it starts at 0.
        let lo = if lo < hi || mode == RangeMode::Fixed { lo } else { 0.0 };
        Shown { lo, hi, evidence: true }
    }

    /// Bilinear value at a place of the image, both coordinates 0..1, as the shader draws it.
    pub fn sample(&self, class: usize, u: f32, v: f32) -> Option<f32> {
        let map = self.class(class);
        if map.is_empty() {
            return None;
        }
        let tap = |at: f32, len: usize| {
            let at = (at * len as f32 - 0.5).clamp(0.0, (len - 1) as f32);
            let low = at as usize;
            (low, (low + 1).min(len - 1), at - low as f32)
        };
        let ((x0, x1, fx), (y0, y1, fy)) = (tap(u, self.w), tap(v, self.h));
        let row = |y: usize| map[y * self.w + x0] * (1.0 - fx) + map[y * self.w + x1] * fx;
        Some(row(y0) * (1.0 - fy) + row(y1) * fy)
    }
}

fn ends(values: &[f32]) -> (f32, f32) {
    let finite = values.iter().copied().filter(|v| v.is_finite());
    finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_positive_evidence_is_never_stretched() {
        let maps = Maps { classes: 2, h: 1, w: 2, data: vec![-1.0, 0.0, 0.5, 2.0] };
        assert!(!maps.shown(0, RangeMode::PerImage, (0.0, 1.0)).evidence);
        assert!(!maps.shown(0, RangeMode::Fixed, (0.0, 1.0)).evidence);
        assert_eq!(maps.shown(1, RangeMode::PerImage, (0.0, 1.0)), Shown { lo: 0.5, hi: 2.0, evidence: true });
        assert_eq!(maps.shown(1, RangeMode::AllClasses, (0.0, 1.0)), Shown { lo: -1.0, hi: 2.0, evidence: true });
        assert_eq!(maps.shown(1, RangeMode::Fixed, (0.0, 9.0)).hi, 9.0);
        assert!(!maps.shown(7, RangeMode::PerImage, (0.0, 1.0)).evidence);
    }

    #[test]
    fn a_constant_map_starts_at_zero() {
        let maps = Maps { classes: 1, h: 1, w: 2, data: vec![3.0, 3.0] };
        assert_eq!(maps.shown(0, RangeMode::PerImage, (0.0, 1.0)), Shown { lo: 0.0, hi: 3.0, evidence: true });
    }

    #[test]
    fn samples_between_cells() {
        let maps = Maps { classes: 1, h: 1, w: 2, data: vec![0.0, 1.0] };
        assert_eq!(maps.sample(0, 0.5, 0.5), Some(0.5));
        assert_eq!((maps.sample(0, 0.0, 0.0), maps.sample(0, 1.0, 1.0)), (Some(0.0), Some(1.0)));
        assert_eq!(maps.sample(1, 0.5, 0.5), None);
    }
}
