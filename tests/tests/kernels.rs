//! Every WGSL kernel against the plain f64 answers of `fovea_shaders::testing`, on whatever adapter there is (llvmpipe will do),
//! with the default limits that every WebGPU device has, into outputs that are poisoned first.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_engine::{Gpu, run_call};
use fovea_shaders::kernel::Call;
use fovea_shaders::testing::{Case, cases};
use pollster::block_on;
use std::sync::Arc;

/// A device with nothing beyond `Limits::default()`.
fn default_device() -> Option<Arc<Gpu>> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let found = block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()));
    let adapter = match found {
        Ok(adapter) => adapter,
        Err(e) => {
            fovea_tests::skip(&format!("no GPU adapter, not even a software one: {e}"));
            return None;
        }
    };
    let descriptor = wgpu::DeviceDescriptor { required_limits: wgpu::Limits::default(), ..Default::default() };
    let (device, queue) = block_on(adapter.request_device(&descriptor)).expect("default limits");
    Some(Gpu::shared(device, queue, &adapter.get_info()))
}

fn run(gpu: &Arc<Gpu>, case: &Case, slice: u64) -> Result<Vec<f32>, String> {
    let inputs: Vec<&[f32]> = case.inputs.iter().map(Vec::as_slice).collect();
    block_on(run_call(gpu, &case.call, &inputs, case.out_len, f32::NAN, slice)).map_err(|e| format!("{e}: {}", case.label))
}

/// Estimated operations of a third of a call, so that it is cut in three.
fn third(call: &Call) -> u64 {
    (call.flops().saturating_add(call.bytes().saturating_mul(10)) / 3).max(1)
}

fn complain(wrong: &[String], of: usize) {
    assert!(wrong.is_empty(), "{} of {of} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_kernel_matches_the_f64_answers() {
    let Some(gpu) = default_device() else { return };
    let cases = cases();
    let failed = |case: &Case| run(&gpu, case, u64::MAX).and_then(|out| case.check(&out)).err();
    complain(&cases.iter().filter_map(failed).collect::<Vec<_>>(), cases.len());
    assert!(cases.len() > 100, "only {} cases", cases.len());
}

#[test]
fn a_call_cut_into_pieces_gives_the_same_bits() {
    let Some(gpu) = default_device() else { return };
    let cut: Vec<Case> = cases().into_iter().filter(|c| c.call.with_base(0).is_some() && c.call.workgroups() > 2).collect();
    assert!(cut.len() > 5, "only {} cases can be cut", cut.len());
    let bits = |out: Vec<f32>| out.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let failed = |case: &Case| {
        let (whole, pieces) = (run(&gpu, case, u64::MAX), run(&gpu, case, third(&case.call)));
        match (whole, pieces) {
            (Ok(a), Ok(b)) if bits(a.clone()) == bits(b.clone()) => None,
            (Ok(_), Ok(_)) => Some(format!("pieces differ from the whole: {}", case.label)),
            (Err(e), _) | (_, Err(e)) => Some(e),
        }
    };
    complain(&cut.iter().filter_map(failed).collect::<Vec<_>>(), cut.len());
}

#[test]
fn a_wrong_number_of_inputs_is_an_error() {
    let Some(gpu) = default_device() else { return };
    let case = &cases()[0];
    let error = block_on(run_call(&gpu, &case.call, &[], case.out_len, f32::NAN, u64::MAX)).unwrap_err();
    assert!(error.to_string().contains("0 inputs"), "{error}");
}
