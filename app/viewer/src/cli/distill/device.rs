//! Where training runs: burn's wgpu device on a real GPU, its CPU device otherwise.

use anyhow::Context;
use fovea_distill::{Device, DeviceKind};
use fovea_engine::Preference;

/// The device for a preference, and a word on it.
///
/// # Errors
/// `gpu` where no adapter computes.
pub fn open(preference: Preference) -> anyhow::Result<(Device, String)> {
    let found = pollster::block_on(fovea_engine::Device::open(preference)).context("no device to train on")?;
    let device = if found.is_gpu() { Device::wgpu(DeviceKind::DefaultDevice) } else { Device::flex() };
    Ok((device, found.describe()))
}
