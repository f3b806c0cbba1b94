//! Files that come in: dropped or opened, sorted into pictures, folders and models.

use std::sync::Arc;

use super::state::Source;

/// A file the user handed over.
#[derive(Clone)]
pub struct Incoming {
    /// File name.
    pub name: String,
    /// Its bytes or where they are.
    pub source: Source,
}

#[cfg(not(target_arch = "wasm32"))]
/// Longest list a folder may add; what is left out is said.
pub const MOST_FILES: usize = 20_000;

/// Is this name one of a model file?
pub fn is_model(name: &str) -> bool {
    has_extension(name, &["safetensors", "pth", "pt", "onnx"])
}

/// Is this name one of a picture? Only folders are filtered by it; a file dropped by hand is always tried.
pub fn is_picture(name: &str) -> bool {
    has_extension(name, &["png", "jpg", "jpeg", "tif", "tiff", "svs"])
}

/// Does the name end with one of these?
pub fn has_extension(name: &str, of: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    extension.is_some_and(|e| of.contains(&e.as_str()))
}

impl Incoming {
    /// A file on disk.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn path(path: std::path::PathBuf) -> Self {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        Self { name, source: Source::Path(path) }
    }

    /// Bytes without a path.
    pub fn bytes(name: String, bytes: Vec<u8>) -> Self {
        Self { name, source: Source::Bytes(bytes.into()) }
    }
}

impl Source {
    /// The file's bytes; blocks, so only on a worker where it is a path.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Arc<[u8]>, String> {
        match self {
            Self::Embedded(bytes) => Ok((*bytes).into()),
            Self::Bytes(bytes) => Ok(bytes.clone()),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Path(path) => std::fs::read(path).map(Into::into).map_err(|e| format!("cannot be read: {e}")),
        }
    }
}

/// The pictures of a folder at any depth, in the order of their paths; links to folders are not followed.
#[cfg(not(target_arch = "wasm32"))]
pub fn walk(folder: &std::path::Path) -> Result<(Vec<Incoming>, bool), String> {
    let mut found = vec![];
    let mut folders = vec![folder.to_path_buf()];
    let mut first = true;
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if first => return Err(format!("cannot be read: {e}")),
            Err(_) => continue,
        };
        first = false;
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(path);
            } else if !kind.is_dir() && !hidden && is_picture(&entry.file_name().to_string_lossy()) {
                found.push(path);
            }
        }
    }
    found.sort();
    let cut = found.len() > MOST_FILES;
    found.truncate(MOST_FILES);
    Ok((found.into_iter().map(Incoming::path).collect(), cut))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn sorts_by_name() {
        assert!(is_model("a.PTH") && is_model("b.safetensors") && !is_model("pth") && !is_model("a.png"));
        assert!(is_picture("x.y.TIFF") && is_picture("a.jpg") && !is_picture("notes.txt") && !is_picture("png"));
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn walks_folders() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("b/.hidden")).unwrap();
        for file in ["z.png", "b/a.jpg", "b/.hidden/c.png", "b/readme.md", ".d.png"] {
            std::fs::write(folder.path().join(file), b"").unwrap();
        }
        let (found, cut) = walk(folder.path()).unwrap();
        assert_eq!(found.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a.jpg", "z.png"]);
        assert!(!cut && walk(&folder.path().join("none")).is_err());
    }
}
