//! `fovea study`: the paper's comparison on a data set of one's own — a Teacher at full magnification, Students at lower ones, with and
//! without what the Teacher knows. Every training is a folder; a study that was stopped goes on at the training it was in.

mod judge;
mod plan;
mod plot;
mod report;
mod stage;
mod stats;
mod table;

use super::distill::open_device;
use super::targets::{Wanted, write_targets};
use super::{Outcome as Ended, parse, print, print_json};
use anyhow::{Context, bail};
use fovea_distill::config::AttentionForm;
use fovea_distill::data::{DataOptions, Splits};
use fovea_distill::run::{DataPlace, RunFile, StartFrom, StudentStart, TeacherPlace};
use fovea_distill::{Terms, TrainViews, data};
use fovea_engine::Preference;
use plan::{Arm, Plan, Preset, Scale, Schooling, Weight, terms};
use report::Report;
use serde_json::json;
use stage::{Bench, Outcome};
use std::path::{Path, PathBuf};
use table::{Group, Result};

/// The plan as it was resolved.
const PLAN: &str = "study.toml";
/// What the Teacher says about the training patches.
const TARGETS: &str = "teacher.targets.safetensors";

/// Arguments of `fovea study`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Data set: SICAPv2 layout, folders by class, or a table
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder of the study; one that is there already is gone on with
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Ready-made plan
    #[arg(long, value_enum, default_value = "paper")]
    preset: Preset,
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
    let plan = settled(args)?;
    let (device, words) = open_device(args.device)?;
    let engine = pollster::block_on(fovea_engine::Device::open(args.device))?;
    let path = std::path::absolute(&args.data).with_context(|| format!("cannot read {}", args.data.display()))?;
    let splits = data::open(&path, &DataOptions::default())?;
    if splits.test.is_empty() {
        bail!("a study needs test patches: {}", args.data.display());
    }
    let bench = Bench { out: &args.out, device: &device, engine: &engine, show: !args.json };
    if bench.show {
        splits.notes.iter().for_each(|note| eprintln!("note: {note}"));
        eprintln!("trains on {words}");
    }
    let study = Study { plan: &plan, splits: &splits, bench, data: DataPlace { path, options: DataOptions::default() } };
    let finished = if args.report_only { true } else { study.train()? };
    let report = study.report()?;
    study.bench.write(Path::new("table.md"), report.markdown().as_bytes())?;
    study.bench.write(Path::new("report.html"), report.html().as_bytes())?;
    study.bench.write(Path::new("results.json"), &serde_json::to_vec_pretty(&report)?)?;
    if args.json {
        print_json(&json!({ "finished": finished, "report": report }))?;
    } else {
        print(&report.markdown())?;
        print(&format!("written: {}", args.out.join("report.html").display()))?;
    }
    if !finished {
        bail!("interrupted; the same command goes on where it was: {}", args.out.display());
    }
    Ok(Ended::AllFine)
}

/// The plan of the folder, where there is one, which then must be the one that was asked for.
fn settled(args: &Args) -> anyhow::Result<Plan> {
    let asked = match &args.config {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            toml::from_str(&text).with_context(|| format!("this is no plan: {}", file.display()))?
        }
        None => args.preset.plan(),
    };
    asked.validate()?;
    let file = args.out.join(PLAN);
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let found: Plan = toml::from_str(&text).with_context(|| format!("this is no plan: {}", file.display()))?;
            // The folder's plan is what its trainings were made by; a preset merely did not say otherwise.
            if args.config.is_some() && found != asked {
                bail!("the study in {} has another plan than {}", args.out.display(), file.display());
            }
            Ok(found)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
            fovea_distill::files::write_whole(&file, toml::to_string(&asked)?.as_bytes())
                .with_context(|| format!("cannot write {}", file.display()))?;
            Ok(asked)
        }
        Err(e) => Err(e).with_context(|| format!("cannot read {}", file.display())),
    }
}

struct Study<'a> {
    plan: &'a Plan,
    splits: &'a Splits,
    bench: Bench<'a>,
    data: DataPlace,
}

