//! How a data set is read.

use serde::{Deserialize, Serialize};

/// How labelled patches are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Found out by looking.
    #[default]
    Auto,
    /// SICAPv2: `images/`, and `partition/` with tables.
    Sicap,
    /// A folder per class, at any depth; perhaps below `train`, `validation` and `test`.
    Folders,
    /// A CSV or XLSX table with a column of file names and one of classes (or one column per class).
    Table,
}

/// How a data set is read and split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataOptions {
    /// Layout.
    pub layout: Layout,
    /// Class names in the order of the labels; none takes the set's own (tables: order of the columns, folders: by name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// Share of the patches that validate, where the set does not say which; default 0.2.
    pub validation_share: f64,
    /// Seed of that split.
    pub split_seed: u64,
    /// SICAPv2: which of `Val1` … `Val4`; default 1.
    pub fold: usize,
}

impl Default for DataOptions {
    fn default() -> Self {
        Self { layout: Layout::Auto, classes: None, validation_share: 0.2, split_seed: 0, fold: 1 }
    }
}
