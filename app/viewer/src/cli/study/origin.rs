//! What a study's results are about: those of different data sets or Teachers are never mixed.

use anyhow::{Context, bail};
use fovea_distill::Set;
use fovea_distill::data::{Sample, Source, Splits};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Data set and Teacher of a result. Files of older versions do not tell them: then nothing is known to differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// [`fingerprint`] of the data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// SHA-256 of the weights of the Teacher that was listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
}

impl Origin {
    /// Holds the origin of what was found in `file` against that of this study.
    ///
    /// # Errors
    /// When one of them is known to differ.
    pub fn check(&self, wanted: &Self, file: &Path) -> anyhow::Result<()> {
        for (what, found, wanted) in [("data set", &self.data, &wanted.data), ("Teacher", &self.teacher, &wanted.teacher)] {
            if let (Some(found), Some(wanted)) = (found, wanted)
                && found != wanted
            {
                let (found, wanted) = (short(found), short(wanted));
                bail!(
                    "this is of another {what} ({found}, this study's is {wanted}); each needs a study of its own: {}",
                    file.display()
                );
            }
        }
        Ok(())
    }
}

/// Enough of a hash to tell it from others.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// Hex SHA-256 over the classes, and over part, name, class and size in bytes of every patch and its mask, in order.
///
/// # Errors
/// Files that are no longer there.
pub fn fingerprint(splits: &Splits) -> anyhow::Result<String> {
    let told = |name, label| Sample { name, source: Source::Memory(Arc::default()), label, mask: None };
    let mut all: Vec<Sample> = splits.classes.iter().enumerate().map(|(i, class)| told(format!("class {class}"), i)).collect();
    for (part, samples) in [("train", &splits.train), ("validation", &splits.validation), ("test", &splits.test)] {
        for sample in samples {
            let mask =
                sample.mask.as_ref().map(size).transpose()?.map_or_else(|| String::from("none"), |bytes| bytes.to_string());
            all.push(told(format!("{part} {}\n{}\n{mask}", sample.name, size(&sample.source)?), sample.label));
        }
    }
    Ok(Set::new(all, 0, 0).fingerprint())
}

fn size(source: &Source) -> anyhow::Result<u64> {
    match source {
        Source::Memory(bytes) => Ok(bytes.len() as u64),
        Source::File(file) => {
            let about = std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(about.len())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn splits(change: impl Fn(&mut Splits)) -> String {
        let sample = |name: &str, label| Sample {
            name: name.into(),
            source: Source::Memory(Arc::from([1u8, 2, 3])),
            label,
            mask: Some(Source::Memory(Arc::from([0u8]))),
        };
        let mut splits = Splits { classes: vec!["a".into(), "b".into()], ..Splits::default() };
        splits.train = vec![sample("x", 0), sample("y", 1)];
        splits.test = vec![sample("z", 1)];
        change(&mut splits);
        fingerprint(&splits).unwrap()
    }

    #[test]
    fn every_change_of_a_set_shows() {
        let plain = splits(|_| {});
        assert_eq!(plain, splits(|s| s.notes.push("told to people".into())));
        let changes: [fn(&mut Splits); 7] = [
            |s| s.classes.swap(0, 1),
            |s| s.test[0].name.push('2'),
            |s| s.test[0].label = 0,
            |s| s.test[0].source = Source::Memory(Arc::from([1u8, 2])),
            |s| s.test[0].mask = None,
            |s| s.train.swap(0, 1),
            |s| s.validation = std::mem::take(&mut s.test),
        ];
        let others: Vec<String> = changes.into_iter().map(splits).collect();
        assert!(others.iter().all(|o| *o != plain), "{others:?}");
    }

    #[test]
    fn what_is_not_known_does_not_differ() {
        let origin = |data: Option<&str>, teacher: Option<&str>| Origin {
            data: data.map(String::from),
            teacher: teacher.map(String::from),
        };
        let file = Path::new("teacher/outcome.json");
        let here = origin(Some("one"), Some("me"));
        assert!(here.check(&here, file).is_ok() && Origin::default().check(&here, file).is_ok());
        assert!(origin(Some("one"), None).check(&here, file).is_ok());
        let said = origin(Some("two"), None).check(&here, file).unwrap_err().to_string();
        assert!(said.contains("data set (two, this study's is one)") && said.ends_with("teacher/outcome.json"), "{said}");
        assert!(origin(Some("one"), Some("you")).check(&here, file).unwrap_err().to_string().contains("Teacher"));
        assert_eq!(serde_json::from_str::<Origin>("{}").unwrap(), Origin::default());
    }
}
