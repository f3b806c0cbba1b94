//! What a study compares: the paper's arms, at which magnifications, with which seeds and weights.

use anyhow::bail;
use clap::ValueEnum;
use fovea_distill::{
    At, AttentionForm, AttentionLoss, AttentionScale, Fm, Kd, Schedule, Sr, SrKind, Terms, TrainSettings, TrainViews, ViewSet,
};
use fovea_student::card::Grid;
use serde::{Deserialize, Serialize};

/// A Student's training, by what it is told of the Teacher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Labels alone.
    None,
    /// Soft labels.
    Kd,
    /// Feature maps.
    Fm,
    /// The Teacher's head on the Student's features.
    Sr,
    /// Classic Grad-CAM maps (ReLU after the sum).
    At,
    /// Positive maps.
    AtPlus,
    /// Feature maps and positive maps.
    FmAtPlus,
}

impl Arm {
    /// All, in the order of the paper's table.
    pub const ALL: [Self; 7] = [Self::None, Self::Kd, Self::Fm, Self::Sr, Self::At, Self::AtPlus, Self::FmAtPlus];

    /// For tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kd => "KD",
            Self::Fm => "FM",
            Self::Sr => "SR",
            Self::At => "AT",
            Self::AtPlus => "AT+",
            Self::FmAtPlus => "FM+AT+",
        }
    }

    /// For file names.
    pub fn slug(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kd => "kd",
            Self::Fm => "fm",
            Self::Sr => "sr",
            Self::At => "at",
            Self::AtPlus => "at-plus",
            Self::FmAtPlus => "fm-at-plus",
        }
    }

    /// The terms that an arm's own weight is chosen for; none for those without one, or made of others' weights.
    pub fn single(self) -> bool {
        !matches!(self, Self::None | Self::FmAtPlus)
    }
}

/// A chosen weight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// Whose.
    pub arm: Arm,
    /// Weight of its term.
    pub weight: f64,
}

/// The terms of an arm with these weights.
///
/// # Errors
/// When a weight is missing.
pub fn terms(arm: Arm, weights: &[Weight]) -> anyhow::Result<Terms> {
    let of = |arm: Arm| match weights.iter().find(|w| w.arm == arm) {
        Some(found) => Ok(found.weight),
        None => bail!("no weight was chosen for {}", arm.label()),
    };
    let at = |form, weight| At {
        weight,
        layer: "-1".into(),
        teacher_layer: None,
        form,
        loss: AttentionLoss::L2,
        normalise: AttentionScale::MinMax,
    };
    let fm = |weight| Fm { weight, layer: "-1".into() };
    let base = Terms::default();
    Ok(match arm {
        Arm::None => base,
        Arm::Kd => Terms { kd: Some(Kd { weight: of(arm)?, t: 1.0 }), ..base },
        Arm::Fm => Terms { fm: Some(fm(of(arm)?)), ..base },
        Arm::Sr => Terms { sr: Some(Sr { weight: of(arm)?, kind: SrKind::Last }), ..base },
        Arm::At => Terms { at: vec![at(AttentionForm::Relu, of(arm)?)], ..base },
        Arm::AtPlus => Terms { at: vec![at(AttentionForm::Positive, of(arm)?)], ..base },
        Arm::FmAtPlus => Terms { fm: Some(fm(of(Arm::Fm)?)), at: vec![at(AttentionForm::Positive, of(Arm::AtPlus)?)], ..base },
    })
}

/// One magnification of the Students.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Reduction k: 2, 4, 8 for 5×, 2.5×, 1.25×.
    pub factor: usize,
    /// What is compared there.
    pub arms: Vec<Arm>,
}

/// How long somebody trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schooling {
    /// Passes over the data.
    pub epochs: usize,
    /// Adam's step size.
    pub lr: f64,
    /// Its course.
    #[serde(default)]
    pub schedule: Schedule,
}

/// A study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Side of the Teacher's grid in px.
    pub input_px: usize,
    /// µm/px there; none when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub um_per_px: Option<f64>,
    /// Widths of VGG16 are divided by this.
    pub divisor: usize,
    /// A torchvision VGG16 state dict to start Teacher and Students from; without it all start from random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<std::path::PathBuf>,
    /// On whose pixels the Students compute.
    pub grid: Grid,
    /// Patches of a step.
    pub batch: usize,
    /// Views the Teacher's targets are made for and Students are trained on.
    pub views: ViewSet,
    /// The Teacher's training.
    pub teacher: Schooling,
    /// A Student's training.
    pub student: Schooling,
    /// Epochs of the runs that choose the weights.
    pub choosing_epochs: usize,
    /// Weights tried for each arm; the best by validation κ of a run with the first seed.
    pub candidates: Vec<Weight>,
    /// Magnifications.
    pub scales: Vec<Scale>,
    /// Seeds of the Students.
    pub seeds: Vec<u64>,
    /// Marks everything as trained on drawn pictures.
    #[serde(default)]
    pub synthetic: bool,
}

fn schooling(epochs: usize, lr: f64, schedule: Schedule) -> Schooling {
    Schooling { epochs, lr, schedule }
}

/// Short trainings from random weights do better with a step size that falls.
fn falling() -> Schedule {
    Schedule { warmup: 50, last: 0.05 }
}

