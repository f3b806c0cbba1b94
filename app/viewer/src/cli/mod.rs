//! The command line. Every command takes `--json` and `--device`; errors go to standard error with file and reason.
//!
//! Exit codes: 0 all fine, 1 some files or quantities failed, 2 the command could not run, 130 stopped at once by Ctrl+C.

mod analyze;
mod audit;
mod bench;
mod bench_step;
pub(crate) mod clock;
mod distill;
mod export;
mod import;
mod model;
mod parse;
mod random;
mod study;
mod synth;
mod targets;

pub use audit::{AuditReport, Comparison, Judged, audit_case, find_cases};
pub use random::vgg16 as random_vgg16;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::process::ExitCode;

/// See where a low-magnification model looks: grades and attention maps of histology patches, computed on this device;
/// files never leave it. Without a command the window opens. For research use only; a heatmap shows model evidence, not
/// tumour.
#[derive(Debug, Parser)]
#[command(name = "fovea", version, after_help = "research use only; files never leave this device")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Grade images and write overlays, tables and raw maps
    Analyze(Box<analyze::Args>),
    /// Recompute reference cases and print how far apart the numbers are
    Audit(audit::Args),
    /// Make a Student file from a checkpoint
    Import(Box<import::Args>),
    /// Write a Student's weights under other programs' names
    Export(export::Args),
    /// Write a Teacher's attention targets for training, or look into such a file
    Targets(targets::Args),
    /// Make an untrained Student with random weights, for trials and benchmarks
    RandomStudent(random::Args),
    /// Train a Student, with or without a Teacher's attention targets
    Distill(distill::Args),
    /// Compare a Teacher and Students taught in different ways, and write a report
    Study(study::Args),
    /// Draw a data set: prostate-like tissue at four grades, in SICAPv2 layout
    Synth(synth::Args),
    /// Measure this machine
    Bench(bench::Args),
}

/// Commands end in one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    AllFine,
    SomeFailed,
}

/// The program's entry: the window without arguments, else the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let Some(command) = cli.command else { return window() };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let outcome = match command {
        Command::Analyze(args) => analyze::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::RandomStudent(args) => random::run(&args),
        Command::Distill(args) => distill::run(&args),
        Command::Study(args) => study::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Targets(args) => targets::run(&args),
        Command::Bench(args) => bench::run(&args),
    };
    match outcome {
        Ok(Outcome::AllFine) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFailed) => ExitCode::from(1),
        Err(e) if is_closed_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("fovea: {}", words(&e));
            ExitCode::from(2)
        }
    }
}

fn window() -> ExitCode {
    match crate::app::native() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("fovea: {}", words(&e));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes; a cause that an outer message already tells is not told again.
fn words(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// `fovea … | head` is no failure.
fn is_closed_pipe(e: &anyhow::Error) -> bool {
    e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A bar on standard error; none where nobody would see it.
fn bar(len: usize, show: bool) -> ProgressBar {
    let seen = show && std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(len as u64), target);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} {eta} {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Writes text to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Writes one JSON document to standard output.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

#[cfg(test)]
mod tests {
    use super::words;
    use anyhow::{Context, anyhow};

    #[test]
    fn a_cause_is_told_once() {
        let full = Err::<(), _>(anyhow!("disk full")).context("cannot write: disk full: a.bin").context("the run stops");
        assert_eq!(full.map_err(|e| words(&e)), Err("the run stops: cannot write: disk full: a.bin".into()));
        assert_eq!(words(&anyhow!("one").context("two")), "two: one");
    }
}
