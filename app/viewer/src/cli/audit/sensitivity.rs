//! How ill-conditioned a map is: its own change when activation and gradient change by one part in a million, in f64.

use super::case::Array;
use fovea_student::Method;

/// Relative size of the perturbation.
const STEP: f64 = 1e-6;

/// A map of one class from activation and gradient, in f64.
#[derive(Clone, Copy, Debug)]
pub struct Formula(Method);

impl Formula {
    /// `None` where the map does not depend on a gradient.
    pub fn of(method: Method) -> Option<Self> {
        method.uses_gradient().then_some(Self(method))
    }

    /// `a` and `g` are `(k, pixels)`; the result has one value per pixel.
    fn map(self, a: &[f64], g: &[f64], pixels: usize) -> Vec<f64> {
        let mut out = vec![0.0; pixels];
        for (a, g) in a.chunks(pixels).zip(g.chunks(pixels)) {
            let sum = |v: &mut dyn Iterator<Item = f64>| v.sum::<f64>();
            let mean = sum(&mut g.iter().copied()) / pixels as f64;
            let area = sum(&mut a.iter().copied());
            let channel = match self.0 {
                Method::GradCamPlusPlus => sum(&mut g.iter().map(|&g| {
                    let below = 2.0 * g * g + area * g * g * g + 1e-6;
                    if g == 0.0 { 0.0 } else { g.max(0.0) * g * g / below }
                })),
                Method::XGradCam => sum(&mut a.iter().zip(g).map(|(a, g)| a * g)) / (area + 1e-7),
                _ => mean,
            };
            for ((o, a), g) in out.iter_mut().zip(a).zip(g) {
                *o += match self.0 {
                    Method::Positive => (channel * a).max(0.0),
                    Method::ElementWise => (g * a).max(0.0),
                    Method::HiResCam => g * a,
                    Method::LayerCam => g.max(0.0) * a,
                    _ => channel * a,
                };
            }
        }
        out
    }
}

/// ‖map(A′, g′) − map(A, g)‖ / ‖map(A, g)‖ over all samples and classes, the larger of two draws, where every element of A and g
/// moves by up to one part in a million. `activation` is (n, k, h, w), `gradient` (n, classes, k, h, w) or (n, classes, k).
pub fn sensitivity(formula: Formula, activation: &Array, gradient: &Array) -> f64 {
    let &[n, k, h, w] = &activation.shape[..] else { return 0.0 };
    let pixels = h * w;
    let full = gradient.shape.len() == 5;
    let per_map = if full { k * pixels } else { k };
    let classes = gradient.shape.get(1).copied().unwrap_or(0);
    let wide = |g: &[f32]| -> Vec<f64> {
        let repeat = if full { 1 } else { pixels };
        g.iter().flat_map(|&v| std::iter::repeat_n(f64::from(v), repeat)).collect()
    };
    let (mut changes, mut size) = ([0f64; 2], 0f64);
    for s in 0..n {
        let a: Vec<f64> = activation.data[s * k * pixels..][..k * pixels].iter().map(|&v| f64::from(v)).collect();
        for c in 0..classes {
            let g = wide(&gradient.data[(s * classes + c) * per_map..][..per_map]);
            let map = formula.map(&a, &g, pixels);
            size += map.iter().map(|v| v * v).sum::<f64>();
            for (draw, change) in changes.iter_mut().enumerate() {
                let seed = ((s * classes + c) * 2 + draw) as u64;
                let moved = formula.map(&perturbed(&a, 2 * seed), &perturbed(&g, 2 * seed + 1), pixels);
                *change += map.iter().zip(&moved).map(|(p, q)| (p - q) * (p - q)).sum::<f64>();
            }
        }
    }
    let worst = changes[0].max(changes[1]);
    if size > 0.0 { (worst / size).sqrt() } else { worst.sqrt() }
}

/// Every element times 1 ± up to one millionth, deterministic.
fn perturbed(v: &[f64], seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d;
    let mut unit = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    v.iter().map(|x| x * (1.0 + STEP * unit())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn array(shape: &[usize], data: &[f32]) -> Array {
        Array { shape: shape.to_vec(), data: data.to_vec() }
    }

    #[test]
    fn a_plain_sum_changes_by_about_the_step_and_a_cancelling_one_by_more() {
        let formula = Formula::of(Method::GradCam).unwrap();
        let a = array(&[1, 2, 1, 2], &[1.0, 2.0, 1.0, 2.0]);
        let plain = sensitivity(formula, &a, &array(&[1, 1, 2], &[1.0, 1.0]));
        assert!(plain > 1e-8 && plain < 3e-6, "{plain:e}");
        let cancelling = sensitivity(formula, &a, &array(&[1, 1, 2], &[1.0, -0.9999]));
        assert!(cancelling > 100.0 * plain, "{cancelling:e}");
    }

    #[test]
    fn formulas_follow_their_definitions() {
        let (a, g) = ([1.0, -2.0, 3.0, 0.5], [0.5, 1.0, -1.0, 0.0]);
        let map = |m| Formula(m).map(&a, &g, 2);
        assert_eq!(map(Method::GradCam), [0.75 - 1.5, -1.5 - 0.25]);
        assert_eq!(map(Method::Positive), [0.75, 0.0]);
        assert_eq!(map(Method::HiResCam), [0.5 - 3.0, -2.0]);
        assert_eq!(map(Method::LayerCam), [0.5, -2.0]);
        assert_eq!(map(Method::ElementWise), [0.5, 0.0]);
        assert!(Formula::of(Method::EigenCam).is_none());
    }
}
