//! From a folder or table to a checked data set.

use super::parts::{self, Part};
use super::rows::{Labels, Row};
use super::{DataError, DataOptions, Layout, Sample, Source, Splits, check, folders, grid, rows, walk};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// A labelled image before the set is put together.
#[derive(Debug)]
pub(super) struct Found {
    /// Unique within the set.
    pub name: String,
    /// None where no such file is.
    pub path: Option<PathBuf>,
    pub class: String,
    pub part: Part,
    pub mask: Option<PathBuf>,
}

/// What a layout yields.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub classes: Vec<String>,
    pub found: Vec<Found>,
    pub notes: Vec<String>,
}

/// Opens a data set: labels are read and checked, images only looked for. See [`Layout`] for what is understood.
///
/// # Errors
/// Whatever makes the set unusable, with the file it is about: see [`DataError`].
pub fn open(path: &Path, options: &DataOptions) -> Result<Splits, DataError> {
    options.check()?;
    std::fs::metadata(path).map_err(|source| DataError::Read { source, file: path.to_path_buf() })?;
    let layout = match options.layout {
        Layout::Auto => guess(path)?,
        named => named,
    };
    let contents = match layout {
        Layout::Sicap => sicap(path, options.fold)?,
        Layout::Folders => folders::read(path)?,
        Layout::Table | Layout::Auto => table(&the_table(path)?)?,
    };
    finish(path, contents, options)
}

fn guess(path: &Path) -> Result<Layout, DataError> {
    if path.is_file() {
        return Ok(Layout::Table);
    }
    if path.join("partition").is_dir() {
        return Ok(Layout::Sicap);
    }
    let entries = inside(path)?;
    let tables = entries.iter().any(|entry| grid::is_table(entry));
    let images = path.join("images").is_dir() || entries.iter().any(|entry| walk::is_image(entry));
    Ok(if !(tables && images) && folders::has_classes(path)? { Layout::Folders } else { Layout::Table })
}

/// What is in a folder, sorted.
pub(super) fn inside(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    walk::entries(folder).map_err(|source| DataError::Read { source, file: folder.to_path_buf() })
}

/// The file itself, or the only table in a folder.
fn the_table(path: &Path) -> Result<PathBuf, DataError> {
    if path.is_file() {
        return Ok(path.to_path_buf());
    }
    let layout = |reason: String| DataError::Layout { reason, file: path.to_path_buf() };
    let mut tables = inside(path)?.into_iter().filter(|entry| entry.is_file() && grid::is_table(entry));
    match (tables.next(), tables.count()) {
        (Some(table), 0) => Ok(table),
        (None, _) => Err(layout("neither partition/, nor two class folders with images, nor a CSV or XLSX table".into())),
        (Some(_), more) => Err(layout(format!("{} tables; name the one that is meant", more + 1))),
    }
}

/// A table beside its images, or beside their folder `images/`.
fn table(file: &Path) -> Result<Contents, DataError> {
    let home = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let Labels { classes, rows } = rows::labels(&grid::read(file)?, file)?;
    let places = [home.clone(), home.join("images")];
    let masks = Masks::of(&home, &rows);
    let found = rows.into_iter().map(|row| {
        let part = row.part.unwrap_or(Part::Train);
        labelled(row, part, &places, &masks)
    });
    Ok(Contents { classes, found: found.collect(), notes: vec![] })
}

fn labelled(row: Row, part: Part, places: &[PathBuf], masks: &Masks) -> Found {
    let (path, mask) = (walk::locate(places, &row.name), masks.find(&row.name));
    Found { name: row.name, path, class: row.class, part, mask }
}

/// The folder `masks/`, and how many rows share each file name: `NC/1.png` and `G4/1.png` are two patches.
struct Masks {
    folder: PathBuf,
    shared: HashMap<String, usize>,
}

impl Masks {
    fn of(home: &Path, rows: &[Row]) -> Self {
        let mut shared = HashMap::new();
        rows.iter().filter_map(|row| stem(&row.name)).for_each(|stem| *shared.entry(stem).or_default() += 1);
        Self { folder: home.join("masks"), shared }
    }

