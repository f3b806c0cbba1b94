//! The reference's augmentations, drawn from a key, applied with one resampling.

use super::colour::Colour;
use super::{ViewError, check};
use fovea_student::random::Draws;

/// Largest rotation, degrees either way.
const DEGREES: f64 = 45.0;
/// Range of the scale.
const SCALE: (f64, f64) = (0.95, 1.20);
/// Largest horizontal shift either way, as a share of the side.
const SHIFT: f64 = 0.05;
/// Largest change of brightness, contrast and saturation either way.
const COLOUR: f64 = 0.1;

/// One augmentation. Each part is left out (its neutral value stands) one time in two: mirroring, rotation, scale, shift, and
/// the three colours together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Left and right are swapped.
    pub mirror: bool,
    /// Rotation about the centre in degrees, −45 to 45; positive turns right towards down (y points down).
    pub degrees: f64,
    /// Enlargement about the centre, 0.95 to 1.20.
    pub scale: f64,
    /// Shift to the right as a share of the side, −0.05 to 0.05.
    pub shift: f64,
    /// Factor of all values, 0.9 to 1.1.
    pub brightness: f64,
    /// Factor of the distance from the picture's mean grey, 0.9 to 1.1.
    pub contrast: f64,
    /// Factor of the distance from the pixel's grey, 0.9 to 1.1.
    pub saturation: f64,
}

impl Augmentation {
    /// Leaves a picture as it is.
    pub const NONE: Self =
        Self { mirror: false, degrees: 0.0, scale: 1.0, shift: 0.0, brightness: 1.0, contrast: 1.0, saturation: 1.0 };

    /// Draws one. Coins and amounts are drawn in a fixed order, amounts also where the coin leaves them out: mirror; rotation and
    /// degrees; scale and factor; shift and share; colour and brightness, contrast, saturation.
    pub fn draw(key: u64) -> Self {
        let mut draws = Draws::new(key);
        let mirror = draws.coin();
        let mut part = |ranges: &[(f64, f64)], neutral: f64| {
            let used = draws.coin();
            let amounts: Vec<f64> = ranges.iter().map(|&(lo, hi)| draws.within(lo, hi)).collect();
            let mut amounts = amounts.into_iter();
            std::array::from_fn(|_| amounts.next().filter(|_| used).unwrap_or(neutral))
        };
        let [degrees, ..]: [f64; 3] = part(&[(-DEGREES, DEGREES)], 0.0);
        let [scale, ..] = part(&[SCALE], 1.0);
        let [shift, ..] = part(&[(-SHIFT, SHIFT)], 0.0);
        let [brightness, contrast, saturation] = part(&[(1.0 - COLOUR, 1.0 + COLOUR); 3], 1.0);
        Self { mirror, degrees, scale, shift, brightness, contrast, saturation }
    }

    /// The augmented picture; `rgb` is interleaved, `px` a side. Geometry (mirror, rotate, scale, shift, in this order) is one bilinear
    /// resampling about the centre, with the picture mirrored at its borders (`dcba|abcd|dcba`); then come brightness, contrast
    /// and saturation, each cut to 0…255; all in f64, rounded half to even once at the end.
    ///
    /// # Errors
    /// When `rgb` is no such picture.
    pub fn apply(&self, rgb: &[u8], px: usize) -> Result<Vec<u8>, ViewError> {
        check(rgb, px)?;
        let mut values = self.resample(rgb, px);
        Colour { brightness: self.brightness, contrast: self.contrast, saturation: self.saturation }.apply(&mut values);
        Ok(values.into_iter().map(|v| v.round_ties_even() as u8).collect())
    }

    fn resample(&self, rgb: &[u8], px: usize) -> Vec<f64> {
        let half = px as f64 / 2.0;
        let angle = self.degrees * std::f64::consts::PI / 180.0;
        let (sin, cos) = (angle.sin() / self.scale, angle.cos() / self.scale);
        let mut out = Vec::with_capacity(rgb.len());
        for y in 0..px {
            let v = y as f64 + 0.5 - half;
            for x in 0..px {
                let u = x as f64 + 0.5 - half - self.shift * px as f64;
                let (sx, sy) = (cos * u + sin * v, cos * v - sin * u);
                let sx = if self.mirror { -sx } else { sx };
                out.extend(bilinear(rgb, px, sx + half - 0.5, sy + half - 0.5));
            }
        }
        out
    }
}

