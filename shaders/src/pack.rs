//! Weight layouts of the tiled convolution kernels, made once when a model is loaded.
use crate::kernel::ConvPath;
use crate::params::ConvTranspose2dParams;

/// Output channels are padded to this many: the largest tile.
pub const OC_ALIGN: usize = 64;
/// Rows (tap, channel) are padded to this many: the depth of a tile. From this many input channels on, each tap is padded for itself.
pub const K_ALIGN: usize = 16;

/// Whether a tile of `conv_gemm.wgsl` lies within one kernel tap: then every tap's channels are padded to [`K_ALIGN`].
pub const fn taps_are_padded(ic: usize) -> bool {
    ic >= K_ALIGN
}

/// Rows of the packed matrix for `ic` input channels and `taps` = kh · kw.
const fn rows(ic: usize, taps: usize) -> usize {
    if taps_are_padded(ic) { taps * ic.next_multiple_of(K_ALIGN) } else { (taps * ic).next_multiple_of(K_ALIGN) }
}

/// Elements that [`pack_conv`] makes.
pub const fn packed_len(path: ConvPath, oc: usize, ic_per_group: usize, kh: usize, kw: usize) -> usize {
    match path {
        ConvPath::Direct => oc * ic_per_group * kh * kw,
        ConvPath::Gemm | ConvPath::Fast3x3 | ConvPath::Gemm1x1 | ConvPath::Blocked => {
            rows(ic_per_group, kh * kw) * oc.next_multiple_of(OC_ALIGN)
        }
    }
}

/// Weights (oc, ic_per_group, kh, kw) in the layout of `path`: unchanged for [`ConvPath::Direct`]; else a matrix whose row
/// (tap · padded ic + channel) holds all output channels, zeros in the padding. The tiled paths share one layout.
///
/// `w` is read as far as the shape says; a shorter slice counts as zeros.
pub fn pack_conv(path: ConvPath, w: &[f32], oc: usize, ic_per_group: usize, kh: usize, kw: usize) -> Vec<f32> {
    if path == ConvPath::Direct {
        return w.to_vec();
    }
    let taps = kh * kw;
    let columns = oc.next_multiple_of(OC_ALIGN);
    let step = if taps_are_padded(ic_per_group) { ic_per_group.next_multiple_of(K_ALIGN) } else { ic_per_group };
    let mut packed = vec![0.0; packed_len(path, oc, ic_per_group, kh, kw)];
    let kernels = w.chunks_exact(taps.max(1)).take(oc * ic_per_group);
    for (i, kernel) in kernels.enumerate() {
        let (o, c) = (i / ic_per_group, i % ic_per_group);
        for (tap, &v) in kernel.iter().enumerate() {
            packed[(tap * step + c) * columns + o] = v;
        }
    }
    packed
}

/// Weights of a transposed convolution (ic, oc / groups, kh, kw) as those of the convolution that
/// [`ConvTranspose2dParams::as_conv`] describes: (oc, ic / groups, kh, kw), taps reversed.
pub fn transposed_conv_weights(p: &ConvTranspose2dParams, w: &[f32]) -> Vec<f32> {
    let groups = p.groups.max(1) as usize;
    let (icg, ocg, taps) = (p.ic as usize / groups, p.oc as usize / groups, p.kh as usize * p.kw as usize);
    let mut out = vec![0.0; w.len()];
    for (i, kernel) in w.chunks_exact(taps.max(1)).take(groups * icg * ocg).enumerate() {
        let (c, o) = (i / ocg, i % ocg);
        let target = ((c / icg * ocg + o) * icg + c % icg) * taps;
        for (tap, &v) in kernel.iter().enumerate() {
            out[target + taps - 1 - tap] = v;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_at_its_row_and_column_and_the_rest_is_zero() {
        for (oc, ic, kh, kw) in [(1, 1, 1, 1), (5, 3, 3, 3), (64, 16, 1, 1), (70, 17, 3, 2), (3, 15, 5, 5)] {
            let w: Vec<f32> = (1..=oc * ic * kh * kw).map(|v| v as f32).collect();
            let packed = pack_conv(ConvPath::Gemm, &w, oc, ic, kh, kw);
            assert_eq!(packed.len(), packed_len(ConvPath::Gemm, oc, ic, kh, kw));
            assert_eq!(packed.len() % (OC_ALIGN * K_ALIGN), 0);
            let (columns, step) = (oc.next_multiple_of(64), if ic >= 16 { ic.next_multiple_of(16) } else { ic });
            for (i, &v) in w.iter().enumerate() {
                let (tap, c, o) = (i % (kh * kw), i / (kh * kw) % ic, i / (kh * kw * ic));
                assert_eq!(packed[(tap * step + c) * columns + o], v);
            }
            assert_eq!(packed.iter().filter(|&&v| v != 0.0).count(), w.len());
        }
    }

    #[test]
    fn direct_weights_stay() {
        let w = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(pack_conv(ConvPath::Direct, &w, 2, 1, 1, 2), w);
        assert_eq!(packed_len(ConvPath::Direct, 2, 1, 1, 2), 4);
    }

    #[test]
    fn transposing_twice_returns_the_weights() {
        let p = ConvTranspose2dParams { ic: 4, oc: 6, groups: 2, kh: 2, kw: 3, ..Default::default() };
        let w: Vec<f32> = (0..4 * 3 * 6).map(|v| v as f32).collect();
        let back = ConvTranspose2dParams { ic: p.oc, oc: p.ic, ..p };
        assert_eq!(transposed_conv_weights(&back, &transposed_conv_weights(&p, &w)), w);
    }
}
