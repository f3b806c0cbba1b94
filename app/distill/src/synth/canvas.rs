//! Two square planes of stain, and the ways to put stain on them.

use super::shape::{Blob, Ellipse, edge};
use fovea_student::random::mix;

/// Amounts of the two stains, in optical density along each stain's own colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ink {
    /// Haematoxylin: nuclei.
    pub h: f64,
    /// Eosin: cytoplasm and fibres.
    pub e: f64,
}

/// The drawing before it is seen by a scanner.
#[derive(Clone, Debug)]
pub(super) struct Canvas {
    pub px: usize,
    pub h: Vec<f64>,
    pub e: Vec<f64>,
}

impl Canvas {
    pub fn new(px: usize) -> Self {
        Self { px, h: vec![0.0; px * px], e: vec![0.0; px * px] }
    }

    /// Visits every pixel within `reach` of a point: index and the pixel centre's position.
    pub fn around(&mut self, x: f64, y: f64, reach: f64, mut visit: impl FnMut(&mut Self, usize, f64, f64)) {
        let px = self.px;
        // `as` saturates: what lies outside is cut off at the border.
        let span = |at: f64| ((at - reach).floor().max(0.0) as usize)..((at + reach).ceil().max(0.0) as usize).min(px);
        for row in span(y) {
            for column in span(x) {
                visit(self, row * px + column, column as f64 + 0.5, row as f64 + 0.5);
            }
        }
    }

    /// Puts ink over what is there.
    pub fn cover(&mut self, at: usize, ink: Ink, coverage: f64) {
        self.h[at] += (ink.h - self.h[at]) * coverage;
        self.e[at] += (ink.e - self.e[at]) * coverage;
    }

    /// An ellipse with an edge of `soft` px.
    pub fn ellipse(&mut self, shape: &Ellipse, ink: Ink, soft: f64) {
        self.around(shape.x, shape.y, shape.reach() + soft, |canvas, at, x, y| {
            canvas.cover(at, ink, edge(shape.distance(x, y), soft));
        });
    }

    /// A blob, shrunk by `inset` px, whose ink may vary from place to place.
    pub fn blob(&mut self, shape: &Blob, inset: f64, soft: f64, ink: impl Fn(f64, f64) -> Ink) {
        self.around(shape.x, shape.y, shape.reach() + soft, |canvas, at, x, y| {
            let coverage = edge(shape.distance(x, y) + inset, soft);
            if coverage > 0.0 {
                canvas.cover(at, ink(x, y), coverage);
            }
        });
    }
}

/// Smooth noise in [-1, 1] with features about 1 unit wide.
pub(super) fn noise(x: f64, y: f64, key: u64) -> f64 {
    let corner = |x: f64, y: f64| {
        let place = (x as i64 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y as i64 as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        (mix(place ^ key) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let (fx, fy) = (x.floor(), y.floor());
    let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (smooth(x - fx), smooth(y - fy));
    let top = corner(fx, fy) * (1.0 - tx) + corner(fx + 1.0, fy) * tx;
    let bottom = corner(fx, fy + 1.0) * (1.0 - tx) + corner(fx + 1.0, fy + 1.0) * tx;
    top * (1.0 - ty) + bottom * ty
}

/// Gaussian blur of a square plane; the border is repeated. `sigma` is in pixels; 0 changes nothing.
pub(super) fn blur(plane: &[f64], px: usize, sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return plane.to_vec();
    }
    let radius = (3.0 * sigma).ceil() as usize;
    let mut kernel: Vec<f64> = (0..=radius).map(|i| libm::exp(-((i * i) as f64) / (2.0 * sigma * sigma))).collect();
    let total = kernel[0] + 2.0 * kernel[1..].iter().sum::<f64>();
    kernel.iter_mut().for_each(|k| *k /= total);
    // Both passes run along rows and write columns, so two of them blur both ways and turn the plane back.
    pass(&pass(plane, px, &kernel), px, &kernel)
}

fn pass(plane: &[f64], px: usize, kernel: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; px * px];
    for (y, row) in plane.chunks_exact(px).enumerate() {
        for x in 0..px {
            let side = |i: usize| row[x.saturating_sub(i)] + row[(x + i).min(px - 1)];
            let sum = kernel[0] * row[x] + (1..kernel.len()).map(|i| kernel[i] * side(i)).sum::<f64>();
            out[x * px + y] = sum;
        }
    }
    out
}
