//! The self-check: an input made from a number, and what the network made of it when the file was written.

use super::CardError;
use crate::explain::Method;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Largest input made for a check (3 × 2048 × 2048).
const MAX_INPUT: usize = 3 << 22;

/// Relative error ‖out − ref‖ / ‖ref‖ up to which results count as equal, unless the card says otherwise.
pub const DEFAULT_TOLERANCE: f32 = 1e-3;

/// Test vector of a Student.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfCheck {
    /// Seed of the input pattern, see [`SelfCheck::input`].
    pub seed: u64,
    /// SHA-256 of the input's little-endian f32 bytes.
    pub input_sha256: String,
    /// Expected scores.
    pub logits: Vec<f32>,
    /// Layer of the expected map, by source name.
    pub layer: String,
    /// CAM method of the expected map (without ReLU after the sum).
    pub method: Method,
    /// `[classes, height, width]` of the expected map.
    pub map_shape: [usize; 3],
    /// Expected raw map of all classes.
    pub map: Vec<f32>,
    /// Relative error that counts as equal.
    pub tolerance: f32,
}

/// How far results are from the expected ones, as ‖out − ref‖ / ‖ref‖.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// Of the scores.
    pub logits: f32,
    /// Of the raw map.
    pub map: f32,
}

/// A self-check that fails: the file or the executor is broken, and results must not be shown.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum SelfCheckError {
    /// The input pattern came out differently.
    #[error("the self-check input has another hash than the card says")]
    Input,
    /// Another number of results.
    #[error("the self-check made {got} {what} where the card has {want}")]
    Length {
        /// Scores or map values.
        what: &'static str,
        /// Number made.
        got: usize,
        /// Number expected.
        want: usize,
    },
    /// Results off by more than the tolerance.
    #[error("the self-check fails: its {what} differ from the card by {error:e} (relative; up to {tolerance:e} counts as equal)")]
    Off {
        /// Scores or map values.
        what: &'static str,
        /// Relative error.
        error: f32,
        /// The tolerance.
        tolerance: f32,
    },
}

impl SelfCheck {
    /// A check from results that are known to be right. `map` is raw, `[classes, height, width]`.
    ///
    /// # Errors
    /// When lengths and shapes do not fit, or results are not finite.
    pub fn new(seed: u64, input_shape: &[usize], results: CheckResults<'_>) -> Result<Self, CardError> {
        let input = pattern(seed, input_shape).ok_or_else(|| CardError::Wrong("the self-check input is too large".into()))?;
        let check = Self {
            seed,
            input_sha256: hash(&input),
            logits: results.logits.to_vec(),
            layer: results.layer.to_string(),
            method: results.method,
            map_shape: results.map_shape,
            map: results.map.to_vec(),
            tolerance: DEFAULT_TOLERANCE,
        };
        check.validate(results.logits.len())?;
        Ok(check)
    }

    /// The input: values in [0, 1), smooth waves of different length per channel with fine noise on top, so that every
    /// layer is excited. The same on every machine: integer arithmetic only, up to one exact division.
    ///
    /// # Errors
    /// When the pattern for this shape is not the one the card was made with.
    pub fn input(&self, shape: &[usize]) -> Result<Vec<f32>, SelfCheckError> {
        let input = pattern(self.seed, shape).ok_or(SelfCheckError::Input)?;
        if hash(&input) == self.input_sha256 { Ok(input) } else { Err(SelfCheckError::Input) }
    }

    /// Holds results against the expected ones.
    ///
    /// # Errors
    /// When they are of another length or further off than the tolerance.
    pub fn compare(&self, logits: &[f32], map: &[f32]) -> Result<Deviation, SelfCheckError> {
        let logits = relative("scores", logits, &self.logits, self.tolerance)?;
        let map = relative("map values", map, &self.map, self.tolerance)?;
        Ok(Deviation { logits, map })
    }

    pub(super) fn validate(&self, classes: usize) -> Result<(), CardError> {
        let wrong = |what: &str| Err(CardError::Wrong(format!("its self-check {what}")));
        let len = self.map_shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        if self.logits.len() != classes || len != Some(self.map.len()) || self.map_shape[0] != classes {
            return wrong("has results of the wrong length");
        }
        if self.logits.iter().chain(&self.map).any(|v| !v.is_finite()) {
            return wrong("expects NaN or infinity");
        }
        // A tolerance near 1 would let anything pass.
        if !(self.tolerance > 0.0 && self.tolerance <= 0.05) {
            return wrong("has an unusable tolerance");
        }
        Ok(())
    }
}