/// Ready-made plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The paper's: full VGG16 at 512 px; days on a CPU.
    Paper,
    /// Thin VGG16 at 64 px for `fovea synth` sets; hours on two cores.
    Synth,
    /// Minutes; its numbers mean nothing.
    Smoke,
}

impl Preset {
    /// The plan.
    pub fn plan(self) -> Plan {
        let candidate = |arm, weight| Weight { arm, weight };
        let scales =
            vec![Scale { factor: 4, arms: Arm::ALL.to_vec() }, Scale { factor: 8, arms: vec![Arm::None, Arm::FmAtPlus] }];
        let paper = Plan {
            input_px: 512,
            um_per_px: Some(1.0),
            divisor: 1,
            init: None,
            grid: Grid::Teacher,
            batch: 32,
            views: ViewSet::Dihedral8,
            teacher: schooling(20, 1e-4, Schedule::default()),
            student: schooling(20, 1e-4, Schedule::default()),
            choosing_epochs: 20,
            candidates: [(Arm::Kd, [0.3, 1.0, 3.0]), (Arm::Fm, [0.03, 0.1, 0.3]), (Arm::Sr, [0.03, 0.1, 0.3])]
                .into_iter()
                .chain([(Arm::At, [1.0, 3.0, 10.0]), (Arm::AtPlus, [1.0, 3.0, 10.0])])
                .flat_map(|(arm, weights)| weights.map(|w| candidate(arm, w)))
                .collect(),
            scales: [&[Scale { factor: 2, arms: Arm::ALL.to_vec() }], &scales[..]].concat(),
            seeds: vec![1, 2, 3],
            synthetic: false,
        };
        match self {
            Self::Paper => paper,
            Self::Synth => Plan {
                input_px: 64,
                um_per_px: Some(1.0),
                divisor: 8,
                batch: 16,
                teacher: schooling(15, 1e-3, falling()),
                student: schooling(10, 1e-3, falling()),
                choosing_epochs: 5,
                candidates: [(Arm::Kd, 1.0), (Arm::Fm, 0.1), (Arm::Fm, 1.0), (Arm::Sr, 0.1), (Arm::At, 1.0), (Arm::At, 10.0)]
                    .into_iter()
                    .chain([(Arm::AtPlus, 1.0), (Arm::AtPlus, 10.0)])
                    .map(|(arm, w)| candidate(arm, w))
                    .collect(),
                scales,
                synthetic: true,
                ..paper
            },
            Self::Smoke => Plan {
                input_px: 32,
                um_per_px: None,
                divisor: 16,
                batch: 8,
                views: ViewSet::Plain,
                teacher: schooling(1, 1e-3, Schedule::default()),
                student: schooling(1, 1e-3, Schedule::default()),
                choosing_epochs: 1,
                candidates: Arm::ALL.into_iter().filter(|a| a.single()).map(|arm| candidate(arm, 1.0)).collect(),
                scales: vec![Scale { factor: 2, arms: Arm::ALL.to_vec() }],
                seeds: vec![1, 2],
                synthetic: true,
                ..paper
            },
        }
    }
}

impl Plan {
    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> anyhow::Result<()> {
        if self.seeds.is_empty() || self.scales.iter().all(|s| s.arms.is_empty()) {
            bail!("a study needs a seed and an arm");
        }
        for scale in &self.scales {
            if scale.factor == 0 || !self.input_px.is_multiple_of(scale.factor) {
                bail!("the factor {} does not divide {} px", scale.factor, self.input_px);
            }
            for arm in scale.arms.iter().filter(|arm| arm.single()) {
                if !self.candidates.iter().any(|c| c.arm == *arm) {
                    bail!("'candidates' names no weight for {}", arm.label());
                }
            }
        }
        for candidate in &self.candidates {
            terms(candidate.arm, &[*candidate])?.validate()?;
        }
        Ok(())
    }

    /// Settings of a run.
    pub fn settings(&self, schooling: &Schooling, terms: Terms, views: TrainViews, seed: u64) -> TrainSettings {
        let mut settings =
            TrainSettings { terms, views, seed, epochs: schooling.epochs, batch: self.batch, ..TrainSettings::default() };
        settings.optimiser.lr = schooling.lr;
        settings.schedule = schooling.schedule.clone();
        settings
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn presets_hold_together_and_come_back() {
        for preset in [Preset::Paper, Preset::Synth, Preset::Smoke] {
            let plan = preset.plan();
            plan.validate().unwrap();
            let again: Plan = toml::from_str(&toml::to_string(&plan).unwrap()).unwrap();
            assert_eq!(again, plan);
        }
    }

    #[test]
    fn the_combined_arm_takes_both_weights() {
        let weights = [Weight { arm: Arm::Fm, weight: 0.1 }, Weight { arm: Arm::AtPlus, weight: 10.0 }];
        let made = terms(Arm::FmAtPlus, &weights).unwrap();
        assert_eq!((made.fm.unwrap().weight, made.at[0].weight, made.at[0].form), (0.1, 10.0, AttentionForm::Positive));
        assert!(terms(Arm::Kd, &weights).unwrap_err().to_string().contains("KD"));
        let mut plan = Preset::Smoke.plan();
        plan.scales[0].factor = 3;
        assert!(plan.validate().is_err());
    }
}
