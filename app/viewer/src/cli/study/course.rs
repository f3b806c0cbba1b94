//! A study's trainings, in their order, and what is finished of them.

use super::origin::short;
use super::plan::{Arm, Plan, Scale, Schooling, Weight, terms};
use super::report::Report;
use super::stage::Bench;
use super::table::{Group, Result};
use crate::cli::targets::{Wanted, write_targets};
use anyhow::{Context, bail};
use fovea_distill::config::AttentionForm;
use fovea_distill::data::{Source, Splits};
use fovea_distill::run::{DataPlace, RunFile, StartFrom, StudentStart, TeacherPlace};
use fovea_distill::targets::TargetsFile;
use fovea_distill::{Terms, TrainViews};
use fovea_student::Student;
use std::path::{Path, PathBuf};

/// What the Teacher says about the training patches.
const TARGETS: &str = "teacher.targets.safetensors";

/// A study that can go on.
pub struct Study<'a> {
    /// What is compared.
    pub plan: &'a Plan,
    /// The data set.
    pub splits: &'a Splits,
    /// Where and with what.
    pub bench: Bench<'a>,
    /// Where the data set is.
    pub data: DataPlace,
}

impl Study<'_> {
    /// Trains everything that is not trained yet; false when it was interrupted.
    ///
    /// # Errors
    /// A training that cannot be made; results of another plan, data set or Teacher in its place.
    pub fn train(&self) -> anyhow::Result<bool> {
        let teacher = self.teacher_run();
        if self.bench.train(&teacher)?.is_none() {
            return Ok(false);
        }
        let known = self.bench.meet(&teacher)?;
        self.bench.judged(&teacher, &self.splits.test)?;
        self.export(&known)?;
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

    /// What the Teacher says about the training patches, said now if it has not been.
    fn export(&self, teacher: &Student) -> anyhow::Result<()> {
        let out = self.bench.out.join(TARGETS);
        if out.is_file() {
            return said_by(&out, &teacher.weights.sha256());
        }
        let images = self.splits.train.iter().filter_map(|s| match &s.source {
            Source::File(file) => Some(file.clone()),
            Source::Memory(_) => None,
        });
        let images: Vec<PathBuf> = images.collect();
        if self.bench.show {
            eprintln!("{TARGETS}");
        }
        let wanted = Wanted {
            layers: vec!["-1".into()],
            forms: vec![AttentionForm::Positive, AttentionForm::Relu],
            features: vec!["-1".into()],
        };
        write_targets(teacher, self.bench.engine, &images, self.plan.views, &wanted, &out, self.bench.show)
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
            let Some(outcome) = self.bench.outcome(&run)? else { continue };
            let kappa = outcome.kappas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            match best.iter_mut().find(|(w, _)| w.arm == candidate.arm) {
                Some(found) if kappa > found.1 => *found = (*candidate, kappa),
                Some(_) => {}
                None => best.push((*candidate, kappa)),
            }
        }
        Ok(best.into_iter().map(|(weight, _)| weight).collect())
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
    ///
    /// # Errors
    /// Results that cannot be read, or are of another plan, data set or Teacher.
    pub fn report(&self) -> anyhow::Result<Report> {
        let teacher = self.teacher_run();
        let mut results = vec![];
        if let Some(outcome) = self.bench.outcome(&teacher)? {
            self.bench.meet(&teacher)?;
            results.push(Result::new(Group::Teacher, 0, outcome, self.bench.judged(&teacher, &self.splits.test)?));
        }
        let weights = self.weights()?;
        for seed in &self.plan.seeds {
            for (scale, arm) in self.arms() {
                // An arm whose weight is not chosen yet has no run either.
                let Ok(run) = self.run(scale, arm, *seed, &weights) else { continue };
                if let Some(outcome) = self.bench.outcome(&run)? {
                    let tested = self.bench.judged(&run, &self.splits.test)?;
                    results.push(Result::new(Group::Student { factor: scale.factor, arm }, *seed, outcome, tested));
                }
            }
        }
        Ok(Report::new(self.plan, self.splits, &weights, results))
    }
}

/// Refuses targets of another Teacher than the one with these weights.
fn said_by(file: &Path, sha256: &str) -> anyhow::Result<()> {
    let targets = TargetsFile::open(file)?;
    let found = &targets.metadata().teacher.sha256;
    if !found.eq_ignore_ascii_case(sha256) {
        let (found, wanted) = (short(found), short(sha256));
        bail!(
            "these are targets of another Teacher ({found}, this study's is {wanted}); without them they are made anew: {}",
            file.display()
        );
    }
    Ok(())
}