/// The value at a place between pixel centres.
fn bilinear(rgb: &[u8], px: usize, x: f64, y: f64) -> [f64; 3] {
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let pixel = |dx: f64, dy: f64| 3 * (reflect(y0 + dy, px) * px + reflect(x0 + dx, px));
    let corners = [pixel(0.0, 0.0), pixel(1.0, 0.0), pixel(0.0, 1.0), pixel(1.0, 1.0)];
    std::array::from_fn(|c| {
        let [a, b, d, e] = corners.map(|at| rgb.get(at + c).map_or(0.0, |v| f64::from(*v)));
        let (top, bottom) = (a * (1.0 - fx) + b * fx, d * (1.0 - fx) + e * fx);
        top * (1.0 - fy) + bottom * fy
    })
}

/// A whole coordinate mirrored into the picture, the border pixel repeated.
fn reflect(i: f64, px: usize) -> usize {
    let (n, i) = (px as i64, i as i64);
    let i = i.rem_euclid(2 * n);
    (if i < n { i } else { 2 * n - 1 - i }) as usize
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A picture without symmetry.
    fn picture(px: usize) -> Vec<u8> {
        (0..px * px * 3).map(|i| ((i * 37 + i / 3 * 11 + i * i % 61) % 256) as u8).collect()
    }

    #[test]
    fn neutral_parts_change_nothing() {
        let rgb = picture(7);
        assert_eq!(Augmentation::NONE.apply(&rgb, 7).unwrap(), rgb);
        let twice = Augmentation { mirror: true, ..Augmentation::NONE };
        assert_eq!(twice.apply(&twice.apply(&rgb, 7).unwrap(), 7).unwrap(), rgb);
    }

    #[test]
    fn each_part_does_what_it_says() {
        let px = 20;
        let rgb = picture(px);
        let at = |rgb: &[u8], x: usize, y: usize| rgb[(y * px + x) * 3];
        let mirrored = Augmentation { mirror: true, ..Augmentation::NONE }.apply(&rgb, px).unwrap();
        let shifted = Augmentation { shift: 0.05, ..Augmentation::NONE }.apply(&rgb, px).unwrap();
        let turned = Augmentation { degrees: 90.0, ..Augmentation::NONE }.apply(&rgb, px).unwrap();
        for (x, y) in [(3, 4), (9, 17), (1, 10)] {
            assert_eq!(at(&mirrored, x, y), at(&rgb, px - 1 - x, y));
            assert_eq!(at(&shifted, x, y), at(&rgb, x - 1, y));
            // Right goes down: what was at (x, y) relative to the centre is at (−y, x).
            assert_eq!(at(&turned, px - 1 - y, x), at(&rgb, x, y));
        }
        assert_eq!(at(&shifted, 0, 5), at(&rgb, 0, 5), "the border is mirrored");
        let grey = vec![100u8; px * px * 3];
        let larger = Augmentation { scale: 1.2, degrees: 30.0, brightness: 1.1, contrast: 0.9, ..Augmentation::NONE };
        assert!(larger.apply(&grey, px).unwrap().iter().all(|v| *v == 110));
    }

    #[test]
    fn draws_keep_to_their_ranges_and_use_each_part_half_the_time() {
        let all: Vec<Augmentation> = (0..2000).map(Augmentation::draw).collect();
        let share = |used: &dyn Fn(&Augmentation) -> bool| all.iter().filter(|a| used(a)).count();
        for used in [
            share(&|a| a.mirror),
            share(&|a| a.degrees != 0.0),
            share(&|a| a.scale != 1.0),
            share(&|a| a.shift != 0.0),
            share(&|a| a.brightness != 1.0),
        ] {
            assert!((900..1100).contains(&used), "{used}");
        }
        for a in &all {
            assert!(a.degrees.abs() <= 45.0 && (0.95..=1.2).contains(&a.scale) && a.shift.abs() <= 0.05);
            assert!([a.brightness, a.contrast, a.saturation].iter().all(|f| (0.9..=1.1).contains(f)));
            assert_eq!(a.brightness == 1.0, a.saturation == 1.0, "colours go together");
        }
    }

    #[test]
    fn reflections() {
        let mirrored: Vec<usize> = (-4..8).map(|i| reflect(f64::from(i), 3)).collect();
        assert_eq!(mirrored, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
    }
}
