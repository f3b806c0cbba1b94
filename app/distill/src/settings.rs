//! What a training run is told: everything but the files. Serialises as JSON or TOML.

use crate::config::{ConfigError, Terms};
use crate::optimiser::{AdamSettings, Schedule};
use crate::views::ViewSet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Settings of a run; the defaults are the method's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Loss terms and their weights.
    pub terms: Terms,
    /// Optimiser.
    pub optimiser: AdamSettings,
    /// Step size over time; default constant.
    pub schedule: Schedule,
    /// Passes over the data; default 20.
    pub epochs: usize,
    /// Patches of one optimiser step; default 32.
    pub batch: usize,
    /// Parts a batch is cut into to save memory; the gradients are summed. Default 1. Terms that are a root over the whole batch
    /// (FM, SR) are then roots over each part.
    pub accumulate: usize,
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Which views of the patches are trained on; default `continuous`, the reference's random augmentation.
    pub views: TrainViews,
    /// Draw rare classes more often; default true.
    pub balance: bool,
    /// Layer or level (`-2`) up to which, itself included, nothing is trained; what it makes of exported views is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<String>,
    /// Least rise of validation κ for which the weights are kept; default 0.01.
    pub least_gain: f64,
    /// Stop after so many epochs without such a rise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// Bytes of memory that decoded pictures may take, those to train and to validate on together; default 1 GiB. What frozen layers
    /// make of exported views may take as many again.
    pub picture_memory: u64,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            terms: Terms::default(),
            optimiser: AdamSettings::default(),
            schedule: Schedule::default(),
            epochs: 20,
            batch: 32,
            accumulate: 1,
            seed: 0,
            views: TrainViews::Continuous,
            balance: true,
            freeze: None,
            least_gain: 0.01,
            patience: None,
            picture_memory: 1 << 30,
        }
    }
}

/// Which views of a patch the Student is trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainViews {
    /// A new random augmentation each time; the Teacher, where one is needed, has to run along.
    Continuous,
    /// One of these, drawn each time: what a targets file was exported for.
    Exported(ViewSet),
}

impl fmt::Display for TrainViews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuous => f.write_str("continuous"),
            Self::Exported(set) => set.fmt(f),
        }
    }
}

impl FromStr for TrainViews {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "continuous" => Ok(Self::Continuous),
            other => match other.parse() {
                Ok(set) => Ok(Self::Exported(set)),
                Err(e) => Err(format!("{e}, or 'continuous'")),
            },
        }
    }
}

impl Serialize for TrainViews {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrainViews {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Settings that contradict each other.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum SettingsError {
    /// A loss term.
    #[error(transparent)]
    Terms(#[from] ConfigError),
    /// A number outside its range.
    #[error("'{name}' is {value}; it has to be {rule}")]
    Number {
        /// Field.
        name: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        rule: &'static str,
    },
}

impl TrainSettings {
    /// Checks every number.
    ///
    /// # Errors
    /// The first that cannot be meant.
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.terms.validate()?;
        let number = |name, value: &dyn fmt::Display, rule, fine: bool| match fine {
            true => Ok(()),
            false => Err(SettingsError::Number { name, value: value.to_string(), rule }),
        };
        let AdamSettings { lr, betas, eps } = self.optimiser;
        let positive = |v: f64| v.is_finite() && v > 0.0;
        number("epochs", &self.epochs, "from 1 to 100000", (1..=100_000).contains(&self.epochs))?;
        number("batch", &self.batch, "from 1 to 65536", (1..=65_536).contains(&self.batch))?;
        let parts = (1..=self.batch).contains(&self.accumulate) && self.batch.is_multiple_of(self.accumulate.max(1));
        number("accumulate", &self.accumulate, "a divisor of the batch", parts)?;
        number("optimiser.lr", &lr, "a positive number", positive(lr))?;
        number("optimiser.eps", &eps, "a positive number", positive(eps))?;
        for beta in betas {
            number("optimiser.betas", &beta, "from 0 to below 1", (0.0..1.0).contains(&beta))?;
        }
        let last = self.schedule.last;
        number("schedule.last", &last, "a number from 0", last.is_finite() && last >= 0.0)?;
        let gain = self.least_gain.is_finite() && self.least_gain >= 0.0;
        number("least_gain", &self.least_gain, "a number of at least 0", gain)?;
        number("patience", &0, "at least 1", self.patience != Some(0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_methods_and_come_back() {
        let settings: TrainSettings = serde_json::from_str("{}").unwrap();
        assert_eq!((settings.epochs, settings.batch, settings.optimiser.lr), (20, 32, 1e-4));
        let text = serde_json::to_string(&TrainSettings { views: "aug:3:7".parse().unwrap(), ..settings }).unwrap();
        assert!(text.contains("\"aug:3:7\""), "{text}");
        let again: TrainSettings = serde_json::from_str(&text).unwrap();
        assert_eq!(again.views.to_string(), "aug:3:7");
    }

    #[test]
    fn absurd_numbers_are_refused_by_name() {
        let refused = |change: fn(&mut TrainSettings), name: &str| {
            let mut settings = TrainSettings::default();
            change(&mut settings);
            let said = settings.validate().unwrap_err().to_string();
            assert!(said.contains(name), "{said}");
        };
        refused(|s| s.epochs = 0, "epochs");
        refused(|s| s.batch = 0, "batch");
        refused(|s| s.accumulate = 5, "accumulate");
        refused(|s| s.optimiser.lr = f64::NAN, "lr");
        refused(|s| s.patience = Some(0), "patience");
        assert!(TrainSettings::default().validate().is_ok());
        assert!(serde_json::from_str::<TrainSettings>(r#"{"epoch": 3}"#).is_err(), "a misspelt field is not ignored");
    }
}
