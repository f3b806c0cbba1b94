//! Finding image files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "tif", "tiff"];

/// An image file, or a folder that could not be read and why.
pub type Entry = Result<PathBuf, (PathBuf, String)>;

/// All image files below a folder at any depth, by extension, every folder's entries sorted. Nothing here reads a file's content.
#[must_use]
pub fn images_below(folder: &Path) -> Vec<Entry> {
    let mut out = vec![];
    descend(folder, &mut out, &mut HashSet::new());
    out
}

/// `seen` holds the folders above, so that a link to a parent does not go round for ever.
fn descend(path: &Path, out: &mut Vec<Entry>, seen: &mut HashSet<PathBuf>) {
    let entries = path.canonicalize().and_then(|real| {
        let fresh = seen.insert(real);
        if fresh { entries(path) } else { Ok(vec![]) }
    });
    let entries = match entries {
        Ok(entries) => entries,
        Err(e) => return out.push(Err((path.to_path_buf(), format!("cannot read the folder: {e}")))),
    };
    for entry in entries {
        if entry.is_dir() {
            descend(&entry, out, seen);
        } else if is_image(&entry) {
            out.push(Ok(entry));
        }
    }
}

/// What is in a folder, sorted.
///
/// # Errors
/// When the folder, or an entry of it, cannot be read.
pub fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}

/// By extension; files the operating system or an archiver leaves beside images (`._x.jpg`) are not meant.
pub(super) fn is_image(path: &Path) -> bool {
    let hidden = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with('.'));
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    !hidden && extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()))
}

/// The file of that name in the first folder that has it; a name without an image's extension is tried with each.
pub(super) fn locate(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let names = file_names(name);
    folders.iter().flat_map(|folder| names.iter().map(|n| folder.join(n))).find(|path| path.is_file())
}

/// What the file of an image may be called: as it is named, and without an image's extension also with each.
pub(super) fn file_names(name: &str) -> Vec<String> {
    let bare = !is_image(Path::new(name));
    let endings = EXTENSIONS.iter().filter(|_| bare).map(|e| format!("{name}.{e}"));
    std::iter::once(name.to_owned()).chain(endings).collect()
}

/// Image files that lie beside those that are used, but are not used.
pub(super) fn unused(used: &[&Path]) -> usize {
    let known: HashSet<&Path> = used.iter().copied().collect();
    let folders: HashSet<&Path> = used.iter().filter_map(|path| path.parent()).collect();
    let beside = folders.into_iter().flat_map(|folder| entries(folder).unwrap_or_default());
    beside.filter(|path| is_image(path) && !known.contains(path.as_path())).count()
}
