//! The random numbers of drawings: the same on every machine and in the browser, so logarithm and cosine are `libm`'s.

use crate::data::order;
use crate::views::drawn_key;
use fovea_student::random::Draws;

/// A stream of random numbers that follows from a key alone.
#[derive(Clone, Debug)]
pub(super) struct Random {
    draws: Draws,
}

impl Random {
    /// The stream of a key.
    pub fn new(key: &[u64]) -> Self {
        Self { draws: Draws::new(drawn_key(key)) }
    }

    /// A stream that goes its own way from here.
    pub fn branch(&mut self) -> Self {
        Self::new(&[self.bits()])
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.draws.bits()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.draws.unit()
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        self.draws.within(low, high)
    }

    /// Uniform in 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        order::below(&mut self.draws, n)
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Box–Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Nearly normal, mean 0 and deviation 1, from a single draw: the sum of four 16-bit uniforms. For noise on every pixel.
    pub fn grain(&mut self) -> f64 {
        let bits = self.bits();
        let sum: u64 = (0..4).map(|i| (bits >> (16 * i)) & 0xffff).sum();
        // Four uniforms have variance 4/12.
        (sum as f64 / 65_535.0 - 2.0) * 1.732_050_807_568_877_2
    }

    /// Shuffles in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        order::shuffle(items, &mut self.draws);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_right() {
        let mut random = Random::new(&[7]);
        let n = 40_000;
        for draw in [Random::normal, Random::grain] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let v = draw(&mut random);
                sum += v;
                squares += v * v;
            }
            assert!((sum / f64::from(n)).abs() < 0.02 && (squares / f64::from(n) - 1.0).abs() < 0.03);
        }
    }

    #[test]
    fn keys_give_streams_of_their_own() {
        let first = |key: &[u64]| Random::new(key).bits();
        assert_eq!(first(&[1, 2]), first(&[1, 2]));
        let all = [first(&[1, 2]), first(&[2, 1]), first(&[1]), first(&[1, 2, 0]), first(&[0, 1, 2])];
        assert!((0..all.len()).all(|i| !all[i + 1..].contains(&all[i])));
    }
}
