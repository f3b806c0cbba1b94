//! ImageFolder: the folder names the class.

use super::DataError;
use super::open::{Contents, Found, inside};
use super::parts::Part;
use super::walk::images_below;
use std::path::{Path, PathBuf};

/// True where at least two folders with images lie below, or folders named after parts.
pub(super) fn has_classes(root: &Path) -> Result<bool, DataError> {
    let children = children(root)?;
    let classes = children.iter().filter(|(_, path)| images_below(path).iter().any(Result::is_ok)).count();
    Ok(classes >= 2 || children.iter().any(|(name, _)| Part::named(name) == Some(Part::Train)))
}

/// Folders in a folder, with their names.
fn children(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let folders = inside(folder)?.into_iter().filter(|path| path.is_dir());
    let named = folders.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)));
    Ok(named.filter(|(name, _)| !name.starts_with('.')).collect())
}

/// `train/`, `val/`, `test/` with class folders, or class folders alone.
pub(super) fn read(root: &Path) -> Result<Contents, DataError> {
    let children = children(root)?;
    let parts: Vec<(Part, &PathBuf)> = children.iter().filter_map(|(name, path)| Some((Part::named(name)?, path))).collect();
    let mut contents = Contents::default();
    if parts.iter().any(|(part, _)| *part == Part::Train) {
        for (part, folder) in &parts {
            classes(root, folder, *part, &mut contents)?;
        }
        let others = children.len() - parts.len();
        if others > 0 {
            contents.notes.push(format!("{others} other folder{} beside train: not used", if others == 1 { "" } else { "s" }));
        }
    } else {
        no_parts(root, &parts)?;
        classes(root, root, Part::Train, &mut contents)?;
    }
    contents.classes.sort();
    contents.classes.dedup();
    if contents.found.is_empty() {
        let reason = "no class folder with PNG, JPEG or TIFF files".into();
        return Err(DataError::Layout { reason, file: root.to_path_buf() });
    }
    Ok(contents)
}

/// Without `train/`, a `val/` or `test/` with images is a mistake rather than a class.
fn no_parts(root: &Path, parts: &[(Part, &PathBuf)]) -> Result<(), DataError> {
    let filled = parts.iter().filter(|(_, folder)| images_below(folder).iter().any(Result::is_ok));
    let names: Vec<String> = filled.filter_map(|(_, f)| Some(format!("{}/", f.file_name()?.to_string_lossy()))).collect();
    if names.is_empty() {
        return Ok(());
    }
    let reason = format!("{} without train/ (folders named after parts are no classes)", names.join(" and "));
    Err(DataError::Layout { reason, file: root.to_path_buf() })
}

fn classes(root: &Path, folder: &Path, part: Part, contents: &mut Contents) -> Result<(), DataError> {
    for (class, path) in children(folder)? {
        let before = contents.found.len();
        for entry in images_below(&path) {
            let path = entry.map_err(|(file, reason)| DataError::Layout { reason, file })?;
            let below = path.strip_prefix(root).unwrap_or(&path);
            let name = below.iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join("/");
            contents.found.push(Found { name, path: Some(path), class: class.clone(), part, mask: None });
        }
        if contents.found.len() > before {
            contents.classes.push(class);
        }
    }
    Ok(())
}
