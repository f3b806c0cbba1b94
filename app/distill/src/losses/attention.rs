//! AT: attention maps compared.

use super::{min_max, root};
use crate::config::{At, AttentionLoss, AttentionScale};
use crate::lower::resize_corners;
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// Below this a logarithm is cut, as PyTorch's binary cross entropy does.
const LOG_FLOOR: f64 = -100.0;

/// Raw maps `[n, classes, h, w]` of Student and Teacher; the Student's is brought to the Teacher's grid first. The Teacher's map
/// is a constant.
pub fn attention(student: Tensor<4>, teacher: Tensor<4>, at: &At) -> Tensor<1> {
    let [n, c, h, w] = teacher.dims();
    let student = resize_corners(student, [h, w]).reshape([n, c * h * w]);
    let teacher = teacher.inner().reshape([n, c * h * w]);
    let (s, t) = (Map::new(student, at.normalise), Map::new(teacher, at.normalise));
    match at.loss {
        AttentionLoss::L2 => {
            let difference = s.value - t.value;
            let square = (difference.clone() * difference).mean_dim(1).reshape([n]);
            root(square).mean()
        }
        AttentionLoss::Bce => {
            let (yes, no) = (s.log(), log(s.value.neg().add_scalar(1.0)));
            let miss = t.value.clone().neg().add_scalar(1.0);
            (t.value * yes + miss * no).mean().neg()
        }
        // t·ln t is 0 at t = 0, where the logarithm has been cut.
        AttentionLoss::Kl => (t.value.clone() * (t.log() - s.log())).sum().div_scalar(n as f64),
    }
}

/// A normalised map `[n, elements]`, with its logarithm where that is known exactly.
struct Map {
    value: Tensor<2>,
    log: Option<Tensor<2>>,
}

impl Map {
    fn new(raw: Tensor<2>, scale: AttentionScale) -> Self {
        match scale {
            AttentionScale::MinMax => Self { value: min_max(raw), log: None },
            AttentionScale::Softmax { t } => {
                let log = log_softmax(raw.div_scalar(t), 1);
                Self { value: log.clone().exp(), log: Some(log) }
            }
        }
    }

    fn log(&self) -> Tensor<2> {
        self.log.clone().unwrap_or_else(|| log(self.value.clone()))
    }
}

/// ln x, not below [`LOG_FLOOR`]; a zero gradient where it is cut.
fn log(x: Tensor<2>) -> Tensor<2> {
    // Below the smallest normal number a device may have flushed x to zero.
    let low = x.clone().inner().lower_scalar(f32::MIN_POSITIVE);
    x.mask_fill(low.clone(), 1.0).log().mask_fill(low, LOG_FLOOR)
}
