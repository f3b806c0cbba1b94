//! A map laid over its patch, drawn by the twin of the overlay kernel so that exports equal the window.

mod mosaic;

#[cfg(test)]
mod tests;

use fovea_shaders::cpu;
use fovea_shaders::params::OverlayParams;
use serde::{Deserialize, Serialize};

use crate::colormap::Colormap;
use crate::decode::Patch;
use crate::error::PatchError;

pub use mosaic::{Map, Mosaic};

/// Black, opaque: the only colour that is neither in the maps' bright ends nor in empty glass.
const CONTOUR_RGBA: u32 = 0xff00_0000;

/// Which values the ends of the colour map stand for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// From the map's least value (not below 0) to its greatest. Colours of two images cannot be compared.
    #[default]
    PerImage,
    /// The same for every image, so that colours can be compared; `lo < hi`, both finite.
    Fixed {
        /// Value of the lowest colour.
        lo: f32,
        /// Value of the highest colour.
        hi: f32,
    },
}

/// How a map is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OverlayStyle {
    /// Colours.
    pub colormap: Colormap,
    /// Share of the map's colour in a pixel, 0…1. Default 0.5.
    pub opacity: f32,
    /// Values at the ends of the colour map.
    pub range: Range,
    /// Opacity falls with the value, so that regions without evidence stay bare. Default off.
    pub fade: bool,
    /// Draws the line where the scaled value (0…1) crosses this level.
    pub contour: Option<f32>,
}

impl Default for OverlayStyle {
    fn default() -> Self {
        Self { colormap: Colormap::default(), opacity: 0.5, range: Range::PerImage, fade: false, contour: None }
    }
}

/// A drawn overlay.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Interleaved RGBA, `4 * width * height` bytes.
    pub rgba: Vec<u8>,
    /// Width in pixels: the patch's.
    pub width: usize,
    /// Height in pixels: the patch's.
    pub height: usize,
    /// Value of the lowest colour.
    pub lo: f32,
    /// Value of the highest colour.
    pub hi: f32,
    /// False: the map has no positive value, the patch was left bare. Say "no positive evidence".
    pub evidence: bool,
    /// Map values that are NaN or infinite; they are drawn as 0. More than 0 means something went wrong upstream.
    pub non_finite: usize,
}

/// Draws `map` (`map_h × map_w` raw values, row by row) over the whole of `patch`, bilinear with half-pixel centres.
///
/// # Errors
/// [`PatchError::Mismatch`] when a buffer does not fit its shape, or opacity, contour or fixed range make no sense.
pub fn render(patch: &Patch, map: &[f32], map_w: usize, map_h: usize, style: &OverlayStyle) -> Result<Overlay, PatchError> {
    check(patch, map, map_w, map_h, style)?;
    let non_finite = map.iter().filter(|v| !v.is_finite()).count();
    let map: Vec<f32> = map.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
    let evidence = map.iter().any(|&v| v > 0.0);
    let (lo, hi) = if evidence { ends(&map, style.range) } else { (0.0, 0.0) };
    let params = OverlayParams {
        w: side("patch width", patch.width)?,
        h: side("patch height", patch.height)?,
        mw: side("map width", map_w)?,
        mh: side("map height", map_h)?,
        map_offset: 0,
        fade: style.fade.into(),
        contour_rgba: CONTOUR_RGBA,
        pad0: 0,
        opacity: style.opacity,
        lo,
        hi,
        contour: style.contour.unwrap_or(0.0),
    };
    let pixels: Vec<u32> = patch.rgb.chunks_exact(3).map(|p| u32::from_le_bytes([p[0], p[1], p[2], 255])).collect();
    let mut out = vec![0; pixels.len()];
    cpu::overlay::overlay(&params, &pixels, &map, &style.colormap.lut(), &mut out);
    let rgba = out.into_iter().flat_map(u32::to_le_bytes).collect();
    Ok(Overlay { rgba, width: patch.width, height: patch.height, lo, hi, evidence, non_finite })
}

/// The values the colour map's ends stand for. A constant positive map starts at 0: it is evidence, not a blank.
fn ends(map: &[f32], range: Range) -> (f32, f32) {
    match range {
        Range::Fixed { lo, hi } => (lo, hi),
        Range::PerImage => {
            let hi = map.iter().copied().fold(0.0, f32::max);
            let lo = map.iter().copied().fold(hi, f32::min).max(0.0);
            (if lo < hi { lo } else { 0.0 }, hi)
        }
    }
}

fn check(patch: &Patch, map: &[f32], map_w: usize, map_h: usize, style: &OverlayStyle) -> Result<(), PatchError> {
    let area = |w: usize, h: usize| w.saturating_mul(h);
    let rgb = area(patch.width, patch.height).saturating_mul(3);
    if rgb == 0 || rgb != patch.rgb.len() {
        return Err(PatchError::length("patch pixels", rgb, patch.rgb.len()));
    }
    if map.is_empty() || map.len() != area(map_w, map_h) {
        return Err(PatchError::length("map", area(map_w, map_h), map.len()));
    }
    let unit = |what, v: f32| match (0.0..=1.0).contains(&v) {
        true => Ok(()),
        false => Err(PatchError::Mismatch { what, expected: "0 to 1".into(), found: v.to_string() }),
    };
    unit("opacity", style.opacity)?;
    unit("contour level", style.contour.unwrap_or(0.0))?;
    match style.range {
        Range::Fixed { lo, hi } if !(lo.is_finite() && hi.is_finite() && lo < hi) => {
            let found = format!("{lo} to {hi}");
            Err(PatchError::Mismatch { what: "fixed range", expected: "lo < hi".into(), found })
        }
        _ => Ok(()),
    }
}

fn side(what: &'static str, n: usize) -> Result<u32, PatchError> {
    let too_large = |_| PatchError::Mismatch { what, expected: "at most 2³² − 1".into(), found: n.to_string() };
    u32::try_from(n).map_err(too_large)
}
