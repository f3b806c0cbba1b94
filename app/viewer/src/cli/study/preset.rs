//! Ready-made plans.

use super::plan::{Arm, Plan, Scale, Schooling, Weight};
use clap::ValueEnum;
use fovea_distill::{Schedule, ViewSet};
use fovea_student::card::Grid;

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
    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

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
        assert_eq!(Preset::Synth.name(), "synth");
    }
}
