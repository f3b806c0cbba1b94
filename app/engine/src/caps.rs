//! What a device can do, and what to ask of an adapter.

/// Limits that the plan and the executors obey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Largest storage binding, bytes.
    pub max_binding: u64,
    /// Largest buffer, bytes.
    pub max_buffer: u64,
    /// Alignment of dynamic uniform offsets, bytes.
    pub uniform_alignment: u32,
}

impl Caps {
    /// Reads a device's limits.
    pub fn of(limits: &wgpu::Limits) -> Self {
        Self {
            max_binding: limits.max_storage_buffer_binding_size,
            max_buffer: limits.max_buffer_size,
            uniform_alignment: limits.min_uniform_buffer_offset_alignment,
        }
    }

    /// Longest piece of memory one binding may show.
    pub fn max_piece(&self) -> u64 {
        self.max_binding.min(self.max_buffer)
    }
}

/// Does this adapter run compute shaders within the kernels' baseline (`Limits::default()`)?
pub fn computes(adapter: &wgpu::Adapter) -> bool {
    let flags = adapter.get_downlevel_capabilities().flags;
    flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) && wgpu::Limits::default().check_limits(&adapter.limits())
}

/// What to ask of an adapter: the kernels' baseline with the largest buffers it offers; where it cannot compute (OpenGL ES,
/// WebGL2), only what a window needs.
pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    let offered = adapter.limits();
    let base = if computes(adapter) { wgpu::Limits::default() } else { wgpu::Limits::downlevel_webgl2_defaults() };
    let required_limits = wgpu::Limits {
        max_storage_buffer_binding_size: if computes(adapter) { offered.max_storage_buffer_binding_size } else { 0 },
        max_buffer_size: offered.max_buffer_size,
        max_texture_dimension_2d: offered.max_texture_dimension_2d,
        ..base
    };
    wgpu::DeviceDescriptor { label: Some("fovea"), required_limits, ..Default::default() }
}
