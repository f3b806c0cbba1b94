//! Where augmentations come from: a 64-bit key made of whole numbers, and draws from it. `teacher/` has the same arithmetic in
//! Python; numbers below are known to both.
//!
//! * `mix(z)`: z += 0x9E3779B97F4A7C15; z = (z ^ z >> 30) · 0xBF58476D1CE4E5B9; z = (z ^ z >> 27) · 0x94D049BB133111EB; z ^ z >> 31, all
//!   modulo 2⁶⁴ (one step of splitmix64).
//! * `key(domain, a, b, …)`: k = mix(domain); then k = mix(k ^ part) for each part in order.
//! * Draws: splitmix64 with the key as its state; `unit` is the upper 53 bits · 2⁻⁵³.

use super::ViewError;

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Views in a targets file.
const EXPORTED: u64 = 1;
/// What training draws as it goes.
const LIVE: u64 = 2;
/// Drawn patches.
const DRAWN: u64 = 3;

/// See the head of this file.
pub(crate) fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn key(domain: u64, parts: impl IntoIterator<Item = u64>) -> u64 {
    parts.into_iter().fold(mix(domain), |k, part| mix(k ^ part))
}

/// Key of an exported view: domain 1, the seed, the hash's four big-endian words, the view's index.
///
/// # Errors
/// When the text is no SHA-256 of 64 hexadecimal digits.
pub fn image_key(seed: u64, sha256: &str, index: u32) -> Result<u64, ViewError> {
    let refuse = || ViewError::Hash(sha256.chars().take(80).collect());
    if sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(refuse());
    }
    let word = |i: usize| u64::from_str_radix(&sha256[16 * i..16 * (i + 1)], 16).map_err(|_| refuse());
    Ok(key(EXPORTED, [seed, word(0)?, word(1)?, word(2)?, word(3)?, u64::from(index)]))
}

/// Key of what training draws as it goes: domain 2, the run's seed, the epoch, the sample's position in the epoch.
pub fn live_key(seed: u64, epoch: u64, position: u64) -> u64 {
    key(LIVE, [seed, epoch, position])
}

/// Key of a drawn patch or a part of it: domain 3 and what tells it from others.
pub(crate) fn drawn_key(parts: &[u64]) -> u64 {
    key(DRAWN, parts.iter().copied())
}

/// Numbers drawn from a key.
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

    /// In [0, 1).
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn splitmix64_as_published() {
        // Vigna's splitmix64.c from state 1234567, as other implementations list it.
        let mut draws = Draws::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| draws.bits()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn every_part_of_a_key_counts() {
        let hash = "0123456789abcdef".repeat(4);
        let other = format!("{}0", &hash[..63]);
        let keys = [
            image_key(1, &hash, 0).unwrap(),
            image_key(2, &hash, 0).unwrap(),
            image_key(1, &hash, 1).unwrap(),
            image_key(1, &other, 0).unwrap(),
            live_key(1, 0, 0),
            live_key(0, 1, 0),
            live_key(0, 0, 1),
        ];
        let distinct: std::collections::BTreeSet<u64> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert!(image_key(1, &hash[1..], 0).is_err() && image_key(1, &format!("{}é", &hash[..62]), 0).is_err());
    }
}
