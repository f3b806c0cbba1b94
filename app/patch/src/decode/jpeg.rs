//! JPEG: a walk over the markers (size, kind, is it whole?), then the `image` crate's pixels.
//!
//! The walk is ours because the decoder fills the missing rows of a truncated file with grey and says nothing.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, ImageDecoder};

use super::{Decoded, Limits, PatchError, corrupt, from_image, raster, unsupported};

#[derive(Debug, Default)]
struct Header {
    frame: Option<Frame>,
    adobe: bool,
    /// End-of-image marker seen.
    whole: bool,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Low byte of the start-of-frame marker.
    marker: u8,
    precision: u8,
    width: u16,
    height: u16,
    components: u8,
}

pub(super) fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Decoded, PatchError> {
    let truncated = || PatchError::Truncated { format: "JPEG", name: name.to_owned() };
    let header = walk(bytes);
    let frame = match header.frame {
        Some(frame) => frame,
        None if header.whole => return Err(corrupt("JPEG", "no frame header", name)),
        None => return Err(truncated()),
    };
    let (width, height) = limits.check("image", frame.width.into(), frame.height.into(), name)?;
    supported(&frame, header.adobe, name)?;
    if !header.whole {
        return Err(truncated());
    }
    let fail = |e| from_image(e, "JPEG", name);
    let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(fail)?;
    decoder.set_limits(limits.for_image()).map_err(fail)?;
    let orientation = decoder.orientation().map_err(fail)?;
    let image = DynamicImage::from_decoder(decoder).map_err(fail)?;
    if (image.width() as usize, image.height() as usize) != (width, height) {
        return Err(corrupt("JPEG", "two frame headers", name));
    }
    let mut notes = Vec::new();
    if frame.components == 4 {
        notes.push("CMYK converted".into());
    }
    let rgb = raster::from_dynamic(image, &mut notes).ok_or_else(|| unsupported("this kind of JPEG pixel", name))?;
    let (rgb, width, height) =
        raster::orient(rgb, (width, height), orientation, &mut notes).ok_or_else(|| corrupt("JPEG", "pixel count", name))?;
    Ok(Decoded { rgb, width, height, um_per_px: None, notes })
}

fn supported(frame: &Frame, adobe: bool, name: &str) -> Result<(), PatchError> {
    if !matches!(frame.marker, 0xc0..=0xc2) {
        return Err(unsupported("lossless, hierarchical or arithmetic-coded JPEG", name));
    }
    if frame.precision != 8 {
        return Err(unsupported(format!("{}-bit JPEG", frame.precision), name));
    }
    match frame.components {
        1 | 3 => Ok(()),
        4 if adobe => Ok(()),
        // Adobe files store ink inverted, others may or may not: a guess would invert the picture.
        4 => Err(unsupported("CMYK JPEG without an Adobe marker", name)),
        n => Err(unsupported(format!("JPEG with {n} components"), name)),
    }
}

/// Reads marker segments from the start to the end-of-image marker or to where the file stops making sense.
fn walk(bytes: &[u8]) -> Header {
    let mut header = Header::default();
    let mut at = 2_usize;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            0xd9 => {
                header.whole = true;
                break;
            }
            // Restart markers and TEM stand alone.
            0xd0..=0xd8 | 0x01 => continue,
            _ => {}
        }
        let Some(length) = be16(bytes, at) else { break };
        let Some(body) = at.checked_add(2).zip(at.checked_add(length.into())).and_then(|(a, b)| bytes.get(a..b)) else {
            break;
        };
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf if header.frame.is_none() => {
                header.frame = frame(marker, body);
            }
            0xee => header.adobe |= body.starts_with(b"Adobe"),
            _ => {}
        }
        at = at.saturating_add(length.into());
    }
    header
}

/// Skips to the next marker (entropy-coded data holds none but restarts) and past it.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let rest = bytes.get(*at..)?;
        let skip = rest.iter().position(|&b| b == 0xff)?;
        *at = at.checked_add(skip)?.checked_add(1)?;
        match *bytes.get(*at)? {
            // Stuffed zero: data. 0xff: fill byte, the next one may be the marker.
            0 => *at += 1,
            0xff => {}
            marker => {
                *at += 1;
                return Some(marker);
            }
        }
    }
}

fn frame(marker: u8, body: &[u8]) -> Option<Frame> {
    Some(Frame { marker, precision: *body.first()?, height: be16(body, 1)?, width: be16(body, 3)?, components: *body.get(5)? })
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_be_bytes)
}
