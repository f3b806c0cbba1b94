//! The JavaScript API: a Student on one device, without the window. `web/fovea.js` wraps it.

use super::object::{Fields, error, field, numbers, strings, typed};
use super::page;
use crate::analysis::{Analyzer, PatchResult, Settings, embedded, open_student, self_check};
use fovea_engine::{Device, Preference};
use fovea_patch::{Limits, PatchError};
use fovea_student::load::BareInfo;
use js_sys::Uint8Array;
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_time::Instant;

/// A Student on one device.
#[wasm_bindgen]
pub struct Engine {
    classes: Vec<String>,
    device: Device,
    /// Out while it works.
    analyzer: RefCell<Option<Analyzer>>,
}

#[wasm_bindgen]
impl Engine {
    /// Loads a Student (`student`: a `.safetensors` as `Uint8Array`; the embedded one when left out) onto a device
    /// (`device`: `auto`, `gpu` or `cpu`) and runs its self-check there.
    ///
    /// # Errors
    /// An `Error` that names what is wrong with the file or the device.
    pub async fn create(options: JsValue) -> Result<Engine, JsValue> {
        page::catch_panics();
        let preference = match field(&options, "device").as_string() {
            Some(word) => word.parse::<Preference>().map_err(error)?,
            None => Preference::Auto,
        };
        let student = match field(&options, "student").dyn_into::<Uint8Array>() {
            Ok(bytes) => open_student(&bytes.to_vec(), "the given student", &BareInfo::default()),
            Err(_) => embedded::student(),
        };
        let student = student.map_err(error)?;
        let device = Device::open(preference).await.map_err(error)?;
        self_check(&device, &student).await.map_err(error)?;
        let settings = Settings { preference, ..Default::default() };
        let analyzer = Analyzer::new(&device, &student, settings).map_err(error)?;
        let classes = student.card.class_names;
        Ok(Self { classes, device, analyzer: RefCell::new(Some(analyzer)) })
    }

    /// Scores and raw attention of one PNG, JPEG or TIFF; `name` is what messages call it.
    ///
    /// # Errors
    /// An `Error` that names the file and the reason.
    pub async fn analyze(&self, bytes: Vec<u8>, name: String) -> Result<JsValue, JsValue> {
        let taken = self.analyzer.borrow_mut().take();
        let mut analyzer = taken.ok_or_else(|| error(format!("another analysis is under way: {name}")))?;
        let start = Instant::now();
        let outcome = async {
            let patch = fovea_patch::decode(&bytes, &name, &Limits::default()).map_err(error)?;
            analyzer.analyze_patch(&patch).await.map_err(error)
        };
        let outcome = outcome.await;
        let device = analyzer.device().clone();
        self.analyzer.replace(Some(analyzer));
        let result = outcome?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        self.describe(&result, &device, ms).map_err(|e| error(format!("{e}: {name}")))
    }

    /// Name of the graphics adapter, or of the CPU executor and why it is that.
    pub fn adapter(&self) -> String {
        self.device.describe()
    }

    /// Runs the kernels whose case label contains `filter` on this engine's GPU: `[{label, max_rel_error, ok, message}]`.
    ///
    /// # Errors
    /// An `Error` when this engine does not run on a GPU.
    #[cfg(feature = "kernel-tests")]
    pub async fn kernel_tests(&self, filter: String) -> Result<js_sys::Array, JsValue> {
        match &self.device {
            Device::Gpu(gpu) => Ok(super::kernels::run(gpu, &filter).await),
            Device::Cpu { .. } => Err(error("kernels run on a GPU only: create the engine with device \"gpu\"")),
        }
    }
}

impl Engine {
    fn describe(&self, result: &PatchResult, device: &Device, ms: f64) -> Result<JsValue, PatchError> {
        let side = result.natural_side();
        let maps = (0..result.classes).map(|class| result.image_map(class, side)).collect::<Result<Vec<_>, _>>()?;
        let (width, height) = maps.first().map_or((0, 0), |m| (m.width, m.height));
        let attention: Vec<f32> = maps.into_iter().flat_map(|m| m.data).collect();
        let object = Fields::default()
            .with("classes", strings(&self.classes))
            .with("probabilities", numbers(&result.probabilities))
            .with("logits", numbers(&mean_logits(result)))
            .with("attention", typed(&attention))
            .with("width", width as f64)
            .with("height", height as f64)
            .with("predicted", result.predicted as f64)
            .with("tiles", result.tiles.len() as f64)
            .with("adapter", device.describe())
            .with("device", if device.is_gpu() { "gpu" } else { "cpu" })
            .with("notes", strings(&result.notes))
            .with("ms", ms);
        Ok(object.done().into())
    }
}

/// The tile's scores; of several tiles their mean, each weighted by its part inside the image, as the probabilities are.
fn mean_logits(result: &PatchResult) -> Vec<f32> {
    let area = |t: &fovea_patch::Tile| {
        let inside = t.clipped(result.width, result.height);
        inside.width as f64 * inside.height as f64
    };
    let total: f64 = result.tiles.iter().map(|t| area(&t.tile)).sum();
    let of = |class: usize| {
        let weighted = |t: &crate::analysis::TileResult| t.logits.get(class).map_or(0.0, |v| f64::from(*v) * area(&t.tile));
        (result.tiles.iter().map(weighted).sum::<f64>() / total.max(1.0)) as f32
    };
    (0..result.probabilities.len()).map(of).collect()
}
