//! How a window begins: what it holds, and which graphics device it asks eframe for.

use std::sync::Arc;

use eframe::egui_wgpu;
use fovea_engine::{Device, Gpu, Preference, device_descriptor};

use super::jobs::Backend;
use super::live::Live;
use super::overlay_paint::Gfx;

/// What a window holds at first.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The embedded drawings, analysed.
    pub samples: bool,
    /// Where to compute.
    pub preference: Preference,
}

impl Default for Setup {
    fn default() -> Self {
        Self { samples: true, preference: Preference::Auto }
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
pub(super) fn interactive(gfx: Option<&Gfx>, preference: Preference) -> (Option<Backend>, Option<String>) {
    if preference == Preference::Cpu {
        return (None, Some("chosen".into()));
    }
    let Some(gfx) = gfx else { return (None, None) };
    let state = gfx.state();
    let info = adapter_info(&state.adapter);
    let gpu = Gpu::shared(state.device.clone(), state.queue.clone(), &info);
    if gpu.usable() {
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
