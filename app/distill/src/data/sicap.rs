//! SICAPv2: `images/`, and `partition/{Test,Validation/Val1…4}/{Train,Test}.xlsx` with columns `image_name, NC, G3, G4, G5, G4C`.

use super::sheet::Sheet;
use super::{DataError, DataOptions, Sample, Source, Splits};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// The column of file names.
const NAME: &str = "image_name";
/// Cribriform G4: a subset of G4, which kd_resolution does not grade apart.
const CRIBRIFORM: &str = "G4C";
/// Columns that are no classes.
const NO_CLASSES: [&str; 2] = [NAME, CRIBRIFORM];
/// How many missing files a message names.
const NAMED: usize = 3;

/// True for a folder in this layout.
pub(super) fn is(path: &Path) -> bool {
    path.join("partition").is_dir() && path.join("images").is_dir()
}

/// Reads the set.
///
/// # Errors
/// Tables or images that are missing, rows without exactly one class, classes that differ between tables.
pub(super) fn open(path: &Path, options: &DataOptions) -> Result<Splits, DataError> {
    let partition = path.join("partition");
    let fold = partition.join("Validation").join(format!("Val{}", options.fold));
    let mut splits = Splits::default();
    let mut classes = options.classes.clone();
    let mut notes = BTreeSet::new();
    let images = path.join("images");
    let (train, validation) = (fold.join("Train.xlsx"), fold.join("Test.xlsx"));
    splits.train = table(&train, &images, &mut classes, &mut notes)?;
    splits.validation = table(&validation, &images, &mut classes, &mut notes)?;
    let test = partition.join("Test").join("Test.xlsx");
    if test.is_file() {
        splits.test = table(&test, &images, &mut classes, &mut notes)?;
    }
    splits.classes = classes.unwrap_or_default();
    splits.notes.extend(notes);
    apart(&splits, &partition)?;
    Ok(splits)
}

fn table(
    file: &Path,
    images: &Path,
    classes: &mut Option<Vec<String>>,
    notes: &mut BTreeSet<String>,
) -> Result<Vec<Sample>, DataError> {
    let bytes = std::fs::read(file).map_err(|source| DataError::Read { source, file: file.to_path_buf() })?;
    let sheet = Sheet::read(&bytes, file)?;
    let refuse = |reason: String| DataError::Table { reason, file: file.to_path_buf() };
    let name = sheet.column(NAME).ok_or_else(|| refuse(format!("there is no column '{NAME}'")))?;
    let own: Vec<usize> = (0..sheet.columns.len())
        .filter(|&i| !sheet.columns[i].is_empty() && !NO_CLASSES.iter().any(|n| sheet.columns[i].eq_ignore_ascii_case(n)))
        .collect();
    let names: Vec<String> = own.iter().map(|&i| sheet.columns[i].clone()).collect();
    let wanted = classes.get_or_insert_with(|| names.clone());
    let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    if sorted(wanted) != sorted(&names) {
        return Err(DataError::Classes { found: names.join(", "), wanted: wanted.join(", "), file: file.to_path_buf() });
    }
    if sheet.column(CRIBRIFORM).is_some() {
        notes.insert(format!("the column {CRIBRIFORM} is not used: its patches are {} too", &CRIBRIFORM[..2]));
    }
    let mut samples = vec![];
    for row in &sheet.rows {
        let hot: Vec<&String> = own.iter().filter(|&&i| is_one(&row[i])).map(|&i| &sheet.columns[i]).collect();
        let [class] = hot[..] else {
            return Err(refuse(format!("'{}' has {} classes instead of one", row[name], hot.len())));
        };
        let label = wanted.iter().position(|w| w == class).unwrap_or_default();
        samples.push(sample(images, &row[name], label));
    }
    present(&samples, file)?;
    Ok(samples)
}

fn is_one(cell: &str) -> bool {
    cell.parse::<f64>().is_ok_and(|v| v == 1.0) || cell.eq_ignore_ascii_case("true")
}

fn sample(images: &Path, name: &str, label: usize) -> Sample {
    let mask = images.with_file_name("masks").join(name).with_extension("png");
    Sample {
        name: name.into(),
        source: Source::File(images.join(name)),
        label,
        mask: mask.is_file().then_some(Source::File(mask)),
    }
}

/// Every file of a table has to be there, once.
fn present(samples: &[Sample], file: &Path) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    if let Some(twice) = samples.iter().find(|s| !seen.insert(&s.name)) {
        let reason = format!("'{}' is listed twice", twice.name);
        return Err(DataError::Table { reason, file: file.to_path_buf() });
    }
    let place = |s: &Sample| match &s.source {
        Source::File(file) => Some(file.clone()),
        Source::Memory(_) => None,
    };
    let missing: Vec<PathBuf> = samples.iter().filter_map(place).filter(|p| !p.is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let first = missing.iter().take(NAMED).filter_map(|p| p.file_name()).map(|n| n.to_string_lossy()).collect::<Vec<_>>();
    Err(DataError::Missing { missing: missing.len(), of: samples.len(), first: first.join(", "), file: file.to_path_buf() })
}

/// A patch that is trained on must not be judged on.
fn apart(splits: &Splits, partition: &Path) -> Result<(), DataError> {
    let train: HashSet<&str> = splits.train.iter().map(|s| s.name.as_str()).collect();
    let others = splits.validation.iter().chain(&splits.test);
    match others.into_iter().find(|s| train.contains(s.name.as_str())) {
        Some(both) => {
            let reason = format!("'{}' is among the training patches and among those that are judged", both.name);
            Err(DataError::Table { reason, file: partition.to_path_buf() })
        }
        None => Ok(()),
    }
}
