//! What a study compares: the paper's arms, at which magnifications, with which seeds and weights.

use anyhow::{Context, bail};
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

impl Plan {
    /// Checks that the parts fit each other, so that whatever is begun can be finished.
    ///
    /// # Errors
    /// The first that does not.
    pub fn validate(&self) -> anyhow::Result<()> {
        if self.seeds.is_empty() || self.scales.iter().all(|s| s.arms.is_empty()) {
            bail!("a study needs a seed and an arm");
        }
        if let Some(seed) = twice(&self.seeds) {
            bail!("the seed {seed} is named twice");
        }
        let factors: Vec<usize> = self.scales.iter().map(|s| s.factor).collect();
        if let Some(factor) = twice(&factors) {
            bail!("the factor {factor} is named twice");
        }
        self.scales.iter().try_for_each(|scale| self.check_scale(scale))?;
        for candidate in &self.candidates {
            if !candidate.arm.single() {
                bail!("'candidates' names {}, which has no weight of its own", candidate.arm.label());
            }
            terms(candidate.arm, &[*candidate])?.validate()?;
        }
        self.check_schooling()
    }

    fn check_scale(&self, scale: &Scale) -> anyhow::Result<()> {
        if scale.factor == 0 || !self.input_px.is_multiple_of(scale.factor) {
            bail!("the factor {} does not divide {} px", scale.factor, self.input_px);
        }
        if let Some(arm) = twice(&scale.arms) {
            bail!("{} is named twice for the factor {}", arm.label(), scale.factor);
        }
        for arm in &scale.arms {
            let enough = terms(*arm, &self.candidates);
            enough.with_context(|| format!("'candidates' is not enough for {}", arm.label()))?;
        }
        Ok(())
    }

    fn check_schooling(&self) -> anyhow::Result<()> {
        let choosing = Schooling { epochs: self.choosing_epochs, ..self.student.clone() };
        let mut all = vec![("teacher", &self.teacher), ("student", &self.student)];
        all.extend((!self.candidates.is_empty()).then_some(("choosing_epochs", &choosing)));
        for (name, schooling) in all {
            let settings = self.settings(schooling, Terms::default(), TrainViews::Continuous, 0);
            settings.validate().with_context(|| format!("'{name}' cannot be followed"))?;
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

/// The first that is there a second time.
fn twice<T: PartialEq>(all: &[T]) -> Option<&T> {
    all.iter().enumerate().find(|(i, one)| all[..*i].contains(one)).map(|(_, one)| one)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::preset::Preset;
    use super::*;

    #[test]
    fn the_combined_arm_takes_both_weights() {
        let weights = [Weight { arm: Arm::Fm, weight: 0.1 }, Weight { arm: Arm::AtPlus, weight: 10.0 }];
        let made = terms(Arm::FmAtPlus, &weights).unwrap();
        assert_eq!((made.fm.unwrap().weight, made.at[0].weight, made.at[0].form), (0.1, 10.0, AttentionForm::Positive));
        assert!(terms(Arm::Kd, &weights).unwrap_err().to_string().contains("KD"));
    }

    #[test]
    fn plans_that_cannot_be_finished_are_refused() {
        let refused = |change: fn(&mut Plan), words: &str| {
            let mut plan = Preset::Smoke.plan();
            change(&mut plan);
            let said = crate::cli::words(&plan.validate().unwrap_err());
            assert!(said.contains(words), "{said}");
        };
        refused(|p| p.scales[0].factor = 3, "does not divide");
        refused(|p| p.seeds = vec![1, 2, 1], "the seed 1 is named twice");
        refused(|p| p.scales.push(p.scales[0].clone()), "the factor 2 is named twice");
        refused(|p| p.scales[0].arms.push(Arm::Kd), "KD is named twice for the factor 2");
        refused(|p| p.candidates.retain(|c| c.arm != Arm::Sr), "SR");
        // The combined arm needs the weights of arms that may not be compared themselves.
        let combined = |p: &mut Plan| {
            p.scales[0].arms = vec![Arm::None, Arm::FmAtPlus];
            p.candidates.retain(|c| c.arm != Arm::Fm);
        };
        refused(combined, "no weight was chosen for FM");
        refused(|p| p.candidates.push(Weight { arm: Arm::FmAtPlus, weight: 1.0 }), "no weight of its own");
        refused(|p| p.student.epochs = 0, "'student'");
        refused(|p| p.choosing_epochs = 0, "'choosing_epochs'");
    }
}
