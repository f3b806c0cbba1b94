//! A data set of files in memory: patches and the table that names them, as a browser hands them over.

use super::open::{Contents, Found, put_together};
use super::parts::Part;
use super::rows::{self, Labels};
use super::{DataError, DataOptions, Sample, Source, Splits, grid, walk};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens a data set of files: one CSV, TSV or XLSX table, and the images it names. Folders in the table's names do not count: a
/// browser hands files over without them.
///
/// # Errors
/// As [`super::open`]; no table, or more than one; different images of one name, where the table asks for them.
pub fn open_files(files: Vec<(String, Arc<[u8]>)>, options: &DataOptions) -> Result<Splits, DataError> {
    options.check()?;
    let (mut tables, images): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| grid::is_table(Path::new(name)));
    let (name, bytes) = match (tables.pop(), tables.len()) {
        (Some(table), 0) => table,
        (found, more) => {
            let count = usize::from(found.is_some()) + more;
            let reason = format!("{count} tables among {} files; one CSV or XLSX has to name the images", count + images.len());
            return Err(DataError::Layout { reason, file: found.map_or("the files".into(), |(name, _)| name.into()) });
        }
    };
    let table = Path::new(&name);
    let (images, twice) = by_name(images);
    let Labels { classes, rows } = rows::labels(&grid::parse(table, &bytes)?, table)?;
    let found: Vec<Found> = rows
        .into_iter()
        .map(|row| {
            let plain = row.name.rsplit(['/', '\\']).next().unwrap_or(&row.name);
            let path = walk::file_names(plain).into_iter().map(PathBuf::from).find(|name| images.contains_key(name));
            Found { path, name: row.name, class: row.class, part: row.part.unwrap_or(Part::Train), mask: None }
        })
        .collect();
    apart(&found, &twice, table)?;
    let unused = images.len().saturating_sub(found.iter().filter(|f| f.path.is_some()).count());
    let mut splits = put_together(table, Contents { classes, found, notes: vec![] }, unused, options)?;
    for samples in [&mut splits.train, &mut splits.validation, &mut splits.test] {
        samples.iter_mut().for_each(|sample| hand_over(sample, &images));
    }
    Ok(splits)
}

type Images = HashMap<PathBuf, Arc<[u8]>>;

/// The images by name, and the names that several different ones have.
fn by_name(files: Vec<(String, Arc<[u8]>)>) -> (Images, HashSet<PathBuf>) {
    let (mut images, mut twice) = (Images::with_capacity(files.len()), HashSet::new());
    for (name, bytes) in files {
        let name = PathBuf::from(name);
        // The same file handed over again is no other picture.
        if images.get(&name).is_some_and(|before| *before != bytes) {
            twice.insert(name.clone());
        }
        images.insert(name, bytes);
    }
    (images, twice)
}

/// No image is asked for by a name that several have.
fn apart(found: &[Found], twice: &HashSet<PathBuf>, table: &Path) -> Result<(), DataError> {
    let Some(path) = found.iter().filter_map(|f| f.path.as_ref()).find(|path| twice.contains(*path)) else { return Ok(()) };
    let rows = found.iter().filter(|f| f.path.as_ref() == Some(path)).map(|f| f.name.clone()).collect();
    Err(DataError::SameName { name: path.display().to_string(), rows, file: table.to_path_buf() })
}

fn hand_over(sample: &mut Sample, images: &Images) {
    if let Source::File(name) = &sample.source
        && let Some(bytes) = images.get(name)
    {
        sample.source = Source::Memory(bytes.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(name: &str, text: &str) -> (String, Arc<[u8]>) {
        (name.into(), Arc::from(text.as_bytes()))
    }

    #[test]
    fn a_table_finds_its_images_in_memory() {
        let table = "file,label,split\nsub/a.png,one,train\nb,two,train\nc.png,one,validation\nd.png,two,validation\n";
        let mut files = vec![file("labels.csv", table)];
        files.extend(["a.png", "b.jpg", "c.png", "d.png", "e.png"].map(|name| file(name, name)));
        let splits = open_files(files, &DataOptions::default()).unwrap();
        assert_eq!((splits.train.len(), splits.validation.len()), (2, 2));
        assert!(matches!(&splits.train[1].source, Source::Memory(bytes) if bytes[..] == *b"b.jpg"));
        assert!(splits.notes.iter().any(|note| note.contains("1 image without a label")), "{:?}", splits.notes);
    }

    #[test]
    fn pictures_of_one_name_are_not_taken_for_each_other() {
        let table = "file,label,split\nNC/1.png,NC,train\nG3/1.png,G3,train\nG3/2.png,G3,validation\n";
        let said = |table: &str, pictures: &[(&str, &str)]| {
            let mut files = vec![file("labels.csv", table)];
            files.extend(pictures.iter().map(|(name, text)| file(name, text)));
            open_files(files, &DataOptions::default()).unwrap_err().to_string()
        };
        let two = said(table, &[("1.png", "one"), ("1.png", "other"), ("2.png", "")]);
        assert!(two.contains("'1.png', which is asked for by NC/1.png and G3/1.png") && two.ends_with("labels.csv"), "{two}");
        let one = said(table, &[("1.png", "one"), ("2.png", "")]);
        assert!(one.contains("'NC/1.png' and 'G3/1.png' (train) are one and the same picture: 1.png"), "{one}");
        // One row is enough: which of the two it means cannot be known.
        let one_row = said("file,label\nNC/1.png,NC\n2.png,G3\n", &[("1.png", "a"), ("1.png", "b"), ("2.png", "")]);
        assert!(one_row.contains("several files are called '1.png'"), "{one_row}");
    }

    #[test]
    fn a_name_that_is_not_asked_for_or_comes_again_with_the_same_bytes_does_no_harm() {
        let table = "file,label,split\na.png,one,train\nb.png,two,train\nc.png,one,validation\n";
        let names = ["a.png", "b.png", "c.png", "c.png"].map(|name| file(name, name));
        let files = [vec![file("labels.csv", table), file("x.png", "1"), file("x.png", "2")], names.to_vec()].concat();
        assert_eq!(open_files(files, &DataOptions::default()).unwrap().validation.len(), 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        let said = |files: Vec<(String, Arc<[u8]>)>| open_files(files, &DataOptions::default()).unwrap_err().to_string();
        assert!(said(vec![file("a.png", "")]).contains("0 tables among 1 files"));
        assert!(said(vec![file("a.csv", ""), file("b.csv", "")]).contains("2 tables"));
        let absent = said(vec![file("l.csv", "file,label\na.png,one\nb.png,two\n"), file("a.png", "")]);
        assert!(absent.contains("b.png"), "{absent}");
    }
}
