#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::decode::Patch;
use crate::resize;

fn field(input_px: usize, um: Option<f64>) -> Field {
    Field { input_px, um_per_px: um }
}

fn patch(width: usize, height: usize) -> Patch {
    let rgb = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width) as u8, 7]).collect();
    Patch { name: "p".into(), rgb, width, height, sha256: String::new(), um_per_px: None, position: None, notes: vec![] }
}

#[test]
fn both_scales_known() {
    // SICAPv2: 512 px at 1 µm/px; a Student of 128 px at 4 µm/px sees the same field.
    let one = plan(512, 512, Some(1.0), &field(128, Some(4.0)), Framing::Tile).unwrap();
    assert_eq!((one.tile_px, one.tiles.len()), (512, 1));
    // 2 % off is still the field, 5 % is not.
    let near = plan(505, 505, Some(1.0), &field(128, Some(4.0)), Framing::Tile).unwrap();
    assert_eq!((near.tile_px, near.tiles.len()), (505, 1));
    let off = plan(540, 540, Some(1.0), &field(128, Some(4.0)), Framing::Tile).unwrap();
    assert_eq!((off.tile_px, off.cols, off.rows), (512, 2, 2));
    let wide = plan(1024, 300, Some(0.5), &field(64, Some(1.0)), Framing::Tile).unwrap();
    assert_eq!((wide.tile_px, wide.cols, wide.rows), (128, 8, 3));
    assert!(wide.note.contains("0.5000 µm/px"));
    let small = plan(100, 100, Some(1.0), &field(128, Some(4.0)), Framing::Tile).unwrap();
    assert_eq!((small.tile_px, small.tiles.len()), (512, 1));
    assert!(small.note.contains("padded"));
}

#[test]
fn a_scale_unknown() {
    let square = plan(700, 700, None, &field(128, Some(4.0)), Framing::Tile).unwrap();
    assert_eq!((square.tile_px, square.tiles.len()), (700, 1));
    assert!(square.note.contains("µm/px of the image unknown"));
    let wide = plan(300, 200, Some(1.0), &field(128, None), Framing::Tile).unwrap();
    assert_eq!((wide.tile_px, wide.cols, wide.rows), (128, 3, 2));
    assert!(wide.note.contains("Student unknown"));
    let slim = plan(300, 60, None, &field(128, None), Framing::Tile).unwrap();
    assert_eq!((slim.tile_px, slim.cols, slim.rows), (60, 5, 1));
}

#[test]
fn whole_is_one_square_that_holds_everything() {
    let p = plan(300, 200, Some(1.0), &field(128, Some(1.0)), Framing::Whole).unwrap();
    assert_eq!(p.tiles, vec![Tile { x: 0, y: 0, width: 300, height: 300 }]);
    assert!(p.note.contains("padded"));
}

#[test]
fn refusals_say_what_is_wrong() {
    let bad = |w, h, um, f: Field| plan(w, h, um, &f, Framing::Tile).unwrap_err();
    assert!(matches!(bad(0, 5, None, field(8, None)), PatchError::Mismatch { .. }));
    assert!(matches!(bad(5, 5, None, field(0, None)), PatchError::Mismatch { .. }));
    for um in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(bad(5, 5, Some(um), field(8, Some(1.0))), PatchError::Scale(_)), "{um}");
    }
    assert!(matches!(bad(500, 500, Some(1e6), field(8, Some(1.0))), PatchError::Scale(_)));
    assert!(matches!(bad(500, 500, Some(1e-6), field(8, Some(1.0))), PatchError::Scale(_)));
    let many = bad(30_000, 20_000, Some(8.0), field(8, Some(1.0)));
    assert!(matches!(many, PatchError::TooManyTiles { tiles: 600_000_000, tile_px: 1, .. }), "{many}");
}

#[test]
fn tiles_cover_every_pixel_once() {
    for (w, h) in [(1, 1), (7, 5), (64, 64), (65, 63), (130, 31), (200, 3)] {
        for side in [1, 2, 5, 31, 64, 100] {
            for framing in [Framing::Tile, Framing::Whole] {
                let Ok(p) = plan(w, h, Some(1.0), &field(side, Some(1.0)), framing) else {
                    continue;
                };
                assert_eq!(p.tiles.len(), p.cols * p.rows);
                let mut seen = vec![0_u8; w * h];
                for t in p.tiles.iter().map(|t| t.clipped(w, h)) {
                    assert!(t.width > 0 && t.height > 0);
                    (t.y..t.y + t.height).for_each(|y| (t.x..t.x + t.width).for_each(|x| seen[y * w + x] += 1));
                }
                assert!(seen.iter().all(|&n| n == 1), "{w}×{h} at {side}");
            }
        }
    }
}

#[test]
fn inner_tiles_are_copies_and_edges_are_padded() {
    let p = patch(10, 6);
    let at = |rgb: &[u8], x: usize, y: usize| [rgb[(y * 4 + x) * 3], rgb[(y * 4 + x) * 3 + 1]];
    let tile = Tile { x: 8, y: 4, width: 4, height: 4 };
    let edge = extract(&p, &tile, 4, Pad::Edge);
    let white = extract(&p, &tile, 4, Pad::White);
    assert_eq!((at(&edge, 0, 0), at(&white, 0, 0)), ([8, 4], [8, 4]));
    assert_eq!((at(&edge, 3, 3), at(&white, 3, 3)), ([9, 5], [255, 255]));
    assert_eq!((at(&edge, 3, 0), at(&white, 3, 0)), ([9, 4], [255, 255]));
    assert_eq!((at(&edge, 0, 3), at(&white, 0, 3)), ([8, 5], [255, 255]));
}

#[test]
fn extraction_is_the_area_resize_of_the_padded_square() {
    let p = patch(50, 30);
    let square: Vec<u8> = (0..50)
        .flat_map(|y| (0..50).map(move |x| (x, y)))
        .flat_map(|(x, y): (usize, usize)| if y < 30 { [x as u8, y as u8, 7] } else { [255; 3] })
        .collect();
    for input in [7, 10, 25, 50, 64] {
        let got = extract(&p, &Tile { x: 0, y: 0, width: 50, height: 50 }, input, Pad::White);
        assert_eq!(got, resize::area(&square, 50, 50, input, input), "{input}");
    }
}

#[test]
fn impossible_patches_and_tiles_are_white_not_a_panic() {
    let mut p = patch(4, 4);
    let far = Tile { x: usize::MAX, y: usize::MAX, width: 2, height: 2 };
    assert_eq!(extract(&p, &far, 2, Pad::White), vec![255; 12]);
    assert_eq!(extract(&p, &far, 2, Pad::Edge), [3, 3, 7].repeat(4));
    p.rgb.clear();
    assert_eq!(extract(&p, &Tile { x: 0, y: 0, width: 4, height: 4 }, 2, Pad::Edge), vec![255; 12]);
}
