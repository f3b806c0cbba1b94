//! What can be wrong with a data set. The file comes last in every message.

use fovea_patch::PatchError;
use std::path::PathBuf;

/// Why patches cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder that cannot be read.
    #[error("cannot be read: {source}: {}", file.display())]
    Read {
        /// Why.
        source: std::io::Error,
        /// Which.
        file: PathBuf,
    },
    /// A file that is no picture the program reads.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A picture that is not square: squashing it would change its scale.
    #[error("the picture is {width} × {height} px; training takes square patches: {name}")]
    NotSquare {
        /// In px.
        width: usize,
        /// In px.
        height: usize,
        /// File name.
        name: String,
    },
    /// A patch asked for past the last.
    #[error("there is no patch {index}; the set has {len}")]
    NoPatch {
        /// Asked for.
        index: usize,
        /// Number of patches.
        len: usize,
    },
    /// A folder or file in which no data set can be made out.
    #[error("no data set: {reason}: {}", file.display())]
    Layout {
        /// What was looked for and not found.
        reason: String,
        /// Where.
        file: PathBuf,
    },
    /// A table that cannot be taken apart.
    #[error("unreadable table ({reason}): {}", file.display())]
    Table {
        /// Why.
        reason: String,
        /// Which.
        file: PathBuf,
    },
    /// A row of a table that does not say what it should.
    #[error("row {row}: {reason}: {}", file.display())]
    Row {
        /// Counted from 1, the titles included, as spreadsheets show it.
        row: usize,
        /// What is wrong.
        reason: String,
        /// Which table.
        file: PathBuf,
    },
    /// A patch that is named twice, in one part or in two.
    #[error("named twice ({places}): {name}")]
    Duplicate {
        /// In which parts.
        places: String,
        /// File name.
        name: String,
    },
    /// Two names that lead to one file: whichever part or class is meant, the other is wrong.
    #[error("'{first}' and '{second}' ({places}) are one and the same picture: {}", file.display())]
    SameFile {
        /// The name that came first.
        first: String,
        /// The other.
        second: String,
        /// In which parts.
        places: String,
        /// The file.
        file: PathBuf,
    },
    /// Different files of one name where folders do not tell them apart.
    #[error(
        "several files are called '{name}', which is asked for by {}: without their folders they cannot be told apart: {}",
        rows.join(" and "), file.display()
    )]
    SameName {
        /// Name of the files.
        name: String,
        /// Names in the table that lead to it.
        rows: Vec<String>,
        /// The table.
        file: PathBuf,
    },
    /// Labelled images that are not there.
    #[error("{count} of {total} labelled images are missing ({}): {}", some(names, *count), folder.display())]
    Missing {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
        /// The first of them.
        names: Vec<String>,
        /// Where they should be.
        folder: PathBuf,
    },
    /// Class names that are not those the caller asks for.
    #[error("the classes are {}, wanted are {}: {}", found.join(", "), wanted.join(", "), file.display())]
    Classes {
        /// Of the data.
        found: Vec<String>,
        /// Of the Student, Teacher or user.
        wanted: Vec<String>,
        /// The data set.
        file: PathBuf,
    },
    /// Nothing can be learnt from a single class.
    #[error("all patches to train on are of one class, {class}: {}", file.display())]
    OneClass {
        /// Which.
        class: String,
        /// The data set.
        file: PathBuf,
    },
    /// A part without patches.
    #[error("there is no patch to {purpose}: {}", file.display())]
    Empty {
        /// "train on" or "validate on".
        purpose: &'static str,
        /// The data set.
        file: PathBuf,
    },
    /// Options out of range.
    #[error("{field}: {allowed}, found {found}")]
    Options {
        /// Which option.
        field: &'static str,
        /// What it may be.
        allowed: &'static str,
        /// What it is.
        found: String,
    },
}

/// How many names a message lists.
pub(super) const LISTED: usize = 4;

fn some(names: &[String], count: usize) -> String {
    let dots = if count > names.len() { ", …" } else { "" };
    format!("{}{dots}", names.join(", "))
}
