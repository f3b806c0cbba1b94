//! The ways to compute a convolution, and which one suits which shapes.
use crate::kernel::{Kernel, product};
use crate::kernels;
use crate::pack::taps_are_padded;
use crate::params::{Conv2dParams, ConvTranspose2dParams};

/// Fewer large tiles than this leave a GPU half idle: then the small ones.
const ENOUGH_TILES: u64 = 128;

/// (output channels, pixels) of the large and the small tile: the variants in `conv_gemm.wgsl`.
const LARGE_TILE: (u64, u64) = (64, 128);
const SMALL_TILE: (u64, u64) = (32, 32);

/// How a convolution is computed. The tiled paths need weights packed by [`crate::pack::pack_conv`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvPath {
    /// One output per invocation: any groups.
    Direct,
    /// Implicit matrix product: groups == 1, any kernel, stride, dilation.
    Gemm,
    /// As `Gemm`, for 3×3, stride 1, dilation 1 and at least 16 channels in.
    Fast3x3,
    /// As `Gemm`, for 1×1, stride 1, no padding.
    Gemm1x1,
    /// groups == 1 without workgroup memory: for software adapters.
    Blocked,
}

impl ConvPath {
    /// The fastest path that takes these shapes.
    pub fn choose(p: &Conv2dParams) -> Self {
        // A tile of 32 or 64 output channels would be all padding.
        let tiny = p.oc < 4 && p.ic < 16;
        if p.groups != 1 || tiny { Self::Direct } else { Self::tiled(p) }
    }

    /// The fastest path on a software adapter, which has no fast workgroup memory.
    pub fn choose_for_software(p: &Conv2dParams) -> Self {
        if p.groups == 1 { Self::Blocked } else { Self::Direct }
    }

    fn tiled(p: &Conv2dParams) -> Self {
        let unit_stride = (p.sh, p.sw) == (1, 1);
        let same_grid = (p.pt, p.pl) == (0, 0) && (p.oh, p.ow) == (p.ih, p.iw);
        match (p.kh, p.kw) {
            (1, 1) if unit_stride && same_grid => Self::Gemm1x1,
            (3, 3) if unit_stride && (p.dh, p.dw) == (1, 1) && taps_are_padded(p.ic as usize) => Self::Fast3x3,
            _ => Self::Gemm,
        }
    }
}

impl ConvTranspose2dParams {
    /// The ordinary convolution that computes the same where the stride is 1 (weights by
    /// [`crate::pack::transposed_conv_weights`]): the tiled kernels are many times faster than the gather. `None` otherwise.
    pub fn as_conv(&self) -> Option<Conv2dParams> {
        if (self.sh, self.sw) != (1, 1) {
            return None;
        }
        let pad = |k: u32, d: u32, p: u32| k.checked_sub(1)?.checked_mul(d)?.checked_sub(p);
        Some(Conv2dParams {
            n: self.n,
            ic: self.ic,
            ih: self.ih,
            iw: self.iw,
            oc: self.oc,
            oh: self.oh,
            ow: self.ow,
            groups: self.groups,
            kh: self.kh,
            kw: self.kw,
            sh: 1,
            sw: 1,
            pt: pad(self.kh, self.dh, self.pt)?,
            pl: pad(self.kw, self.dw, self.pl)?,
            dh: self.dh,
            dw: self.dw,
            has_bias: self.has_bias,
            act: self.act,
            act_a: self.act_a,
            act_b: self.act_b,
            ..Default::default()
        })
    }
}

fn count_tiles(p: &Conv2dParams, (oc, px): (u64, u64)) -> u64 {
    u64::from(p.oc).div_ceil(oc).saturating_mul(product([p.n, p.oh, p.ow]).div_ceil(px))
}

fn small_tiles(p: &Conv2dParams) -> bool {
    count_tiles(p, LARGE_TILE) < ENOUGH_TILES
}

/// The kernel for a path; tiles are small where large ones would be too few.
pub(crate) fn conv_kernel(p: &Conv2dParams, path: ConvPath) -> &'static Kernel {
    // The tiled paths share a weight layout, so one asked of shapes it does not take can give way to one that does.
    let path = match path {
        ConvPath::Direct | ConvPath::Blocked => path,
        _ if path == ConvPath::tiled(p) => path,
        _ => ConvPath::Gemm,
    };
    let (large, small) = match path {
        ConvPath::Direct => return &kernels::CONV2D,
        ConvPath::Blocked => return &kernels::CONV_BLOCKED,
        ConvPath::Gemm if taps_are_padded(p.ic as usize) => (&kernels::CONV_TAPS, &kernels::CONV_TAPS_SMALL),
        ConvPath::Gemm => (&kernels::CONV_GEMM, &kernels::CONV_GEMM_SMALL),
        ConvPath::Fast3x3 => (&kernels::CONV_3X3, &kernels::CONV_3X3_SMALL),
        ConvPath::Gemm1x1 => (&kernels::CONV_1X1, &kernels::CONV_1X1_SMALL),
    };
    if small_tiles(p) { small } else { large }
}

/// Workgroups of the blocked path: 16 output channels of 64 pixels each.
pub(crate) fn blocks(p: &Conv2dParams) -> u64 {
    count_tiles(p, (16, 64))
}

/// Workgroups of the tiled paths.
pub(crate) fn tiles(p: &Conv2dParams) -> u64 {
    count_tiles(p, if small_tiles(p) { SMALL_TILE } else { LARGE_TILE })
}