impl Study<'_> {
    /// Trains everything that is not trained yet; false when it was interrupted.
    fn train(&self) -> anyhow::Result<bool> {
        let teacher = self.teacher_run();
        if self.bench.train(&teacher)?.is_none() {
            return Ok(false);
        }
        self.bench.judged(&teacher, &self.splits.test)?;
        self.export(&teacher)?;
        for candidate in &self.plan.candidates {
            if self.bench.train(&self.choosing_run(*candidate)?)?.is_none() {
                return Ok(false);
            }
        }
        let weights = self.weights()?;
        // Seed by seed, so that a study that is stopped early has every arm with the same seeds.
        for seed in &self.plan.seeds {
            for (scale, arm) in self.arms() {
                let run = self.run(scale, arm, *seed, &weights)?;
                if self.bench.train(&run)?.is_none() {
                    return Ok(false);
                }
                self.bench.judged(&run, &self.splits.test)?;
            }
        }
        Ok(true)
    }

    fn arms(&self) -> impl Iterator<Item = (&Scale, Arm)> {
        self.plan.scales.iter().flat_map(|scale| scale.arms.iter().map(move |arm| (scale, *arm)))
    }

    /// What the Teacher says about the training patches.
    fn export(&self, teacher: &RunFile) -> anyhow::Result<()> {
        let student = self.bench.student(teacher)?;
        let images = self.splits.train.iter().filter_map(|s| match &s.source {
            data::Source::File(file) => Some(file.clone()),
            data::Source::Memory(_) => None,
        });
        let images: Vec<PathBuf> = images.collect();
        let out = self.bench.out.join(TARGETS);
        if out.is_file() {
            return Ok(());
        }
        if self.bench.show {
            eprintln!("{TARGETS}");
        }
        let wanted = Wanted {
            layers: vec!["-1".into()],
            forms: vec![AttentionForm::Positive, AttentionForm::Relu],
            features: vec!["-1".into()],
        };
        write_targets(&student, self.bench.engine, &images, self.plan.views, &wanted, &out, self.bench.show)
    }

    fn start(&self, factor: usize, seed: u64, name: String) -> StudentStart {
        let plan = self.plan;
        let from = match &plan.init {
            Some(file) => StartFrom::Torchvision { file: std::path::absolute(file).unwrap_or_else(|_| file.clone()), seed },
            None => StartFrom::Random { divisor: plan.divisor, seed, settle: true },
        };
        StudentStart {
            from,
            input_px: Some(plan.input_px),
            um_per_px: plan.um_per_px,
            factor: Some(factor),
            grid: Some(plan.grid),
            name: Some(name),
            synthetic: plan.synthetic,
        }
    }

    /// The Teacher sees everything and hears nobody.
    fn teacher_run(&self) -> RunFile {
        let seed = self.plan.seeds.first().copied().unwrap_or_default();
        let settings = self.plan.settings(&self.plan.teacher, Terms::default(), TrainViews::Continuous, seed);
        RunFile {
            out: "teacher".into(),
            student: self.start(1, seed, "Teacher".into()),
            data: self.data.clone(),
            teacher: None,
            train: settings,
            checkpoint_steps: 100,
        }
    }

    /// A short training that tries a weight, at the first magnification that has its arm.
    fn choosing_run(&self, candidate: Weight) -> anyhow::Result<RunFile> {
        let scale = self.plan.scales.iter().find(|s| s.arms.contains(&candidate.arm));
        let scale = scale.or(self.plan.scales.first()).context("the plan has no magnification")?;
        let seed = self.plan.seeds.first().copied().unwrap_or_default();
        let schooling = Schooling { epochs: self.plan.choosing_epochs, ..self.plan.student.clone() };
        let out = PathBuf::from("choosing").join(format!("{}-{}", candidate.arm.slug(), candidate.weight));
        self.student_run(scale, candidate.arm, seed, &[candidate], &schooling, out)
    }

    /// The best weight of each arm by validation κ of its short trainings; the first of equals.
    fn weights(&self) -> anyhow::Result<Vec<Weight>> {
        let mut best: Vec<(Weight, f64)> = vec![];
        for candidate in &self.plan.candidates {
            let run = self.choosing_run(*candidate)?;
            let Some(outcome) = self.outcome(&run)? else { continue };
            let kappa = outcome.kappas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            match best.iter_mut().find(|(w, _)| w.arm == candidate.arm) {
                Some(found) if kappa > found.1 => *found = (*candidate, kappa),
                Some(_) => {}
                None => best.push((*candidate, kappa)),
            }
        }
        Ok(best.into_iter().map(|(weight, _)| weight).collect())
    }

    fn outcome(&self, run: &RunFile) -> anyhow::Result<Option<Outcome>> {
        stage::outcome(self.bench.out, run)
    }

    fn run(&self, scale: &Scale, arm: Arm, seed: u64, weights: &[Weight]) -> anyhow::Result<RunFile> {
        let out = PathBuf::from("runs").join(format!("{}-k{}-seed{seed}", arm.slug(), scale.factor));
        self.student_run(scale, arm, seed, weights, &self.plan.student, out)
    }

    fn student_run(
        &self,
        scale: &Scale,
        arm: Arm,
        seed: u64,
        weights: &[Weight],
        schooling: &Schooling,
        out: PathBuf,
    ) -> anyhow::Result<RunFile> {
        let views = TrainViews::Exported(self.plan.views);
        Ok(RunFile {
            out,
            student: self.start(scale.factor, seed, format!("Student k = {}, {}, seed {seed}", scale.factor, arm.label())),
            data: self.data.clone(),
            teacher: (arm != Arm::None).then(|| TeacherPlace::Targets(TARGETS.into())),
            train: self.plan.settings(schooling, terms(arm, weights)?, views, seed),
            checkpoint_steps: 100,
        })
    }

    /// Everything that is finished.
    fn report(&self) -> anyhow::Result<Report> {
        let teacher = self.teacher_run();
        let mut results = vec![];
        if let Some(outcome) = self.outcome(&teacher)? {
            results.push(Result::new(Group::Teacher, 0, &outcome, self.bench.judged(&teacher, &self.splits.test)?));
        }
        let weights = self.weights()?;
        for seed in &self.plan.seeds {
            for (scale, arm) in self.arms() {
                // An arm whose weight is not chosen yet has no run either.
                let Ok(run) = self.run(scale, arm, *seed, &weights) else { continue };
                if let Some(outcome) = self.outcome(&run)? {
                    let rows = self.bench.judged(&run, &self.splits.test)?;
                    results.push(Result::new(Group::Student { factor: scale.factor, arm }, *seed, &outcome, rows));
                }
            }
        }
        Ok(Report::new(self.plan, self.splits, &weights, results))
    }
}
