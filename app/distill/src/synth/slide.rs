//! What all patches of one slide share: stain, scanner and focus.

use super::random::Random;

/// A slide's own look.
#[derive(Clone, Debug)]
pub(super) struct Slide {
    /// Absorption of haematoxylin in red, green and blue.
    pub haematoxylin: [f64; 3],
    /// Absorption of eosin.
    pub eosin: [f64; 3],
    /// Brightest value of each channel, 0–255.
    pub white: [f64; 3],
    /// Exponent of the scanner's tone curve.
    pub gamma: f64,
    /// Defocus, as a Gaussian's deviation in pixels.
    pub blur: f64,
    /// Sensor noise, deviation in grey levels.
    pub noise: f64,
    /// Eosin of the stroma.
    pub stroma: f64,
    /// Haematoxylin of ordinary nuclei.
    pub nuclei: f64,
}

impl Slide {
    pub fn new(random: &mut Random) -> Self {
        let mut vary = |base: [f64; 3], strength: f64, spread: f64| base.map(|v| (v + random.range(-spread, spread)) * strength);
        let haematoxylin = vary([0.65, 0.70, 0.29], 1.0, 0.05);
        let eosin = vary([0.09, 0.95, 0.13], 1.0, 0.04);
        let (h, e) = (random.range(0.88, 1.12), random.range(0.85, 1.15));
        let level = random.range(236.0, 248.0);
        Self {
            haematoxylin: haematoxylin.map(|v| v * h),
            eosin: eosin.map(|v| v * e),
            white: [0; 3].map(|_: i32| level * random.range(0.98, 1.015)),
            gamma: random.range(0.93, 1.08),
            blur: random.range(0.3, 0.9),
            noise: random.range(1.0, 3.5),
            stroma: random.range(0.42, 0.54),
            nuclei: random.range(0.85, 1.1),
        }
    }
}
