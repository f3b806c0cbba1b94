//! A lobule of small acini: round cells close together around a few small lumens. The focus of a malignant patch is one,
//! and so are the benign lobules beside it: from afar they look alike.

use super::canvas::{Canvas, Ink, noise};
use super::detail;
use super::random::Random;
use super::settings::Grade;
use super::shape::{Blob, Ellipse, direction};
use super::slide::Slide;

/// A lobule that is to be drawn.
#[derive(Clone, Debug)]
pub(super) struct Lobule {
    pub outline: Blob,
    /// From 0 (pale, few nuclei) to 1 (dark, many): what a view of any magnification sees.
    pub shade: f64,
    /// From 0 (open: many lumens) to 1 (solid): what is left to see of the structure when single cells no longer show.
    pub solidity: f64,
}

/// Where things lie in a lobule.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Cell centres, those outside the outline (by up to a cell) and in lumens included: borders need neighbours.
    pub lattice: Vec<(f64, f64)>,
    /// Cells that are drawn.
    pub nuclei: Vec<Ellipse>,
    /// Small open spaces.
    pub lumens: Vec<Ellipse>,
}

impl Lobule {
    /// Draws the lobule; with a malignant grade it gets that grade's fine detail, `fine` times as strong.
    pub fn draw(&self, canvas: &mut Canvas, slide: &Slide, grade: Grade, fine: f64, random: &mut Random) {
        let between = |low: f64, high: f64, at: f64| low + (high - low) * at.clamp(0.0, 1.0);
        let (open, spacing) = (between(0.36, 0.02, self.solidity), between(8.2, 6.6, self.shade));
        // The more of it is open, the darker the rest: how open it is should not show in its mean.
        let rest = 1.0 - 0.8 * open;
        let cytoplasm = Ink { h: between(0.02, 0.55, self.shade) / rest, e: between(0.16, 0.34, self.shade) / rest };
        let layout = self.layout(open, spacing, random);
        let key = random.bits();
        canvas.blob(&self.outline, 0.0, 1.6, |x, y| {
            let mottle = 1.0 + 0.15 * noise(x / 4.0, y / 4.0, key);
            Ink { h: cytoplasm.h * mottle, e: cytoplasm.e * mottle }
        });
        for lumen in &layout.lumens {
            canvas.ellipse(lumen, Ink { h: 0.03, e: 0.06 }, 1.8);
        }
        for nucleus in &layout.nuclei {
            let ink = Ink { h: slide.nuclei * random.range(0.8, 1.05), e: 0.24 };
            canvas.ellipse(nucleus, ink, 1.3);
        }
        // A stream of its own: the rest of the patch is the same with and without detail.
        let mut own = random.branch();
        if grade != Grade::NC && fine > 0.0 {
            detail::draw(canvas, &self.outline, &layout, grade, fine, &mut own);
        }
    }

    fn layout(&self, open: f64, spacing: f64, random: &mut Random) -> Layout {
        let lattice = self.lattice(spacing, random);
        let lumens = self.lumens(open, random);
        let mut nuclei = Vec::new();
        for &(x, y) in &lattice {
            let r = random.range(2.4, 2.9);
            let turned = direction(random.range(0.0, std::f64::consts::PI));
            let inside = self.outline.distance(x, y) < -r && lumens.iter().all(|lumen| lumen.distance(x, y) > r - 0.6);
            if inside {
                nuclei.push(Ellipse { x, y, a: r * 1.08, b: r * 0.92, direction: turned });
            }
        }
        Layout { lattice, nuclei, lumens }
    }

    /// A loose hexagonal lattice.
    fn lattice(&self, spacing: f64, random: &mut Random) -> Vec<(f64, f64)> {
        let reach = self.outline.reach() + spacing;
        let (c, s) = direction(random.range(0.0, std::f64::consts::PI));
        let row_height = spacing * 0.866;
        let rows = (reach / row_height).ceil() as i64;
        let columns = (reach / spacing).ceil() as i64;
        let mut points = Vec::new();
        for row in -rows..=rows {
            for column in -columns..=columns {
                let u = (column as f64 + 0.5 * row.rem_euclid(2) as f64) * spacing + 0.09 * spacing * random.normal();
                let v = row as f64 * row_height + 0.09 * spacing * random.normal();
                points.push((self.outline.x + u * c - v * s, self.outline.y + u * s + v * c));
            }
        }
        points.retain(|&(x, y)| self.outline.distance(x, y) < spacing);
        points
    }

    /// Lumens that take up about `open` of the area; at least one.
    fn lumens(&self, open: f64, random: &mut Random) -> Vec<Ellipse> {
        let size = self.outline.r;
        let mut left = open * std::f64::consts::PI * size * size;
        let mut lumens: Vec<Ellipse> = Vec::new();
        for _ in 0..200 {
            let (a, b) = (random.range(3.2, 5.2), random.range(2.8, 4.2));
            let out = direction(random.range(0.0, std::f64::consts::TAU));
            let away = 0.72 * size * random.unit().sqrt();
            let lumen = Ellipse {
                x: self.outline.x + away * out.0,
                y: self.outline.y + away * out.1,
                a,
                b,
                direction: direction(random.range(0.0, std::f64::consts::PI)),
            };
            let apart = |other: &Ellipse| {
                let (dx, dy) = (other.x - lumen.x, other.y - lumen.y);
                dx * dx + dy * dy > 144.0
            };
            if lumens.iter().all(apart) {
                left -= std::f64::consts::PI * a * b;
                lumens.push(lumen);
            }
            if left <= 0.0 {
                break;
            }
        }
        lumens
    }
}
