//! `fovea distill`: a run described in a file, from the Student's start to the trained Student.

mod device;
mod drive;
mod example;

pub(super) use device::open as open_device;
pub(super) use drive::{Stop, drive};

use super::{Outcome, import, parse, print, print_json};
use anyhow::{Context, bail};
use fovea_distill::record::Ending;
use fovea_distill::run::{RunError, RunFile, Session, testset};
use fovea_distill::{Metrics, Trained};
use fovea_engine::Preference;
use serde_json::json;
use std::path::{Path, PathBuf};

/// File name of the trained Student in a run's folder.
pub(super) const STUDENT: &str = "student.safetensors";
/// File name of the result.
const RESULT: &str = "result.json";

/// Arguments of `fovea distill`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The run: Student, data, Teacher, settings (TOML); `--example` shows one
    #[arg(long, value_name = "FILE", required_unless_present = "example")]
    config: Option<PathBuf>,
    /// Print a run file with every setting explained
    #[arg(long)]
    example: bool,
    /// Start anew although a checkpoint is there
    #[arg(long)]
    fresh: bool,
    /// Where to train: auto, gpu, cpu
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let Some(config) = args.config.as_deref().filter(|_| !args.example) else {
        print(example::TEXT)?;
        return Ok(Outcome::AllFine);
    };
    let run = read(config)?;
    let base = config.parent().unwrap_or(Path::new(""));
    let (device, words) = open_device(args.device)?;
    let opened = Session::open(&run, base, &device, args.fresh).map_err(|e| match e {
        RunError::Resume { .. } => anyhow::Error::from(e).context("the run cannot go on (--fresh starts anew)"),
        other => other.into(),
    })?;
    let mut session = opened.session;
    if !args.json {
        opened.splits.notes.iter().for_each(|note| eprintln!("note: {note}"));
        eprintln!("trains on {words}{}", if opened.resumed { "; goes on from the checkpoint" } else { "" });
    }
    let ending = match drive(&mut session, !args.json)? {
        Stop::Ended(ending) => ending,
        Stop::Interrupted => bail!("interrupted; the same command goes on where it was: {}", session.out().display()),
    };
    let trained = session.trained()?;
    let px = trained.student.card.input_px;
    let test = testset(&opened.splits, px);
    let test = match test.is_empty() {
        true => None,
        false => Some(session.trainer_mut().judge(&trained.student, &test)?.metrics()),
    };
    let place = finish(&session, &trained, test.as_ref(), ending)?;
    let best = trained.best.as_ref();
    if args.json {
        print_json(&json!({ "student": place, "ending": ending, "best": best, "test": test }))?;
    } else {
        if let Some(best) = best {
            print(&line(&format!("validation, epoch {}", best.epoch + 1), &best.validation))?;
        }
        test.iter().try_for_each(|test| print(&line("test", test)))?;
        print(&format!("written: {}", place.display()))?;
    }
    Ok(Outcome::AllFine)
}

/// A run file.
pub(super) fn read(config: &Path) -> anyhow::Result<RunFile> {
    let text = std::fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
    toml::from_str(&text).with_context(|| format!("this is no run file: {}", config.display()))
}

/// Writes the Student, with a test vector, and the result.
fn finish(session: &Session, trained: &Trained, test: Option<&Metrics>, ending: Ending) -> anyhow::Result<PathBuf> {
    let mut student = trained.student.clone();
    student.file_name = STUDENT.into();
    if let (Some(record), Some(test)) = (student.card.training.record.as_object_mut(), test) {
        record.insert("test".into(), serde_json::to_value(test)?);
    }
    session.write(STUDENT, &import::checked(&mut student)?)?;
    let result = json!({ "ending": ending, "best": trained.best, "test": test, "weights_sha256": student.card.weights_sha256 });
    session.write(RESULT, &serde_json::to_vec_pretty(&result)?)?;
    Ok(session.out().join(STUDENT))
}

fn line(what: &str, metrics: &Metrics) -> String {
    let Metrics { patches, balanced_accuracy, kappa, .. } = metrics;
    format!("{what}: balanced accuracy {balanced_accuracy:.4}, quadratic κ {kappa:.4}, {patches} patches")
}