/// Results a check is made of.
#[derive(Clone, Copy, Debug)]
pub struct CheckResults<'a> {
    /// Scores of all classes.
    pub logits: &'a [f32],
    /// Layer of the map, by source name.
    pub layer: &'a str,
    /// CAM method of the map (without ReLU after the sum).
    pub method: Method,
    /// `[classes, height, width]`.
    pub map_shape: [usize; 3],
    /// Raw map.
    pub map: &'a [f32],
}

fn relative(what: &'static str, got: &[f32], want: &[f32], tolerance: f32) -> Result<f32, SelfCheckError> {
    if got.len() != want.len() {
        return Err(SelfCheckError::Length { what, got: got.len(), want: want.len() });
    }
    let square = |v: f64| v * v;
    let off: f64 = got.iter().zip(want).map(|(g, w)| square(f64::from(*g) - f64::from(*w))).sum();
    let norm: f64 = want.iter().map(|w| square(f64::from(*w))).sum();
    // An expected zero is met by a zero only up to the tolerance itself.
    let error = if norm > 0.0 { (off / norm).sqrt() } else { off.sqrt() } as f32;
    // NaN must fail too.
    if error <= tolerance { Ok(error) } else { Err(SelfCheckError::Off { what, error, tolerance }) }
}

/// `None` when the shape is not `[channels, height, width]` or too large.
fn pattern(seed: u64, shape: &[usize]) -> Option<Vec<f32>> {
    let &[channels, height, width] = shape else { return None };
    let len = channels.checked_mul(height)?.checked_mul(width).filter(|n| *n <= MAX_INPUT)?;
    let mut out = Vec::with_capacity(len);
    let mut state = seed;
    for c in 0..channels {
        let (px, py) = (17 + 8 * c, 29 + 6 * c);
        for y in 0..height {
            for x in 0..width {
                // Knuth's MMIX generator; its high bits are the good ones.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let noise = (state >> 58) as usize;
                let value = triangle(x + y / 2, px) + triangle(y, py) + noise;
                out.push(value as f32 / 1024.0);
            }
        }
    }
    Some(out)
}

/// A triangle wave of the given half period, 0 to 480.
fn triangle(at: usize, half: usize) -> usize {
    let phase = at % (2 * half);
    480 * phase.min(2 * half - phase) / half
}

fn hash(values: &[f32]) -> String {
    let mut hash = Sha256::new();
    for v in values {
        hash.update(v.to_le_bytes());
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check() -> SelfCheck {
        let results = CheckResults {
            logits: &[1.0, -2.0],
            layer: "a",
            method: Method::Positive,
            map_shape: [2, 1, 2],
            map: &[0.0, 1.0, 2.0, 3.0],
        };
        SelfCheck::new(7, &[3, 32, 32], results).unwrap()
    }

    #[test]
    fn input_is_reproducible_and_in_range() {
        let input = check().input(&[3, 32, 32]).unwrap();
        assert!(input.iter().all(|v| (0.0..1.0).contains(v)));
        assert!(input.iter().any(|v| *v > 0.8) && input.iter().any(|v| *v < 0.1));
        assert_eq!(
            check().input_sha256,
            "69eff1ad94293c6a5e2adc46b0377beafb5c8a1e1268e1701763777c2da1f5b5",
            "as an independent implementation has it"
        );
        assert_eq!(check().input(&[3, 32, 31]), Err(SelfCheckError::Input));
    }

    #[test]
    fn small_deviations_pass_and_others_do_not() {
        let c = check();
        assert!(c.compare(&[1.0001, -2.0], &[0.0, 1.0, 2.0, 3.0]).is_ok());
        assert!(c.compare(&[1.1, -2.0], &[0.0, 1.0, 2.0, 3.0]).is_err());
        assert!(c.compare(&[1.0, f32::NAN], &[0.0, 1.0, 2.0, 3.0]).is_err());
        assert!(c.compare(&[1.0, -2.0], &[0.0, 1.0, 2.0]).is_err());
        assert!(c.compare(&[1.0, -2.0], &[0.0, 1.0, 2.0, 3.1]).is_err());
    }
}
