//! NumPy's `.npy`, version 1.0.

use crate::error::PatchError;

/// A little-endian f32 array in C order; raw maps are `[classes, height, width]`.
///
/// # Errors
/// [`PatchError::Mismatch`] when `data` does not fill `shape`.
pub fn npy_f32(shape: &[usize], data: &[f32]) -> Result<Vec<u8>, PatchError> {
    let count = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    if count != Some(data.len()) {
        return Err(PatchError::length("array", count.unwrap_or(usize::MAX), data.len()));
    }
    // A tuple of one needs its comma, and a trailing comma harms no other.
    let dims: String = shape.iter().map(|d| format!("{d}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", dims.trim_end());
    // Magic, version and length are 10 bytes; header and newline fill up to a multiple of 64.
    let padding = 63 - (10 + header.len()) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|e| PatchError::export("npy", e))?;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(length.to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data.iter().flat_map(|v| v.to_le_bytes()));
    Ok(out)
}
