//! The self-check: does this machine compute what the Student's author computed?

use super::{AnalysisError, Settings};
use fovea_engine::{Device, Input, Runner};
use fovea_student::card::{CheckResults, Deviation, SelfCheck};
use fovea_student::explain::raw_output;
use fovea_student::file::Student;
use fovea_student::{LOGITS, Method};

/// What a self-check found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Checked {
    /// Scores and map agree; how far they are apart.
    Passed(Deviation),
    /// The Student carries no test vector.
    None,
}

/// Runs the card's test vector on `device`.
///
/// # Errors
/// [`AnalysisError::SelfCheck`] when it does not come out; whatever keeps it from running.
pub async fn self_check(device: &Device, student: &Student) -> Result<Checked, AnalysisError> {
    let Some(check) = &student.card.self_check else { return Ok(Checked::None) };
    let fail = |what: &str, expected: String, found: String| AnalysisError::SelfCheck {
        device: device.describe(),
        what: what.to_string(),
        expected,
        found,
        student: student.file_name.clone(),
    };
    let settings = Settings { layer: Some(check.layer.clone()), method: Some(check.method), ..Default::default() };
    let shape = [3, student.card.input_px, student.card.input_px];
    let input = check.input(&shape).map_err(|e| fail("its input", check.input_sha256.clone(), e.to_string()))?;
    let (logits, map, _) = run(device, student, &settings, &input).await?;
    match check.compare(&logits, &map) {
        Ok(deviation) => Ok(Checked::Passed(deviation)),
        Err(e) => Err(fail("the scores", numbers(&check.logits), format!("{} ({e})", numbers(&logits)))),
    }
}

/// A test vector for a Student: what `device` computes for the pattern of `seed` with the card's layer and method.
///
/// # Errors
/// Whatever keeps it from running, and results that are not finite.
pub async fn measure_self_check(device: &Device, student: &Student, seed: u64) -> Result<SelfCheck, AnalysisError> {
    let settings = Settings::default();
    let request = settings.request(student)?;
    let layer = student.graph.value(student.graph.layer(&request.layer)?).name.clone();
    let shape = [3, student.card.input_px, student.card.input_px];
    let unusable = |e: &dyn std::fmt::Display| AnalysisError::Setting(format!("no self-check can be made: {e}"));
    // The input depends on seed and shape only; the results are put in afterwards.
    let empty = CheckResults { logits: &[0.0], layer: "", method: Method::Positive, map_shape: [1, 1, 1], map: &[0.0] };
    let pattern = SelfCheck::new(seed, &shape, empty).map_err(|e| unusable(&e))?;
    let input = pattern.input(&shape).map_err(|e| unusable(&e))?;
    let (logits, map, map_shape) = run(device, student, &settings, &input).await?;
    let results = CheckResults { logits: &logits, layer: &layer, method: request.method, map_shape, map: &map };
    SelfCheck::new(seed, &shape, results).map_err(|e| unusable(&e))
}

/// Scores, raw map and the map's `[classes, h, w]` of one input in [0, 1].
async fn run(
    device: &Device,
    student: &Student,
    settings: &Settings,
    input: &[f32],
) -> Result<(Vec<f32>, Vec<f32>, [usize; 3]), AnalysisError> {
    let (graph, weights) = settings.explained(student)?;
    let mut runner = Runner::new(device, &graph, &weights, 1)?;
    let run = runner.run(Input::F32(input)).await?;
    let get = |output: &str| run.get(output).ok_or_else(|| AnalysisError::NoOutput(output.to_string()));
    let (logits, map) = (get(LOGITS)?, get(&raw_output(0))?);
    let &[_, classes, h, w] = &map.shape[..] else { return Err(AnalysisError::NoOutput(raw_output(0))) };
    Ok((logits.data.clone(), map.data.clone(), [classes, h, w]))
}

fn numbers(values: &[f32]) -> String {
    let shown: Vec<String> = values.iter().take(8).map(|v| format!("{v:.5}")).collect();
    format!("[{}{}]", shown.join(", "), if values.len() > 8 { ", …" } else { "" })
}
