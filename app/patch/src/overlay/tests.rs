#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

fn grey(width: usize, height: usize) -> Patch {
    Patch {
        name: "p".into(),
        rgb: vec![200; width * height * 3],
        width,
        height,
        sha256: String::new(),
        um_per_px: None,
        position: None,
        notes: vec![],
    }
}

fn opaque() -> OverlayStyle {
    OverlayStyle { opacity: 1.0, ..OverlayStyle::default() }
}

fn at(o: &Overlay, x: usize, y: usize) -> [u8; 3] {
    let p = &o.rgba[(y * o.width + x) * 4..][..4];
    assert_eq!(p[3], 255);
    [p[0], p[1], p[2]]
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 2)
}

#[test]
fn a_hot_corner_stays_in_its_corner_of_a_wide_image() {
    let p = grey(40, 10);
    for (cx, cy, x, y) in [(0, 0, 0, 0), (3, 0, 39, 0), (0, 1, 0, 9), (3, 1, 39, 9)] {
        let mut map = vec![0.0; 8];
        map[cy * 4 + cx] = 2.0;
        let o = render(&p, &map, 4, 2, &opaque()).unwrap();
        assert_eq!((o.lo, o.hi, o.evidence), (0.0, 2.0, true));
        for (px, py) in [(0, 0), (39, 0), (0, 9), (39, 9)] {
            let want = Colormap::Viridis.rgb(if (px, py) == (x, y) { 1.0 } else { 0.0 });
            assert!(near(at(&o, px, py), want), "{px},{py} for cell {cx},{cy}");
        }
    }
}

#[test]
fn no_positive_value_leaves_the_patch_bare() {
    for map in [[0.0; 4], [-1.0, -2.0, -0.5, -3.0], [f32::NAN, 0.0, f32::INFINITY, 0.0]] {
        for range in [Range::PerImage, Range::Fixed { lo: -5.0, hi: 5.0 }] {
            let o = render(&grey(6, 4), &map, 2, 2, &OverlayStyle { range, ..opaque() }).unwrap();
            assert!(!o.evidence);
            assert!(o.rgba.chunks_exact(4).all(|p| p == [200, 200, 200, 255]));
            assert_eq!(o.non_finite, map.iter().filter(|v| !v.is_finite()).count());
        }
    }
}

#[test]
fn a_constant_positive_map_is_not_blank() {
    let o = render(&grey(4, 4), &[3.0; 4], 2, 2, &opaque()).unwrap();
    assert_eq!((o.lo, o.hi, o.evidence), (0.0, 3.0, true));
    assert!(near(at(&o, 1, 1), Colormap::Viridis.rgb(1.0)));
}

#[test]
fn fixed_range_makes_images_comparable() {
    let style = OverlayStyle { range: Range::Fixed { lo: 0.0, hi: 10.0 }, ..opaque() };
    let o = render(&grey(4, 4), &[5.0; 4], 2, 2, &style).unwrap();
    assert_eq!((o.lo, o.hi), (0.0, 10.0));
    assert!(near(at(&o, 2, 2), Colormap::Viridis.rgb(0.5)));
}

#[test]
fn negative_values_are_the_lowest_colour_and_fade_bares_them() {
    let o = render(&grey(8, 8), &[-4.0, 1.0, -4.0, 1.0], 2, 2, &opaque()).unwrap();
    assert_eq!((o.lo, o.hi), (0.0, 1.0));
    assert!(near(at(&o, 0, 0), Colormap::Viridis.rgb(0.0)));
    let faded = OverlayStyle { fade: true, ..opaque() };
    let o = render(&grey(8, 8), &[-4.0, 1.0, -4.0, 1.0], 2, 2, &faded).unwrap();
    assert_eq!(at(&o, 0, 0), [200; 3]);
}

#[test]
fn a_contour_is_drawn_where_the_level_is_crossed() {
    let style = OverlayStyle { contour: Some(0.5), opacity: 0.0, ..opaque() };
    let o = render(&grey(16, 16), &[0.0, 1.0, 0.0, 1.0], 2, 2, &style).unwrap();
    for y in 0..16 {
        let black: Vec<usize> = (0..16).filter(|&x| at(&o, x, y) == [0; 3]).collect();
        assert!(!black.is_empty() && black.iter().all(|x| (6..10).contains(x)), "{black:?}");
    }
}

#[test]
fn wrong_shapes_and_styles_are_refused() {
    let p = grey(4, 4);
    let bad = |map: &[f32], w, h, style: OverlayStyle| {
        assert!(matches!(render(&p, map, w, h, &style), Err(PatchError::Mismatch { .. })));
    };
    bad(&[1.0; 3], 2, 2, opaque());
    bad(&[], 0, 0, opaque());
    bad(&[], usize::MAX, usize::MAX, opaque());
    bad(&[1.0; 4], 2, 2, OverlayStyle { opacity: f32::NAN, ..opaque() });
    bad(&[1.0; 4], 2, 2, OverlayStyle { opacity: 1.5, ..opaque() });
    bad(&[1.0; 4], 2, 2, OverlayStyle { contour: Some(-1.0), ..opaque() });
    for (lo, hi) in [(1.0, 1.0), (2.0, 1.0), (f32::NAN, 1.0), (0.0, f32::INFINITY)] {
        bad(&[1.0; 4], 2, 2, OverlayStyle { range: Range::Fixed { lo, hi }, ..opaque() });
    }
    let mut short = grey(4, 4);
    short.rgb.pop();
    assert!(render(&short, &[1.0; 4], 2, 2, &opaque()).is_err());
}
