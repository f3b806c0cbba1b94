//! `fovea bench --train`: how long an optimiser step takes.

use super::distill::open_device;
use super::random;
use fovea_distill::{Adam, AdamSettings, At, Batch, Device, Distiller, Teacher, Terms};
use fovea_engine::Preference;
use serde_json::{Value, json};
use std::time::Instant;

/// Steps that are timed; the first few warm caches and pipelines up.
const STEPS: usize = 8;
const WARM: usize = 2;

/// A step of the thin VGG16 at `px` with `batch` patches: labels alone, and with AT+ from a Teacher that runs along.
///
/// # Errors
/// No device to train on; a network that cannot be trained.
pub fn measure(px: usize, divisor: usize, batch: usize, preference: Preference) -> anyhow::Result<Value> {
    let (device, words) = open_device(preference)?;
    let at: At = serde_json::from_value(json!({ "weight": 10.0 }))?;
    let plain = step_ms(px, divisor, batch, &Terms::default(), &device)?;
    let attention = step_ms(px, divisor, batch, &Terms { at: vec![at], ..Terms::default() }, &device)?;
    Ok(json!({
        "network": format!("VGG16, widths ÷ {divisor}"),
        "input_px": px,
        "batch": batch,
        "device": words,
        "cross_entropy_ms": plain,
        "with_at_plus_ms": attention,
    }))
}

/// For people.
pub fn line(row: &Value) -> String {
    let ms = |key: &str| format!("{:.0} ms", row[key].as_f64().unwrap_or(f64::NAN));
    let text = |key: &str| row[key].as_str().unwrap_or("").to_string();
    format!(
        "training step, {} at {} px, batch {}, on {}: {}, with AT+ and its Teacher {}",
        text("network"),
        row["input_px"],
        row["batch"],
        text("device"),
        ms("cross_entropy_ms"),
        ms("with_at_plus_ms")
    )
}

/// Median time of a step: Teacher, forward, backward, Adam.
fn step_ms(px: usize, divisor: usize, n: usize, terms: &Terms, device: &Device) -> anyhow::Result<f64> {
    let student = random::vgg16(divisor, 4, px, 1)?;
    let (graph, weights, view) = (&student.graph, &student.weights, &student.card.view);
    let teacher = terms.needs_teacher().then(|| Teacher::new(graph, weights, view, px, terms, device)).transpose()?;
    let distiller = Distiller::new(graph, weights, view, px, terms.clone(), None)?;
    let mut parameters = distiller.parameters(weights, device);
    let mut adam = Adam::new(AdamSettings::default());
    let pixels = (0..n * 3 * px * px).map(|i| (i.wrapping_mul(2_654_435_761) >> 13 & 255) as f32 / 255.0).collect();
    let batch = Batch::new(pixels, px, (0..n).map(|i| i % 4).collect(), device)?;
    let mut times = vec![];
    for _ in 0..STEPS + WARM {
        let start = Instant::now();
        let targets = teacher.as_ref().map(|t| t.targets(batch.images.clone())).transpose()?;
        let step = distiller.step(&parameters, &batch, targets.as_ref())?;
        adam.update(&mut parameters, &step.gradients);
        // Reading the values back waits for the device.
        step.values()?;
        step.gradients.norm()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut times = times.split_off(WARM);
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
