//! The desktop window.

use anyhow::anyhow;
use egui::ViewportBuilder;

use super::{App, Setup, wgpu_options};

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened, with what could be done about it.
pub fn native() -> anyhow::Result<()> {
    let viewport = ViewportBuilder::default()
        .with_title("Fovea")
        .with_app_id("fovea")
        .with_inner_size(size().unwrap_or([1360.0, 860.0]))
        .with_min_inner_size([880.0, 560.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, wgpu_options: wgpu_options(), ..Default::default() };
    let run = eframe::run_native("Fovea", options, Box::new(|cc| Ok(Box::new(App::new(cc, Setup::default())))));
    run.map_err(|e| anyhow!("the window cannot be opened: {e}; without a screen, `fovea analyze` does the same work"))
}

/// `FOVEA_WINDOW_SIZE=1360x860`, for screenshots and kiosks.
fn size() -> Option<[f32; 2]> {
    let text = std::env::var("FOVEA_WINDOW_SIZE").ok()?;
    let (w, h) = text.split_once('x')?;
    let side = |s: &str| s.trim().parse::<f32>().ok().filter(|v| (200.0..=16_384.0).contains(v));
    Some([side(w)?, side(h)?])
}
