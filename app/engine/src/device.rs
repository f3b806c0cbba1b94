//! Where a network runs: found, chosen and described.

use crate::caps;
use crate::error::EngineError;
use crate::gpu::Gpu;
use std::str::FromStr;
use std::sync::Arc;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// A hardware GPU if there is one, else the CPU twins.
    #[default]
    Auto,
    /// Any adapter, software ones included.
    Gpu,
    /// The CPU twins.
    Cpu,
}

impl FromStr for Preference {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "auto" => Ok(Self::Auto),
            "gpu" => Ok(Self::Gpu),
            "cpu" => Ok(Self::Cpu),
            other => Err(format!("'{other}' is no device: auto, gpu or cpu")),
        }
    }
}

/// What adapter there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdapterReport {
    /// Name as the driver gives it; empty without an adapter.
    pub name: String,
    /// Vulkan, Metal, DX12, WebGPU, OpenGL.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// A CPU that poses as a GPU (llvmpipe, SwiftShader, WARP).
    pub software: bool,
    /// Is there one at all?
    pub found: bool,
}

impl AdapterReport {
    pub(crate) fn of(info: &wgpu::AdapterInfo) -> Self {
        let driver = format!("{} {}", info.driver, info.driver_info);
        // Browsers name no device type; their software adapter says so in its name.
        let named = ["swiftshader", "llvmpipe", "software", "basic render"];
        let name = info.name.to_lowercase();
        Self {
            name: if info.name.is_empty() { "unnamed adapter".into() } else { info.name.clone() },
            backend: match info.backend {
                wgpu::Backend::BrowserWebGpu => "WebGPU".into(),
                other => format!("{other:?}"),
            },
            software: info.device_type == wgpu::DeviceType::Cpu || named.iter().any(|n| name.contains(n)),
            driver: driver.trim().to_string(),
            found: true,
        }
    }
}

/// Where networks run. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Device {
    /// The CPU twins.
    Cpu {
        /// Why not a GPU.
        reason: String,
        /// The adapter that was passed over, if any.
        adapter: AdapterReport,
    },
    /// WGSL kernels on a wgpu device.
    Gpu(Arc<Gpu>),
}

impl Device {
    /// Opens a device of its own: for the command line, batches, audits and benchmarks.
    ///
    /// # Errors
    /// `Preference::Gpu` where no adapter computes.
    pub async fn open(preference: Preference) -> Result<Self, EngineError> {
        if preference == Preference::Cpu {
            return Ok(Self::cpu("chosen"));
        }
        let found = request().await;
        match found {
            Err(e) if preference == Preference::Gpu => Err(e),
            Err(e) => Ok(Self::cpu(&e.to_string())),
            Ok((adapter, info)) => {
                let report = AdapterReport::of(&info);
                if preference == Preference::Auto && report.software {
                    let reason = format!("only a software adapter ({}) was found", report.name);
                    return Ok(Self::Cpu { reason, adapter: report });
                }
                Gpu::open(&adapter, &info).await.map(Self::Gpu)
            }
        }
    }

    /// The CPU twins, with the reason shown to the user.
    pub fn cpu(reason: &str) -> Self {
        Self::Cpu { reason: reason.into(), adapter: AdapterReport::default() }
    }

    /// Does it run the WGSL kernels?
    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Gpu(_))
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Cpu { reason, .. } => {
                let threads = rayon::current_num_threads();
                format!("CPU, {threads} thread{}: {reason}", if threads == 1 { "" } else { "s" })
            }
            Self::Gpu(gpu) => format!("{} ({})", gpu.report().name, gpu.report().backend),
        }
    }

    /// The adapter, used or passed over.
    pub fn adapter(&self) -> &AdapterReport {
        match self {
            Self::Cpu { adapter, .. } => adapter,
            Self::Gpu(gpu) => gpu.report(),
        }
    }
}

/// The best adapter that computes: hardware before software.
async fn request() -> Result<(wgpu::Adapter, wgpu::AdapterInfo), EngineError> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    let options = wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    let adapter = instance.request_adapter(&options).await.map_err(|e| EngineError::NoAdapter(e.to_string()))?;
    let info = named(adapter.get_info()).await;
    if !caps::computes(&adapter) {
        return Err(EngineError::NoAdapter(format!("{} does not run compute shaders", info.name)));
    }
    Ok((adapter, info))
}

/// In a browser wgpu often has no name for an adapter, but the browser does.
#[cfg(target_arch = "wasm32")]
async fn named(info: wgpu::AdapterInfo) -> wgpu::AdapterInfo {
    match crate::browser::adapter_name().await {
        Some(name) if info.name.is_empty() => wgpu::AdapterInfo { name, ..info },
        _ => info,
    }
}

#[cfg(not(target_arch = "wasm32"))]
async fn named(info: wgpu::AdapterInfo) -> wgpu::AdapterInfo {
    info
}
