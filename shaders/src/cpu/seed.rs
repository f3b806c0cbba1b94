//! CPU twin of `seed.wgsl`.

use crate::params::SeedParams;

/// One-hot rows y (n · classes, width): 1 where the column is `index[row % classes]` (a whole number as f32).
///
/// # Panics
/// When a slice is shorter than `p` says.
pub fn seed(p: &SeedParams, index: &[f32], out: &mut [f32]) {
    let [n, classes, width] = [p.n, p.classes, p.width].map(|v| v as usize);
    for (r, row) in out[..n * classes * width].chunks_mut(width.max(1)).enumerate() {
        row.fill(0.0);
        if let Some(y) = row.get_mut(index[r % classes] as usize) {
            *y = 1.0;
        }
    }
}
