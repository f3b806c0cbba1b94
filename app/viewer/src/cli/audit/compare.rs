//! How far a computed array is from the reference.

use super::case::Array;
use serde::Serialize;

/// Largest ‖out − ref‖ / ‖ref‖ that passes.
pub const TOLERANCE: f64 = 1e-4;

/// Which error a tolerance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// ‖out − ref‖ / ‖ref‖.
    Relative,
    /// The largest absolute difference.
    MaxAbs,
}

/// One compared quantity.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Reference name.
    pub name: String,
    /// Reference shape.
    pub shape: Vec<usize>,
    /// Largest absolute difference; absent where a value is not finite or the shapes differ.
    pub max_abs: Option<f64>,
    /// ‖out − ref‖ / ‖ref‖; absent likewise.
    pub relative: Option<f64>,
    /// Largest error that passes.
    pub tolerance: f64,
    /// Which error that is.
    pub judged: Judged,
    /// A map's own relative change when activation and gradient change by one part in a million.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<f64>,
    /// Within the tolerance?
    pub ok: bool,
    /// Why it could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Compares in f64 against the usual tolerance.
pub fn compare(name: &str, out: &Array, reference: &Array) -> Comparison {
    compare_within(name, out, reference, TOLERANCE, None)
}

/// No tolerance is wider: a map of zeros is off by 1.
const WIDEST: f64 = 0.5;

/// Compares in f64 against a tolerance of its own, up to [`WIDEST`].
pub fn compare_within(name: &str, out: &Array, reference: &Array, tolerance: f64, sensitivity: Option<f64>) -> Comparison {
    let tolerance = tolerance.min(WIDEST);
    let fail = |error: String| Comparison {
        name: name.into(),
        shape: reference.shape.clone(),
        max_abs: None,
        relative: None,
        tolerance,
        judged: Judged::Relative,
        sensitivity,
        ok: false,
        error: Some(error),
    };
    if out.shape != reference.shape {
        return fail(format!("computed shape {:?}, reference {:?}", out.shape, reference.shape));
    }
    if out.data.iter().any(|v| !v.is_finite()) {
        return fail("computed values are not finite".into());
    }
    let (mut max_abs, mut difference, mut size) = (0f64, 0f64, 0f64);
    for (o, r) in out.data.iter().zip(&reference.data) {
        let (o, r) = (f64::from(*o), f64::from(*r));
        max_abs = max_abs.max((o - r).abs());
        difference += (o - r) * (o - r);
        size += r * r;
    }
    // A reference of zeros has no scale of its own: then the absolute error counts.
    let relative = if size > 0.0 { (difference / size).sqrt() } else { difference.sqrt() };
    if !relative.is_finite() {
        return fail("reference values are not finite".into());
    }
    Comparison {
        name: name.into(),
        shape: reference.shape.clone(),
        max_abs: Some(max_abs),
        relative: Some(relative),
        tolerance,
        judged: Judged::Relative,
        sensitivity,
        ok: relative <= tolerance,
        error: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn array(data: &[f32]) -> Array {
        Array { shape: vec![data.len()], data: data.to_vec() }
    }

    #[test]
    fn errors_are_relative_to_the_reference() {
        let c = compare("x", &array(&[3.0, 4.001]), &array(&[3.0, 4.0]));
        assert!((c.relative.unwrap() - 2e-4).abs() < 1e-6 && !c.ok);
        assert!(compare("x", &array(&[3.0, 4.0001]), &array(&[3.0, 4.0])).ok);
        assert!(compare("x", &array(&[0.0]), &array(&[0.0])).ok);
        assert!(!compare("x", &array(&[1.0]), &array(&[0.0])).ok);
    }

    #[test]
    fn zeros_pass_for_no_map() {
        let (zeros, reference) = (array(&[0.0]), array(&[1.0]));
        assert!(!compare_within("x", &zeros, &reference, 7.0, Some(0.7)).ok);
        let near = compare_within("x", &array(&[1.03]), &reference, 7.0, Some(0.7));
        assert_eq!((near.ok, near.tolerance), (true, WIDEST));
    }

    #[test]
    fn nothing_odd_passes() {
        for (o, r) in [([f32::NAN], [1.0]), ([1.0], [f32::NAN]), ([f32::INFINITY], [f32::INFINITY])] {
            assert!(!compare("x", &array(&o), &array(&r)).ok);
        }
        assert!(compare("x", &array(&[1.0, 2.0]), &array(&[1.0])).error.unwrap().contains("shape"));
    }
}
