//! The one place that knows how waiting for the GPU differs natively and in a browser.
//!
//! Natively callbacks fire inside `Device::poll`, which may block a worker thread; in a browser they fire from the event loop
//! and `poll` does nothing. Both end in a [`Signal`].

use super::Gpu;
use crate::error::EngineError;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// A one-shot flag that can be awaited or looked at.
#[derive(Clone, Default)]
pub(crate) struct Signal<T> {
    state: Arc<Mutex<(Option<T>, Option<Waker>)>>,
}

impl<T> Signal<T> {
    pub(crate) fn new() -> Self {
        Self { state: Arc::new(Mutex::new((None, None))) }
    }

    pub(crate) fn set(&self, value: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(value);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

impl<T> Future for Signal<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.0.take() {
            Some(v) => Poll::Ready(v),
            None => {
                state.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A submit that takes longer than this natively counts as a lost device: nothing may hang for ever.
#[cfg(not(target_arch = "wasm32"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

/// Lets callbacks of `submitted` fire: blocks natively, does nothing in a browser.
#[cfg(not(target_arch = "wasm32"))]
fn drive(gpu: &Gpu, submitted: wgpu::SubmissionIndex) -> Result<(), EngineError> {
    let wait = wgpu::PollType::Wait { submission_index: Some(submitted), timeout: Some(PATIENCE) };
    match gpu.device.poll(wait) {
        Ok(_) => gpu.faults.check(),
        Err(e) => {
            gpu.faults.lose(&e.to_string());
            gpu.faults.check()
        }
    }
}

#[cfg(target_arch = "wasm32")]
fn drive(gpu: &Gpu, _: wgpu::SubmissionIndex) -> Result<(), EngineError> {
    gpu.faults.check()
}

/// Waits until a submit has been executed.
pub(super) async fn done(gpu: &Gpu, submitted: wgpu::SubmissionIndex) -> Result<(), EngineError> {
    let signal = Signal::new();
    let set = signal.clone();
    gpu.queue.on_submitted_work_done(move || set.set(()));
    drive(gpu, submitted)?;
    signal.await;
    gpu.faults.check()
}

/// Copies pieces of buffers back; `wanted` is (buffer, elements).
pub(super) async fn read(gpu: &Gpu, wanted: &[(&wgpu::Buffer, usize)]) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    let staging: Vec<Staging> = wanted.iter().map(|(b, len)| Staging::copy(gpu, &mut encoder, b, *len)).collect();
    let submitted = gpu.queue.submit([encoder.finish()]);
    let mapped: Vec<Signal<Mapped>> = staging.iter().map(Staging::map).collect();
    drive(gpu, submitted)?;
    let mut out = vec![];
    for (s, m) in staging.iter().zip(mapped) {
        m.await.map_err(|e| EngineError::Device(e.to_string()))?;
        out.push(s.data()?);
    }
    Ok(out)
}

type Mapped = Result<(), wgpu::BufferAsyncError>;

/// A buffer on its way back to the CPU.
pub(crate) struct Staging {
    buffer: wgpu::Buffer,
}

impl Staging {
    /// Records the copy of the first `len` elements.
    pub(crate) fn copy(gpu: &Gpu, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, len: usize) -> Self {
        let size = 4 * len as u64;
        let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
        let descriptor = wgpu::BufferDescriptor { label: Some("readback"), size, usage, mapped_at_creation: false };
        let buffer = gpu.device.create_buffer(&descriptor);
        encoder.copy_buffer_to_buffer(from, 0, &buffer, 0, size);
        Self { buffer }
    }

    /// Asks for the mapping, after the submit.
    pub(crate) fn map(&self) -> Signal<Mapped> {
        let signal = Signal::new();
        let set = signal.clone();
        self.buffer.map_async(wgpu::MapMode::Read, .., move |r| set.set(r));
        signal
    }

    /// The elements, once mapped.
    pub(crate) fn data(&self) -> Result<Vec<f32>, EngineError> {
        let view = self.buffer.get_mapped_range(..).map_err(|e| EngineError::Device(e.to_string()))?;
        let data = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        self.buffer.unmap();
        Ok(data)
    }
}
