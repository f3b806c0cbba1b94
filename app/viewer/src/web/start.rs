//! The window in a canvas.

use super::object::error;
use super::page;
use std::cell::RefCell;
use std::sync::Arc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlCanvasElement;

thread_local! {
    /// The window; starting it again, in this canvas or another, ends the one before.
    static WINDOW: RefCell<Option<eframe::WebRunner>> = const { RefCell::new(None) };
}

/// Opens the window in `canvas`: on WebGPU, else on WebGL 2.
///
/// # Errors
/// When the browser offers neither.
#[wasm_bindgen]
pub async fn start(canvas: HtmlCanvasElement) -> Result<(), JsValue> {
    page::catch_panics();
    // A page may start more than one window; the logger is there already then.
    let _ = eframe::WebLogger::init(log::LevelFilter::Warn);
    if let Some(before) = WINDOW.take() {
        before.destroy();
    }
    let runner = eframe::WebRunner::new();
    WINDOW.set(Some(runner.clone()));
    let made = Box::new(|cc: &eframe::CreationContext<'_>| Ok(Box::new(crate::app::App::new(cc)) as Box<dyn eframe::App>));
    runner.start(canvas, options(), made).await.map_err(|e| error(super::object::message_of(&e)))
}

fn options() -> eframe::WebOptions {
    let mut setup = eframe::egui_wgpu::WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = Arc::new(fovea_engine::device_descriptor);
    let wgpu_options = eframe::egui_wgpu::WgpuConfiguration { wgpu_setup: setup.into(), ..Default::default() };
    eframe::WebOptions { wgpu_options, ..Default::default() }
}
