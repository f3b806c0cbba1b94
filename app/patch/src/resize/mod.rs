//! Area resizing of 8-bit RGB, bit for bit what `cv2.resize(…, interpolation=cv2.INTER_AREA)` does (OpenCV 4 and 5).
//!
//! The Student's input must be made by the filter it was trained with: a different one moves logits.

mod enlarge;
mod shrink;

#[cfg(test)]
mod tests;

/// Channels of every picture here.
const CN: usize = 3;

/// Writes row `y` of a picture (interleaved RGB) into a buffer of its width.
pub(crate) type Rows<'a> = dyn Fn(usize, &mut [u8]) + Sync + 'a;

/// Resizes interleaved RGB `rgb` of `w × h` pixels to `ow × oh`. Aspect is the caller's business.
///
/// Shrinking averages areas; where either side grows, OpenCV's INTER_AREA turns into its own kind of bilinear
/// interpolation, and so does this. An empty picture on either side, or `rgb` shorter than `3 * w * h`, gives white.
#[must_use]
pub fn area(rgb: &[u8], w: usize, h: usize, ow: usize, oh: usize) -> Vec<u8> {
    let complete = w.checked_mul(h).and_then(|n| n.checked_mul(CN)).is_some_and(|n| n <= rgb.len());
    if !complete {
        return vec![255; ow.saturating_mul(oh).saturating_mul(CN)];
    }
    area_rows(w, h, ow, oh, &|y, row| row.copy_from_slice(&rgb[y * w * CN..(y + 1) * w * CN]))
}

/// [`area`] of a picture that exists only as a function of its rows: padded tiles need no copy of their own.
pub(crate) fn area_rows(w: usize, h: usize, ow: usize, oh: usize, rows: &Rows<'_>) -> Vec<u8> {
    let mut out = vec![255; ow.saturating_mul(oh).saturating_mul(CN)];
    if w == 0 || h == 0 || out.is_empty() {
        return out;
    }
    if (w, h) == (ow, oh) {
        out.chunks_exact_mut(w * CN).enumerate().for_each(|(y, row)| rows(y, row));
        return out;
    }
    let (sx, sy) = (scale(w, ow), scale(h, oh));
    match (whole(sx), whole(sy)) {
        _ if sx < 1.0 || sy < 1.0 => enlarge::bilinear(w, h, ow, oh, rows, &mut out),
        (Some(kx), Some(ky)) => shrink::blocks(w, kx, ky, ow, rows, &mut out),
        _ => shrink::weighted(w, h, ow, oh, rows, &mut out),
    }
    out
}

/// Input pixels per output pixel. OpenCV divides twice, and the last bit decides what counts as a whole factor.
fn scale(input: usize, output: usize) -> f64 {
    1.0 / (output as f64 / input as f64)
}

fn whole(scale: f64) -> Option<usize> {
    let k = scale.round();
    ((scale - k).abs() < f64::EPSILON).then_some(k as usize)
}

/// Rounds half to even and saturates, like `saturate_cast<uchar>(float)`.
fn to_u8(v: f32) -> u8 {
    v.round_ties_even() as u8
}
