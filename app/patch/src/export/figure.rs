//! The overlay as a picture to hand over: never without its colour bar, names and the notice.

use image::ExtendedColorType;

use super::canvas::{self, Canvas};
use super::text::Text;
use crate::NOTICE;
use crate::colormap::Colormap;
use crate::error::PatchError;
use crate::overlay::Overlay;
use crate::resize;

/// Larger overlays are scaled down for the figure; small ones are enlarged in whole steps to at least this side.
const LARGEST: usize = 4096;
const SMALLEST: usize = 384;
const BLACK: [u8; 3] = [0; 3];

/// What stands under the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caption<'a> {
    /// Class whose map is shown.
    pub class: &'a str,
    /// File name of the patch.
    pub file: &'a str,
    /// Colours the overlay was drawn with.
    pub colormap: Colormap,
}

/// A picture of `w × h` pixels, interleaved RGB, as a PNG.
///
/// # Errors
/// [`PatchError::Mismatch`] when the buffer does not fit the size, [`PatchError::Export`] from the encoder.
pub fn rgb_png(rgb: &[u8], w: usize, h: usize) -> Result<Vec<u8>, PatchError> {
    if w.checked_mul(h).and_then(|n| n.checked_mul(3)) != Some(rgb.len()) {
        let (expected, found) = (format!("3 × {w} × {h}"), rgb.len().to_string());
        return Err(PatchError::Mismatch { what: "bytes of a picture", expected, found });
    }
    canvas::png(rgb, w, h, ExtendedColorType::Rgb8)
}

/// The bare overlay, pixel for pixel, as an RGBA PNG.
///
/// # Errors
/// [`PatchError::Mismatch`] when the overlay's buffer does not fit its size, [`PatchError::Export`] from the encoder.
pub fn overlay_png(overlay: &Overlay) -> Result<Vec<u8>, PatchError> {
    check(overlay)?;
    canvas::png(&overlay.rgba, overlay.width, overlay.height, ExtendedColorType::Rgba8)
}

/// The overlay with class, colour bar (or "no positive evidence"), file name and notice, as an RGB PNG.
///
/// # Errors
/// As [`overlay_png`].
pub fn figure_png(overlay: &Overlay, caption: &Caption<'_>) -> Result<Vec<u8>, PatchError> {
    check(overlay)?;
    let (rgb, w, h) = shrunk(overlay);
    let zoom = SMALLEST.div_ceil(w.max(h)).max(1);
    let (shown_w, shown_h) = (w * zoom, h * zoom);
    let unit = (shown_w.max(shown_h) / 40).clamp(14, 64);
    let text = Text::new(unit)?;
    let width = shown_w.max(SMALLEST).max(unit * 20) + 2 * unit;
    let notice = text.wrap(NOTICE, width - 2 * unit);
    // Class, bar, its labels, file name, notice; a line is one and a half units.
    let line = unit * 3 / 2;
    let mut canvas = Canvas::white(width, 3 * unit + shown_h + (4 + notice.len()) * line);
    canvas.paste(&rgb, w, (width - shown_w) / 2, unit, zoom);
    let mut y = 2 * unit + shown_h;
    let room = width - 2 * unit;
    text.draw(&mut canvas, unit, y, &text.fit(caption.class, room), BLACK);
    y += line;
    bar(&mut canvas, &text, overlay, caption.colormap, (unit, y, room));
    y += 2 * line;
    text.draw(&mut canvas, unit, y, &text.fit(caption.file, room), BLACK);
    for (i, words) in notice.iter().enumerate() {
        text.draw(&mut canvas, unit, y + (i + 1) * line, words, [90; 3]);
    }
    canvas.png()
}

/// Colour bar with the values of its ends below it.
fn bar(canvas: &mut Canvas, text: &Text, overlay: &Overlay, colormap: Colormap, (unit, y, room): (usize, usize, usize)) {
    if !overlay.evidence {
        text.draw(canvas, unit, y, "no positive evidence", BLACK);
        return;
    }
    let last = room.saturating_sub(1).max(1) as f32;
    canvas.fill(unit, y, room, unit, |x| colormap.rgb(x as f32 / last));
    let below = y + unit + unit / 4;
    let high = value(overlay.hi);
    text.draw(canvas, unit, below, &value(overlay.lo), BLACK);
    text.draw(canvas, unit + room.saturating_sub(text.width(&high)), below, &high, BLACK);
}

/// Four significant digits, in powers of ten where zeros would hide them.
fn value(v: f32) -> String {
    let size = v.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{v:.3e}");
    }
    let decimals = if size < 1.0 { 4 } else { 3_usize.saturating_sub(size.log10() as usize) };
    format!("{v:.decimals$}")
}

fn shrunk(overlay: &Overlay) -> (Vec<u8>, usize, usize) {
    let (w, h) = (overlay.width, overlay.height);
    let rgb: Vec<u8> = overlay.rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let longer = w.max(h);
    if longer <= LARGEST {
        return (rgb, w, h);
    }
    let side = |n: usize| ((n as f64 * LARGEST as f64 / longer as f64).round() as usize).max(1);
    (resize::area(&rgb, w, h, side(w), side(h)), side(w), side(h))
}

fn check(overlay: &Overlay) -> Result<(), PatchError> {
    let bytes = overlay.width.saturating_mul(overlay.height).saturating_mul(4);
    if bytes == 0 || bytes != overlay.rgba.len() {
        return Err(PatchError::length("overlay pixels", bytes, overlay.rgba.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_the_bar_keep_four_digits() {
        let cases = [(0.0, "0"), (1.25, "1.250"), (0.5, "0.5000"), (12.0, "12.00"), (99_999.0, "99999"), (-2.0, "-2.000")];
        for (v, text) in cases {
            assert_eq!(value(v), text);
        }
        assert_eq!((value(2e-6), value(1.5e7)), ("2.000e-6".to_owned(), "1.500e7".to_owned()));
    }
}
