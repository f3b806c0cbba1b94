//! Pseudo-random numbers that are the same on every machine: splitmix64 (Steele, Lea, Flood, 2014; Vigna's constants).

/// What the state grows by.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of splitmix64 from a state: z += 0x9E3779B97F4A7C15; z = (z ^ z >> 30) · 0xBF58476D1CE4E5B9;
/// z = (z ^ z >> 27) · 0x94D049BB133111EB; z ^ z >> 31, all modulo 2⁶⁴.
pub fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Numbers drawn from a state.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// The first draw comes next.
    pub fn new(key: u64) -> Self {
        Self { state: key }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let drawn = mix(self.state);
        self.state = self.state.wrapping_add(STEP);
        drawn
    }

    /// In [0, 1): the upper 53 bits · 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In [lo, hi).
    pub fn within(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }

    /// One time in two.
    pub fn coin(&mut self) -> bool {
        self.unit() < 0.5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_as_published() {
        // Vigna's splitmix64.c from state 1234567, as other implementations list it.
        let mut draws = Draws::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| draws.bits()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
