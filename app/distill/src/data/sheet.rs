//! Tables as text: the first sheet of a workbook (XLSX, XLS, ODS), or a CSV file.

use super::DataError;
use calamine::{Data, Reader, open_workbook_auto_from_rs};
use std::io::Cursor;
use std::path::Path;

/// Most cells that are read; a hostile workbook says it has billions.
const MOST_CELLS: usize = 20_000_000;

/// A table: names of its columns, and its rows, each as long as there are columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// Reads a table file; `file` is for messages and tells CSV from workbooks by its ending.
    ///
    /// # Errors
    /// When it is no table, or empty.
    pub(super) fn read(bytes: &[u8], file: &Path) -> Result<Self, DataError> {
        let refuse = |reason: String| DataError::Table { reason, file: file.to_path_buf() };
        let csv = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv") || e.eq_ignore_ascii_case("tsv"));
        let mut lines = if csv { from_csv(bytes).map_err(refuse)? } else { from_workbook(bytes).map_err(refuse)? };
        lines.retain(|line| line.iter().any(|cell| !cell.is_empty()));
        if lines.is_empty() {
            return Err(refuse("the table is empty".into()));
        }
        let columns = lines.remove(0);
        lines.iter_mut().for_each(|line| line.resize(columns.len(), String::new()));
        Ok(Self { columns, rows: lines })
    }

    /// Where a column is; names are compared without case.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.eq_ignore_ascii_case(name))
    }
}

fn from_csv(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |c: u8| first.iter().filter(|b| **b == c).count();
    // Spreadsheets of many countries separate by semicolons.
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|c| count(*c)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let line = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.map_err(|e| e.to_string())?;
        Ok(record.iter().map(|cell| cell.trim_start_matches('\u{feff}').trim().to_string()).collect())
    };
    reader.records().map(line).collect()
}

fn from_workbook(bytes: &[u8]) -> Result<Vec<Vec<String>>, String> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes.to_vec())).map_err(|e| e.to_string())?;
    let sheet = book.worksheet_range_at(0).ok_or("it has no sheet")?.map_err(|e| e.to_string())?;
    if sheet.height().saturating_mul(sheet.width()) > MOST_CELLS {
        return Err(format!("it has more than {MOST_CELLS} cells"));
    }
    Ok(sheet.rows().map(|row| row.iter().map(text).collect()).collect())
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        // 1.0 of a one-hot table is the 1 that was typed.
        Data::Float(v) if v.fract() == 0.0 && v.abs() < 1e15 => format!("{v:.0}"),
        other => other.to_string().trim().to_string(),
    }
}
