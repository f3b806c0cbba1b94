//! Attention maps as a texture that the window's overlay samples, whichever executor made them.

use super::{Gpu, GpuRun};
use crate::plan::Place;
use bytemuck::bytes_of;
use fovea_shaders::kernels::MAP_TO_TEXTURE;
use fovea_shaders::params::MapTextureParams;

/// r32float texture, classes stacked vertically: width `w`, height `classes · h`.
#[derive(Clone, Debug)]
pub struct MapTexture {
    /// The texture.
    pub texture: wgpu::Texture,
    /// Number of maps.
    pub classes: usize,
    /// Height of one map.
    pub h: usize,
    /// Width of one map.
    pub w: usize,
}

impl MapTexture {
    /// Uploads maps `(classes, h, w)` that the CPU computed. Needs no compute shaders.
    ///
    /// `data` shorter than the shape leaves the rest zero.
    pub fn upload(device: &wgpu::Device, queue: &wgpu::Queue, classes: usize, h: usize, w: usize, data: &[f32]) -> Self {
        let map = Self::empty(device, classes, h, w);
        let mut padded = data.to_vec();
        padded.resize(classes * h * w, 0.0);
        queue.write_texture(
            map.texture.as_image_copy(),
            bytemuck::cast_slice(&padded),
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * w as u32), rows_per_image: None },
            map.texture.size(),
        );
        map
    }

    fn empty(device: &wgpu::Device, classes: usize, h: usize, w: usize) -> Self {
        let mut usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST | wgpu::TextureUsages::COPY_SRC;
        if device.limits().max_storage_textures_per_shader_stage > 0 {
            usage |= wgpu::TextureUsages::STORAGE_BINDING;
        }
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("attention"),
            size: wgpu::Extent3d { width: w.max(1) as u32, height: (classes * h).max(1) as u32, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R32Float,
            usage,
            view_formats: &[],
        });
        Self { texture, classes, h, w }
    }
}

impl GpuRun {
    /// Records the copy of maps `(classes, h, w)` from a plan's buffer to a new texture: nothing is read back for display.
    pub(crate) fn to_texture(&self, encoder: &mut wgpu::CommandEncoder, place: Place, [classes, h, w]: [usize; 3]) -> MapTexture {
        let gpu: &Gpu = &self.gpu;
        let map = MapTexture::empty(&gpu.device, classes, h, w);
        let params = MapTextureParams { w: w as u32, h: (classes * h) as u32, ..Default::default() };
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: Some("map"), size: 16, usage, mapped_at_creation: false };
        let uniform = gpu.device.create_buffer(&descriptor);
        gpu.queue.write_buffer(&uniform, 0, bytes_of(&params));
        let pipeline = gpu.pipelines.get(&gpu.device, &MAP_TO_TEXTURE);
        let view = map.texture.create_view(&Default::default());
        let entry = |binding, resource| wgpu::BindGroupEntry { binding, resource };
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("map"),
            layout: &pipeline.layout,
            entries: &[
                entry(0, uniform.as_entire_binding()),
                entry(1, self.buffer_of(place).as_entire_binding()),
                entry(2, wgpu::BindingResource::TextureView(&view)),
            ],
        });
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline.compute);
        pass.set_bind_group(0, &bind_group, &[0]);
        pass.dispatch_workgroups((w as u32).div_ceil(8), ((classes * h) as u32).div_ceil(8), 1);
        drop(pass);
        map
    }
}
