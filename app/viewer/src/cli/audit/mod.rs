//! `fovea audit`: reference cases recomputed, quantity by quantity.

mod cam;
mod case;
mod compare;
mod compute;
mod sensitivity;
mod show;
mod training;

pub use compare::{Comparison, Judged};

use super::analyze::files::Names;
use super::{Outcome, parse, print, print_json};
use anyhow::Context;
use case::{Array, Arrays, Case};
use compare::{TOLERANCE, compare};
use fovea_engine::{Device, Preference};
use serde::Serialize;
use serde_json::json;
use show::show;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the images in cases of maps.
const INPUT: &str = "x";

/// Arguments of `fovea audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folders with cases (NAME.json beside NAME.safetensors; case.json beside model.onnx), folders of such folders, or one file of a case
    #[arg(required = true, value_name = "CASE_DIR")]
    cases: Vec<PathBuf>,
    /// Write every computed array under its reference name (with several cases: FILE-CASE)
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Where to compute: auto, gpu, cpu
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What became of one case.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditReport {
    /// File stem of the case.
    pub case: String,
    /// Compared quantities.
    pub quantities: Vec<Comparison>,
    /// What is in the case but not computed by this version.
    pub not_computed: Vec<String>,
    /// What the reader should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why the case could not be computed at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl AuditReport {
    /// True when something was compared and everything is within the tolerance.
    pub fn ok(&self) -> bool {
        self.error.is_none() && !self.quantities.is_empty() && self.quantities.iter().all(|q| q.ok)
    }

    fn failed(case: String, error: &anyhow::Error) -> Self {
        Self { case, quantities: vec![], not_computed: vec![], notes: vec![], error: Some(super::words(error)) }
    }
}

/// Descriptions (`.json`) of the cases in a folder and in the folders inside it.
///
/// # Errors
/// When there is none.
pub fn find_cases(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    case::find(path)
}

/// Recomputes one case: one report per network file in it. With `dump`, the arrays are written there (those of further
/// network files beside it, with the file's name added).
///
/// # Errors
/// When the case cannot be read, or a dump not written. A network that cannot be computed is an error of its report; quantities past
/// the tolerance are none: see [`AuditReport::ok`].
pub fn audit_case(description: &Path, device: &Device, dump: Option<&Path>) -> anyhow::Result<Vec<AuditReport>> {
    let json = case::describe(description)?;
    match json.get("network").and_then(serde_json::Value::as_str) {
        None => Ok(vec![audit(description, &json, device, dump)?]),
        Some(network) => maps(network, description, &json, device, dump),
    }
}

fn maps(
    network: &str,
    description: &Path,
    json: &serde_json::Value,
    device: &Device,
    dump: Option<&Path>,
) -> anyhow::Result<Vec<AuditReport>> {
    let folder = description.parent().unwrap_or(Path::new("."));
    let reference = case::arrays(&description.with_extension("safetensors"))?;
    let mut reports = vec![];
    for (i, (file, audited)) in cam::audit(folder, json, &reference.floats, device)?.into_iter().enumerate() {
        let case = format!("{network}/{file}");
        let audited = match audited {
            Ok(audited) => audited,
            Err(e) => {
                reports.push(AuditReport::failed(case, &e));
                continue;
            }
        };
        if let Some(dump) = dump {
            write(&if i == 0 { dump.to_path_buf() } else { beside(dump, file) }, &audited.arrays)?;
        }
        let not_computed = left_over(&reference, &audited.quantities);
        reports.push(AuditReport { case, quantities: audited.quantities, not_computed, notes: audited.notes, error: None });
    }
    Ok(reports)
}

/// What a case of maps holds and nothing was compared with, but for what is fed in.
fn left_over(reference: &Arrays, compared: &[Comparison]) -> Vec<String> {
    let met = |name: &str| name == INPUT || compared.iter().any(|q| q.name == name);
    let floats = reference.floats.keys().filter(|name| !met(name)).cloned();
    floats.chain(reference.not_computed(&[INPUT])).collect()
}

