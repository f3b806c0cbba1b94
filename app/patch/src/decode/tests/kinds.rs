//! What every kind of file decodes to.
#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

#[test]
fn every_kind_of_file_gives_its_colours() {
    for (file, tolerance, note) in [
        (data!("progressive.jpg"), 4, ""),
        (data!("cmyk.jpg"), 6, "CMYK converted"),
        (data!("cmyk.tif"), 2, "CMYK converted"),
        (data!("palette.tif"), 0, "palette expanded"),
        (data!("palette.png"), 0, "palette expanded"),
        (data!("ycbcr_jpeg.tif"), 6, ""),
        (data!("rgb16_be.tif"), 0, "16-bit, scaled to 8"),
        (data!("planar.tif"), 0, ""),
        (data!("two_pages.tif"), 0, "first page of several"),
        (data!("aperio.tif"), 0, ""),
    ] {
        let p = read(file);
        assert_eq!((p.width, p.height), (32, 16), "{}", p.name);
        near(&p, QUADRANTS, tolerance);
        assert!(p.notes.iter().any(|n| n == note) || (note.is_empty() && p.notes.is_empty()), "{}: {:?}", p.name, p.notes);
    }
}

#[test]
fn grey_bilevel_and_alpha_tiffs() {
    near(&read(data!("bilevel.tif")), [[255; 3], [0; 3], [255; 3], [0; 3]], 0);
    let p = read(data!("grey_alpha.tif"));
    let on_white = |c: u32, a: u32| ((c * a + 255 * (255 - a) + 127) / 255) as u8;
    near(&p, [[on_white(200, 60); 3], [on_white(40, 160); 3], [on_white(240, 230); 3], [on_white(30, 30); 3]], 0);
    assert_eq!(p.notes, ["grey copied to three channels", "alpha composited on white"]);
    near(&read(data!("rgba.tif")), QUADRANTS.map(|q| q.map(|c| on_white(c.into(), 128))), 0);
}

#[test]
fn big_tiff_is_tiff() {
    let mut out = Cursor::new(Vec::new());
    let mut encoder = ::tiff::encoder::TiffEncoder::new_big(&mut out).unwrap();
    encoder.write_image::<::tiff::encoder::colortype::RGB8>(2, 1, &[1, 2, 3, 4, 5, 6]).unwrap();
    let p = decode(&out.into_inner(), "big.tif", &Limits::default()).unwrap();
    assert_eq!((p.width, p.height, p.rgb), (2, 1, vec![1, 2, 3, 4, 5, 6]));
}

#[test]
fn orientation_is_applied_and_noted() {
    let [a, b, c, d] = QUADRANTS;
    let turned = read(data!("orient6.jpg"));
    assert_eq!((turned.width, turned.height), (16, 32));
    near(&turned, [c, a, d, b], 4);
    assert_eq!(turned.notes, ["orientation tag 6 applied"]);
    let upside = read(data!("orient3.tif"));
    near(&upside, [d, c, b, a], 0);
    assert_eq!(upside.notes, ["orientation tag 3 applied"]);
}

#[test]
fn scales_come_from_files_only_when_believable() {
    assert_eq!(read(data!("aperio.tif")).um_per_px, Some(0.499));
    assert_eq!(read(data!("half_um.tif")).um_per_px, Some(0.5));
    let print = read(data!("dpi300.tif"));
    assert_eq!(print.um_per_px, None);
    assert!(print.notes[0].contains("300 dpi"), "{:?}", print.notes);
    let plain = png(&[1, 2, 3], 1, 1, ExtendedColorType::Rgb8);
    assert_eq!(decode(&plain, "p", &Limits::default()).unwrap().um_per_px, None);
    // pHYs after IHDR (8 + 25 bytes): 2 000 000 px/m is 0.5 µm/px. The CRC of an ancillary chunk has to be right.
    for (per_metre, crc, want) in [(2_000_000_u32, PHYS_HALF_UM, Some(0.5)), (11_811, PHYS_300_DPI, None)] {
        let mut bytes = plain[..33].to_vec();
        bytes.extend([0, 0, 0, 9]);
        bytes.extend(b"pHYs");
        bytes.extend(per_metre.to_be_bytes().repeat(2));
        bytes.push(1);
        bytes.extend(crc.to_be_bytes());
        bytes.extend(&plain[33..]);
        assert_eq!(decode(&bytes, "p", &Limits::default()).unwrap().um_per_px, want);
    }
}

const PHYS_HALF_UM: u32 = 0x8cc4_e43f;
const PHYS_300_DPI: u32 = 0x78a5_3f76;

#[test]
fn png_kinds() {
    let limits = Limits::default();
    let grey16: Vec<u8> = [0_u16, 128 * 257, 65_535, 65_407].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let p = decode(&png(&grey16, 4, 1, ExtendedColorType::L16), "p", &limits).unwrap();
    // 65 407 · 255 / 65 535 = 254.502: rounded, not cut.
    assert_eq!(p.rgb, [[0; 3], [128; 3], [255; 3], [255; 3]].concat());
    assert_eq!(p.notes, ["16-bit, scaled to 8", "grey copied to three channels"]);
    let p = decode(&png(&[255, 0, 0, 128, 0, 0, 0, 0], 2, 1, ExtendedColorType::Rgba8), "p", &limits).unwrap();
    assert_eq!(p.rgb, [255, 127, 127, 255, 255, 255]);
    assert_eq!(p.notes, ["alpha composited on white"]);
    let p = decode(&png(&[9, 8, 7, 255], 1, 1, ExtendedColorType::Rgba8), "p", &limits).unwrap();
    assert_eq!((p.rgb, p.notes), (vec![9, 8, 7], vec!["opaque alpha channel dropped".to_owned()]));
    let p = decode(&png(&[100, 51], 1, 1, ExtendedColorType::La8), "p", &limits).unwrap();
    assert_eq!(p.rgb, [224; 3]);
}

#[test]
fn sixteen_bits_scale_to_nearest() {
    for v in 0..=u16::MAX {
        assert_eq!(raster::scale16(v), (f64::from(v) * 255.0 / 65_535.0).round() as u8);
    }
}

#[test]
fn name_hash_and_position() {
    let bytes = encoded(ImageFormat::Png);
    // The extension lies; the content counts.
    let p = decode(&bytes, "16B1_xini_6803_yini_59786.jpg", &Limits::default()).unwrap();
    assert_eq!(p.position, Some((6803, 59786)));
    assert_eq!((p.sha256.len(), &p.sha256), (64, &sha256_hex(&bytes)));
    assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
