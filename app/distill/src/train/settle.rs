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
    let images = Batch::new(host.pixels, set.store.px(), host.labels, device)?.images;
    let mut parameters = Parameters::new(&weights, device);
    for node in &graph.nodes {
        let Some([weight, bias]) = own(&graph, node, &student.weights) else { continue };
        let seen = lower::run(&graph, &parameters, images.clone(), &[node.output]).map_err(crate::StepError::from)?;
        let seen = seen.get(&graph, node.output).map_err(crate::StepError::from)?;
        let [n, _, _, k, h, w] = seen.dims();
        let (means, deviations) = moments(seen.reshape([n, k, h * w]))?;
        for (name, tensor) in scaled(&student.weights, [&weight, &bias], &means, &deviations) {
            parameters.insert(&name, &tensor);
            student.weights.insert(name, tensor);
        }
    }
    student.card.weights_sha256 = student.weights.sha256();
    Ok(())
}

/// Names of a convolution's weight and bias, where both are the network's own.
fn own(graph: &Graph, node: &Node, weights: &Weights) -> Option<[String; 2]> {
    let (Op::Conv2d(_), [_, weight, bias]) = (&node.op, &node.inputs[..]) else { return None };
    let names = [*weight, *bias].map(|id| graph.value(id).name.clone());
    names.iter().all(|name| weights.get(name).is_some()).then_some(names)
}

/// Mean and deviation of each channel of `[n, k, pixels]`.
fn moments(x: Tensor<3>) -> Result<(Vec<f64>, Vec<f64>), TrainError> {
    let [n, k, pixels] = x.dims();
    let rows = x.swap_dims(0, 1).reshape([k, n * pixels]);
    let mean = rows.clone().mean_dim(1);
    let centred = rows - mean.clone();
    let variance = (centred.clone() * centred).mean_dim(1);
    let read = |t: Tensor<2>| {
        let values = t.try_into_vec_as::<f64>();
        values.map_err(|source| ReadError::Device { source, name: "channel means".into() })
    };
    Ok((read(mean)?, read(variance)?.into_iter().map(f64::sqrt).collect()))
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
