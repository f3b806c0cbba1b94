//! Facts about a model: from its form, a card.json or a WSInfer config.json.

use super::distil::Description;
use fovea_student::card::{CamDefault, Training, View};
use fovea_student::{BareInfo, Checkpoint, Student};
use serde::Deserialize;
use serde_json::Value;

/// Everything said about a model without a card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What the loader asks for.
    pub info: BareInfo,
    /// What else a card said.
    pub card: CardFields,
}

/// Fields of a model card, each of which may be missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CardFields {
    name: Option<String>,
    class_names: Option<Vec<String>>,
    class_colours: Option<Vec<[u8; 3]>>,
    input_px: Option<usize>,
    um_per_px: Option<f64>,
    view: Option<View>,
    cam: Option<CamDefault>,
    training: Option<Training>,
    synthetic: bool,
    notes: Vec<String>,
    licence: Option<String>,
}

impl Facts {
    /// Reads a card.json or a WSInfer config.json.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|e| format!("is no JSON: {e}"))?;
        let object = value.as_object().ok_or("describes no model: it is no JSON object")?;
        if ["patch_size_pixels", "spacing_um_px", "transform"].iter().any(|key| object.contains_key(*key)) {
            let info = BareInfo::from_wsinfer(text).map_err(|e| e.to_string())?;
            return Ok(Self { info, card: CardFields::default() });
        }
        let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        if !has(&["class_names", "input_px", "um_per_px", "view"]) {
            return Err(match has(&Description::KEYS) {
                true => "describes a training run, not a model: drop it on the Distil page".into(),
                false => "describes no model: neither a model card nor a WSInfer configuration".into(),
            });
        }
        let card: CardFields = serde_json::from_value(value).map_err(|e| format!("the model card cannot be read: {e}"))?;
        let info = BareInfo {
            classes: card.class_names.clone(),
            input_px: card.input_px,
            um_per_px: card.um_per_px,
            view: card.view.clone(),
            licence: card.licence.clone(),
            ..BareInfo::default()
        };
        Ok(Self { info, card })
    }

    /// The model with these facts.
    ///
    /// # Errors
    /// What contradicts the checkpoint, or is missing.
    pub fn make(self, checkpoint: Checkpoint) -> Result<Student, String> {
        let mut student = checkpoint.into_student(&self.info).map_err(|e| e.reason.to_string())?;
        let (card, said) = (&mut student.card, self.card);
        card.name = said.name.unwrap_or_else(|| card.name.clone());
        card.cam = said.cam.unwrap_or_else(|| card.cam.clone());
        card.training = said.training.unwrap_or_default();
        card.synthetic = said.synthetic;
        card.notes.extend(said.notes);
        if let Some(colours) = said.class_colours.filter(|c| c.len() == card.class_names.len()) {
            card.class_colours = colours;
        }
        card.validate(&student.graph).map_err(|e| e.to_string())?;
        Ok(student)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cards_and_wsinfer_configurations_are_told_apart() {
        let card = Facts::read(r#"{"class_names": ["a", "b"], "input_px": 64, "synthetic": true, "other": 1}"#).unwrap();
        assert_eq!((card.info.input_px, card.card.synthetic), (Some(64), true));
        let text = r#"{"class_names": ["a"], "patch_size_pixels": 350, "spacing_um_px": 0.25,
            "transform": [{"name": "Resize", "arguments": {"size": 224}}]}"#;
        assert_eq!(Facts::read(text).unwrap().info.input_px, Some(224));
        for wrong in ["", "[]", "{}", r#"{"class_names": 3}"#, r#"{"input_px": -1}"#] {
            assert!(Facts::read(wrong).is_err(), "{wrong}");
        }
        assert!(Facts::read(r#"{"class_names": ["a", "b"], "train": "on other keys than ours"}"#).is_ok());
        assert!(Facts::read(r#"{"train": {"epochs": 3}}"#).is_err_and(|told| told.contains("Distil page")));
    }
}
