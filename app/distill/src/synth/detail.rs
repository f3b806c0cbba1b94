//! The strong form of the evidence: marks of 1–3 px that tell the grades apart at 10× and average out below.
//!
//! Malignant nuclei have a nucleolus. Beyond that each pattern has its own mark: in G3 lumens and acini have crisp edges, G4 is
//! punched through with tiny lumens (cribriform), in G5 cells come apart along their borders. The marks are drawn
//! on a plane of their own and then balanced, so that within a few pixels as much light comes through as without them: a
//! view that averages over more sees little of them and has to live on the lobule's shade and solidity.

use super::acini::Layout;
use super::canvas::{Canvas, Ink, blur};
use super::random::Random;
use super::settings::Grade;
use super::shape::{Blob, Ellipse, edge};

/// Deviation of the Gaussian within which marks leave the mean light as it was, in pixels.
const SURROUND: f64 = 3.0;

/// Adds a malignant grade's marks to a lobule.
pub(super) fn draw(canvas: &mut Canvas, outline: &Blob, layout: &Layout, grade: Grade, fine: f64, random: &mut Random) {
    let mut marks = Canvas::new(canvas.px);
    nucleoli(&mut marks, layout, random);
    match grade {
        Grade::NC => {}
        Grade::G3 => crisp_edges(&mut marks, layout),
        Grade::G4 => punched_lumens(&mut marks, outline, layout),
        Grade::G5 => borders(&mut marks, outline, layout),
    }
    let window = Window::new(canvas.px, outline);
    for (plane, marks) in [(&mut canvas.h, &marks.h), (&mut canvas.e, &marks.e)] {
        let before = window.cut(plane);
        let after: Vec<f64> = before.iter().zip(window.cut(marks)).map(|(v, mark)| (v + fine * mark).max(0.0)).collect();
        // Where stain was to become negative light is missing after one balancing.
        let balanced = keep_light(&before, &keep_light(&before, &after, window.side), window.side);
        window.paste(plane, &balanced);
    }
}

/// `after`, with stain added or taken slowly over space, so that about as much light comes through as in `before`.
fn keep_light(before: &[f64], after: &[f64], side: usize) -> Vec<f64> {
    let light = |plane: &[f64]| -> Vec<f64> { plane.iter().map(|v| libm::exp(-v)).collect() };
    let (was, is) = (blur(&light(before), side, SURROUND), blur(&light(after), side, SURROUND));
    after.iter().zip(was.iter().zip(&is)).map(|(v, (was, is))| (v + libm::log(is / was)).max(0.0)).collect()
}

/// The square part of the canvas that holds a lobule and its surroundings.
struct Window {
    px: usize,
    x: usize,
    y: usize,
    side: usize,
}

impl Window {
    fn new(px: usize, outline: &Blob) -> Self {
        let half = outline.reach() + 4.0 * SURROUND;
        let side = ((2.0 * half).ceil() as usize).min(px);
        let start = |middle: f64| ((middle - half).max(0.0) as usize).min(px - side);
        Self { px, x: start(outline.x), y: start(outline.y), side }
    }

    fn rows(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (px, x, side) = (self.px, self.x, self.side);
        (self.y..self.y + side).map(move |y| y * px + x..y * px + x + side)
    }

    fn cut(&self, plane: &[f64]) -> Vec<f64> {
        self.rows().flat_map(|row| plane[row].iter().copied()).collect()
    }

    fn paste(&self, plane: &mut [f64], part: &[f64]) {
        for (row, new) in self.rows().zip(part.chunks_exact(self.side)) {
            plane[row].copy_from_slice(new);
        }
    }
}

/// A dark dot in a nucleus that is pale around it.
fn nucleoli(marks: &mut Canvas, layout: &Layout, random: &mut Random) {
    for nucleus in &layout.nuclei {
        marks.ellipse(nucleus, Ink { h: -0.28, e: -0.1 }, 1.3);
        let (x, y) = (nucleus.x + random.range(-0.6, 0.6), nucleus.y + random.range(-0.6, 0.6));
        marks.ellipse(&Ellipse::circle(x, y, random.range(1.0, 1.3)), Ink { h: 0.0, e: 1.4 }, 1.0);
    }
}

/// A dark rim, one pixel wide, right around each lumen.
fn crisp_edges(marks: &mut Canvas, layout: &Layout) {
    for lumen in &layout.lumens {
        marks.around(lumen.x, lumen.y, lumen.reach() + 2.0, |marks, at, x, y| {
            let distance = lumen.distance(x, y);
            marks.cover(at, Ink { h: 0.9, e: 0.0 }, edge((distance - 0.8).abs() - 0.6, 1.0));
            marks.cover(at, Ink { h: -0.2, e: -0.3 }, edge((distance + 0.8).abs() - 0.5, 1.0));
        });
    }
}

/// Bright holes, 2–3 px wide with a dark rim, at corners where three cells meet.
fn punched_lumens(marks: &mut Canvas, outline: &Blob, layout: &Layout) {
    for (x, y) in corners(&layout.lattice) {
        if outline.distance(x, y) > -2.0 {
            continue;
        }
        marks.around(x, y, 4.0, |marks, at, px, py| {
            let (dx, dy) = (px - x, py - y);
            let d = (dx * dx + dy * dy).sqrt();
            marks.cover(at, Ink { h: 0.1, e: 0.55 }, edge((d - 2.0).abs() - 0.5, 1.0));
            marks.cover(at, Ink { h: -0.35, e: -0.35 }, edge(d - 1.3, 1.0));
        });
    }
}

/// Centres of the lattice's upward triangles: one for each cell.
fn corners(lattice: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let near = |p: (f64, f64)| {
        let mut by: Vec<(f64, (f64, f64))> = lattice.iter().map(|q| (square(p, *q), *q)).filter(|(d, _)| *d > 0.0).collect();
        by.sort_by(|a, b| a.0.total_cmp(&b.0));
        by.truncate(6);
        by
    };
    let mut found: Vec<(f64, f64)> = Vec::new();
    for p in lattice {
        for (_, q) in near(*p) {
            for (_, r) in near(*p) {
                let side = square(q, r);
                if side > 0.0 && side < 1.7 * square(*p, q) {
                    let corner = ((p.0 + q.0 + r.0) / 3.0, (p.1 + q.1 + r.1) / 3.0);
                    if found.iter().all(|other| square(*other, corner) > 25.0) {
                        found.push(corner);
                    }
                }
            }
        }
    }
    found
}

fn square(p: (f64, f64), q: (f64, f64)) -> f64 {
    (p.0 - q.0) * (p.0 - q.0) + (p.1 - q.1) * (p.1 - q.1)
}

/// Bright lines, a pixel wide, where two cells are equally near.
fn borders(marks: &mut Canvas, outline: &Blob, layout: &Layout) {
    marks.around(outline.x, outline.y, outline.reach(), |marks, at, x, y| {
        if outline.distance(x, y) > 0.0 {
            return;
        }
        let (mut first, mut second) = (f64::MAX, f64::MAX);
        for p in &layout.lattice {
            let d = square((x, y), *p);
            if d < first {
                (first, second) = (d, first);
            } else if d < second {
                second = d;
            }
        }
        let gap = (second.sqrt() - first.sqrt()) / 2.0;
        marks.cover(at, Ink { h: -0.34, e: -0.38 }, edge(gap - 0.4, 1.0));
    });
}
