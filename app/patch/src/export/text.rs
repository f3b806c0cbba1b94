//! Text on a canvas.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::canvas::Canvas;
use crate::error::PatchError;

const FONT: &[u8] = include_bytes!("../../../../assets/fonts/Hack-Regular.ttf");

/// One size of the figure's font.
pub(super) struct Text {
    font: FontRef<'static>,
    scale: PxScale,
}

impl Text {
    /// `px` is the height of a line.
    pub(super) fn new(px: usize) -> Result<Self, PatchError> {
        let font = FontRef::try_from_slice(FONT).map_err(|e| PatchError::export("PNG", e))?;
        Ok(Self { font, scale: PxScale::from(px as f32) })
    }

    /// Width in pixels, rounded up.
    pub(super) fn width(&self, text: &str) -> usize {
        let font = self.font.as_scaled(self.scale);
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum::<f32>().ceil() as usize
    }

    /// `text`, or as much of its start and end as fits into `room` pixels, with "…" between.
    pub(super) fn fit(&self, text: &str, room: usize) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        (0..letters.len() / 2)
            .rev()
            .map(|n| letters[..n].iter().chain(&['…']).chain(&letters[letters.len() - n..]).collect::<String>())
            .find(|short| self.width(short) <= room)
            .unwrap_or_default()
    }

    /// Breaks `text` at spaces into lines of at most `room` pixels where words allow.
    pub(super) fn wrap(&self, text: &str, room: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}")) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// Draws a line with its top left corner at (x, y).
    pub(super) fn draw(&self, canvas: &mut Canvas, x: usize, y: usize, text: &str, color: [u8; 3]) {
        let font = self.font.as_scaled(self.scale);
        let mut pen = point(x as f32, y as f32 + font.ascent());
        for c in text.chars() {
            let mut glyph = font.scaled_glyph(c);
            glyph.position = pen;
            pen.x += font.h_advance(glyph.id);
            let Some(outline) = font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|gx, gy, cover| {
                canvas.blend(corner.x as i64 + i64::from(gx), corner.y as i64 + i64::from(gy), color, cover);
            });
        }
    }
}
