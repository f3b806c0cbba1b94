//! CSV, TSV and XLSX files as rows of text. Sizes are bounded before and while they are read: a table may come from anywhere.

use super::DataError;
use calamine::{DataRef, Reader, Xlsx};
use std::io::{Cursor, Read};
use std::path::Path;

/// Largest table file, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// Most bytes an XLSX file may unpack to.
const MAX_UNPACKED: u64 = 512 << 20;
/// Most rows, titles included.
const MAX_ROWS: usize = 2_000_000;
/// Most columns.
const MAX_COLUMNS: usize = 256;
/// Most cells, those between and behind the filled ones included.
const MAX_CELLS: usize = 20_000_000;

/// A table: the row of titles and the rows below it, all as long as it; each with its number as spreadsheets show it.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    pub titles: Vec<String>,
    pub rows: Vec<(usize, Vec<String>)>,
}

/// True for file names that are read as tables.
pub(super) fn is_table(file: &Path) -> bool {
    kind(file).is_some()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Xlsx,
}

fn kind(file: &Path) -> Option<Kind> {
    let name = file.file_name()?.to_str()?.to_ascii_lowercase();
    let hidden = name.starts_with(['.', '~']);
    let ends = |endings: &[&str]| !hidden && endings.iter().any(|e| name.ends_with(e));
    if ends(&[".csv", ".tsv"]) { Some(Kind::Text) } else { ends(&[".xlsx"]).then_some(Kind::Xlsx) }
}

/// Reads the (first) sheet.
pub(super) fn read(file: &Path) -> Result<Grid, DataError> {
    let io = |source| DataError::Read { source, file: file.to_path_buf() };
    let table = |reason: String| DataError::Table { reason, file: file.to_path_buf() };
    if kind(file).is_none() {
        return Err(table("CSV, TSV and XLSX files are read".into()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(io)?.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
    parse(file, &bytes)
}

/// Reads the (first) sheet of a file's bytes.
pub(super) fn parse(file: &Path, bytes: &[u8]) -> Result<Grid, DataError> {
    let table = |reason: String| DataError::Table { reason, file: file.to_path_buf() };
    let kind = kind(file).ok_or_else(|| table("CSV, TSV and XLSX files are read".into()))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(table(format!("larger than {} MiB", MAX_FILE >> 20)));
    }
    let rows = match kind {
        Kind::Text => text(bytes),
        Kind::Xlsx => sheet(bytes),
    };
    grid(rows.map_err(table)?).map_err(|reason| DataError::Table { reason, file: file.to_path_buf() })
}

type Rows = Vec<(usize, Vec<String>)>;

/// Trims, drops empty rows, makes all as long as the titles.
fn grid(rows: Rows) -> Result<Grid, String> {
    let trimmed = rows.into_iter().map(|(n, row)| (n, row.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()));
    let mut filled = trimmed.filter(|(_, row)| row.iter().any(|cell| !cell.is_empty()));
    let (_, mut titles) = filled.next().ok_or("it is empty")?;
    while titles.last().is_some_and(String::is_empty) {
        titles.pop();
    }
    let mut rows: Rows = filled.collect();
    // Before the rows are made as long as the titles.
    few_cells(rows.len().saturating_add(1).saturating_mul(titles.len()))?;
    for (number, row) in &mut rows {
        if row.iter().skip(titles.len()).any(|cell| !cell.is_empty()) {
            return Err(format!("row {number} is longer than the row of titles"));
        }
        row.resize(titles.len(), String::new());
    }
    Ok(Grid { titles, rows })
}

fn text(bytes: &[u8]) -> Result<Rows, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |separator: u8| head.iter().filter(|b| **b == separator).count();
    // The first of the most frequent ones.
    let separator = [b',', b';', b'\t'].into_iter().rev().max_by_key(|s| count(*s)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(bytes);
    let (mut rows, mut count) = (Rows::new(), 0);
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        // Empty lines are skipped by the reader, so its own line numbers count.
        let number = record.position().map_or(rows.len() + 1, |p| p.line() as usize);
        bound(rows.len(), record.len())?;
        count += record.len();
        few_cells(count)?;
        rows.push((number, record.iter().map(str::to_owned).collect()));
    }
    Ok(rows)
}

fn bound(rows: usize, columns: usize) -> Result<(), String> {
    if rows >= MAX_ROWS {
        return Err(format!("more than {MAX_ROWS} rows"));
    }
    if columns > MAX_COLUMNS {
        return Err(format!("more than {MAX_COLUMNS} columns"));
    }
    Ok(())
}

fn few_cells(count: usize) -> Result<(), String> {
    if count > MAX_CELLS { Err(format!("more than {MAX_CELLS} cells")) } else { Ok(()) }
}

fn sheet(bytes: &[u8]) -> Result<Rows, String> {
    unpacks_within(bytes, MAX_UNPACKED)?;
    first_sheet(bytes, MAX_UNPACKED)
}

/// The cells of the first sheet, with at most so many bytes of words: thousands of cells may refer to one long word of the file.
fn first_sheet(bytes: &[u8], most: u64) -> Result<Rows, String> {
    let mut book: Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|e: calamine::XlsxError| e.to_string())?;
    let first = book.sheet_names().first().cloned().ok_or("it has no sheet")?;
    // Cell by cell: a whole range would be as large as the farthest cell says.
    let mut cells = book.worksheet_cells_reader(&first).map_err(|e| e.to_string())?;
    let (mut rows, mut count, mut left) = (Rows::new(), 0, most);
    while let Some(cell) = cells.next_cell().map_err(|e| e.to_string())? {
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize + 1, column as usize);
        let words = words(cell.get_value());
        if words.is_empty() {
            continue;
        }
        left = left.checked_sub(words.len() as u64).ok_or_else(|| format!("its cells hold more than {most} bytes of words"))?;
        bound(rows.len(), column + 1)?;
        let own = rows.last().filter(|(last, _)| *last == row).map_or(0, |(_, cells)| cells.len());
        count += (column + 1).saturating_sub(own);
        few_cells(count)?;
        match rows.last_mut() {
            Some((last, cells)) if *last == row => put(cells, column, words),
            _ => {
                let mut cells = Vec::new();
                put(&mut cells, column, words);
                rows.push((row, cells));
            }
        }
    }
    Ok(rows)
}