    /// The mask of a patch: under the same folders, `masks/NC/1.png`; or under its bare name where no other row has that.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let stem = stem(name)?;
        let file = format!("{stem}.png");
        let folders = Path::new(name).parent().filter(|p| p.components().all(|c| matches!(c, Component::Normal(_))));
        let folders = folders.map(|p| p.strip_prefix("images").unwrap_or(p));
        let alone = self.shared.get(&stem) == Some(&1);
        let places = [folders.map(|p| self.folder.join(p).join(&file)), alone.then(|| self.folder.join(&file))];
        places.into_iter().flatten().find(|mask| mask.is_file())
    }
}

/// A name without its folders and without an image's ending: what follows the last dot of `PAT-1.2` is none.
fn stem(name: &str) -> Option<String> {
    let path = Path::new(name);
    let stem = if walk::is_image(path) { path.file_stem() } else { path.file_name() };
    stem.map(|stem| stem.to_string_lossy().into_owned())
}

fn sicap(root: &Path, fold: usize) -> Result<Contents, DataError> {
    let partition = root.join("partition");
    let (test, fold) = (partition.join("Test"), partition.join("Validation").join(format!("Val{fold}")));
    let mut tables = vec![];
    if fold.is_dir() {
        tables.push((fold.join("Train.xlsx"), Part::Train));
        tables.push((fold.join("Test.xlsx"), Part::Validation));
    } else if partition.join("Validation").is_dir() {
        return Err(DataError::Layout { reason: "there is no such validation fold".into(), file: fold });
    } else {
        tables.push((test.join("Train.xlsx"), Part::Train));
    }
    if test.join("Test.xlsx").is_file() {
        tables.push((test.join("Test.xlsx"), Part::Test));
    }
    let mut contents = Contents::default();
    for (file, part) in tables {
        let Labels { classes, rows } = rows::labels(&grid::read(&file)?, &file)?;
        if contents.classes.is_empty() {
            contents.classes = classes;
        } else if contents.classes != classes {
            return Err(DataError::Classes { found: classes, wanted: contents.classes, file });
        }
        let places = [root.join("images")];
        let masks = Masks::of(root, &rows);
        contents.found.extend(rows.into_iter().map(|row| labelled(row, part, &places, &masks)));
    }
    Ok(contents)
}

/// Checks what a layout yielded and puts the set together.
fn finish(file: &Path, contents: Contents, options: &DataOptions) -> Result<Splits, DataError> {
    let used: Vec<&Path> = contents.found.iter().filter_map(|f| f.path.as_deref()).collect();
    let unused = walk::unused(&used);
    put_together(file, contents, unused, options)
}

/// Checks what was found and sorts it into parts; `unused` images have no label.
pub(super) fn put_together(file: &Path, contents: Contents, unused: usize, options: &DataOptions) -> Result<Splits, DataError> {
    let Contents { classes, found, mut notes } = contents;
    check::distinct(&found)?;
    check::present(&found, file)?;
    if unused > 0 {
        notes.push(format!("{unused} image{} without a label: not used", if unused == 1 { "" } else { "s" }));
    }
    let classes = check::agreed(classes, options.classes.as_ref(), file)?;
    let mut splits = Splits { classes, notes, ..Splits::default() };
    let label: HashMap<String, usize> = splits.classes.iter().cloned().zip(0..).collect();
    for f in found {
        let (Some(path), Some(label)) = (f.path, label.get(&f.class)) else { continue };
        let sample = Sample { name: f.name, source: Source::File(path), label: *label, mask: f.mask.map(Source::File) };
        match f.part {
            Part::Train => splits.train.push(sample),
            Part::Validation => splits.validation.push(sample),
            Part::Test => splits.test.push(sample),
        }
    }
    if splits.validation.is_empty() {
        let share = options.validation_share;
        let all = std::mem::take(&mut splits.train);
        let total = all.len();
        (splits.train, splits.validation) = parts::take(all, splits.classes.len(), share, options.split_seed);
        let taken = splits.validation.len();
        splits
            .notes
            .push(format!("{taken} of {total} patches to train on were set aside to validate on (seed {})", options.split_seed));
    }
    check::usable(&splits, file)?;
    check::remarks(&mut splits);
    Ok(splits)
}
