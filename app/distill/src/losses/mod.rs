//! The terms of the loss, exactly as the method defines them, safe where a root or a range is zero.

mod attention;

pub use attention::attention;

use crate::head::HeadNumbers;
use crate::lower::resize_corners;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

/// The Teacher's head on the device: weight `[classes, k]`, bias `[classes]`; it stays fixed.
#[derive(Clone, Debug)]
pub struct FixedHead {
    /// `[classes, k]`.
    pub weight: Tensor<2>,
    /// `[classes]`.
    pub bias: Tensor<1>,
}

impl FixedHead {
    /// Copies a head's numbers to a device.
    pub fn new(numbers: &HeadNumbers, device: &Device) -> Self {
        let device = device.clone().inner();
        let weight = TensorData::new(numbers.weight.clone(), [numbers.classes, numbers.features]);
        let bias = TensorData::new(numbers.bias.clone(), [numbers.classes]);
        Self { weight: Tensor::from_data(weight, &device), bias: Tensor::from_data(bias, &device) }
    }
}

/// √x with a zero gradient where x is zero.
pub fn root(x: Tensor<1>) -> Tensor<1> {
    let zero = x.clone().inner().lower_equal_scalar(0.0);
    x.mask_fill(zero.clone(), 1.0).sqrt().mask_fill(zero, 0.0)
}

/// (x − min) / (max − min) of each row; a constant row becomes zeros and has a zero gradient. The gradient flows through
/// min and max.
pub fn min_max(x: Tensor<2>) -> Tensor<2> {
    let low = x.clone().min_dim(1);
    let range = x.clone().max_dim(1) - low.clone();
    let flat = range.clone().inner().lower_equal_scalar(0.0);
    let varied = flat.clone().float().neg().add_scalar(1.0);
    (x - low) / range.mask_fill(flat, 1.0) * varied
}

/// CE: logits `[n, classes]`; labels below `classes`, one per row.
pub fn cross_entropy(logits: Tensor<2>, labels: &[usize]) -> Tensor<1> {
    let [n, classes] = logits.dims();
    let mut hot = vec![0.0f32; n * classes];
    labels.iter().take(n).enumerate().for_each(|(row, &label)| hot[row * classes + label.min(classes - 1)] = 1.0);
    let hot = Tensor::<2>::from_data(TensorData::new(hot, [n, classes]), &logits.device().inner());
    (log_softmax(logits, 1) * hot).sum().neg().div_scalar(n as f64)
}

/// KD: only the Teacher is tempered.
pub fn soft_labels(student: Tensor<2>, teacher: Tensor<2>, t: f64) -> Tensor<1> {
    let n = student.dims()[0] as f64;
    (softmax(teacher.div_scalar(t), 1) * log_softmax(student, 1)).sum().neg().div_scalar(n)
}

/// Root of the mean squared difference over everything; row by row, since burn's CPU device sums one long row in an order that depends
/// on its threads, and a resumed run has to come to the same bits.
fn rms(difference: Tensor<2>) -> Tensor<1> {
    root((difference.clone() * difference).mean_dim(1).mean())
}

/// FM: features `[n, k, h, w]`; the Student's are resized to the Teacher's grid.
pub fn features(student: Tensor<4>, teacher: Tensor<4>) -> Tensor<1> {
    let [n, k, h, w] = teacher.dims();
    let difference = resize_corners(student, [h, w]) - teacher;
    rms(difference.reshape([n, k * h * w]))
}

/// SR after pooling: the Student's pooled features `[n, k]`, the Teacher's logits `[n, classes]`.
pub fn head_last(pooled: Tensor<2>, head: &FixedHead, teacher: Tensor<2>) -> Tensor<1> {
    let classes = teacher.dims()[1];
    let read = pooled.matmul(head.weight.clone().transpose()) + head.bias.clone().reshape([1, classes]);
    rms(read - teacher)
}

/// SR at each place: the Student's block `[n, k′, h, w]`, adapted to the Teacher's channels by `weight` `[k, k′]` and `bias` `[k]`, and
/// the Teacher's features `[n, k, h, w]`, both read by the Teacher's head, whose inputs are these k channels.
pub fn head_spatial(block: Tensor<4>, weight: Tensor<2>, bias: Tensor<1>, head: &FixedHead, teacher: Tensor<4>) -> Tensor<1> {
    let point = |x: Tensor<4>, w: Tensor<2>, b: Tensor<1>| {
        let [out, into] = w.dims();
        conv2d(x, w.reshape([out, into, 1, 1]), Some(b), ConvOptions::new([1, 1], [0, 0], [1, 1], 1))
    };
    let read = |x| point(x, head.weight.clone(), head.bias.clone());
    let difference = read(point(block, weight, bias)) - read(teacher);
    let [n, c, h, w] = difference.dims();
    rms(difference.reshape([n, c * h * w]))
}
