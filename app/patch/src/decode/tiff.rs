//! TIFF and SVS, first page: strips or tiles, chunky or planar, 1 to 16 bits, palette, CMYK, YCbCr.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use image::metadata::Orientation;
use tiff::decoder::ifd::Value;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::raster::{self, Model};
use super::{Decoded, Limits, PatchError, corrupt, scale, unsupported};

mod ifd;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const PHOTOMETRIC: u16 = 262;
const PHOTOMETRIC_PALETTE: u64 = 3;
const PHOTOMETRIC_BLACK_IS_ZERO: u8 = 1;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

pub(super) fn decode(bytes: &[u8], name: &str, limits: &Limits) -> Result<Decoded, PatchError> {
    let truncated = || PatchError::Truncated { format: "TIFF", name: name.to_owned() };
    let first = ifd::First::read(bytes).ok_or_else(truncated)?;
    let (Some(width), Some(height)) = (first.value(WIDTH), first.value(HEIGHT)) else {
        return Err(corrupt("TIFF", "no image size", name));
    };
    let (width, height) = limits.check("first page", width, height, name)?;
    let palette = first.value(PHOTOMETRIC) == Some(PHOTOMETRIC_PALETTE);
    let bytes = if palette { first.patched(PHOTOMETRIC, PHOTOMETRIC_BLACK_IS_ZERO) } else { Cow::Borrowed(bytes) };
    let fail = |e| from_tiff(e, name);
    let mut reader = Decoder::new(Cursor::new(&*bytes)).map_err(fail)?.with_limits(fences(limits));
    if !chunks_are_inside(&mut reader, bytes.len() as u64).map_err(fail)? {
        return Err(truncated());
    }
    let mut notes = Vec::new();
    if reader.more_images() {
        notes.push("first page of several".into());
    }
    let um_per_px = um_per_px(&mut reader, &mut notes);
    let orientation = reader.find_tag_unsigned::<u8>(Tag::Orientation).ok().flatten();
    let rgb = pixels(&mut reader, (width, height), palette, name, &mut notes)?;
    if rgb.len() != width * height * 3 {
        return Err(corrupt("TIFF", "pixel count", name));
    }
    let orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    let (rgb, width, height) =
        raster::orient(rgb, (width, height), orientation, &mut notes).ok_or_else(|| corrupt("TIFF", "pixel count", name))?;
    Ok(Decoded { rgb, width, height, um_per_px, notes })
}

/// Limits of the `tiff` crate that follow from ours: at most 8 bytes a pixel.
fn fences(limits: &Limits) -> tiff::decoder::Limits {
    let mut fences = tiff::decoder::Limits::default();
    let bytes = usize::try_from(limits.max_pixels.saturating_mul(8)).unwrap_or(usize::MAX);
    fences.decoding_buffer_size = bytes;
    fences.intermediate_buffer_size = bytes;
    fences.ifd_value_size = 16 << 20;
    fences
}

