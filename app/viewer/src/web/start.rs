//! The window in a canvas.

use super::object::error;
use super::page;
use crate::app::{App, Setup, wgpu_options};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlCanvasElement;

thread_local! {
    /// The window; starting it again, in this canvas or another, ends the one before.
    static WINDOW: RefCell<Option<eframe::WebRunner>> = const { RefCell::new(None) };
    /// What WebGPU calls its adapter.
    static ADAPTER: RefCell<Option<String>> = const { RefCell::new(None) };
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
    ADAPTER.set(fovea_engine::adapter_name().await);
    let runner = eframe::WebRunner::new();
    WINDOW.set(Some(runner.clone()));
    let made = Box::new(|cc: &eframe::CreationContext<'_>| Ok(Box::new(App::new(cc, Setup::default())) as Box<dyn eframe::App>));
    let options = eframe::WebOptions { wgpu_options: wgpu_options(), ..Default::default() };
    runner.start(canvas, options, made).await.map_err(|e| error(super::object::message_of(&e)))
}

/// Name of the WebGPU adapter, once the window has been started.
pub fn adapter_name() -> Option<String> {
    ADAPTER.with_borrow(Clone::clone)
}
