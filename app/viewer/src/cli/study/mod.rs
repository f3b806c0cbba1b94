//! `fovea study`: the paper's comparison on a data set of one's own — a Teacher at full magnification, Students at lower ones, with and
//! without what the Teacher knows. Every training is a folder; a study that was stopped goes on at the training it was in.

mod course;
mod judge;
mod origin;
mod page;
mod plan;
mod plot;
mod preset;
mod report;
mod stage;
mod stats;
mod table;

use super::distill::open_device;
use super::{Outcome as Ended, parse, print, print_json};
use anyhow::{Context, bail};
use course::Study;
use fovea_distill::data::{self, DataOptions};
use fovea_distill::run::DataPlace;
use fovea_engine::Preference;
use plan::Plan;
use preset::Preset;
use serde_json::json;
use stage::Bench;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

/// The plan as it was resolved.
const PLAN: &str = "study.toml";

/// Arguments of `fovea study`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Data set: SICAPv2 layout, folders by class, or a table
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder of the study; one that is there already is gone on with
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Ready-made plan [default: the one in the study's folder, else paper]
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// A plan of your own (TOML), instead of a preset; `study.toml` in a study's folder is one
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// Report what is finished, train nothing
    #[arg(long)]
    report_only: bool,
    /// Where to train: auto, gpu, cpu
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let path = place(&args.data)?;
    let splits = data::open(&path, &DataOptions::default())?;
    if splits.test.is_empty() {
        bail!("a study needs test patches: {}", args.data.display());
    }
    let fingerprint = origin::fingerprint(&splits)?;
    let (plan, new) = settled(args)?;
    let (device, words) = open_device(args.device)?;
    let engine = pollster::block_on(fovea_engine::Device::open(args.device))?;
    if new {
        keep(&plan, &args.out)?;
    }
    let (data, teacher) = (fingerprint, OnceCell::new());
    let bench = Bench { out: &args.out, device: &device, engine: &engine, show: !args.json, data, teacher };
    if bench.show {
        splits.notes.iter().for_each(|note| eprintln!("note: {note}"));
        eprintln!("trains on {words}");
    }
    let study = Study { plan: &plan, splits: &splits, bench, data: DataPlace { path, options: DataOptions::default() } };
    let interrupted = !args.report_only && !study.train()?;
    let report = study.report()?;
    study.bench.write(Path::new("table.md"), report.markdown().as_bytes())?;
    study.bench.write(Path::new("report.html"), report.html().as_bytes())?;
    study.bench.write(Path::new("results.json"), &serde_json::to_vec_pretty(&report)?)?;
    if args.json {
        print_json(&json!({ "finished": report.finished(), "report": report }))?;
    } else {
        print(&report.markdown())?;
        print(&format!("written: {}", args.out.join("report.html").display()))?;
    }
    if interrupted {
        bail!("interrupted; the same command goes on where it was: {}", args.out.display());
    }
    Ok(Ended::AllFine)
}

/// The data set's full path, as the runs' descriptions will hold it.
fn place(data: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(data).with_context(|| format!("cannot read {}", data.display()))?;
    if path.to_str().is_none() {
        bail!("a path that is no valid Unicode cannot be written into a study: {}", path.display());
    }
    Ok(path)
}

/// The plan of the folder, where there is one, which then must be the one that was asked for; else that one, and true for new.
fn settled(args: &Args) -> anyhow::Result<(Plan, bool)> {
    let asked = asked(args)?;
    let file = args.out.join(PLAN);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && args.report_only => {
            bail!("there is no study to report on: {}", args.out.display())
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Ok((asked.map_or_else(|| Preset::Paper.plan(), |(plan, _)| plan), true));
        }
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", file.display())),
    };
    let found = read(&text, &file)?;
    match asked {
        Some((plan, named)) if plan != found => {
            let file = file.display();
            bail!("{named} is another plan than the one this study was begun with; without it that one is followed: {file}")
        }
        _ => Ok((found, false)),
    }
}

/// The plan that the command names, and by what; none where it names none.
fn asked(args: &Args) -> anyhow::Result<Option<(Plan, String)>> {
    let Some(file) = &args.config else {
        return Ok(args.preset.map(|preset| (preset.plan(), format!("--preset {}", preset.name()))));
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Some((read(&text, file)?, format!("--config {}", file.display()))))
}

/// A plan that can be followed to its end.
fn read(text: &str, file: &Path) -> anyhow::Result<Plan> {
    let plan: Plan = toml::from_str(text).with_context(|| format!("this is no plan: {}", file.display()))?;
    plan.validate().with_context(|| format!("this plan cannot be followed: {}", file.display()))?;
    Ok(plan)
}

/// Writes a new study's plan.
fn keep(plan: &Plan, out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let file = out.join(PLAN);
    let written = fovea_distill::files::write_whole(&file, toml::to_string(plan)?.as_bytes());
    written.with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(out: &Path, preset: Option<Preset>, config: Option<PathBuf>, report_only: bool) -> Args {
        Args { data: "set".into(), out: out.into(), preset, config, report_only, device: Preference::Cpu, json: true }
    }

    #[test]
    fn the_folders_plan_is_followed_and_another_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("study");
        let settle = |preset, config| settled(&args(&out, preset, config, false));
        let (plan, new) = settle(None, None).unwrap();
        assert!(new && plan == Preset::Paper.plan() && !out.exists(), "nothing is written by looking");
        assert!(settled(&args(&out, None, None, true)).unwrap_err().to_string().contains("no study to report on"));
        keep(&Preset::Smoke.plan(), &out).unwrap();
        for preset in [None, Some(Preset::Smoke)] {
            assert_eq!(settle(preset, None).unwrap(), (Preset::Smoke.plan(), false));
        }
        assert_eq!(settle(None, Some(out.join(PLAN))).unwrap().0, Preset::Smoke.plan());
        let said = settle(Some(Preset::Synth), None).unwrap_err().to_string();
        assert!(said.contains("--preset synth") && said.contains(PLAN), "{said}");
        let other = dir.path().join("other.toml");
        std::fs::write(&other, toml::to_string(&Preset::Synth.plan()).unwrap()).unwrap();
        let said = settle(None, Some(other)).unwrap_err().to_string();
        assert!(said.contains("other.toml") && said.ends_with(PLAN), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_are_refused_at_once() {
        use std::os::unix::ffi::OsStrExt;
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"/sets/\xff"));
        assert!(place(odd).unwrap_err().to_string().contains("Unicode"));
        assert!(place(Path::new("set")).unwrap().is_absolute());
    }
}
