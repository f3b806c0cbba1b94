//! Random weights made trainable: without normalisation layers, a dozen random layers leave so little of a picture that training stays
//! at chance for many epochs. Scaling each convolution to mean 0 and deviation 1 on some patches mends that (Mishkin and Matas 2016).

use super::{Set, TrainError, feed};
use crate::lower;
use crate::parameters::{Parameters, ReadError};
use crate::step::Batch;
use burn::tensor::{Device, Tensor};
use fovea_student::graph::{Graph, Node, Op};
use fovea_student::{Student, Tensor as Stored, Weights, view};

/// Patches the layers are scaled on.
const PATCHES: usize = 64;
/// Patches in the network at once: the first layers of a large one fill gigabytes otherwise.
const AT_ONCE: usize = 8;
/// Below this a channel is dead on these patches; it is left as it is.
const LEAST: f64 = 1e-6;

/// Scales every convolution that has a bias so that its output has mean 0 and deviation 1, per channel, over the first patches of a set.
///
/// # Errors
/// Patches that cannot be read, a network that cannot be run.
pub fn settle(student: &mut Student, set: &Set, device: &Device) -> Result<(), TrainError> {
    let card = &student.card;
    let (graph, weights) =
        view::apply(&student.graph, &student.weights, &card.view, card.input_px).map_err(crate::StepError::from)?;
    let host = feed::spread(set, PATCHES)?;
    let (px, count) = (set.store.px(), host.labels.len());
    let images = Batch::new(host.pixels, px, host.labels, device)?.images;
    let part = |from: usize| images.clone().narrow(0, from, AT_ONCE.min(count - from));
    let parts: Vec<Tensor<4>> = (0..count).step_by(AT_ONCE).map(part).collect();
    let mut parameters = Parameters::new(&weights, device);
    for node in &graph.nodes {
        let Some([weight, bias]) = own(&graph, node, &student.weights) else { continue };
        let mut all = Moments::default();
        for images in &parts {
            let seen = lower::run(&graph, &parameters, images.clone(), &[node.output]).map_err(crate::StepError::from)?;
            let seen = seen.get(&graph, node.output).map_err(crate::StepError::from)?;
            let [n, _, _, k, h, w] = seen.dims();
            all.add(moments(seen.reshape([n, k, h * w]))?);
        }
        let (means, deviations) = (&all.means, all.deviations());
        for (name, tensor) in scaled(&student.weights, [&weight, &bias], means, &deviations) {
            parameters.insert(&name, &tensor);
            student.weights.insert(name, tensor);
        }
    }
    // The card keeps the hash of the weights as they were: it is what a run starts from, see `checkpoint::identity`.
    Ok(())
}

/// Names of a convolution's weight and bias, where both are the network's own.
fn own(graph: &Graph, node: &Node, weights: &Weights) -> Option<[String; 2]> {
    let (Op::Conv2d(_), [_, weight, bias]) = (&node.op, &node.inputs[..]) else { return None };
    let names = [*weight, *bias].map(|id| graph.value(id).name.clone());
    names.iter().all(|name| weights.get(name).is_some()).then_some(names)
}

/// Mean and variance of each channel over so many values.
#[derive(Default)]
struct Moments {
    count: f64,
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl Moments {
    /// Takes in further values (Chan, Golub and LeVeque 1979).
    fn add(&mut self, more: Self) {
        if self.count == 0.0 {
            *self = more;
            return;
        }
        let count = self.count + more.count;
        let (ours, theirs) = (self.count / count, more.count / count);
        let own = self.means.iter_mut().zip(&mut self.variances);
        for ((mean, variance), (m, v)) in own.zip(more.means.iter().zip(&more.variances)) {
            let apart = m - *mean;
            *mean += apart * theirs;
            *variance = *variance * ours + v * theirs + apart * apart * ours * theirs;
        }
        self.count = count;
    }

    fn deviations(&self) -> Vec<f64> {
        self.variances.iter().map(|v| v.sqrt()).collect()
    }
}

/// Of each channel of `[n, k, pixels]`.
fn moments(x: Tensor<3>) -> Result<Moments, TrainError> {
    let [n, k, pixels] = x.dims();
    let rows = x.swap_dims(0, 1).reshape([k, n * pixels]);
    let mean = rows.clone().mean_dim(1);
    let centred = rows - mean.clone();
    let variance = (centred.clone() * centred).mean_dim(1);
    let read = |t: Tensor<2>| {
        let values = t.try_into_vec_as::<f64>();
        values.map_err(|source| ReadError::Device { source, name: "channel means".into() })
    };
    Ok(Moments { count: (n * pixels) as f64, means: read(mean)?, variances: read(variance)? })
}

fn scaled(weights: &Weights, names: [&String; 2], means: &[f64], deviations: &[f64]) -> Vec<(String, Stored)> {
    let [weight, bias] = names.map(|name| weights.get(name));
    let (Some(weight), Some(bias)) = (weight, bias) else { return vec![] };
    let row = weight.data().len() / means.len().max(1);
    let by = |channel: usize| deviations.get(channel).copied().filter(|d| *d > LEAST).unwrap_or(1.0);
    let scaled = weight.data().iter().enumerate().map(|(i, v)| (f64::from(*v) / by(i / row.max(1))) as f32);
    let moved = bias.data().iter().zip(means).enumerate().map(|(c, (b, mean))| ((f64::from(*b) - mean) / by(c)) as f32);
    let made = [(weight, scaled.collect::<Vec<f32>>()), (bias, moved.collect())];
    let tensors = made
        .into_iter()
        .zip(names)
        .filter_map(|((old, data), name)| Some((name.clone(), Stored::new(old.shape().to_vec(), data).ok()?)));
    tensors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_parts_are_those_of_the_whole() {
        let device = Device::flex();
        let values: Vec<f32> = (0..48u8).map(|i| f32::from(i * 7 % 13) + f32::from(i)).collect();
        let x = Tensor::<3>::from_data(burn::tensor::TensorData::new(values, [4, 3, 4]), &device);
        let whole = moments(x.clone()).unwrap_or_default();
        let mut parts = Moments::default();
        for (from, count) in [(0, 1), (1, 3)] {
            parts.add(moments(x.clone().narrow(0, from, count)).unwrap_or_default());
        }
        assert_eq!(whole.means.len(), 3);
        for (a, b) in whole.means.iter().chain(&whole.variances).zip(parts.means.iter().chain(&parts.variances)) {
            assert!((a - b).abs() < 1e-4 * a.abs(), "{a} {b}");
        }
    }
}
