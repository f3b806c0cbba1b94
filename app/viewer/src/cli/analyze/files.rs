//! Which files are meant by the paths on the command line.

use fovea_distill::data::{Entry, images_below};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A file to analyse, or a path that gave none.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The path.
    pub path: PathBuf,
    /// What results call it: the path below the folder that was named, or the file's own name; with `/`.
    pub label: String,
    /// Why there is nothing to read.
    pub error: Option<String>,
}

/// All files meant by `paths`, in order: files as they are named, folders searched at any depth by extension, their
/// entries sorted. Nothing here reads a file's content.
pub fn collect(paths: &[PathBuf]) -> Vec<Found> {
    let mut out = vec![];
    for path in paths {
        let mut found = vec![];
        if path.is_dir() {
            found = images_below(path);
            if found.is_empty() {
                found.push(Err((path.clone(), "no PNG, JPEG or TIFF file in this folder".into())));
            }
        } else {
            found.push(Ok(path.clone()));
        }
        out.extend(found.into_iter().map(|f| name(path, f)));
    }
    out
}

fn name(named: &Path, entry: Entry) -> Found {
    let (path, error) = match entry {
        Ok(path) => (path, None),
        Err((path, reason)) => (path, Some(reason)),
    };
    let below = path.strip_prefix(named).ok().filter(|p| !p.as_os_str().is_empty());
    let short = below.or_else(|| path.file_name().map(Path::new)).unwrap_or(&path);
    let parts: Vec<_> = short.iter().map(|p| p.to_string_lossy()).collect();
    let label = parts.join("/");
    Found { path, label, error }
}

/// Gives every file a name of its own for its results: the stem, and a number where that is taken.
#[derive(Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name for a file's results that no earlier call gave.
    pub fn unique(&mut self, file: &str) -> String {
        self.unique_name(Path::new(file).file_stem().and_then(|s| s.to_str()).unwrap_or_default())
    }

    /// Likewise for what is no file: nothing is cut off. Names are compared without case: many disks do not tell cases apart.
    pub fn unique_name(&mut self, name: &str) -> String {
        let stem: String = name.chars().map(|c| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
        let stem = if stem.is_empty() { "image".into() } else { stem };
        let mut candidate = stem.clone();
        let mut n = 2usize;
        while !self.taken.insert(candidate.to_lowercase()) {
            candidate = format!("{stem}-{n}");
            n += 1;
        }
        candidate
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn folders_are_searched_and_files_taken_as_named() {
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("b/c");
        std::fs::create_dir_all(&sub).unwrap();
        for name in ["z.PNG", "a.txt", "b/c/y.tiff", "._z.png"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let found = collect(&[dir.path().to_path_buf(), dir.path().join("a.txt"), dir.path().join("missing.png")]);
        let names: Vec<_> = found.iter().map(|f| f.label.as_str()).collect();
        assert_eq!(names, ["b/c/y.tiff", "z.PNG", "a.txt", "missing.png"]);
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        assert!(collect(&[dir.path().join("empty")])[0].error.is_some());
    }

    #[test]
    fn names_never_collide() {
        let mut names = Names::default();
        let made = ["a/x.png", "b/X.jpg", "c/x-2.png", "x:y.png"].map(|f| names.unique(f));
        assert_eq!(made, ["x", "X-2", "x-2-2", "x_y"]);
        let made = ["case", "Case", "x", "v1.2", "v1.3", ""].map(|name| names.unique_name(name));
        assert_eq!(made, ["case", "Case-2", "x-3", "v1.2", "v1.3", "image"]);
    }
}
