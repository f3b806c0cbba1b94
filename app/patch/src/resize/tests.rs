#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

/// The picture the references were made from: one linear congruential generator, high bytes.
fn noise(w: usize, h: usize) -> Vec<u8> {
    let mut s = (h * 1000 + w) as u32;
    (0..w * h * CN)
        .map(|_| {
            s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (s >> 24) as u8
        })
        .collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), &v| {
        let a = (a + u32::from(v)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}

/// (h, w, oh, ow, adler32 of the result); made with `cv2.resize(a, (ow, oh), interpolation=cv2.INTER_AREA)` of OpenCV
/// 4.14.0 and 5.0.0, which agree.
const REFERENCES: [(usize, usize, usize, usize, u32); 16] = [
    (4, 6, 2, 3, 1_432_815_967),
    (6, 9, 2, 3, 1_431_898_461),
    (5, 7, 3, 4, 1_106_710_946),
    (7, 5, 2, 5, 4_087_287_672),
    (8, 8, 4, 2, 2_492_009_515),
    (3, 4, 5, 7, 2_487_499_451),
    (4, 4, 3, 6, 153_884_830),
    (2, 3, 2, 3, 1_384_384_643),
    (1, 1, 3, 2, 905_381_227),
    (64, 48, 25, 31, 3_230_897_786),
    (200, 300, 64, 128, 3_368_276_104),
    (100, 100, 128, 128, 570_461_417),
    (31, 57, 1, 1, 50_135_422),
    (512, 512, 224, 224, 3_764_267_473),
    (300, 300, 129, 128, 1_732_794_585),
    (96, 64, 32, 16, 1_776_485_404),
];

#[test]
fn equals_opencv_bit_for_bit() {
    for (h, w, oh, ow, sum) in REFERENCES {
        let got = area(&noise(w, h), w, h, ow, oh);
        assert_eq!(adler32(&got), sum, "{w}×{h} → {ow}×{oh}: {:?}", &got[..got.len().min(54)]);
    }
}

#[test]
fn small_cases_written_out() {
    let blocks = [159, 85, 143, 103, 131, 95, 158, 155, 92, 85, 147, 188, 108, 171, 109, 126, 198, 145];
    assert_eq!(area(&noise(6, 4), 6, 4, 3, 2), blocks);
    let thirds = [139, 119, 113, 154, 90, 137, 142, 118, 108, 123, 109, 159, 164, 93, 143, 144, 179, 162];
    assert_eq!(area(&noise(9, 6), 9, 6, 3, 2), thirds);
    let upright = [159, 18, 54];
    assert_eq!(area(&noise(1, 1), 1, 1, 2, 3), upright.repeat(6));
}

#[test]
fn a_flat_picture_stays_flat_at_every_size() {
    for (w, h) in [(1, 1), (2, 3), (7, 5), (16, 9), (33, 64)] {
        for (ow, oh) in [(1, 1), (3, 2), (5, 7), (8, 8), (64, 33)] {
            for v in [0, 1, 127, 254, 255] {
                let out = area(&vec![v; w * h * CN], w, h, ow, oh);
                assert_eq!(out, vec![v; ow * oh * CN], "{w}×{h} → {ow}×{oh}");
            }
        }
    }
}

#[test]
fn a_giant_block_does_not_overflow() {
    // 30 000 × 3 000 white pixels to one: the sum does not fit in 32 bits, and no buffer of that size may be needed.
    let white = |_: usize, row: &mut [u8]| row.fill(255);
    assert_eq!(area_rows(30_000, 3_000, 1, 1, &white), vec![255; 3]);
}

#[test]
fn empty_or_short_buffers_do_not_panic() {
    assert_eq!(area(&[], 0, 4, 2, 2), vec![255; 12]);
    assert_eq!(area(&[1, 2], 4, 4, 1, 1), vec![255; 3]);
    assert!(area(&[1, 2, 3], 1, 1, 0, 5).is_empty());
    assert_eq!(area(&[1], usize::MAX, usize::MAX, 1, 1), vec![255; 3]);
}
