//! Compute pipelines, made once per device.

use fovea_shaders::kernel::{Binding, Kernel};
use fovea_shaders::kernels::KernelId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A pipeline and the layout of its one bind group.
pub(super) struct Pipeline {
    pub compute: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Pipelines by kernel.
#[derive(Default)]
pub(super) struct Pipelines {
    made: Mutex<HashMap<KernelId, Arc<Pipeline>>>,
}

impl Pipelines {
    pub(super) fn get(&self, device: &wgpu::Device, kernel: &'static Kernel) -> Arc<Pipeline> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(kernel.id).or_insert_with(|| Arc::new(make(device, kernel))).clone()
    }
}

fn make(device: &wgpu::Device, kernel: &'static Kernel) -> Pipeline {
    let entries: Vec<_> = kernel.bindings.iter().enumerate().map(|(i, b)| entry(i as u32, *b)).collect();
    let layout =
        device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(kernel.label), entries: &entries });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(kernel.label),
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(kernel.label),
        source: wgpu::ShaderSource::Wgsl(kernel.wgsl.into()),
    });
    let compute = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(kernel.label),
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some(kernel.entry),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: kernel.overrides,
            // Every kernel writes what it reads of its workgroup memory.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    Pipeline { compute, layout }
}

fn entry(binding: u32, kind: Binding) -> wgpu::BindGroupLayoutEntry {
    let storage = |read_only| wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Storage { read_only },
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let ty = match kind {
        Binding::Uniform { size } => wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: true,
            min_binding_size: std::num::NonZeroU64::new(u64::from(size)),
        },
        Binding::StorageRead => storage(true),
        Binding::StorageReadWrite => storage(false),
        Binding::Texture => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        Binding::StorageTexture => wgpu::BindingType::StorageTexture {
            access: wgpu::StorageTextureAccess::WriteOnly,
            format: wgpu::TextureFormat::R32Float,
            view_dimension: wgpu::TextureViewDimension::D2,
        },
        Binding::Sampler => wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
    };
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None }
}
