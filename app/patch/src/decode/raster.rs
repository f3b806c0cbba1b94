//! Samples of any supported kind to 8-bit RGB.

use image::DynamicImage;
use image::metadata::Orientation;

/// How the channels of a pixel are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    GreyAlpha,
    Rgb,
    /// Colour values do not depend on alpha (PNG, TIFF "unassociated").
    RgbAlpha,
    /// Colour values are already multiplied by alpha (TIFF "associated").
    RgbPremultiplied,
    /// A fourth channel of unknown meaning, ignored.
    RgbExtra,
    Cmyk,
    YCbCr,
}

impl Model {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::RgbAlpha | Self::RgbPremultiplied | Self::RgbExtra | Self::Cmyk => 4,
        }
    }
}

/// 16 bits to 8, rounded to nearest: 65 535 becomes 255, and 128 · 257 becomes 128.
pub(super) fn scale16(v: u16) -> u8 {
    // At most (65535 · 255 + 32767) / 65535 = 255.
    ((u32::from(v) * 255 + 32_767) / 65_535) as u8
}

pub(super) fn scale16_all(samples: &[u16], notes: &mut Vec<String>) -> Vec<u8> {
    notes.push("16-bit, scaled to 8".into());
    samples.iter().map(|&v| scale16(v)).collect()
}

/// `a · b / 255`, rounded to nearest.
fn mul255(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

/// `c` seen through alpha `a` in front of white. The two roundings cannot pass 255: the parts add up to 255 at most.
fn on_white(c: u8, a: u8) -> u8 {
    ((u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a)) + 127) / 255) as u8
}

/// Converts interleaved 8-bit samples; `notes` gets a line for each thing done to them.
pub(super) fn to_rgb(samples: Vec<u8>, model: Model, notes: &mut Vec<String>) -> Vec<u8> {
    let pixels = || samples.chunks_exact(model.channels());
    let transparent = |at: usize| pixels().any(|p| p[at] != 255);
    let alpha = |notes: &mut Vec<String>, at: usize| {
        let done = if transparent(at) { "alpha composited on white" } else { "opaque alpha channel dropped" };
        notes.push(done.into());
    };
    match model {
        Model::Rgb => return samples,
        Model::Grey => notes.push("grey copied to three channels".into()),
        Model::GreyAlpha => {
            notes.push("grey copied to three channels".into());
            alpha(notes, 1);
        }
        Model::RgbAlpha | Model::RgbPremultiplied => alpha(notes, 3),
        Model::RgbExtra => notes.push("fourth channel of unknown meaning ignored".into()),
        Model::Cmyk => notes.push("CMYK converted".into()),
        Model::YCbCr => {}
    }
    pixels().flat_map(|p| pixel(p, model)).collect()
}

fn pixel(p: &[u8], model: Model) -> [u8; 3] {
    match model {
        Model::Grey => [p[0]; 3],
        Model::GreyAlpha => [on_white(p[0], p[1]); 3],
        Model::Rgb | Model::RgbExtra => [p[0], p[1], p[2]],
        Model::RgbAlpha => [on_white(p[0], p[3]), on_white(p[1], p[3]), on_white(p[2], p[3])],
        Model::RgbPremultiplied => [p[0], p[1], p[2]].map(|c| c.saturating_add(255 - p[3])),
        Model::Cmyk => [p[0], p[1], p[2]].map(|ink| mul255(255 - ink, 255 - p[3])),
        Model::YCbCr => ycbcr(p[0], p[1], p[2]),
    }
}

/// Full-range BT.601, as in JFIF.
fn ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    // `as u8` saturates.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| v.round() as u8)
}

/// The `image` crate's pictures, with the notes that belong to the conversion.
pub(super) fn from_dynamic(image: DynamicImage, notes: &mut Vec<String>) -> Option<Vec<u8>> {
    Some(match image {
        DynamicImage::ImageLuma8(i) => to_rgb(i.into_raw(), Model::Grey, notes),
        DynamicImage::ImageLumaA8(i) => to_rgb(i.into_raw(), Model::GreyAlpha, notes),
        DynamicImage::ImageRgb8(i) => to_rgb(i.into_raw(), Model::Rgb, notes),
        DynamicImage::ImageRgba8(i) => to_rgb(i.into_raw(), Model::RgbAlpha, notes),
        DynamicImage::ImageLuma16(i) => to_rgb(scale16_all(&i, notes), Model::Grey, notes),
        DynamicImage::ImageLumaA16(i) => to_rgb(scale16_all(&i, notes), Model::GreyAlpha, notes),
        DynamicImage::ImageRgb16(i) => to_rgb(scale16_all(&i, notes), Model::Rgb, notes),
        DynamicImage::ImageRgba16(i) => to_rgb(scale16_all(&i, notes), Model::RgbAlpha, notes),
        _ => return None,
    })
}

/// Turns and mirrors the picture as its orientation tag says; returns pixels, width and height.
pub(super) fn orient(
    rgb: Vec<u8>,
    (w, h): (usize, usize),
    orientation: Orientation,
    notes: &mut Vec<String>,
) -> Option<(Vec<u8>, usize, usize)> {
    if orientation == Orientation::NoTransforms {
        return Some((rgb, w, h));
    }
    let buffer = image::RgbImage::from_raw(u32::try_from(w).ok()?, u32::try_from(h).ok()?, rgb)?;
    let mut image = DynamicImage::ImageRgb8(buffer);
    image.apply_orientation(orientation);
    notes.push(format!("orientation tag {} applied", orientation.to_exif()));
    let (w, h) = (image.width() as usize, image.height() as usize);
    Some((image.into_rgb8().into_raw(), w, h))
}
