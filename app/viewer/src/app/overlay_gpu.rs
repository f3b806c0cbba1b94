//! Pipeline, samplers, colour tables and uploads behind [`super::overlay_paint`].

use std::collections::HashMap;

use fovea_engine::MapTexture;
use fovea_patch::Colormap;
use fovea_shaders::kernel::Binding;
use fovea_shaders::kernels::OVERLAY_DRAW;
use fovea_shaders::params::OverlayDraw;

use super::overlay_paint::TextureKey;

/// A picture ready for upload: RGBA8 and its halved levels, so that a zoomed-out view does not shimmer.
pub struct Picture {
    /// Width and height of the picture that was shown, in its own pixels, before any reduction.
    pub size: [usize; 2],
    levels: Vec<(Vec<u8>, u32, u32)>,
}

impl Picture {
    /// From interleaved RGB; pictures longer than `max_side` are area-reduced for display only.
    pub fn new(rgb: &[u8], w: usize, h: usize, max_side: usize) -> Self {
        let longer = w.max(h).max(1);
        let size = [w, h];
        let reduced;
        let (rgb, w, h) = if longer > max_side {
            let side = |n: usize| ((n as f64 * max_side as f64 / longer as f64) as usize).max(1);
            reduced = fovea_patch::resize::area(rgb, w, h, side(w), side(h));
            (&reduced[..], side(w), side(h))
        } else {
            (rgb, w, h)
        };
        let mut levels = vec![(rgba(rgb), w as u32, h as u32)];
        while let Some(next) = levels.last().and_then(halved) {
            levels.push(next);
        }
        Self { size, levels }
    }

    pub(super) fn upload(&self, device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
        let (_, w, h) = &self.levels[0];
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("patch"),
            size: wgpu::Extent3d { width: *w, height: *h, depth_or_array_layers: 1 },
            mip_level_count: self.levels.len() as u32,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        for (level, (data, w, h)) in self.levels.iter().enumerate() {
            write(queue, &texture, level as u32, data, *w, *h);
        }
        texture.create_view(&Default::default())
    }
}

fn rgba(rgb: &[u8]) -> Vec<u8> {
    rgb.as_chunks::<3>().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect()
}

/// The next mip level: means of 2 × 2 pixels; `None` after 1 × 1.
fn halved((data, w, h): &(Vec<u8>, u32, u32)) -> Option<(Vec<u8>, u32, u32)> {
    if (*w, *h) == (1, 1) {
        return None;
    }
    let (nw, nh) = ((w / 2).max(1), (h / 2).max(1));
    let at = |x: u32, y: u32, c: usize| u32::from(data[((y.min(h - 1) * w + x.min(w - 1)) * 4) as usize + c]);
    let mut out = Vec::with_capacity((nw * nh * 4) as usize);
    for y in 0..nh {
        for x in 0..nw {
            for c in 0..4 {
                let sum = at(2 * x, 2 * y, c) + at(2 * x + 1, 2 * y, c) + at(2 * x, 2 * y + 1, c) + at(2 * x + 1, 2 * y + 1, c);
                out.push(((sum + 2) / 4) as u8);
            }
        }
    }
    Some((out, nw, nh))
}

fn write(queue: &wgpu::Queue, texture: &wgpu::Texture, mip_level: u32, data: &[u8], w: u32, h: u32) {
    queue.write_texture(
        wgpu::TexelCopyTextureInfo { texture, mip_level, origin: wgpu::Origin3d::ZERO, aspect: wgpu::TextureAspect::All },
        data,
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(w * 4), rows_per_image: Some(h) },
        wgpu::Extent3d { width: w, height: h, depth_or_array_layers: 1 },
    );
}

/// What every view shares.
pub struct Shared {
    pub pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    linear: wgpu::Sampler,
    nearest: wgpu::Sampler,
    blank: wgpu::TextureView,
    tables: HashMap<Colormap, wgpu::TextureView>,
}

