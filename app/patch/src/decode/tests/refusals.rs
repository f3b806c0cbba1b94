//! Every bad input by name.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

#[test]
fn things_that_are_no_images() {
    assert!(matches!(refuse(b"", "empty.png"), PatchError::NotAnImage { why: "the file is empty", .. }));
    assert!(matches!(refuse(b"file,label\na.png,1\n", "table.png"), PatchError::NotAnImage { .. }));
    assert!(matches!(refuse(&[0; 500], "zeros.tif"), PatchError::NotAnImage { .. }));
    for (bytes, what) in [(&b"GIF89a...."[..], "GIF"), (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"), (b"BM\0\0", "BMP")] {
        assert!(refuse(bytes, "x.png").to_string().contains(what));
    }
}

#[test]
fn unsupported_kinds_say_what_they_are() {
    let (bytes, name) = data!("float.tif");
    assert!(matches!(refuse(bytes, name), PatchError::Unsupported { .. }));
    // The same CMYK file without its Adobe marker: ink or its inverse, nobody knows.
    let mut cmyk = data!("cmyk.jpg").0.to_vec();
    let at = cmyk.windows(5).position(|w| w == b"Adobe").unwrap();
    cmyk[at] = b'X';
    assert!(refuse(&cmyk, "c.jpg").to_string().contains("Adobe"));
    // 12-bit precision in the frame header.
    let mut deep = data!("progressive.jpg").0.to_vec();
    let at = deep.windows(2).position(|w| w == [0xff, 0xc2]).unwrap();
    deep[at + 4] = 12;
    assert!(refuse(&deep, "d.jpg").to_string().contains("12-bit"));
}

#[test]
fn truncated_files_are_refused_wherever_they_end() {
    let files = [
        (encoded(ImageFormat::Png), "p.png"),
        (encoded(ImageFormat::Jpeg), "j.jpg"),
        (encoded(ImageFormat::Tiff), "t.tif"),
        (data!("progressive.jpg").0.to_vec(), "q.jpg"),
        (data!("ycbcr_jpeg.tif").0.to_vec(), "y.tif"),
    ];
    for (bytes, name) in &files {
        for cut in (2..bytes.len() - 12).step_by(bytes.len() / 60 + 1) {
            let error = refuse(&bytes[..cut], name);
            let known = matches!(error, PatchError::Truncated { .. } | PatchError::Corrupt { .. });
            assert!(known, "{name} cut at {cut}: {error}");
        }
        let half = refuse(&bytes[..bytes.len() / 2], name);
        assert!(matches!(half, PatchError::Truncated { .. }), "{half}");
    }
}

#[test]
fn zero_and_giant_headers_are_refused_before_anything_is_allocated() {
    let with_size = |w: u32, h: u32| {
        let mut bytes = png(&[1, 2, 3], 1, 1, ExtendedColorType::Rgb8);
        bytes[16..20].copy_from_slice(&w.to_be_bytes());
        bytes[20..24].copy_from_slice(&h.to_be_bytes());
        bytes
    };
    assert!(matches!(refuse(&with_size(0, 0), "z.png"), PatchError::Empty { .. }));
    assert!(matches!(refuse(&with_size(5, 0), "z.png"), PatchError::Empty { width: 5, height: 0, .. }));
    assert!(matches!(refuse(&with_size(100_000, 100_000), "g.png"), PatchError::TooLarge { .. }));
    assert!(refuse(&with_size(32_000, 32_000), "g.png").to_string().contains("400000000 pixels"));
    let mut jpeg = encoded(ImageFormat::Jpeg);
    let at = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[at + 5..at + 9].fill(0);
    assert!(matches!(refuse(&jpeg, "z.jpg"), PatchError::Empty { .. }));
    jpeg[at + 5..at + 9].fill(0xff);
    assert!(matches!(refuse(&jpeg, "g.jpg"), PatchError::TooLarge { width: 65_535, .. }));
    let (bytes, name) = data!("huge_header.tif");
    assert!(refuse(bytes, name).to_string().starts_with("first page of 100000 × 100000 pixels"));
    let small = Limits { max_side: 31, ..Limits::default() };
    for (bytes, name) in [data!("planar.tif"), data!("palette.png"), data!("cmyk.jpg")] {
        assert!(matches!(decode(bytes, name, &small), Err(PatchError::TooLarge { .. })), "{name}");
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let files = [
        data!("progressive.jpg").0.to_vec(),
        data!("palette.tif").0.to_vec(),
        data!("ycbcr_jpeg.tif").0.to_vec(),
        data!("planar.tif").0.to_vec(),
        data!("rgba.tif").0.to_vec(),
        data!("palette.png").0.to_vec(),
        data!("cmyk.jpg").0.to_vec(),
    ];
    let limits = Limits { max_side: 2000, max_pixels: 1_000_000 };
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    for file in &files {
        for _ in 0..300 {
            let mut bytes = file.clone();
            for _ in 0..1 + next() % 4 {
                let at = next() % bytes.len();
                bytes[at] = next() as u8;
            }
            if let Ok(p) = decode(&bytes, "x", &limits) {
                assert_eq!(p.rgb.len(), p.width * p.height * 3);
            }
        }
    }
}
