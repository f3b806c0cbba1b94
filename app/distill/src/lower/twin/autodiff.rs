//! The convolution's place in burn's backward pass.

use super::TwinConv;
use burn::backend::Backend;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::autodiff::{Autodiff, NodeId};
use burn::backend::tensor::FloatTensor;
use burn::tensor::ops::ConvOptions;

#[derive(Debug)]
struct Twin;

impl<B: Backend + TwinConv> Backward<B, 3> for Twin {
    type State = ([NodeId; 3], ConvOptions<2>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, checkpointer: &mut Checkpointer) {
        let [x_node, w_node, b_node] = ops.parents;
        let g = grads.consume::<B>(&ops.node);
        let (states, options) = ops.state;
        let [x, w, b] = states.map(|state| checkpointer.retrieve_node_output::<B::FloatTensorPrimitive>(state));
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::twin_conv_x_grad(x.clone(), w.clone(), g.clone(), options.clone()));
        }
        if let Some(node) = w_node {
            grads.register::<B>(node.id, B::twin_conv_weight_grad(x.clone(), w, g.clone(), options));
        }
        if let Some(node) = b_node {
            grads.register::<B>(node.id, B::twin_conv_bias_grad(x, b, g));
        }
    }
}

impl<B: Backend + TwinConv, C: CheckpointStrategy> TwinConv for Autodiff<B, C> {
    fn twin_conv(x: FloatTensor<Self>, w: FloatTensor<Self>, b: FloatTensor<Self>, options: ConvOptions<2>) -> FloatTensor<Self> {
        match Twin.prepare::<C>([x.node(), w.node(), b.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let states = [&x, &w, &b].map(|tensor| prepared.checkpoint(tensor));
                let y = B::twin_conv(x.into_primitive(), w.into_primitive(), b.into_primitive(), options.clone());
                prepared.finish((states, options), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::twin_conv(x.into_primitive(), w.into_primitive(), b.into_primitive(), options))
            }
        }
    }
}
