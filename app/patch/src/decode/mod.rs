//! PNG, JPEG and TIFF files to 8-bit RGB, recognised by content and never by extension.

mod jpeg;
mod png;
mod raster;
mod scale;
mod tiff;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use crate::PatchError;

/// What a header may ask for before anything is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest side in pixels. Default 32 768.
    pub max_side: u32,
    /// Most pixels in all. Default 400 million (1.2 GB of RGB).
    pub max_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_side: 32_768, max_pixels: 400_000_000 }
    }
}

impl Limits {
    /// Refuses a size that is zero or over a limit; returns it as `usize` otherwise.
    fn check(&self, what: &'static str, w: u64, h: u64, name: &str) -> Result<(usize, usize), PatchError> {
        let name = name.to_owned();
        if w == 0 || h == 0 {
            return Err(PatchError::Empty { width: w, height: h, name });
        }
        // Eight bytes a pixel (16-bit RGBA) have to be addressable: on wasm32 that is the tighter limit.
        let max_pixels = self.max_pixels.min(isize::MAX as u64 / 8);
        let limit = if w.max(h) > u64::from(self.max_side) {
            format!("{} px a side", self.max_side)
        } else if w.saturating_mul(h) > max_pixels {
            format!("{max_pixels} pixels")
        } else {
            // Both sides are at most u32::MAX here, which fits in usize on every target of this program.
            return Ok((w as usize, h as usize));
        };
        Err(PatchError::TooLarge { what, width: w, height: h, limit, name })
    }

    /// The same limits for the `image` crate, as a second fence behind ours.
    fn for_image(&self) -> image::Limits {
        let mut limits = image::Limits::no_limits();
        limits.max_image_width = Some(self.max_side);
        limits.max_image_height = Some(self.max_side);
        limits.max_alloc = Some(self.max_pixels.saturating_mul(8).saturating_add(1 << 24));
        limits
    }
}

/// A decoded picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// File name as given.
    pub name: String,
    /// Interleaved 8-bit RGB, `3 * width * height` bytes, top row first.
    pub rgb: Vec<u8>,
    /// Width in pixels, at least 1.
    pub width: usize,
    /// Height in pixels, at least 1.
    pub height: usize,
    /// Lower-case hex SHA-256 of the file's bytes (not of the pixels).
    pub sha256: String,
    /// Micrometres per pixel where the file says so believably.
    pub um_per_px: Option<f64>,
    /// Top left corner on the slide in level-0 pixels, from `…_xini_<x>_yini_<y>…` in the name.
    pub position: Option<(i64, i64)>,
    /// What was done to the pixels, in words for the user.
    pub notes: Vec<String>,
}

/// A decoded picture before it is given its name and hash.
struct Decoded {
    rgb: Vec<u8>,
    width: usize,
    height: usize,
    um_per_px: Option<f64>,
    notes: Vec<String>,
}

/// Container formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Tiff,
}

/// Decodes a PNG, JPEG or TIFF file (for TIFF and SVS: the first page).
///
/// # Errors
/// [`PatchError::NotAnImage`], [`PatchError::Truncated`], [`PatchError::Empty`], [`PatchError::TooLarge`] (refused from
/// the header, before anything is allocated), [`PatchError::Unsupported`] and [`PatchError::Corrupt`].
pub fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Patch, PatchError> {
    let format = sniff(bytes, name)?;
    // The decoders are other people's code and meet whatever people drop here: a panic there is a damaged file, not the
    // end of the program. (Where panics abort, as on wasm, this changes nothing.)
    let decoded = std::panic::catch_unwind(|| match format {
        Format::Png => png::decode(bytes, name, limits),
        Format::Jpeg => jpeg::decode(bytes, name, limits),
        Format::Tiff => tiff::decode(bytes, name, limits),
    })
    .unwrap_or_else(|_| Err(corrupt(format.label(), "the decoder gave up", name)))?;
    Ok(Patch {
        name: name.to_owned(),
        rgb: decoded.rgb,
        width: decoded.width,
        height: decoded.height,
        sha256: sha256_hex(bytes),
        um_per_px: decoded.um_per_px,
        position: scale::position(name),
        notes: decoded.notes,
    })
}

/// Lower-case hex SHA-256 of `bytes`.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

impl Format {
    fn label(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
        }
    }
}

const READ: [(&[u8], Format); 6] = [
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
];

/// Formats people are likely to drop that are pictures, but not read here: (offset, signature, name).
const KNOWN: [(usize, &[u8], &str); 9] = [
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WebP"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (4, b"ftypheic", "HEIC"),
    (4, b"ftypavif", "AVIF"),
    (128, b"DICM", "DICOM"),
    (0, b"BM", "BMP"),
];

fn sniff(bytes: &[u8], name: &str) -> Result<Format, PatchError> {
    if let Some((_, format)) = READ.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Ok(*format);
    }
    let name = name.to_owned();
    if bytes.is_empty() {
        return Err(PatchError::NotAnImage { why: "the file is empty", name });
    }
    // Two bytes suffice to tell PNG and JPEG from text.
    if let Some((_, format)) = READ.iter().find(|(magic, _)| bytes.len() > 1 && magic.starts_with(bytes)) {
        return Err(PatchError::Truncated { format: format.label(), name });
    }
    for (at, magic, what) in KNOWN {
        if bytes.get(at..).is_some_and(|rest| rest.starts_with(magic)) {
            return Err(PatchError::Unsupported { what: format!("{what} (PNG, JPEG and TIFF are read)"), name });
        }
    }
    Err(PatchError::NotAnImage { why: "no PNG, JPEG or TIFF signature", name })
}

fn corrupt(format: &'static str, reason: impl std::fmt::Display, name: &str) -> PatchError {
    PatchError::Corrupt { format, reason: reason.to_string(), name: name.to_owned() }
}

fn unsupported(what: impl Into<String>, name: &str) -> PatchError {
    PatchError::Unsupported { what: what.into(), name: name.to_owned() }
}

/// Sorts an error of the `image` crate into ours.
fn from_image(error: image::ImageError, format: &'static str, name: &str) -> PatchError {
    match error {
        image::ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            PatchError::Truncated { format, name: name.to_owned() }
        }
        image::ImageError::Unsupported(e) => unsupported(e.to_string(), name),
        other => corrupt(format, other, name),
    }
}
