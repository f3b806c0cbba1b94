//! How a data set is to be read.

use super::DataError;
use serde::{Deserialize, Serialize};

/// How a data set is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Found out: a file is a table, a folder with `partition/` is SICAPv2, one with a table beside images or `images/` that
    /// table, one with class folders ImageFolder.
    #[default]
    Auto,
    /// `images/`, `partition/{Test,Validation/Val1…4}/{Train,Test}.xlsx`, `masks/` where there are any.
    Sicap,
    /// One folder a class, images at any depth below; or `train`, `val` and `test` folders of such.
    Folders,
    /// A CSV, TSV or XLSX file that names images and their labels.
    Table,
}

/// How a data set is to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataOptions {
    /// How it is laid out. Default: found out.
    pub layout: Layout,
    /// The classes in the order of their labels; the data's own must be among them. Default: the data's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Share of the patches to validate on where the data does not say; whole slides where names tell them. Default 0.2.
    pub validation_share: f64,
    /// Seed of that choice. Default 0.
    pub split_seed: u64,
    /// Which of SICAPv2's validation folds, from 1. Default 1.
    pub fold: usize,
}

impl Default for DataOptions {
    fn default() -> Self {
        Self { layout: Layout::Auto, classes: None, validation_share: 0.2, split_seed: 0, fold: 1 }
    }
}

impl DataOptions {
    pub(super) fn check(&self) -> Result<(), DataError> {
        let share = self.validation_share;
        if !(share > 0.0 && share < 1.0) {
            return Err(DataError::Options { field: "validation_share", allowed: "between 0 and 1", found: share.to_string() });
        }
        let Some(classes) = &self.classes else { return Ok(()) };
        let distinct: std::collections::HashSet<&String> = classes.iter().collect();
        if classes.len() < 2 || distinct.len() < classes.len() {
            let found = classes.join(", ");
            return Err(DataError::Options { field: "classes", allowed: "two or more different names", found });
        }
        Ok(())
    }
}