/// Whether every strip or tile lies inside the file. JPEG tiles would otherwise be filled up with grey in silence.
fn chunks_are_inside(reader: &mut Reader<'_>, file: u64) -> Result<bool, TiffError> {
    for (offsets, counts) in [(Tag::StripOffsets, Tag::StripByteCounts), (Tag::TileOffsets, Tag::TileByteCounts)] {
        let offsets = reader.find_tag_unsigned_vec::<u64>(offsets)?.unwrap_or_default();
        let counts = reader.find_tag_unsigned_vec::<u64>(counts)?.unwrap_or_default();
        if offsets.iter().zip(&counts).any(|(&at, &n)| at.saturating_add(n) > file) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn um_per_px(reader: &mut Reader<'_>, notes: &mut Vec<String>) -> Option<f64> {
    let text = reader.get_tag_ascii_string(Tag::ImageDescription).unwrap_or_default();
    if let Some(um) = scale::from_description(&text) {
        return Some(um);
    }
    let x = rational(reader, Tag::XResolution)?;
    let y = rational(reader, Tag::YResolution)?;
    let unit = reader.find_tag_unsigned::<u16>(Tag::ResolutionUnit).ok().flatten();
    let unit_um = match unit {
        _ if scale::imagej_microns(&text) => 1.0,
        None | Some(2) => 25_400.0,
        Some(3) => 10_000.0,
        Some(_) => return None,
    };
    scale::from_density(x, y, unit_um, notes)
}

fn rational(reader: &mut Reader<'_>, tag: Tag) -> Option<f64> {
    match reader.get_tag(tag).ok()? {
        Value::Rational(n, d) => Some(f64::from(n) / f64::from(d)),
        Value::Float(v) => Some(v.into()),
        Value::Double(v) => Some(v),
        _ => None,
    }
}

fn pixels(
    reader: &mut Reader<'_>,
    size: (usize, usize),
    palette: bool,
    name: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<u8>, PatchError> {
    let fail = |e| from_tiff(e, name);
    let colour = reader.colortype().map_err(fail)?;
    let model = model(reader, colour, name)?;
    let mut samples = DecodingResult::U8(Vec::new());
    let layout = reader.read_image_to_buffer(&mut samples).map_err(fail)?;
    let planes = layout.planes;
    match samples {
        DecodingResult::U8(v) if palette => {
            let map = reader.get_tag_u16_vec(Tag::ColorMap).map_err(fail)?;
            notes.push("palette expanded".into());
            expand(&unpack(v, size, colour.bit_depth(), false), &map).ok_or_else(|| corrupt("TIFF", "colour map", name))
        }
        DecodingResult::U8(v) => {
            let v = interleave(unpack(v, size, colour.bit_depth(), true), planes, model.channels());
            Ok(raster::to_rgb(v, model, notes))
        }
        DecodingResult::U16(v) if colour.bit_depth() == 16 && !palette => {
            let v = interleave(v, planes, model.channels());
            Ok(raster::to_rgb(raster::scale16_all(&v, notes), model, notes))
        }
        _ => Err(unsupported(format!("TIFF samples of {} bits of this kind", colour.bit_depth()), name)),
    }
}

fn model(reader: &mut Reader<'_>, colour: ColorType, name: &str) -> Result<Model, PatchError> {
    let extra = reader.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).ok().flatten();
    let extra = extra.and_then(|e| e.first().copied());
    match colour {
        ColorType::Gray(1 | 2 | 4 | 8 | 16) => Ok(Model::Grey),
        // The tiff crate calls grey with alpha "multiband".
        ColorType::GrayA(8 | 16) => Ok(Model::GreyAlpha),
        ColorType::Multiband { bit_depth: 8 | 16, num_samples: 2 } if extra.is_some_and(|e| e > 0) => Ok(Model::GreyAlpha),
        ColorType::RGB(8 | 16) => Ok(Model::Rgb),
        ColorType::RGBA(8 | 16) => Ok(match extra {
            Some(1) => Model::RgbPremultiplied,
            Some(2) => Model::RgbAlpha,
            _ => Model::RgbExtra,
        }),
        ColorType::CMYK(8 | 16) => Ok(Model::Cmyk),
        ColorType::YCbCr(8) => Ok(Model::YCbCr),
        other => Err(unsupported(format!("TIFF of kind {other:?}"), name)),
    }
}

/// Rows of 1, 2 or 4-bit samples to one byte each, stretched to 0…255 when `stretch`.
fn unpack(v: Vec<u8>, (width, height): (usize, usize), bits: u8, stretch: bool) -> Vec<u8> {
    if bits >= 8 {
        return v;
    }
    let bits = usize::from(bits);
    let (per_byte, mask) = (8 / bits, (1_u8 << bits) - 1);
    let gain = if stretch { 255 / mask } else { 1 };
    let sample = |row: &[u8], x: usize| ((row[x / per_byte] >> (8 - bits * (x % per_byte + 1))) & mask) * gain;
    v.chunks_exact(width.div_ceil(per_byte)).take(height).flat_map(|row| (0..width).map(move |x| sample(row, x))).collect()
}

/// Planes one after the other to pixels.
fn interleave<T: Copy>(v: Vec<T>, planes: usize, channels: usize) -> Vec<T> {
    if planes < 2 || v.is_empty() {
        return v;
    }
    let stride = v.len() / planes;
    (0..stride).flat_map(|i| (0..channels.min(planes)).map(move |c| (i, c))).map(|(i, c)| v[c * stride + i]).collect()
}

/// Palette indices to RGB; the map holds all reds, then all greens, then all blues. Writers stretch 8 bits to 16 by 256
/// or by 257, and the high byte undoes both; old ones do not stretch at all.
fn expand(indices: &[u8], map: &[u16]) -> Option<Vec<u8>> {
    let n = map.len() / 3;
    let shift = if map.iter().all(|&v| v < 256) { 0 } else { 8 };
    let colour = |i: &u8| {
        let i = usize::from(*i);
        (i < n).then(|| [map[i], map[n + i], map[2 * n + i]].map(|v| (v >> shift) as u8))
    };
    let colours: Option<Vec<[u8; 3]>> = indices.iter().map(colour).collect();
    Some(colours?.into_flattened())
}

fn from_tiff(error: TiffError, name: &str) -> PatchError {
    match error {
        TiffError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            PatchError::Truncated { format: "TIFF", name: name.to_owned() }
        }
        TiffError::UnsupportedError(e) => unsupported(e.to_string(), name),
        other => corrupt("TIFF", other, name),
    }
}