impl Shared {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: wgpu::TextureFormat) -> Self {
        let layout = layout(device);
        let sampler = |mag_filter| {
            device.create_sampler(&wgpu::SamplerDescriptor {
                label: Some("patch"),
                mag_filter,
                min_filter: wgpu::FilterMode::Linear,
                mipmap_filter: wgpu::MipmapFilterMode::Linear,
                ..Default::default()
            })
        };
        Self {
            pipeline: pipeline(device, &layout, target),
            linear: sampler(wgpu::FilterMode::Linear),
            nearest: sampler(wgpu::FilterMode::Nearest),
            blank: blank(device, queue),
            tables: HashMap::new(),
            layout,
        }
    }

    fn table(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, colormap: Colormap) -> &wgpu::TextureView {
        self.tables.entry(colormap).or_insert_with(|| {
            let texture = small(device, "colour map", 256, wgpu::TextureFormat::Rgba8Unorm);
            write(queue, &texture, 0, bytemuck::cast_slice(&colormap.lut()), 256, 1);
            texture.create_view(&Default::default())
        })
    }
}

fn small(device: &wgpu::Device, label: &str, width: u32, format: wgpu::TextureFormat) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height: 1, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Bound where there is no map.
fn blank(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    let texture = small(device, "no map", 1, wgpu::TextureFormat::R32Float);
    write(queue, &texture, 0, &[0; 4], 1, 1);
    texture.create_view(&Default::default())
}

/// Follows the generated binding list; only the picture (binding 2) is filtered.
fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let texture = |filterable| wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable },
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let entries = OVERLAY_DRAW.bindings.iter().enumerate().map(|(i, binding)| wgpu::BindGroupLayoutEntry {
        binding: i as u32,
        visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
        ty: match binding {
            Binding::Sampler => wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            Binding::Texture => texture(i == 2),
            _ => wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
        },
        count: None,
    });
    let entries: Vec<_> = entries.collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("overlay"), entries: &entries })
}

fn pipeline(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, target: wgpu::TextureFormat) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(OVERLAY_DRAW.label),
        source: wgpu::ShaderSource::Wgsl(OVERLAY_DRAW.wgsl.into()),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("overlay"),
        bind_group_layouts: &[Some(layout)],
        ..Default::default()
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("overlay"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some(OVERLAY_DRAW.vertex),
            compilation_options: Default::default(),
            buffers: &[],
        },
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(OVERLAY_DRAW.fragment),
            compilation_options: Default::default(),
            targets: &[Some(target.into())],
        }),
        primitive: wgpu::PrimitiveState { topology: wgpu::PrimitiveTopology::TriangleStrip, ..Default::default() },
        depth_stencil: None,
        multisample: Default::default(),
        multiview_mask: None,
        cache: None,
    })
}

/// One view: its uniform, and its bindings while they do not change.
pub struct View {
    pub uniform: wgpu::Buffer,
    pub group: Option<wgpu::BindGroup>,
    pub picture: TextureKey,
    bound: Option<Bound>,
}

type Bound = (wgpu::TextureView, Option<wgpu::Texture>, Colormap, bool);

impl View {
    pub fn new(device: &wgpu::Device) -> Self {
        let uniform = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("overlay"),
            size: size_of::<OverlayDraw>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { uniform, group: None, picture: 0, bound: None }
    }

    /// Binds anew where something changed since the last frame.
    #[allow(clippy::too_many_arguments)] // the parts of one bind group
    pub fn bind(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        shared: &mut Shared,
        (key, picture): (TextureKey, &wgpu::TextureView),
        map: Option<(TextureKey, &MapTexture)>,
        colormap: Colormap,
        nearest: bool,
    ) {
        let wanted = (picture.clone(), map.map(|(_, m)| m.texture.clone()), colormap, nearest);
        if self.bound.as_ref() == Some(&wanted) {
            return;
        }
        let map = map.map_or_else(|| shared.blank.clone(), |(_, m)| m.texture.create_view(&Default::default()));
        let sampler = if nearest { shared.nearest.clone() } else { shared.linear.clone() };
        let table = shared.table(device, queue, colormap).clone();
        let resources = [
            self.uniform.as_entire_binding(),
            wgpu::BindingResource::TextureView(&map),
            wgpu::BindingResource::TextureView(picture),
            wgpu::BindingResource::Sampler(&sampler),
            wgpu::BindingResource::TextureView(&table),
        ];
        let entries: Vec<_> =
            (0..).zip(resources).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        self.group = Some(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("overlay"),
            layout: &shared.layout,
            entries: &entries,
        }));
        self.picture = key;
        self.bound = Some(wanted);
    }
}
