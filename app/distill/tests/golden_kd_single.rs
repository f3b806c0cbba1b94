//! The reference steps in single precision, as training runs them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::full;
use common::golden::{CASES, check};
use fovea_distill::{Device, DeviceKind};

#[test]
fn reference_steps_on_flex() {
    CASES.iter().for_each(|name| check(name, Device::flex(), false));
}

#[test]
fn reference_steps_on_wgpu() {
    if !full() {
        return;
    }
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    CASES.iter().for_each(|name| check(name, device.clone(), true));
}
