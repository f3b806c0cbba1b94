//! Errors that the device reports outside any call.

use crate::error::EngineError;
use std::sync::{Arc, Mutex, PoisonError};

/// What a device has reported.
#[derive(Default)]
pub(super) struct Faults {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lost: Option<String>,
    errors: Vec<EngineError>,
}

impl Faults {
    /// Takes over the device's error and loss callbacks.
    pub(super) fn install(device: &wgpu::Device) -> Arc<Self> {
        let faults = Arc::new(Self::default());
        let on_error = faults.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| on_error.report(e)));
        let on_lost = faults.clone();
        device.set_device_lost_callback(move |reason, message| {
            // Dropping the last handle is no loss.
            if reason != wgpu::DeviceLostReason::Destroyed {
                on_lost.with(|s| s.lost = Some(if message.is_empty() { "no reason given".into() } else { message.clone() }));
            }
        });
        faults
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn report(&self, error: wgpu::Error) {
        log::error!("GPU: {error}");
        let error = match error {
            wgpu::Error::OutOfMemory { .. } => EngineError::OutOfMemory("making buffers for this network".into()),
            other => EngineError::Device(other.to_string()),
        };
        self.with(|s| {
            // The first few tell the cause; a broken frame loop must not fill the memory.
            if s.errors.len() < 16 {
                s.errors.push(error);
            }
        });
    }

    /// Marks the device as gone. (A browser tells by itself.)
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn lose(&self, why: &str) {
        self.with(|s| s.lost.get_or_insert_with(|| why.to_string()).clone());
    }

    /// Is the device gone?
    pub(super) fn lost(&self) -> bool {
        self.with(|s| s.lost.is_some())
    }

    /// Device loss, or the oldest error reported since the last check.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        self.with(|s| match (&s.lost, s.errors.drain(..).next()) {
            (Some(why), _) => Err(EngineError::DeviceLost(why.clone())),
            (None, Some(e)) => Err(e),
            (None, None) => Ok(()),
        })
    }
}
