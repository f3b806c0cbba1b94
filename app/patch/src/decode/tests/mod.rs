#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat};

use super::*;

/// Pictures made by `testdata/make.py`: 32 × 16 px in four flat quadrants.
macro_rules! data {
    ($name:literal) => {
        (include_bytes!(concat!("../../../testdata/", $name)).as_slice(), $name)
    };
}

// After the macro, which they use.
mod kinds;
mod refusals;

const QUADRANTS: [[u8; 3]; 4] = [[200, 60, 120], [40, 160, 90], [240, 230, 235], [30, 30, 150]];

fn read((bytes, name): (&[u8], &str)) -> Patch {
    decode(bytes, name, &Limits::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn refuse(bytes: &[u8], name: &str) -> PatchError {
    let error = decode(bytes, name, &Limits::default()).unwrap_err();
    assert!(error.to_string().ends_with(name), "the name comes last: {error}");
    error
}

/// The middles of the four quadrants.
fn quadrants(p: &Patch) -> [[u8; 3]; 4] {
    let (w, h) = (p.width, p.height);
    assert_eq!(p.rgb.len(), w * h * 3);
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| {
        let at = ((h * y / 4) * w + w * x / 4) * 3;
        [p.rgb[at], p.rgb[at + 1], p.rgb[at + 2]]
    })
}

fn near(p: &Patch, want: [[u8; 3]; 4], tolerance: u8) {
    for (got, want) in quadrants(p).iter().flatten().zip(want.iter().flatten()) {
        assert!(got.abs_diff(*want) <= tolerance, "{}: {:?}", p.name, quadrants(p));
    }
}

fn png(pixels: &[u8], w: u32, h: u32, kind: ExtendedColorType) -> Vec<u8> {
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(pixels, w, h, kind).unwrap();
    out
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let rgb: Vec<u8> = (0..48 * 40 * 3).map(|i| ((i * 7919) % 251) as u8).collect();
    let mut out = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(image::RgbImage::from_raw(48, 40, rgb).unwrap());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}
