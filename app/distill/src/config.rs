//! The loss terms of a run: which, with what weight, in what form. Serialises as JSON or TOML.

use serde::{Deserialize, Serialize};

/// Total loss = `ce`·CE + Σ weight·term over the terms that are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Weight of the cross entropy with the label; default 1.
    pub ce: f64,
    /// Soft labels.
    pub kd: Option<Kd>,
    /// Feature matching.
    pub fm: Option<Fm>,
    /// The Teacher's head on the Student's features.
    pub sr: Option<Sr>,
    /// Attention, any number of layers or forms.
    pub at: Vec<At>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { ce: 1.0, kd: None, fm: None, sr: None, at: vec![] }
    }
}

/// KD: mean over samples of −Σ softmax(z_teacher / t) · log_softmax(z_student).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kd {
    /// Weight in the total.
    pub weight: f64,
    /// Temperature of the Teacher, positive; default 1. The Student is not tempered.
    #[serde(default = "one")]
    pub t: f64,
}

/// FM: root of the mean squared difference of the feature maps, the Student's resized to the Teacher's grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fm {
    /// Weight in the total.
    pub weight: f64,
    /// Level or layer name; default the last block.
    #[serde(default = "last")]
    pub layer: String,
}

/// SR: root of the mean squared difference of the logits, the Student's features read by the Teacher's fixed head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sr {
    /// Weight in the total.
    pub weight: f64,
    /// Pooled or at each place.
    #[serde(default)]
    pub kind: SrKind,
}

/// Where SR compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SrKind {
    /// After global pooling.
    #[default]
    Last,
    /// At each place of the Teacher's last map, from the Student's block whose map has that size, through a trained 1×1
    /// convolution.
    Spatial,
}

/// AT: difference of the attention maps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// Weight in the total.
    pub weight: f64,
    /// Level (`-1` is the last block) or layer name; default the last block.
    #[serde(default = "last")]
    pub layer: String,
    /// The Teacher's layer where its name differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher_layer: Option<String>,
    /// Arithmetic of the map.
    #[serde(default)]
    pub form: AttentionForm,
    /// What is made of the difference.
    #[serde(default)]
    pub loss: AttentionLoss,
    /// Scale on which maps are compared.
    #[serde(default)]
    pub normalise: AttentionScale,
}

/// Arithmetic of a class's map, with α the mean gradient of a channel A.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionForm {
    /// Σ relu(α·A): AT+.
    #[default]
    Positive,
    /// relu(Σ α·A): classic Grad-CAM.
    Relu,
    /// Σ α·A.
    Signed,
}

/// What is made of the difference of two maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionLoss {
    /// Mean over samples of the root of the mean squared difference.
    #[default]
    L2,
    /// Binary cross entropy, mean over elements; logarithms end at −100, as PyTorch's do.
    Bce,
    /// Kullback-Leibler divergence from the Teacher's map, summed over elements, mean over samples.
    Kl,
}

/// Scale on which maps are compared; always jointly over pixels and classes of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AttentionScale {
    /// (M − min) / (max − min); a constant map becomes zeros.
    #[default]
    #[serde(rename = "minmax")]
    MinMax,
    /// softmax(M / t).
    #[serde(rename = "softmax")]
    Softmax {
        /// Temperature, positive; default 0.01.
        #[serde(default = "hundredth")]
        t: f64,
    },
}

fn one() -> f64 {
    1.0
}

fn hundredth() -> f64 {
    0.01
}

fn last() -> String {
    "-1".into()
}

/// A number in the configuration that cannot be meant.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum ConfigError {
    /// Negative, infinite or not a number.
    #[error("the weight {value} is no weight: finite and at least 0 is ('{name}')")]
    Weight {
        /// Term.
        name: String,
        /// What stands there.
        value: f64,
    },
    /// Zero, negative, infinite or not a number.
    #[error("the temperature {value} is no temperature: finite and above 0 is ('{name}')")]
    Temperature {
        /// Term.
        name: String,
        /// What stands there.
        value: f64,
    },
}

impl Terms {
    /// Checks every number.
    ///
    /// # Errors
    /// The first that cannot be meant.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (name, value) in self.weights() {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ConfigError::Weight { name, value });
            }
        }
        let soft = |at: &At| match at.normalise {
            AttentionScale::Softmax { t } => Some(t),
            AttentionScale::MinMax => None,
        };
        let kd = self.kd.iter().map(|kd| ("kd".to_string(), kd.t));
        let at = self.at.iter().enumerate().filter_map(|(i, at)| soft(at).map(|t| (at_name(i), t)));
        match kd.chain(at).find(|(_, t)| !(t.is_finite() && *t > 0.0)) {
            Some((name, value)) => Err(ConfigError::Temperature { name, value }),
            None => Ok(()),
        }
    }

    /// Terms in the order in which their values are reported, each with its weight.
    pub fn weights(&self) -> Vec<(String, f64)> {
        let ce = std::iter::once(("ce".to_string(), self.ce));
        let kd = self.kd.iter().map(|t| ("kd".to_string(), t.weight));
        let fm = self.fm.iter().map(|t| ("fm".to_string(), t.weight));
        let sr = self.sr.iter().map(|t| ("sr".to_string(), t.weight));
        let at = self.at.iter().enumerate().map(|(i, t)| (at_name(i), t.weight));
        ce.chain(kd).chain(fm).chain(sr).chain(at).collect()
    }

    /// Whether any term needs a Teacher.
    pub fn needs_teacher(&self) -> bool {
        self.weights().len() > 1
    }
}

/// `at`, `at.1`, `at.2`, …
pub(crate) fn at_name(i: usize) -> String {
    if i == 0 { "at".into() } else { format!("at.{i}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn short_form_takes_the_methods_defaults() {
        let text = r#"{"fm": {"weight": 0.1}, "at": [{"weight": 10, "layer": "-2", "normalise": {"softmax": {}}}]}"#;
        let terms: Terms = serde_json::from_str(text).unwrap();
        assert_eq!(terms.ce, 1.0);
        assert_eq!(terms.fm, Some(Fm { weight: 0.1, layer: "-1".into() }));
        assert_eq!(terms.at[0].normalise, AttentionScale::Softmax { t: 0.01 });
        assert_eq!((terms.at[0].form, terms.at[0].loss), (AttentionForm::Positive, AttentionLoss::L2));
        let again: Terms = serde_json::from_str(&serde_json::to_string(&terms).unwrap()).unwrap();
        assert_eq!(again, terms);
    }

    #[test]
    fn absurd_numbers_are_refused_by_name() {
        let mut terms = Terms { kd: Some(Kd { weight: 1.0, t: 0.0 }), ..Terms::default() };
        assert_eq!(terms.validate(), Err(ConfigError::Temperature { name: "kd".into(), value: 0.0 }));
        terms.kd = Some(Kd { weight: -1.0, t: 1.0 });
        assert!(terms.validate().unwrap_err().to_string().contains("'kd'"));
        terms.kd = Some(Kd { weight: f64::NAN, t: 1.0 });
        assert!(terms.validate().is_err());
        assert!(serde_json::from_str::<Terms>(r#"{"att": []}"#).is_err(), "a misspelt term is not ignored");
    }
}
