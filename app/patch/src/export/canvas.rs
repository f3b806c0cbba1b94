//! An opaque RGB picture to draw figures on.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::error::PatchError;

/// White at first; drawing outside is cut off.
pub(super) struct Canvas {
    rgb: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Canvas {
    pub(super) fn white(width: usize, height: usize) -> Self {
        Self { rgb: vec![255; width.saturating_mul(height).saturating_mul(3)], width, height }
    }

    /// Mixes `color` into a pixel; `cover` is clamped to 0…1.
    pub(super) fn blend(&mut self, x: i64, y: i64, color: [u8; 3], cover: f32) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let at = (y * self.width + x) * 3;
        let cover = cover.clamp(0.0, 1.0);
        for (v, c) in self.rgb[at..at + 3].iter_mut().zip(color) {
            *v = (f32::from(*v) * (1.0 - cover) + f32::from(c) * cover).round() as u8;
        }
    }

    pub(super) fn fill(&mut self, x: usize, y: usize, w: usize, h: usize, color: impl Fn(usize) -> [u8; 3]) {
        for row in y..y.saturating_add(h).min(self.height) {
            for column in x..x.saturating_add(w).min(self.width) {
                let at = (row * self.width + column) * 3;
                self.rgb[at..at + 3].copy_from_slice(&color(column - x));
            }
        }
    }

    /// Copies interleaved RGB of `w` pixels a row, each pixel `zoom × zoom`.
    pub(super) fn paste(&mut self, rgb: &[u8], w: usize, x: usize, y: usize, zoom: usize) {
        for (row, line) in rgb.chunks_exact(w * 3).enumerate() {
            for (column, p) in line.chunks_exact(3).enumerate() {
                self.fill(x + column * zoom, y + row * zoom, zoom, zoom, |_| [p[0], p[1], p[2]]);
            }
        }
    }

    pub(super) fn png(&self) -> Result<Vec<u8>, PatchError> {
        png(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
    }
}

pub(super) fn png(data: &[u8], w: usize, h: usize, kind: ExtendedColorType) -> Result<Vec<u8>, PatchError> {
    let side = |n: usize| u32::try_from(n).map_err(|e| PatchError::export("PNG", e));
    let mut out = Vec::new();
    let encoder = PngEncoder::new(&mut out);
    encoder.write_image(data, side(w)?, side(h)?, kind).map_err(|e| PatchError::export("PNG", e))?;
    Ok(out)
}
