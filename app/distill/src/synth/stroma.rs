//! What lies between the glands: fibres, spindle cells, lymphocytes; and what happens to a section: gradients and folds.

use super::canvas::{Canvas, Ink, noise};
use super::random::Random;
use super::shape::{Ellipse, direction, edge};
use super::slide::Slide;

/// Fills the canvas with fibres that run one way, bent, with clefts between them.
pub(super) fn fibres(canvas: &mut Canvas, slide: &Slide, random: &mut Random) {
    let (c, s) = direction(random.range(0.0, std::f64::consts::PI));
    let keys = [random.bits(), random.bits(), random.bits()];
    let px = canvas.px;
    for at in 0..px * px {
        let (x, y) = ((at % px) as f64, (at / px) as f64);
        let bend = 9.0 * noise(x / 34.0, y / 34.0, keys[0]);
        let (along, across) = (x * c + y * s, y * c - x * s + bend);
        let fine = noise(along / 16.0, across / 3.2, keys[1]);
        let broad = noise(along / 40.0, across / 11.0, keys[2]);
        let cleft = edge(broad + 0.62, 0.12) * 0.8;
        let ink = Ink { h: 0.09 + 0.03 * fine, e: slide.stroma * (1.0 + 0.28 * fine + 0.22 * broad) };
        canvas.h[at] = ink.h * (1.0 - cleft);
        canvas.e[at] = ink.e * (1.0 - cleft);
    }
}

/// Spindle nuclei along the fibres and, in some patches, lymphocytes: small, dark, in a swarm.
pub(super) fn cells(canvas: &mut Canvas, slide: &Slide, random: &mut Random) {
    let side = canvas.px as f64;
    let main = random.range(0.0, std::f64::consts::PI);
    let density = random.range(0.5, 2.0) / 1000.0;
    for _ in 0..(density * side * side) as usize {
        let nucleus = Ellipse {
            x: random.range(0.0, side),
            y: random.range(0.0, side),
            a: random.range(3.0, 5.0),
            b: random.range(1.0, 1.5),
            direction: direction(main + 0.35 * random.normal()),
        };
        canvas.ellipse(&nucleus, Ink { h: slide.nuclei * random.range(0.7, 1.05), e: 0.3 }, 1.2);
    }
    if random.chance(0.35) {
        let (x, y, spread) = (random.range(0.0, side), random.range(0.0, side), random.range(6.0, 16.0));
        for _ in 0..random.below(40) {
            let cell = Ellipse::circle(x + spread * random.normal(), y + spread * random.normal(), random.range(1.5, 2.1));
            canvas.ellipse(&cell, Ink { h: slide.nuclei * random.range(1.0, 1.3), e: 0.2 }, 1.2);
        }
    }
}

/// Uneven staining from side to side, each stain its own way.
pub(super) fn gradient(canvas: &mut Canvas, random: &mut Random) {
    let px = canvas.px;
    let half = px as f64 / 2.0;
    for plane in [&mut canvas.h, &mut canvas.e] {
        let (c, s) = direction(random.range(0.0, std::f64::consts::TAU));
        let slope = random.range(0.0, 0.16) / half;
        for (at, value) in plane.iter_mut().enumerate() {
            let (x, y) = ((at % px) as f64 - half, (at / px) as f64 - half);
            *value *= 1.0 + slope * (c * x + s * y);
        }
    }
}

/// A fold of the section: a band where tissue lies double. It keeps off the point `away` by `gap` px, or is left out.
pub(super) fn fold(canvas: &mut Canvas, away: (f64, f64), gap: f64, random: &mut Random) {
    let px = canvas.px;
    let side = px as f64;
    let (c, s) = direction(random.range(0.0, std::f64::consts::TAU));
    let (x0, y0, half) = (random.range(0.0, side), random.range(0.0, side), random.range(2.0, 5.0));
    let bow = random.range(-6.0, 6.0);
    let off = |x: f64, y: f64| {
        let along = ((x - x0) * c + (y - y0) * s) / side;
        ((y - y0) * c - (x - x0) * s + bow * along * along).abs() - half
    };
    if off(away.0, away.1) < gap {
        return;
    }
    for at in 0..px * px {
        let double = 1.0 + 0.7 * edge(off((at % px) as f64 + 0.5, (at / px) as f64 + 0.5), 3.0);
        canvas.h[at] *= double;
        canvas.e[at] *= double;
    }
}
