//! Driving the window: steps, files, pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fovea::app::{App, Published, Setup};
use image::RgbaImage;

/// A laptop's window.
pub const SIZE: [f32; 2] = [1360.0, 860.0];

#[derive(Debug)]
struct Dropped {
    name: PathBuf,
    bytes: Vec<u8>,
}

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.name
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Ok(self.bytes.clone())
    }
}

pub fn window() -> Harness<'static, App> {
    sized(SIZE)
}

pub fn sized(size: [f32; 2]) -> Harness<'static, App> {
    with(size, Setup::default())
}

pub fn with(size: [f32; 2], setup: Setup) -> Harness<'static, App> {
    Harness::builder()
        .with_size(size)
        .with_step_dt(1.0 / 30.0)
        .with_render_cursor(false)
        .allow_missing_glyphs()
        .wgpu_setup(fovea::app::wgpu_options().wgpu_setup)
        .build_eframe(|cc| App::new(cc, setup))
}

/// Frames until `done`; work goes on beside the window meanwhile.
pub fn until(harness: &mut Harness<'_, App>, what: &str, done: impl Fn(&Published) -> bool) -> Published {
    let start = Instant::now();
    loop {
        harness.step();
        let now = harness.state().published();
        if done(&now) {
            // Two more frames, so that what arrived is laid out.
            harness.run_steps(2);
            return harness.state().published();
        }
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain for {what}: {now:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn settled(harness: &mut Harness<'_, App>) -> Published {
    until(harness, "the first screen", |p| p.ready && p.shown)
}

/// Files of one drop, without a path as in a browser.
pub fn drop_files(harness: &mut Harness<'_, App>, files: &[(&str, &[u8])]) {
    let dropped = files.iter().map(|(name, bytes)| Dropped { name: name.into(), bytes: bytes.to_vec() });
    let handles = dropped.map(|file| Arc::new(file) as egui::DroppedFileHandle);
    harness.input_mut().dropped_files.extend(handles);
    harness.step();
    harness.input_mut().dropped_files.clear();
}

pub fn drop_file(harness: &mut Harness<'_, App>, name: &str, bytes: &[u8]) {
    drop_files(harness, &[(name, bytes)]);
}

/// Drops a settings file on the Distil page and waits until it is read.
pub fn drop_settings(harness: &mut Harness<'_, App>, settings: &str) {
    let said: serde_json::Value = serde_json::from_str(settings).unwrap();
    let epochs = said["train"]["epochs"].as_u64().unwrap();
    drop_file(harness, "settings.json", settings.as_bytes());
    until(harness, "the settings", |p| p.distil.epochs as u64 == epochs);
}

/// Says where a run is kept.
pub fn type_folder(harness: &mut Harness<'_, App>, folder: &Path) {
    let field = harness.get_by_role_and_label(Role::TextInput, "Folder of the run");
    field.focus();
    field.type_text(folder.to_str().unwrap());
    harness.run_steps(2);
}

/// A file of the disk, known by its path alone.
pub fn drop_path(harness: &mut Harness<'_, App>, path: &Path) {
    harness.input_mut().dropped_files.push(Arc::new(Dropped { name: path.into(), bytes: vec![] }));
    harness.step();
    harness.input_mut().dropped_files.clear();
}

/// Is this text in some field? (Its run of letters is a node as well.)
pub fn has_value(harness: &Harness<'_, App>, value: &str) -> bool {
    harness.query_all_by_value(value).next().is_some()
}

/// Frames until a field holds this text.
pub fn wait_for_value(harness: &mut Harness<'_, App>, value: &str) {
    let start = Instant::now();
    while !has_value(harness, value) {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain for the text {value:?}");
        harness.step();
    }
    // A form that grew is laid out anew.
    harness.run_steps(3);
}

/// A file of `tests/golden/onnx`: a small DenseNet whose weights are in a second file, and what is known about it.
pub fn golden_onnx(name: &str) -> Vec<u8> {
    std::fs::read(fovea_tests::root().join("tests/golden/onnx").join(name)).unwrap()
}

/// Loads that DenseNet through the form, filled from its WSInfer configuration.
pub fn load_densenet(harness: &mut Harness<'_, App>) -> Published {
    let files = ["model_dynamo.onnx", "model_dynamo.onnx.data", "config.json"].map(|name| (name, golden_onnx(name)));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    drop_files(harness, &files);
    until(harness, "the form", |p| p.form.is_some());
    // The configuration is read right after the model.
    wait_for_value(harness, "Benign, Low grade, High grade, Other");
    harness.get_by_label("Load the model").click();
    until(harness, "the DenseNet", |p| p.form.is_none() && p.model.starts_with("model_dynamo") && p.ready && p.shown)
}

pub fn picture(harness: &mut Harness<'_, App>, name: &str) -> RgbaImage {
    let image = harness.render().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    image.save(folder.join(format!("native_{name}.png"))).unwrap();
    image
}

pub fn press(harness: &mut Harness<'_, App>, key: Key) -> Published {
    harness.key_press(key);
    harness.run_steps(2);
    harness.state().published()
}

/// Share of pixels in the middle of the window that differ.
pub fn difference(a: &RgbaImage, b: &RgbaImage) -> f32 {
    let (x, y) = (a.width() / 4..a.width() * 5 / 8, a.height() / 4..a.height() * 3 / 4);
    let pairs = x.clone().flat_map(|x| y.clone().map(move |y| (x, y)));
    let changed = pairs.filter(|&(x, y)| a.get_pixel(x, y) != b.get_pixel(x, y)).count();
    changed as f32 / (x.len() * y.len()) as f32
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([200, (x * 7 % 180) as u8, (y * 5 % 200) as u8]));
    let mut out = std::io::Cursor::new(vec![]);
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}
