//! `fovea audit`: reference cases recomputed, quantity by quantity.

mod case;
mod compare;
mod compute;

pub use compare::Comparison;

use super::{Outcome, parse, print, print_json};
use anyhow::Context;
use case::Case;
use compare::{TOLERANCE, compare};
use fovea_engine::{Device, Preference};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments of `fovea audit`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folders with cases (x.json beside x.safetensors), or one file of a case
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
#[derive(Clone, Debug, Serialize)]
pub struct AuditReport {
    /// File stem of the case.
    pub case: String,
    /// Compared quantities.
    pub quantities: Vec<Comparison>,
    /// What is in the case but not computed by this version.
    pub not_computed: Vec<String>,
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
        Self { case, quantities: vec![], not_computed: vec![], error: Some(format!("{error:#}")) }
    }
}

/// Descriptions (`.json`) of the cases in a folder.
///
/// # Errors
/// When there is none.
pub fn find_cases(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    case::find(path)
}

/// Recomputes one case; with `dump`, writes the arrays there.
///
/// # Errors
/// When the case cannot be read or computed. Quantities past the tolerance are no error: see [`AuditReport::ok`].
pub fn audit_case(description: &Path, device: &Device, dump: Option<&Path>) -> anyhow::Result<AuditReport> {
    audit(&case::read(description)?, device, dump)
}

fn audit(case: &Case, device: &Device, dump: Option<&Path>) -> anyhow::Result<AuditReport> {
    let computed = compute::compute(case, device)?;
    let mut quantities = vec![];
    let mut not_computed = vec![];
    let results = |name: &&String| name.starts_with("student") || name.starts_with("teacher");
    for name in case.arrays.keys().filter(results) {
        match (computed.get(name), case.arrays.get(name)) {
            (Some(out), Some(reference)) => quantities.push(compare(name, out, reference)),
            _ => not_computed.push(name.clone()),
        }
    }
    not_computed.extend(case.not_computed());
    if let Some(file) = dump {
        std::fs::write(file, case::encode(&computed)?).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(AuditReport { case: case.name.clone(), quantities, not_computed, error: None })
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let device = pollster::block_on(Device::open(args.device))?;
    let mut descriptions = vec![];
    for path in &args.cases {
        descriptions.extend(find_cases(path)?);
    }
    let single = descriptions.len() == 1;
    let mut reports = vec![];
    for description in &descriptions {
        let outcome = case::read(description).and_then(|case| {
            let dump = args.dump.as_ref().map(|file| compute::dump_name(file, &case, single));
            audit(&case, &device, dump.as_deref())
        });
        let name = description.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let report = outcome.unwrap_or_else(|e| AuditReport::failed(name, &e));
        if !args.json {
            show(&report)?;
        }
        reports.push(report);
    }
    let fine = reports.iter().all(AuditReport::ok);
    if args.json {
        let device = device.describe();
        print_json(&json!({ "device": device, "tolerance": TOLERANCE, "cases": reports, "ok": fine }))?;
    } else {
        let verdict = if fine { "ok" } else { "FAIL" };
        print(&format!("{verdict}: relative errors up to {TOLERANCE:.0e} pass; on {}", device.describe()))?;
    }
    Ok(if fine { Outcome::AllFine } else { Outcome::SomeFailed })
}

fn show(report: &AuditReport) -> anyhow::Result<()> {
    print(&report.case)?;
    if let Some(error) = &report.error {
        eprintln!("{error}");
        return print("  FAIL");
    }
    for q in &report.quantities {
        let verdict = if q.ok { "ok" } else { "FAIL" };
        match (q.max_abs, q.relative, &q.error) {
            (Some(max), Some(relative), _) => {
                print(&format!("  {:<26} max abs {max:.3e}  relative {relative:.3e}  {verdict}", q.name))?;
            }
            (.., error) => print(&format!("  {:<26} {}  {verdict}", q.name, error.as_deref().unwrap_or("")))?,
        }
    }
    for name in &report.not_computed {
        print(&format!("  {name:<26} not computed by this version"))?;
    }
    Ok(())
}
