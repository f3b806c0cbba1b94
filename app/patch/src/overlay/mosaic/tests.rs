#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::tiles::{Field, Framing, plan};

fn tiled(w: usize, h: usize, side: usize) -> TilePlan {
    plan(w, h, Some(1.0), &Field { input_px: side, um_per_px: Some(1.0) }, Framing::Tile).unwrap()
}

#[test]
fn a_ramp_across_tiles_is_a_ramp_across_the_image() {
    // Every tile's map holds the image x of its cell centres (2 px apart): the mosaic must give x back, but for the
    // outer half of a tile's outer cells, where there is no neighbour to mix with.
    for (w, h) in [(40, 24), (37, 50), (64, 16), (130, 70)] {
        let p = tiled(w, h, 16);
        for max_side in [1000, 20, 7] {
            let mut mosaic = Mosaic::new(&p, w, h, max_side).unwrap();
            for t in &p.tiles {
                let ramp: Vec<f32> = (0..64).map(|i| (t.x as f32) + ((i % 8) as f32 + 0.5) * 2.0).collect();
                mosaic.add(t, &ramp, 8, 8).unwrap();
            }
            let map = mosaic.finish();
            let px = w as f32 / map.width as f32;
            for (i, &v) in map.data.iter().enumerate() {
                let want = ((i % map.width) as f32 + 0.5) * px;
                assert!((v - want).abs() <= 1.01, "{w}×{h} at {max_side}: {v} for {want}");
            }
        }
    }
}

#[test]
fn every_cell_belongs_to_exactly_the_tile_below_it() {
    for (w, h, side) in [(40, 24, 16), (33, 7, 5), (5, 90, 8), (100, 100, 33)] {
        let p = tiled(w, h, side);
        for max_side in [200, 31, 5] {
            let mut mosaic = Mosaic::new(&p, w, h, max_side).unwrap();
            for (i, t) in p.tiles.iter().enumerate() {
                mosaic.add(t, &[i as f32 + 1.0], 1, 1).unwrap();
            }
            let map = mosaic.finish();
            for (i, &v) in map.data.iter().enumerate() {
                let centre = |c: usize, cells: usize, image: usize| ((c as f64 + 0.5) * image as f64 / cells as f64) as usize;
                let (x, y) = (centre(i % map.width, map.width, w), centre(i / map.width, map.height, h));
                let tile = (y / p.tile_px) * p.cols + x / p.tile_px;
                assert_eq!(v, tile as f32 + 1.0, "cell {i} of {w}×{h}");
            }
        }
    }
}

#[test]
fn a_letterboxed_map_is_cropped_to_the_image() {
    let p = plan(40, 20, None, &Field { input_px: 8, um_per_px: None }, Framing::Whole).unwrap();
    let mut mosaic = Mosaic::new(&p, 40, 20, 100).unwrap();
    // Lower half of the square: padding, and it must not show.
    mosaic.add(&p.tiles[0], &[1.0, 1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0], 2, 4).unwrap();
    let map = mosaic.finish();
    assert_eq!((map.width, map.height), (40, 20));
    assert!(map.data[..15 * 40].iter().all(|&v| v == 1.0));
    assert!(map.data.iter().all(|&v| v < 5.1));
}

#[test]
fn foreign_tiles_and_maps_are_refused() {
    let p = tiled(40, 24, 16);
    let mut mosaic = Mosaic::new(&p, 40, 24, 100).unwrap();
    assert!(mosaic.add(&p.tiles[0], &[1.0; 3], 2, 2).is_err());
    assert!(mosaic.add(&p.tiles[0], &[], 0, 0).is_err());
    assert!(mosaic.add(&Tile { x: 0, y: 0, width: 15, height: 16 }, &[1.0], 1, 1).is_err());
    assert!(mosaic.add(&Tile { x: 48, y: 0, width: 16, height: 16 }, &[1.0], 1, 1).is_err());
    assert!(Mosaic::new(&p, 0, 24, 100).is_err());
}
