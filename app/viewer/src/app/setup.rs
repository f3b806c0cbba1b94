//! How a window begins: what it holds, and which graphics device it asks eframe for.

use std::sync::Arc;

use eframe::egui_wgpu;
use fovea_engine::{Device, Gpu, Preference, device_descriptor};

use super::jobs::Backend;
use super::live::Live;
use super::overlay_paint::Gfx;
#[cfg(not(target_arch = "wasm32"))]
use super::restart::Keeper;

/// What a window holds at first.
pub struct Setup {
    /// The embedded drawings, analysed.
    pub samples: bool,
    /// Where to compute.
    pub preference: Preference,
    /// Why the CPU computes, where that was not the user's choice.
    pub reason: Option<String>,
    /// Where the state goes when the graphics device is lost.
    #[cfg(not(target_arch = "wasm32"))]
    pub keeper: Option<Keeper>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            samples: true,
            preference: Preference::Auto,
            reason: None,
            #[cfg(not(target_arch = "wasm32"))]
            keeper: None,
        }
    }
}

/// eframe's graphics: the engine's limits, any backend this platform has.
pub fn wgpu_options() -> egui_wgpu::WgpuConfiguration {
    let mut setup = egui_wgpu::WgpuSetupCreateNew::without_display_handle();
    if cfg!(target_arch = "wasm32") {
        setup.instance_descriptor.backends = wgpu::Backends::BROWSER_WEBGPU | wgpu::Backends::GL;
    }
    setup.device_descriptor = Arc::new(device_descriptor);
    egui_wgpu::WgpuConfiguration { wgpu_setup: setup.into(), ..Default::default() }
}

/// The window's device as an executor where it is a hardware GPU that computes; else why the CPU computes, where the window
/// knows better than the background.
pub(super) fn interactive(
    gpu: Option<&Arc<Gpu>>,
    preference: Preference,
    reason: Option<String>,
) -> (Option<Backend>, Option<String>) {
    if preference == Preference::Cpu {
        return (None, Some(reason.unwrap_or_else(|| "chosen".into())));
    }
    let Some(gpu) = gpu.cloned() else { return (None, None) };
    // Asked for by name, a software adapter will do, if it runs compute shaders.
    let insisted = preference == Preference::Gpu && gpu.device.limits().max_storage_buffers_per_shader_stage >= 8;
    if gpu.usable() || insisted {
        log::info!("the window's GPU computes: {}", Device::Gpu(gpu.clone()).describe());
        return (Some(Backend::Live(Box::new(Live::new(gpu)))), None);
    }
    // A browser's Worker has no other device than the window.
    let reason = cfg!(target_arch = "wasm32").then(|| match gpu.report().software {
        true => format!("only a software adapter ({}) was found", gpu.report().name),
        false => "this browser offers no WebGPU".to_owned(),
    });
    (None, reason)
}

/// The window's device as the engine knows it; its errors and its loss are reported from here on.
pub(super) fn window_gpu(gfx: &Gfx) -> Arc<Gpu> {
    let state = gfx.state();
    Gpu::shared(state.device.clone(), state.queue.clone(), &adapter_info(&state.adapter))
}

#[cfg(not(target_arch = "wasm32"))]
fn adapter_info(adapter: &wgpu::Adapter) -> wgpu::AdapterInfo {
    adapter.get_info()
}

/// Browsers seldom let wgpu know a name; the page asked for it before the window opened.
#[cfg(target_arch = "wasm32")]
fn adapter_info(adapter: &wgpu::Adapter) -> wgpu::AdapterInfo {
    let info = adapter.get_info();
    match crate::web::adapter_name() {
        Some(name) if info.name.is_empty() && info.backend == wgpu::Backend::BrowserWebGpu => wgpu::AdapterInfo { name, ..info },
        _ => info,
    }
}
