//! What a data set must be to train on, and what is worth a note.

use super::open::Found;
use super::parts::{self, Part};
use super::{DataError, Splits, error};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// No name twice, and no file under two names.
pub(super) fn distinct(found: &[Found]) -> Result<(), DataError> {
    let mut names: HashMap<&str, Part> = HashMap::with_capacity(found.len());
    let mut files: HashMap<&Path, &Found> = HashMap::with_capacity(found.len());
    for f in found {
        if let Some(before) = names.insert(&f.name, f.part) {
            return Err(DataError::Duplicate { places: places(before, f.part), name: f.name.clone() });
        }
        let Some(file) = f.path.as_deref() else { continue };
        if let Some(before) = files.insert(file, f) {
            let (first, second) = (before.name.clone(), f.name.clone());
            let places = places(before.part, f.part);
            return Err(DataError::SameFile { first, second, places, file: file.to_path_buf() });
        }
    }
    Ok(())
}

/// One part or two, in words.
fn places(first: Part, second: Part) -> String {
    match first == second {
        true => first.name().to_owned(),
        false => format!("{} and {}", first.name(), second.name()),
    }
}

/// Every labelled image is there.
pub(super) fn present(found: &[Found], file: &Path) -> Result<(), DataError> {
    let missing: Vec<&Found> = found.iter().filter(|f| f.path.is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().take(error::LISTED).map(|f| f.name.clone()).collect();
    Err(DataError::Missing { count: missing.len(), total: found.len(), names, folder: file.to_path_buf() })
}

/// The classes in the order the caller wants, if the data's are among them.
pub(super) fn agreed(found: Vec<String>, wanted: Option<&Vec<String>>, file: &Path) -> Result<Vec<String>, DataError> {
    let Some(wanted) = wanted else { return Ok(found) };
    if found.iter().all(|class| wanted.contains(class)) {
        return Ok(wanted.clone());
    }
    Err(DataError::Classes { found, wanted: wanted.clone(), file: file.to_path_buf() })
}

/// Enough to train on and to validate on.
pub(super) fn usable(splits: &Splits, file: &Path) -> Result<(), DataError> {
    let empty = |purpose| Err(DataError::Empty { purpose, file: file.to_path_buf() });
    let Some(first) = splits.train.first() else { return empty("train on") };
    if splits.train.iter().all(|sample| sample.label == first.label) {
        return Err(DataError::OneClass { class: splits.classes[first.label].clone(), file: file.to_path_buf() });
    }
    if splits.validation.is_empty() { empty("validate on") } else { Ok(()) }
}

/// What is no error, but worth knowing.
pub(super) fn remarks(splits: &mut Splits) {
    let parts = [(&splits.train, "train"), (&splits.validation, "validation"), (&splits.test, "test")];
    let mut notes = vec![];
    let mut homes: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for (samples, part) in parts {
        let absent: Vec<&str> = (0..splits.classes.len())
            .filter(|class| !samples.is_empty() && samples.iter().all(|sample| sample.label != *class))
            .map(|class| splits.classes[class].as_str())
            .collect();
        if !absent.is_empty() {
            notes.push(format!("no {part} patch of {}", absent.join(", ")));
        }
        for sample in samples {
            homes.entry(parts::slide(&sample.name)).or_default().insert(part);
        }
    }
    let shared = homes.values().filter(|parts| parts.len() > 1).count();
    if shared > 0 {
        notes.push(format!("{shared} slide{} with patches in more than one part", if shared == 1 { "" } else { "s" }));
    }
    if splits.test.is_empty() {
        notes.push("no patches to test on".into());
    }
    splits.notes.append(&mut notes);
}
