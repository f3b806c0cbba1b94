//! How far a recomputed number or array is from the reference's.

use fovea_student::Tensor;

/// Largest relative difference of a term or the total.
const LOSS: f64 = 1e-4;
/// Largest ‖g − ref‖ / ‖ref‖ of a parameter's gradient.
const GRADIENT: f64 = 1e-3;
/// Largest difference of any parameter after the optimiser was fed the reference's gradient.
const FED: f64 = 1e-7;
/// Largest ‖Δ − Δref‖ / ‖Δref‖ of a parameter's change, end to end. (The parameters themselves hardly change in one step.)
const UPDATE: f64 = 1e-2;

/// Which number the tolerance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// [`Quantity::relative`].
    Relative,
    /// [`Quantity::max_abs`].
    MaxAbs,
}

/// One compared number or array.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// `loss.<term>`, `step0.grad.<parameter>`, `adam.<parameter>` (optimiser alone) or `update.<parameter>` (end to end).
    pub name: String,
    /// Shape of the reference; empty for a number.
    pub shape: Vec<usize>,
    /// Largest absolute difference.
    pub max_abs: f64,
    /// ‖difference‖ / ‖reference‖.
    pub relative: f64,
    /// Largest difference that passes.
    pub tolerance: f64,
    /// Relative or absolute.
    pub judged: Judged,
    /// Why it could not be compared.
    pub error: Option<String>,
}

impl Quantity {
    /// Within the tolerance? What is not finite is not.
    pub fn ok(&self) -> bool {
        let off = match self.judged {
            Judged::Relative => self.relative,
            Judged::MaxAbs => self.max_abs,
        };
        self.error.is_none() && off.is_finite() && off <= self.tolerance
    }

    pub(super) fn failed(name: &str, why: &str) -> Self {
        Self {
            name: name.into(),
            shape: vec![],
            max_abs: f64::NAN,
            relative: f64::NAN,
            tolerance: 0.0,
            judged: Judged::Relative,
            error: Some(why.into()),
        }
    }

    pub(super) fn loss(term: &str, got: Option<f64>, want: f64) -> Self {
        let name = format!("loss.{term}");
        match got {
            Some(got) => Self::new(&name, &[], ([got], [want]), LOSS, Judged::Relative),
            None => Self::failed(&name, "not computed"),
        }
    }

    pub(super) fn gradient(parameter: &str, got: Option<&Tensor>, want: &Tensor) -> Self {
        Self::tensors(&format!("step0.grad.{parameter}"), got, want, None, GRADIENT, Judged::Relative)
    }

    pub(super) fn fed(parameter: &str, got: Option<&Tensor>, want: &Tensor) -> Self {
        Self::tensors(&format!("adam.{parameter}"), got, want, None, FED, Judged::MaxAbs)
    }

    pub(super) fn update(parameter: &str, got: Option<&Tensor>, want: &Tensor, start: Option<&Tensor>) -> Self {
        let name = format!("update.{parameter}");
        match start {
            Some(start) => Self::tensors(&name, got, want, Some(start), UPDATE, Judged::Relative),
            None => Self::failed(&name, "the reference has no value from before the step"),
        }
    }

    /// Compares two tensors, or their differences to a third.
    fn tensors(name: &str, got: Option<&Tensor>, want: &Tensor, from: Option<&Tensor>, tolerance: f64, judged: Judged) -> Self {
        let Some(got) = got else { return Self::failed(name, "not computed") };
        for other in [Some(got), from].into_iter().flatten() {
            if other.shape() != want.shape() {
                return Self::failed(name, &format!("computed shape {:?}, reference {:?}", other.shape(), want.shape()));
            }
        }
        let start = |i: usize| from.and_then(|f| f.data().get(i)).map_or(0.0, |v| f64::from(*v));
        let wide = |t: &Tensor| t.data().iter().enumerate().map(|(i, v)| f64::from(*v) - start(i)).collect::<Vec<_>>();
        Self::new(name, want.shape(), (wide(got), wide(want)), tolerance, judged)
    }

    fn new(
        name: &str,
        shape: &[usize],
        (got, want): (impl AsRef<[f64]>, impl AsRef<[f64]>),
        tolerance: f64,
        judged: Judged,
    ) -> Self {
        let (mut max_abs, mut difference, mut size) = (0f64, 0f64, 0f64);
        for (got, want) in got.as_ref().iter().zip(want.as_ref()) {
            let off = got - want;
            // A NaN stays; `max` would lose it.
            max_abs = if max_abs.is_nan() || off.abs() <= max_abs { max_abs } else { off.abs() };
            difference += off * off;
            size += want * want;
        }
        let error = (size == 0.0).then(|| "the reference is zero: nothing to compare with".to_string());
        let relative = (difference / size).sqrt();
        Self { name: name.into(), shape: shape.to_vec(), max_abs, relative, tolerance, judged, error }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tensor(data: &[f32]) -> Tensor {
        Tensor::new(vec![data.len()], data.to_vec()).unwrap()
    }

    #[test]
    fn each_kind_is_judged_by_its_own_rule() {
        assert!(Quantity::loss("ce", Some(1.000_09), 1.0).ok() && !Quantity::loss("ce", Some(1.000_11), 1.0).ok());
        let want = tensor(&[3.0, 4.0]);
        assert!(Quantity::gradient("w", Some(&tensor(&[3.0, 4.004])), &want).ok());
        assert!(!Quantity::gradient("w", Some(&tensor(&[3.0, 4.006])), &want).ok());
        let small = tensor(&[0.1, 0.2]);
        assert!(Quantity::fed("w", Some(&tensor(&[0.1, 0.200_000_09])), &small).ok());
        assert!(!Quantity::fed("w", Some(&tensor(&[0.1, 0.200_000_2])), &small).ok());
        // Hardly different as parameters, twice the change as updates.
        let (start, end, twice) = (tensor(&[1.0]), tensor(&[1.0001]), tensor(&[1.0002]));
        assert!(!Quantity::update("w", Some(&twice), &end, Some(&start)).ok());
        assert!(Quantity::update("w", Some(&end), &end, Some(&start)).ok());
    }

    #[test]
    fn nothing_odd_passes() {
        let want = tensor(&[1.0, 2.0]);
        for got in [None, Some(tensor(&[f32::NAN, 2.0])), Some(tensor(&[f32::INFINITY, 2.0])), Some(tensor(&[1.0]))] {
            assert!(!Quantity::gradient("w", got.as_ref(), &want).ok(), "{got:?}");
            assert!(!Quantity::fed("w", got.as_ref(), &want).ok(), "{got:?}");
        }
        assert!(!Quantity::loss("ce", Some(f64::NAN), 1.0).ok() && !Quantity::loss("ce", None, 1.0).ok());
        assert!(!Quantity::gradient("w", Some(&tensor(&[0.0])), &tensor(&[0.0])).ok());
    }
}
