//! Patch and heatmap on the canvas: one quad per view, drawn by `overlay_draw.wgsl` straight from the engine's texture.

use std::collections::HashMap;

use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, ScreenDescriptor};
use egui::{PaintCallbackInfo, Rect};
use fovea_engine::MapTexture;
use fovea_patch::Colormap;
use fovea_shaders::params::OverlayDraw;

use super::overlay_gpu::{Picture, Shared, View};

/// Names a picture or a map on the GPU.
pub type TextureKey = u64;

/// What lives in the renderer between frames.
pub struct Store {
    pub(super) shared: Shared,
    pictures: HashMap<TextureKey, wgpu::TextureView>,
    maps: HashMap<TextureKey, MapTexture>,
    views: HashMap<u32, View>,
}

impl Store {
    fn new(device: &wgpu::Device, queue: &wgpu::Queue, target: wgpu::TextureFormat) -> Self {
        let shared = Shared::new(device, queue, target);
        Self { shared, pictures: HashMap::new(), maps: HashMap::new(), views: HashMap::new() }
    }
}

/// The window's side of the store: uploads and frees.
#[derive(Clone)]
pub struct Gfx {
    state: egui_wgpu::RenderState,
}

impl Gfx {
    /// Puts a store into the renderer of this window.
    pub fn new(state: &egui_wgpu::RenderState) -> Self {
        let store = Store::new(&state.device, &state.queue, state.target_format);
        state.renderer.write().callback_resources.insert(store);
        Self { state: state.clone() }
    }

    /// The window's device state.
    pub fn state(&self) -> &egui_wgpu::RenderState {
        &self.state
    }

    /// Longest side of a texture.
    pub fn max_side(&self) -> usize {
        self.state.device.limits().max_texture_dimension_2d as usize
    }

    /// Uploads a picture under a name.
    pub fn put_picture(&self, key: TextureKey, picture: &Picture) {
        let view = picture.upload(&self.state.device, &self.state.queue);
        self.with(|s| s.pictures.insert(key, view));
    }

    /// Hands over a map that is on the device already.
    pub fn put_map(&self, key: TextureKey, map: MapTexture) {
        self.with(|s| s.maps.insert(key, map));
    }

    /// Uploads a map that the CPU computed; false when it is larger than the device's textures.
    pub fn upload_map(&self, key: TextureKey, classes: usize, h: usize, w: usize, data: &[f32]) -> bool {
        let max = self.max_side();
        if w > max || classes.saturating_mul(h) > max || data.len() != classes * h * w || data.is_empty() {
            return false;
        }
        self.put_map(key, MapTexture::upload(&self.state.device, &self.state.queue, classes, h, w, data));
        true
    }

    /// Frees what is no longer named by `keep`.
    pub fn retain(&self, keep: impl Fn(TextureKey) -> bool) {
        self.with(|s| {
            s.pictures.retain(|k, _| keep(*k));
            s.maps.retain(|k, _| keep(*k));
            s.views.retain(|_, v| keep(v.picture));
        });
    }

    fn with<R>(&self, change: impl FnOnce(&mut Store) -> R) -> Option<R> {
        self.state.renderer.write().callback_resources.get_mut::<Store>().map(change)
    }
}

/// One picture with its heatmap, this frame.
pub struct Draw {
    /// Which view of the window (each has a uniform of its own).
    pub view: u32,
    /// The picture.
    pub picture: TextureKey,
    /// The map, if one is there.
    pub map: Option<TextureKey>,
    /// Class whose map is shown.
    pub class: usize,
    /// Colours.
    pub colormap: Colormap,
    /// Show pixels as squares.
    pub nearest: bool,
    /// Where the picture's edges are on screen.
    pub image: Rect,
    /// Share of colour in a pixel.
    pub opacity: f32,
    /// Values of the colour map's ends; `hi <= lo` leaves the picture bare.
    pub range: (f32, f32),
    /// Level of the contour in 0..1; 0 for none.
    pub contour: f32,
    /// Opacity falls with the value.
    pub fade: bool,
}

impl Draw {
    /// Adds it to the painter, clipped to `canvas`.
    pub fn paint(self, painter: &egui::Painter, canvas: Rect) {
        let seen = canvas.intersect(painter.clip_rect());
        if seen.is_positive() {
            painter.add(egui_wgpu::Callback::new_paint_callback(seen, Quad { draw: self, canvas: seen }));
        }
    }

    /// The uniform: the viewport is exactly `canvas`, and so is clip space.
    fn uniform(&self, canvas: Rect, map: Option<&MapTexture>) -> OverlayDraw {
        let x = |v: f32| (v - canvas.left()) / canvas.width() * 2.0 - 1.0;
        let y = |v: f32| 1.0 - (v - canvas.top()) / canvas.height() * 2.0;
        let shown = map.filter(|m| self.class < m.classes);
        OverlayDraw {
            rect: [x(self.image.left()), y(self.image.top()), x(self.image.right()), y(self.image.bottom())],
            uv: [0.0, 0.0, 1.0, 1.0],
            contour_rgba: [0.0, 0.0, 0.0, 1.0],
            mw: shown.map_or(1, |m| m.w as u32),
            mh: shown.map_or(1, |m| m.h as u32),
            class_index: shown.map_or(0, |_| self.class as u32),
            fade: self.fade.into(),
            opacity: self.opacity,
            lo: self.range.0,
            hi: self.range.1,
            contour: self.contour,
            flags: shown.is_some().into(),
            ..Default::default()
        }
    }
}

struct Quad {
    draw: Draw,
    canvas: Rect,
}

impl CallbackTrait for Quad {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _: &ScreenDescriptor,
        _: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(Store { shared, pictures, maps, views }) = resources.get_mut::<Store>() else { return vec![] };
        let Some(picture) = pictures.get(&self.draw.picture) else {
            views.remove(&self.draw.view);
            return vec![];
        };
        let map = self.draw.map.and_then(|m| maps.get(&m).map(|t| (m, t)));
        let uniform = self.draw.uniform(self.canvas, map.map(|(_, t)| t));
        let view = views.entry(self.draw.view).or_insert_with(|| View::new(device));
        queue.write_buffer(&view.uniform, 0, bytemuck::bytes_of(&uniform));
        view.bind(device, queue, shared, (self.draw.picture, picture), map, self.draw.colormap, self.draw.nearest);
        vec![]
    }

    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(store) = resources.get::<Store>() else { return };
        let Some(group) = store.views.get(&self.draw.view).and_then(|v| v.group.as_ref()) else { return };
        pass.set_pipeline(&store.shared.pipeline);
        pass.set_bind_group(0, group, &[]);
        pass.draw(0..4, 0..1);
    }
}