fn put(cells: &mut Vec<String>, column: usize, words: String) {
    if cells.len() <= column {
        cells.resize(column + 1, String::new());
    }
    cells[column] = words;
}

fn words(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(v) => v.to_string(),
        DataRef::Float(v) => v.to_string(),
        DataRef::String(v) => v.clone(),
        DataRef::SharedString(v) => (*v).to_owned(),
        DataRef::Bool(v) => u8::from(*v).to_string(),
        DataRef::DateTimeIso(v) | DataRef::DurationIso(v) => v.clone(),
        DataRef::DateTime(v) => v.as_f64().to_string(),
        DataRef::Error(v) => v.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// An XLSX file is a zip archive, and what it claims about its sizes need not be true: it is unpacked once into nothing.
fn unpacks_within(bytes: &[u8], limit: u64) -> Result<(), String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    let mut left = limit;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(|e| e.to_string())?;
        let size = std::io::copy(&mut entry.by_ref().take(left + 1), &mut std::io::sink()).map_err(|e| e.to_string())?;
        left = left.checked_sub(size).ok_or_else(|| format!("it unpacks to more than {} MiB", limit >> 20))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn too_many_cells_are_refused_before_they_are_made() {
        let titles = vec!["title".to_string(); MAX_COLUMNS];
        let short = |number| (number, vec!["a".to_string()]);
        let rows: Rows = std::iter::once((1, titles)).chain((2..80_000).map(short)).collect();
        assert!(grid(rows).unwrap_err().contains("20000000 cells"));
        assert!(few_cells(MAX_CELLS).is_ok() && few_cells(MAX_CELLS + 1).is_err());
    }

    #[test]
    fn a_long_word_in_many_cells_is_counted_each_time() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for row in 0..10 {
            sheet.write_string(row, 0, "x".repeat(100)).unwrap();
        }
        let bytes = book.save_to_buffer().unwrap();
        assert_eq!(first_sheet(&bytes, 1000).unwrap().len(), 10);
        assert!(first_sheet(&bytes, 999).unwrap_err().contains("more than 999 bytes of words"));
    }
}
