//! From stain to 8-bit RGB: absorption, defocus, tone curve, white balance, sensor noise.

use super::canvas::{Canvas, blur};
use super::random::Random;
use super::shape::{Blob, edge};
use super::slide::Slide;

/// The picture a slide's scanner takes; `smear` is a part that lies out of focus. Interleaved RGB, top row first.
pub(super) fn scan(canvas: &Canvas, slide: &Slide, smear: Option<&Blob>, random: &mut Random) -> Vec<u8> {
    let px = canvas.px;
    let mut rgb = vec![0; 3 * px * px];
    for channel in 0..3 {
        let (h, e) = (slide.haematoxylin[channel], slide.eosin[channel]);
        let light: Vec<f64> = canvas.h.iter().zip(&canvas.e).map(|(a, b)| libm::exp(-(a * h + b * e))).collect();
        let mut seen = blur(&light, px, slide.blur);
        if let Some(smear) = smear {
            blend(&mut seen, &blur(&light, px, 2.2), px, smear);
        }
        for (at, light) in seen.iter().enumerate() {
            let level = slide.white[channel] * libm::pow(*light, slide.gamma) + slide.noise * random.grain();
            // `as` saturates.
            rgb[3 * at + channel] = level.round() as u8;
        }
    }
    rgb
}

fn blend(sharp: &mut [f64], soft: &[f64], px: usize, part: &Blob) {
    for (at, value) in sharp.iter_mut().enumerate() {
        let (x, y) = ((at % px) as f64 + 0.5, (at / px) as f64 + 0.5);
        *value += (soft[at] - *value) * edge(part.distance(x, y), 6.0);
    }
}
