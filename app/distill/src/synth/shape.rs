//! Outlines with soft, anti-aliased edges. All lengths are pixels of the drawing.

use super::random::Random;

/// Coverage of a pixel whose centre lies `distance` outside an edge (negative: inside) that is `soft` px wide.
pub(super) fn edge(distance: f64, soft: f64) -> f64 {
    (0.5 - distance / soft).clamp(0.0, 1.0)
}

/// An ellipse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ellipse {
    pub x: f64,
    pub y: f64,
    /// Half axes; `a` lies along `direction`.
    pub a: f64,
    pub b: f64,
    /// Unit vector.
    pub direction: (f64, f64),
}

impl Ellipse {
    pub fn circle(x: f64, y: f64, r: f64) -> Self {
        Self { x, y, a: r, b: r, direction: (1.0, 0.0) }
    }

    /// About how far a point lies outside; exact on the axes.
    pub fn distance(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.x, y - self.y);
        let u = dx * self.direction.0 + dy * self.direction.1;
        let v = dy * self.direction.0 - dx * self.direction.1;
        let (u, v) = (u / self.a, v / self.b);
        ((u * u + v * v).sqrt() - 1.0) * self.a.min(self.b)
    }

    /// Farthest a covered pixel can lie from the centre.
    pub fn reach(&self) -> f64 {
        self.a.max(self.b) + 1.5
    }
}

/// A round outline with a wavy edge: the radius is a short Fourier series of the angle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blob {
    pub x: f64,
    pub y: f64,
    /// Mean radius.
    pub r: f64,
    /// Cosine and sine parts of the relative radius, for 2, 3, 4 and 5 waves around.
    waves: [(f64, f64); 4],
}

impl Blob {
    /// A blob whose radius varies by about ± `waviness` (relative).
    pub fn new(x: f64, y: f64, r: f64, waviness: f64, random: &mut Random) -> Self {
        let mut waves = [(0.0, 0.0); 4];
        for (k, wave) in waves.iter_mut().enumerate() {
            let size = waviness / (k + 1) as f64;
            *wave = (random.range(-size, size), random.range(-size, size));
        }
        Self { x, y, r, waves }
    }

    /// Radius in the direction of a unit vector.
    pub fn radius(&self, (c, s): (f64, f64)) -> f64 {
        // (c + is)^k holds cos kθ and sin kθ, so that no angle is needed.
        let mut power = (c, s);
        let mut sum = 1.0;
        for (a, b) in self.waves {
            power = (power.0 * c - power.1 * s, power.0 * s + power.1 * c);
            sum += a * power.0 + b * power.1;
        }
        self.r * sum
    }

    /// About how far a point lies outside, measured along the ray from the centre.
    pub fn distance(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.x, y - self.y);
        let d = (dx * dx + dy * dy).sqrt();
        if d < 1e-9 { -self.r } else { d - self.radius((dx / d, dy / d)) }
    }

    /// Farthest a covered pixel can lie from the centre.
    pub fn reach(&self) -> f64 {
        let most: f64 = self.waves.iter().map(|(a, b)| (a * a + b * b).sqrt()).sum();
        self.r * (1.0 + most) + 1.5
    }

    /// True where two blobs come closer than `gap`, by their mean radii.
    pub fn meets(&self, other: &Self, gap: f64) -> bool {
        let (dx, dy) = (self.x - other.x, self.y - other.y);
        let apart = self.r + other.r + gap;
        dx * dx + dy * dy < apart * apart
    }
}

/// A unit vector at an angle in radians.
pub(super) fn direction(angle: f64) -> (f64, f64) {
    (libm::cos(angle), libm::sin(angle))
}
