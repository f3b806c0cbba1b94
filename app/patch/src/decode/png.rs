//! PNG: our own reading of header and scale, the `image` crate's pixels.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder};

use super::{Decoded, Limits, PatchError, corrupt, from_image, raster, scale, unsupported};

const PALETTE: u8 = 3;

pub(super) fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Decoded, PatchError> {
    let (width, height, colour) = header(bytes, name)?;
    let (width, height) = limits.check("image", width.into(), height.into(), name)?;
    let fail = |e| from_image(e, "PNG", name);
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits.for_image()).map_err(fail)?;
    let orientation = decoder.orientation().map_err(fail)?;
    let image = DynamicImage::from_decoder(decoder).map_err(fail)?;
    let mut notes = Vec::new();
    if colour == PALETTE {
        notes.push("palette expanded".into());
    }
    let um_per_px = physical(bytes).and_then(|(x, y)| scale::from_density(x, y, 1e6, &mut notes));
    let rgb = raster::from_dynamic(image, &mut notes).ok_or_else(|| unsupported("this kind of PNG pixel", name))?;
    let (rgb, width, height) =
        raster::orient(rgb, (width, height), orientation, &mut notes).ok_or_else(|| corrupt("PNG", "pixel count", name))?;
    Ok(Decoded { rgb, width, height, um_per_px, notes })
}

/// Width, height and colour type from the IHDR chunk.
fn header(bytes: &[u8], name: &str) -> Result<(u32, u32, u8), PatchError> {
    let truncated = || PatchError::Truncated { format: "PNG", name: name.to_owned() };
    let kind = bytes.get(12..16).ok_or_else(truncated)?;
    if kind != b"IHDR" {
        return Err(corrupt("PNG", "no IHDR chunk", name));
    }
    let width = be32(bytes, 16).ok_or_else(truncated)?;
    let height = be32(bytes, 20).ok_or_else(truncated)?;
    let colour = *bytes.get(25).ok_or_else(truncated)?;
    Ok((width, height, colour))
}

/// Pixels per metre from the pHYs chunk, when its unit is the metre.
fn physical(bytes: &[u8]) -> Option<(f64, f64)> {
    let mut at = 8_usize;
    loop {
        let length = usize::try_from(be32(bytes, at)?).ok()?;
        let data = at.checked_add(8)?;
        match bytes.get(at.checked_add(4)?..data)? {
            b"IDAT" | b"IEND" => return None,
            b"pHYs" => {
                let metre = *bytes.get(data.checked_add(8)?)? == 1;
                return metre.then_some((be32(bytes, data)?.into(), be32(bytes, data.checked_add(4)?)?.into()));
            }
            _ => at = data.checked_add(length)?.checked_add(4)?,
        }
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}
