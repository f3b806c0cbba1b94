//! What a table says: which image is of which class, and in which part.

use super::DataError;
use super::grid::Grid;
use super::parts::Part;
use std::path::Path;

/// One labelled image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// As the table has it.
    pub name: String,
    /// Class name.
    pub class: String,
    /// Where the table says so.
    pub part: Option<Part>,
}

/// A table with its classes in the order of its columns, or sorted where one column holds the names.
#[derive(Debug, PartialEq)]
pub(super) struct Labels {
    pub classes: Vec<String>,
    pub rows: Vec<Row>,
}

const NAME: &[&str] = &["image_name", "file", "filename", "file_name", "image", "name", "path"];
const LABEL: &[&str] = &["label", "class", "class_name", "grade", "target"];
const PART: &[&str] = &["split", "part", "partition", "subset", "set"];

/// SICAPv2 marks cribriform patches in a column of its own; the reference takes them for what they are, G4.
const CRIBRIFORM: (&str, &str) = ("G4C", "G4");

/// Takes a table apart: a column with the image's name, a column with its class or one column a class (1 where it is, else 0), and
/// perhaps a column with the part.
pub(super) fn labels(grid: &Grid, file: &Path) -> Result<Labels, DataError> {
    let find = |wanted: &[&str]| wanted.iter().find_map(|w| grid.titles.iter().position(|t| t.eq_ignore_ascii_case(w)));
    let table = |reason: String| DataError::Table { reason, file: file.to_path_buf() };
    let name = find(NAME).ok_or_else(|| table(format!("no column {}", NAME.join(", "))))?;
    let part = find(PART);
    let classes = match find(LABEL) {
        Some(column) => Classes::Named(column),
        None => Classes::Hot(hot_columns(grid, name, part)),
    };
    if matches!(&classes, Classes::Hot(columns) if columns.len() < 2) {
        return Err(table(format!("no column {} and fewer than two class columns", LABEL.join(", "))));
    }
    let mut rows = Vec::with_capacity(grid.rows.len());
    for (number, cells) in &grid.rows {
        let row = |reason: String| DataError::Row { row: *number, reason, file: file.to_path_buf() };
        let part = part.map(|column| named_part(&cells[column])).transpose().map_err(row)?;
        if cells[name].is_empty() {
            return Err(row("no image is named".into()));
        }
        let class = classes.of(cells).map_err(row)?;
        rows.push(Row { name: cells[name].clone(), class, part });
    }
    let classes = match classes {
        Classes::Hot(columns) => columns.into_iter().filter(|c| !c.folded).map(|c| c.class).collect(),
        Classes::Named(_) => {
            let mut all: Vec<String> = rows.iter().map(|row| row.class.clone()).collect();
            all.sort();
            all.dedup();
            all
        }
    };
    Ok(Labels { classes, rows })
}

fn named_part(words: &str) -> Result<Part, String> {
    match words {
        "" => Err("no part is named".into()),
        words => Part::named(words).ok_or_else(|| format!("'{words}' is no part (train, validation, test)")),
    }
}

/// A column that is 1 where the image is of a class.
struct Hot {
    column: usize,
    class: String,
    /// Not a class of its own.
    folded: bool,
}

enum Classes {
    Named(usize),
    Hot(Vec<Hot>),
}

fn hot_columns(grid: &Grid, name: usize, part: Option<usize>) -> Vec<Hot> {
    let folds = grid.titles.iter().any(|t| t == CRIBRIFORM.1);
    let columns = grid.titles.iter().enumerate();
    let named = columns.filter(|(i, title)| *i != name && Some(*i) != part && !title.is_empty());
    let hot = named.map(|(column, title)| match folds && title == CRIBRIFORM.0 {
        true => Hot { column, class: CRIBRIFORM.1.to_owned(), folded: true },
        false => Hot { column, class: title.clone(), folded: false },
    });
    hot.collect()
}

impl Classes {
    fn of(&self, cells: &[String]) -> Result<String, String> {
        let columns = match self {
            Self::Named(column) if cells[*column].is_empty() => return Err("no class is named".into()),
            Self::Named(column) => return Ok(cells[*column].clone()),
            Self::Hot(columns) => columns,
        };
        let mut found: Vec<&str> = vec![];
        for hot in columns {
            match cells[hot.column].parse::<f64>() {
                Ok(1.0) => found.push(&hot.class),
                Ok(0.0) => {}
                _ => return Err(format!("'{}' under {} is neither 0 nor 1", cells[hot.column], hot.class)),
            }
        }
        found.dedup();
        match found[..] {
            [class] => Ok(class.to_owned()),
            [] => Err("no class is marked".into()),
            _ => Err(format!("{} classes are marked ({})", found.len(), found.join(", "))),
        }
    }
}
