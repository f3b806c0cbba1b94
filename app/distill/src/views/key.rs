//! Where augmentations come from: a 64-bit key made of whole numbers, and [`fovea_student::random::Draws`] from it. `teacher/` has the same arithmetic in
//! Python; numbers below are known to both.
//!
//! * [`mix`]: one step of splitmix64.
//! * `key(domain, a, b, …)`: k = mix(domain); then k = mix(k ^ part) for each part in order.
//! * Draws: splitmix64 with the key as its state; `unit` is the upper 53 bits · 2⁻⁵³.

use super::ViewError;
use fovea_student::random::mix;

/// Views in a targets file.
const EXPORTED: u64 = 1;
/// What training draws as it goes.
const LIVE: u64 = 2;
/// Drawn patches.
const DRAWN: u64 = 3;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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
