//! An ordinary benign gland: an open lumen, and epithelium with its nuclei along the base.

use super::canvas::{Canvas, Ink, noise};
use super::random::Random;
use super::shape::{Blob, Ellipse, direction};
use super::slide::Slide;

/// Draws a gland with the given outline.
pub(super) fn benign(canvas: &mut Canvas, outline: &Blob, slide: &Slide, random: &mut Random) {
    let height = random.range(8.0, 12.0).min(outline.r * 0.75);
    let cytoplasm = Ink { h: random.range(0.10, 0.24), e: random.range(0.28, 0.46) };
    let key = random.bits();
    canvas.blob(outline, 0.0, 1.3, |x, y| {
        let mottle = 1.0 + 0.2 * noise(x / 5.0, y / 5.0, key);
        Ink { h: cytoplasm.h * mottle, e: cytoplasm.e * mottle }
    });
    // Secretion fills some lumens.
    let lumen = Ink { h: 0.02, e: if random.chance(0.25) { random.range(0.1, 0.3) } else { 0.03 } };
    canvas.blob(outline, height, 2.0, |_, _| lumen);
    basal_nuclei(canvas, outline, slide, random);
}

fn basal_nuclei(canvas: &mut Canvas, outline: &Blob, slide: &Slide, random: &mut Random) {
    let spacing = random.range(5.6, 7.4);
    let count = (std::f64::consts::TAU * outline.r / spacing).floor().max(3.0) as usize;
    let shade = random.range(0.85, 1.15);
    let start = random.range(0.0, std::f64::consts::TAU);
    for i in 0..count {
        let angle = start + (i as f64 + random.range(-0.2, 0.2)) / count as f64 * std::f64::consts::TAU;
        let out = direction(angle);
        let radius = outline.radius(out) - random.range(3.0, 5.2);
        let nucleus = Ellipse {
            x: outline.x + radius * out.0,
            y: outline.y + radius * out.1,
            a: random.range(2.7, 3.7),
            b: random.range(2.1, 2.7),
            direction: out,
        };
        let ink = Ink { h: slide.nuclei * shade * random.range(0.8, 1.1), e: 0.22 };
        canvas.ellipse(&nucleus, ink, 1.3);
    }
}
