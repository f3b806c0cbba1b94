//! Default class colours.

/// Distinct for common colour-vision deficiencies (after Okabe and Ito), black left out because it reads as text.
const BASE: [[u8; 3]; 7] =
    [[0, 114, 178], [230, 159, 0], [0, 158, 115], [213, 94, 0], [204, 121, 167], [86, 180, 233], [240, 228, 66]];

/// `n` colours (sRGB); beyond the base set, hues at golden-angle steps.
pub fn class_colours(n: usize) -> Vec<[u8; 3]> {
    (0..n).map(|i| BASE.get(i).copied().unwrap_or_else(|| hue(i))).collect()
}

fn hue(i: usize) -> [u8; 3] {
    let turn = (i as f64 * 0.618_033_988_75).fract() * 6.0;
    let channel = |shift: f64| {
        let t = (turn + shift) % 6.0;
        let v = (2.0 - (t - 3.0).abs().min(3.0)).clamp(-1.0, 1.0);
        (140.0 - 80.0 * v).round().clamp(0.0, 255.0) as u8
    };
    [channel(0.0), channel(4.0), channel(2.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_classes_have_thirty_colours() {
        let colours = class_colours(30);
        let mut distinct = colours.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), colours.len());
    }
}
