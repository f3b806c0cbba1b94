//! A layer above the default limits: VGG16-BN's first Linear has 411 MB of weights, where WebGPU's default is 256 MiB a buffer
//! and 128 MiB a binding.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use fovea_engine::{Device, Gpu, Input, Plan, Runner, Target, device_descriptor};
use fovea_student::explain::{Explain, Method, explain};
use fovea_student::graph::{Graph, LOGITS, Op, Unary};
use fovea_student::weights::Weights;

/// Bytes of the first Linear's weights.
const LAYER: u64 = 4 * 25_088 * 4_096;

/// VGG's classifier on its 7 × 7 map, explained at that map, so that the layer is run forwards and backwards.
fn classifier() -> (Graph, Weights) {
    let mut n = Net::new(&[512, 7, 7], 3);
    let x = n.b.input();
    let map = n.unary(x, Unary::Relu);
    let name = n.b.value(map).name.clone();
    let flat = n.op(Op::Reshape { shape: vec![25_088] }, &[map]);
    let hidden = n.linear(flat, 4_096);
    let hidden = n.unary(hidden, Unary::Relu);
    let logits = n.linear(hidden, 3);
    let (graph, weights) = n.finish(logits);
    (explain(&graph, &Explain::one(name, Method::HiResCam)).unwrap(), weights)
}

/// A device with the default limits, and one with the largest buffers the adapter offers, where those are larger.
fn devices() -> Option<Vec<Device>> {
    gpu()?;
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).unwrap();
    let default = wgpu::DeviceDescriptor { required_limits: wgpu::Limits::default(), ..Default::default() };
    let open = |descriptor: &wgpu::DeviceDescriptor<'_>| {
        let (device, queue) = pollster::block_on(adapter.request_device(descriptor)).unwrap();
        Device::Gpu(Gpu::shared(device, queue, &adapter.get_info()))
    };
    let raised = device_descriptor(&adapter);
    let more = raised.required_limits.max_storage_buffer_binding_size > default.required_limits.max_storage_buffer_binding_size;
    Some(std::iter::once(open(&default)).chain(more.then(|| open(&raised))).collect())
}

fn outputs(device: &Device, plan: Plan, x: &[f32]) -> Vec<(String, Vec<f32>)> {
    let mut runner = Runner::with_plan(device, plan).unwrap();
    let run = pollster::block_on(runner.run(Input::F32(x))).unwrap();
    run.outputs.into_iter().map(|o| (o.name, o.data)).collect()
}

fn largest(plan: &Plan) -> u64 {
    plan.constants.iter().map(|c| 4 * c.data.len() as u64).max().unwrap()
}

#[test]
fn a_layer_above_the_default_limits_runs_split_and_whole() {
    let (graph, weights) = classifier();
    let x = Random(5).vec(25_088);
    let whole = Plan::for_target(&graph, &weights, 1, Target::ANY).unwrap();
    assert_eq!(largest(&whole), LAYER);
    let wanted = outputs(&cpu(), whole, &x);
    assert!(wanted.iter().any(|(name, _)| name == LOGITS) && wanted.len() == 3);
    let Some(devices) = devices() else { return };
    for device in devices {
        let Device::Gpu(gpu) = &device else { panic!("a GPU was opened") };
        let plan = Plan::for_target(&graph, &weights, 1, gpu.target()).unwrap();
        let piece = gpu.target().piece;
        assert!(largest(&plan) <= piece);
        // Whole where the raised limits hold it, else in pieces.
        assert_eq!(largest(&plan) == LAYER, piece >= LAYER, "{piece} bytes a binding");
        println!("{piece} bytes a binding: the largest constant has {}", largest(&plan));
        for ((name, got), (_, want)) in outputs(&device, plan, &x).iter().zip(&wanted) {
            assert!(relative(got, want) < 1e-4, "{name}: {:e}", relative(got, want));
        }
    }
}
