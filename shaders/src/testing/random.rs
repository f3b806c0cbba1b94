//! Deterministic pseudo-random numbers (SplitMix64), the same on every platform.

/// A stream of pseudo-random numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A value in [−1, 1), a multiple of 2⁻²³.
    pub fn value(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    /// `count` values in [−1, 1).
    pub fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.value()).collect()
    }

    /// `count` values in [low, high).
    pub fn between(&mut self, low: f32, high: f32, count: usize) -> Vec<f32> {
        (0..count).map(|_| low + (high - low) * 0.5 * (self.value() + 1.0)).collect()
    }

    /// `count` packed RGBA8 pixels as f32 bit patterns. Alpha never makes the pattern a NaN, which a copy might alter.
    pub fn pixels(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| f32::from_bits(self.bits() as u32 & 0x3fff_ffff)).collect()
    }
}
