//! Brightness, contrast and saturation, in the order and with the definitions of torchvision's colour jitter.

/// Factors; 1 leaves a quality as it is.
pub(super) struct Colour {
    pub brightness: f64,
    pub contrast: f64,
    pub saturation: f64,
}

/// Luma of a pixel, ITU-R BT.601.
fn grey(pixel: &[f64]) -> f64 {
    match pixel {
        [r, g, b] => 0.299 * r + 0.587 * g + 0.114 * b,
        _ => 0.0,
    }
}

fn cut(v: f64) -> f64 {
    v.clamp(0.0, 255.0)
}

impl Colour {
    /// Changes interleaved RGB in 0…255.
    pub(super) fn apply(&self, values: &mut [f64]) {
        // A factor of 1 is left out: it would only add rounding.
        if self.brightness != 1.0 {
            values.iter_mut().for_each(|v| *v = cut(*v * self.brightness));
        }
        if self.contrast != 1.0 {
            // Summed from the first pixel to the last, so that other programs get the same last bit.
            let sum = values.chunks_exact(3).map(grey).fold(0.0, |a, b| a + b);
            let mean = sum / (values.len() / 3).max(1) as f64;
            values.iter_mut().for_each(|v| *v = cut(mean + self.contrast * (*v - mean)));
        }
        if self.saturation != 1.0 {
            for pixel in values.chunks_exact_mut(3) {
                let own = grey(pixel);
                pixel.iter_mut().for_each(|v| *v = cut(own + self.saturation * (*v - own)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(values: &[f64], brightness: f64, contrast: f64, saturation: f64) -> Vec<f64> {
        let mut values = values.to_vec();
        Colour { brightness, contrast, saturation }.apply(&mut values);
        values
    }

    #[test]
    fn known_changes() {
        let two = [250.0, 250.0, 250.0, 50.0, 50.0, 50.0];
        assert_eq!(changed(&two, 1.1, 1.0, 1.0)[0], 255.0, "cut");
        let flat = changed(&two, 1.0, 0.5, 1.0);
        assert!((flat[0] - 200.0).abs() < 1e-9 && (flat[3] - 100.0).abs() < 1e-9, "{flat:?}");
        let pale = changed(&[200.0, 100.0, 100.0], 1.0, 1.0, 0.5);
        let grey = 100.0 + 0.299 * 100.0;
        assert!((pale[0] - (grey + 200.0) / 2.0).abs() < 1e-9 && (pale[1] - (grey + 100.0) / 2.0).abs() < 1e-9);
    }
}
