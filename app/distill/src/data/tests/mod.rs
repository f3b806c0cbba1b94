#![allow(clippy::unwrap_used, clippy::expect_used)]

mod folders;
mod sicap;
mod splits;
mod store;
mod tables;

use super::{DataError, DataOptions, Splits, open};
use std::path::Path;

/// A PNG of one colour.
fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(vec![]);
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Writes a file below `root`, folders made on the way.
fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn put_images(root: &Path, names: &[&str]) {
    let bytes = png(4, 4, [200, 100, 150]);
    names.iter().for_each(|name| put(root, name, &bytes));
}

/// An XLSX file with these cells; numbers are written as numbers.
fn xlsx(rows: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (r, row) in (0..).zip(rows) {
        for (c, cell) in (0..).zip(*row) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(r, c, number).unwrap(),
                Err(_) => sheet.write_string(r, c, *cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

fn plain(path: &Path) -> Result<Splits, DataError> {
    open(path, &DataOptions::default())
}

/// The message of what must fail.
fn message(result: Result<Splits, DataError>) -> String {
    result.unwrap_err().to_string()
}

/// `part: name=label …` for each part.
fn summary(splits: &Splits) -> Vec<String> {
    let parts = [("train", &splits.train), ("validation", &splits.validation), ("test", &splits.test)];
    let line = |(part, samples): (&str, &Vec<super::Sample>)| {
        let list: Vec<_> = samples.iter().map(|s| format!("{}={}", s.name, s.label)).collect();
        format!("{part}: {}", list.join(" "))
    };
    parts.into_iter().map(line).collect()
}
