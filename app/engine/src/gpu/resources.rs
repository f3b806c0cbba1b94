//! Buffers, bind groups and uniforms of one plan; weights are uploaded once per device.

use super::Gpu;
use super::dispatch::Dispatch;
use super::pipelines::Pipeline;
use crate::error::EngineError;
use crate::plan::{Constant, ConvWeights, Place, Plan};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What one step binds.
pub(super) struct Bound {
    pub pipeline: Arc<Pipeline>,
    pub bind_group: wgpu::BindGroup,
}

/// Everything a plan holds on the device.
pub(super) struct Resources {
    pub steps: Vec<Bound>,
    /// Dynamic uniform offset of each dispatch.
    pub offsets: Vec<u32>,
    slots: Vec<wgpu::Buffer>,
    constants: Vec<Arc<wgpu::Buffer>>,
    absent: wgpu::Buffer,
}

impl Resources {
    pub(super) fn new(gpu: &Gpu, plan: &Plan, dispatches: &[Dispatch]) -> Result<Self, EngineError> {
        let device = &gpu.device;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let slots = plan.slots.iter().map(|&len| buffer(device, "values", 4 * len as u64, usage)).collect();
        let constants = plan.constants.iter().map(|c| gpu.constants.get(gpu, c)).collect();
        let absent = buffer(device, "absent", 16, usage);
        let (uniforms, offsets) = uniforms(gpu, dispatches)?;
        let mut resources = Self { steps: vec![], offsets, slots, constants, absent };
        let mut steps = vec![];
        for step in &plan.steps {
            let kernel = step.call.kernel();
            let pipeline = gpu.pipelines.get(device, kernel);
            let size = step.call.params_bytes().len() as u64;
            let uniform = wgpu::BufferBinding { buffer: &uniforms, offset: 0, size: wgpu::BufferSize::new(size) };
            let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(uniform) }];
            let places = step.inputs.iter().copied().chain([Place::Slot(step.output)]);
            entries.extend(
                places.enumerate().map(|(i, p)| wgpu::BindGroupEntry {
                    binding: i as u32 + 1,
                    resource: resources.buffer(p).as_entire_binding(),
                }),
            );
            let descriptor = wgpu::BindGroupDescriptor { label: Some(kernel.label), layout: &pipeline.layout, entries: &entries };
            let bind_group = device.create_bind_group(&descriptor);
            steps.push(Bound { pipeline, bind_group });
        }
        resources.steps = steps;
        Ok(resources)
    }

    pub(super) fn slot(&self, slot: usize) -> &wgpu::Buffer {
        &self.slots[slot]
    }

    pub(super) fn buffer(&self, place: Place) -> &wgpu::Buffer {
        match place {
            Place::Slot(s) => &self.slots[s],
            Place::Constant(c) => &self.constants[c],
            Place::Absent => &self.absent,
        }
    }
}

fn buffer(device: &wgpu::Device, label: &str, bytes: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size: bytes.max(16), usage, mapped_at_creation: false })
}

/// All uniforms in one buffer, each at an aligned offset.
fn uniforms(gpu: &Gpu, dispatches: &[Dispatch]) -> Result<(wgpu::Buffer, Vec<u32>), EngineError> {
    let align = gpu.caps.uniform_alignment as usize;
    let mut bytes = vec![];
    let mut offsets = vec![];
    for d in dispatches {
        bytes.resize(bytes.len().next_multiple_of(align), 0u8);
        let offset = u32::try_from(bytes.len());
        offsets.push(offset.map_err(|_| EngineError::TooLarge {
            what: "the parameters of this network's kernels".into(),
            bytes: bytes.len() as u64,
            limit: u64::from(u32::MAX),
        })?);
        bytes.extend_from_slice(d.call.params_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(align), 0);
    let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
    let buffer = buffer(&gpu.device, "parameters", bytes.len() as u64, usage);
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    Ok((buffer, offsets))
}

type Key = (usize, Option<ConvWeights>);
type Uploaded = (Weak<[f32]>, Weak<wgpu::Buffer>);

/// Uploaded constants by identity of their data: several plans of one network share them.
#[derive(Default)]
pub(super) struct ConstantCache {
    known: Mutex<HashMap<Key, Uploaded>>,
}

impl ConstantCache {
    fn get(&self, gpu: &Gpu, constant: &Constant) -> Arc<wgpu::Buffer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (constant.data.as_ptr() as usize, constant.conv);
        if let Some((data, buffer)) = known.get(&key) {
            // An address can be used again by other data: only the same allocation counts.
            let same = data.upgrade().is_some_and(|d| Arc::ptr_eq(&d, &constant.data));
            if let (true, Some(buffer)) = (same, buffer.upgrade()) {
                return buffer;
            }
        }
        let made = Arc::new(upload(gpu, constant));
        known.retain(|_, (_, b)| b.strong_count() > 0);
        known.insert(key, (Arc::downgrade(&constant.data), Arc::downgrade(&made)));
        made
    }
}

fn upload(gpu: &Gpu, constant: &Constant) -> wgpu::Buffer {
    let data = constant.packed();
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    let buffer = buffer(&gpu.device, &constant.label, 4 * data.len() as u64, usage);
    gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&data));
    buffer
}