/// The forward passes on the engine's device, the training step on the CPU.
fn audit(description: &Path, json: &serde_json::Value, device: &Device, dump: Option<&Path>) -> anyhow::Result<AuditReport> {
    let case: Case = case::read(description, json)?;
    let mut computed = compute::compute(&case, device)?;
    let mut quantities = vec![];
    let mut not_computed = vec![];
    let results = |name: &&String| name.starts_with("student") || name.starts_with("teacher");
    for name in case.arrays.keys().filter(results) {
        match (computed.get(name), case.arrays.get(name)) {
            (Some(out), Some(reference)) => quantities.push(compare(name, out, reference)),
            _ => not_computed.push(name.clone()),
        }
    }
    let mut notes = vec![];
    if case.with_prefix("step0.grad.").next().is_some() {
        training::on_cpu(description, json, &case)?.add(&mut quantities, &mut computed, &mut notes);
    }
    if let Some(file) = dump {
        write(file, &computed)?;
    }
    not_computed.extend(case.not_computed);
    Ok(AuditReport { case: case.name, quantities, not_computed, notes, error: None })
}

fn write(file: &Path, arrays: &BTreeMap<String, Array>) -> anyhow::Result<()> {
    std::fs::write(file, case::encode(arrays)?).with_context(|| format!("cannot write {}", file.display()))
}

/// `FILE-NAME.ext` beside `FILE.ext`.
fn beside(file: &Path, name: &str) -> PathBuf {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let extension = file.extension().map_or_else(|| "safetensors".into(), |e| e.to_string_lossy().into_owned());
    file.with_file_name(format!("{stem}-{name}.{extension}"))
}

/// What a case is called in reports: its file, or its folder where the file is just `case`.
fn case_name(description: &Path) -> String {
    let name = |p: Option<&std::ffi::OsStr>| p.map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    match name(description.file_stem()) {
        stem if stem == "case" => name(description.parent().and_then(Path::file_name)),
        stem => stem,
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let device = pollster::block_on(Device::open(args.device))?;
    let mut descriptions = vec![];
    for path in &args.cases {
        descriptions.extend(find_cases(path)?);
    }
    let mut reports = vec![];
    // Folders of the same name may hold different cases.
    let mut names = Names::default();
    for description in &descriptions {
        let name = case_name(description);
        let own = names.unique_name(&name);
        let dump = args.dump.as_ref().map(|file| if descriptions.len() == 1 { file.clone() } else { beside(file, &own) });
        let made = audit_case(description, &device, dump.as_deref());
        let mut made = made.unwrap_or_else(|e| vec![AuditReport::failed(name.clone(), &e)]);
        if args.device == Preference::Gpu {
            made.extend(training::on_gpu(description, &name));
        }
        if !args.json {
            made.iter().try_for_each(show)?;
        }
        reports.extend(made);
    }
    let fine = reports.iter().all(AuditReport::ok);
    if args.json {
        let device = device.describe();
        print_json(&json!({ "device": device, "tolerance": TOLERANCE, "cases": reports, "ok": fine }))?;
    } else {
        let verdict = if fine { "ok" } else { "FAIL" };
        let rule = "relative errors up to 1e-4 pass, of maps and gradients up to 1e-3 (maps: or ten times their own change), of \
                    updates up to 1e-2; of the optimiser alone absolute ones up to 1e-7";
        print(&format!("{verdict}: {rule}; on {}", device.describe()))?;
    }
    Ok(if fine { Outcome::AllFine } else { Outcome::SomeFailed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_compared_is_listed() {
        let array = Array { shape: vec![1], data: vec![1.0] };
        let names = ["logits", "layer0.GradCAM", "layer0.AblationCAM", "x"];
        let floats = names.map(|name| (name.to_string(), array.clone())).into_iter().collect();
        let reference = Arrays { floats, others: vec![("layer0.HiResCAM".into(), safetensors::Dtype::F64)] };
        let compared = [compare("logits", &array, &array), compare("layer0.GradCAM", &array, &array)];
        assert_eq!(left_over(&reference, &compared), ["layer0.AblationCAM", "layer0.HiResCAM (F64)"]);
    }
}
