//! `fovea export`: a Student's weights as other programs name them.

use super::{Outcome, model, print};
use anyhow::Context;
use clap::ValueEnum;
use fovea_student::export::{Naming, state_dict};
use fovea_student::load::BareInfo;
use std::path::PathBuf;

/// Whose names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// `0.<block>.<feature>.weight`, head `2.weight`
    #[value(name = "kd_resolution")]
    KdResolution,
    /// `features.<n>.weight`, head `classifier.weight`
    Torchvision,
    /// As in the file the Student was imported from
    Source,
}

/// Arguments of `fovea export`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A Student file
    student: PathBuf,
    /// Names of the parameters
    #[arg(long, value_enum)]
    format: Format,
    /// The safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let student = model::open(Some(&args.student), &BareInfo::default())?;
    let naming = match args.format {
        Format::KdResolution => Naming::KdResolution,
        Format::Torchvision => Naming::Torchvision,
        Format::Source => Naming::Source,
    };
    let bytes = state_dict(&student, naming).with_context(|| format!("cannot export {}", args.student.display()))?;
    std::fs::write(&args.out, bytes).with_context(|| format!("cannot write {}", args.out.display()))?;
    print(&format!("written: {}", args.out.display()))?;
    Ok(Outcome::AllFine)
}
