//! The desktop window.

use anyhow::anyhow;
use egui::ViewportBuilder;

use super::restart::Keeper;
use super::{App, Setup, wgpu_options};

/// How often a window is opened again after a lost graphics device, before the program gives up.
const RESTARTS: usize = 3;

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
    let preference = std::env::var("FOVEA_DEVICE").ok().and_then(|d| d.parse().ok()).unwrap_or_default();
    let keeper = Keeper::default();
    let mut kept = None;
    for _ in 0..=RESTARTS {
        let options = eframe::NativeOptions { viewport: viewport.clone(), wgpu_options: wgpu_options(), ..Default::default() };
        let (before, keeper_of_window) = (kept.take(), keeper.clone());
        let app = move |cc: &eframe::CreationContext<'_>| match before {
            Some(kept) => App::resumed(cc, kept, keeper_of_window),
            None => App::new(cc, Setup { samples: true, preference, keeper: Some(keeper_of_window), ..Setup::default() }),
        };
        let run = eframe::run_native("Fovea", options, Box::new(|cc| Ok(Box::new(app(cc)))));
        kept = keeper.take();
        match (run, &kept) {
            (_, Some(_)) => {}
            (run, None) => return run.map_err(|e| anyhow!("{e}")),
        }
    }
    Err(anyhow!("the graphics device was lost {} times", RESTARTS + 1))
}

/// `FOVEA_WINDOW_SIZE=1360x860`, for screenshots and kiosks.
fn size() -> Option<[f32; 2]> {
    let text = std::env::var("FOVEA_WINDOW_SIZE").ok()?;
    let (w, h) = text.split_once('x')?;
    let side = |s: &str| s.trim().parse::<f32>().ok().filter(|v| (200.0..=16_384.0).contains(v));
    Some([side(w)?, side(h)?])
}
