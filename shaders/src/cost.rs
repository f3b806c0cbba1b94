//! Estimates of what a call costs: they order work and size submits, nothing depends on them being exact.
use crate::kernel::{Call, product};

/// Operations per element of the kernels that are bound by memory anyway.
const ELEMENTWISE: u64 = 4;

impl Call {
    /// Elements of the output (u32 pixels for an overlay).
    pub fn outputs(&self) -> u64 {
        match self {
            Self::Conv2d { params: p, .. } => product([p.n, p.oc, p.oh, p.ow]),
            Self::ConvTranspose2d(p) => product([p.n, p.oc, p.oh, p.ow]),
            Self::Linear(p) => product([p.m, p.n]),
            Self::Pool(p) => product([p.nc, p.oh, p.ow]),
            Self::PoolGrad(p) => product([p.nc, p.ih, p.iw]),
            Self::Reduce(p) => product([p.outer, p.inner]),
            Self::Softmax(p) => product([p.outer, p.axis, p.inner]),
            Self::LayerNorm(p) => product([p.outer, p.axis, p.inner]),
            Self::ChannelAffine(p) => product([p.n, p.c, p.inner]),
            Self::Unary(p) | Self::UnaryGrad(p) => u64::from(p.len),
            Self::Binary(p) => u64::from(p.len),
            Self::Copy(p) => u64::from(p.len),
            Self::Resize(p) => product([p.nc, p.oh, p.ow]),
            Self::ResizeGrad(p) => product([p.nc, p.ih, p.iw]),
            Self::Rgba8(p) => product([p.n, 3, p.h, p.w]),
            Self::Seed(p) => product([p.n, p.classes, p.width]),
            Self::ClassRows(p) => product([p.n, p.classes, p.inner]),
            Self::Cam(p) => product([p.n, p.classes, p.hw]),
            Self::Gram(p) => product([p.n, p.parts, p.m, p.m]),
            Self::Eigen(p) => product([p.n, p.m]),
            Self::Project(p) => product([p.n, p.hw]),
            Self::MinMax(p) => product([p.outer, p.len]),
            Self::Overlay(p) => product([p.h, p.w]),
        }
    }

    /// Floating-point operations, about.
    pub fn flops(&self) -> u64 {
        let terms = match self {
            Self::Conv2d { params: p, .. } => product([2, p.ic / p.groups.max(1), p.kh, p.kw]),
            Self::ConvTranspose2d(p) => product([2, p.ic / p.groups.max(1), p.kh, p.kw]).div_ceil(product([p.sh, p.sw]).max(1)),
            Self::Linear(p) => 2 * u64::from(p.k),
            Self::Pool(p) => product([p.kh, p.kw]),
            // Each window that a cell is in is scanned again.
            Self::PoolGrad(p) => product([p.kh, p.kw]).saturating_pow(2).div_ceil(product([p.sh, p.sw]).max(1)),
            Self::Reduce(p) => u64::from(p.red),
            Self::Cam(p) => 2 * u64::from(p.k),
            // Half of the matrix is the mirror image of the other half.
            Self::Gram(p) => u64::from(p.part),
            // Few need all the steps.
            Self::Eigen(p) => product([2, p.m, p.steps.div_ceil(4)]),
            Self::Project(p) => 3 * u64::from(p.k),
            _ => ELEMENTWISE,
        };
        self.outputs().saturating_mul(terms)
    }

    /// Bytes read and written if everything is touched once.
    pub fn bytes(&self) -> u64 {
        let inputs = match self {
            Self::Conv2d { params: p, .. } => {
                product([p.n, p.ic, p.ih, p.iw]).saturating_add(product([p.oc, p.ic / p.groups.max(1), p.kh, p.kw]))
            }
            Self::ConvTranspose2d(p) => {
                product([p.n, p.ic, p.ih, p.iw]).saturating_add(product([p.ic, p.oc / p.groups.max(1), p.kh, p.kw]))
            }
            Self::Linear(p) => product([p.m, p.k]).saturating_add(product([p.n, p.k])),
            Self::Pool(p) => product([p.nc, p.ih, p.iw]),
            Self::PoolGrad(p) => {
                product([p.nc, p.oh, p.ow]).saturating_add(product([p.nc, p.ih, p.iw]) / u64::from(p.classes.max(1)))
            }
            Self::Reduce(p) => product([p.outer, p.red, p.inner]),
            Self::Resize(p) => product([p.nc, p.ih, p.iw]),
            Self::ResizeGrad(p) => product([p.nc, p.oh, p.ow]),
            Self::UnaryGrad(p) => u64::from(p.len) + u64::from(p.len) / u64::from(p.classes.max(1)),
            Self::Binary(p) => 2 * u64::from(p.len),
            Self::Rgba8(p) => product([p.n, p.h, p.w]),
            Self::Seed(p) => u64::from(p.classes),
            Self::Cam(p) => {
                let gradients = product([p.n, p.classes, p.k]).saturating_mul(if p.spatial == 1 { u64::from(p.hw) } else { 1 });
                gradients.saturating_add(product([p.n, p.k, p.hw]))
            }
            Self::Gram(p) => product([p.n, p.m, p.len]),
            Self::Eigen(p) => product([2, p.n, p.m, p.m]),
            Self::Project(p) => product([p.n, p.k, p.hw]),
            Self::Overlay(p) => product([p.h, p.w]).saturating_add(product([p.mh, p.mw])),
            _ => self.outputs(),
        };
        inputs.saturating_add(self.outputs()).saturating_mul(4)
    }
}
