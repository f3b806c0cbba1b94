//! Random numbers that are the same on every machine and in the browser: splitmix64, and `libm` where a logarithm is needed.

/// A stream of random numbers that follows from a key alone.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// splitmix64's output function: every bit of `z` moves every bit of the result.
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of a key. Keys that differ in any part, or in the order of their parts, give unrelated streams.
    #[must_use]
    pub fn new(key: &[u64]) -> Self {
        Self { state: key.iter().fold(0x6665_7665_6163_7573, |state, part| mix(state.wrapping_add(STEP) ^ mix(*part))) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..n; 0 where n is 0. The bias is below n / 2⁶⁴.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
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

    /// Shuffles in place (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
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

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<usize> = (0..50).collect();
        Random::new(&[3]).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
        assert_eq!(Random::new(&[3]).below(0), 0);
    }
}
