//! The desktop window.

use anyhow::anyhow;
use egui::ViewportBuilder;

use super::{App, Setup, wgpu_options};

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window can be opened.
pub fn native() -> anyhow::Result<()> {
    // Somebody may have set a logger already.
    let _ = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).try_init();
    let viewport = ViewportBuilder::default()
        .with_title("Fovea")
        .with_app_id("fovea")
        .with_inner_size(size().unwrap_or([1360.0, 860.0]))
        .with_min_inner_size([880.0, 560.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, wgpu_options: wgpu_options(), ..Default::default() };
    let run = eframe::run_native("Fovea", options, Box::new(|cc| Ok(Box::new(App::new(cc, Setup::default())))));
    run.map_err(|e| anyhow!("{e}"))
}

/// `FOVEA_WINDOW_SIZE=1360x860`, for screenshots and kiosks.
fn size() -> Option<[f32; 2]> {
    let text = std::env::var("FOVEA_WINDOW_SIZE").ok()?;
    let (w, h) = text.split_once('x')?;
    let side = |s: &str| s.trim().parse::<f32>().ok().filter(|v| (200.0..=16_384.0).contains(v));
    Some([side(w)?, side(h)?])
}
