//! A drawn set on disk, laid out like SICAPv2.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::draw::draw;
use super::plan::{Counts, Part, Planned, plan};
use super::settings::{Grade, SettingsError, SynthSettings, VERSION};

/// Picture formats that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PictureFormat {
    /// Lossless.
    Png,
    /// Quality 95: smaller, and fine detail suffers a little.
    Jpg,
}

impl PictureFormat {
    fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpg => "jpg",
        }
    }
}

/// What to write.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteOptions {
    /// How to draw.
    pub settings: SynthSettings,
    /// How many patches.
    pub counts: Counts,
    /// Side of a patch in level-0 pixels, for the positions in the names. SICAPv2: 2048.
    pub size_level0: u32,
    /// Format of `images/`; masks are always PNG.
    pub format: PictureFormat,
}

/// `synth.json`: how the set was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynthRecord {
    /// That these are drawings.
    pub note: String,
    /// Version of the drawing, see [`VERSION`].
    pub version: u32,
    /// Class names in the order of their labels.
    pub classes: Vec<String>,
    /// How it was drawn: seed, side in pixels, µm/px and the rest.
    pub settings: SynthSettings,
    /// Patches of each part.
    pub counts: Counts,
    /// Side of a patch in level-0 pixels.
    pub size_level0: u32,
    /// Format of `images/`.
    pub format: PictureFormat,
}

/// Why a set could not be written; what has been written so far stays.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Settings or counts out of range.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A folder that holds something: sets are never mixed.
    #[error("the folder is not empty: {}", .0.display())]
    NotEmpty(PathBuf),
    /// The system refused.
    #[error("cannot write: {source}: {}", path.display())]
    Io {
        /// The system's reason.
        source: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// A picture or table could not be encoded.
    #[error("cannot encode: {reason}: {}", path.display())]
    Encode {
        /// The encoder's words.
        reason: String,
        /// Which file.
        path: PathBuf,
    },
}

/// Draws and writes a set into an empty or new folder: `images/`, `masks/` (255 where the focus lies, all 0 for NC),
/// `partition/Test/{Train,Test}.xlsx`, `partition/Validation/Val1/{Train,Test}.xlsx`, and last `synth.json`. As in
/// SICAPv2, `Test/Train` holds the patches of `Val1/Train` and `Val1/Test`. `progress` is called after each patch, from
/// several threads.
///
/// # Errors
/// [`WriteError`].
pub fn write(dir: &Path, options: &WriteOptions, progress: &(dyn Fn() + Sync)) -> Result<SynthRecord, WriteError> {
    let planned = plan(&options.settings, options.counts, options.size_level0)?;
    let folders = ["images", "masks", "partition/Test", "partition/Validation/Val1"];
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(WriteError::NotEmpty(dir.to_path_buf()));
    }
    for folder in folders {
        let path = dir.join(folder);
        std::fs::create_dir_all(&path).map_err(|source| WriteError::Io { source, path })?;
    }
    planned.par_iter().try_for_each(|patch| write_patch(dir, options, patch).map(|()| progress()))?;
    let tables: [(&str, &[Part]); 4] = [
        ("partition/Test/Train.xlsx", &[Part::Train, Part::Validation]),
        ("partition/Test/Test.xlsx", &[Part::Test]),
        ("partition/Validation/Val1/Train.xlsx", &[Part::Train]),
        ("partition/Validation/Val1/Test.xlsx", &[Part::Validation]),
    ];
    for (file, parts) in tables {
        let rows = planned.iter().filter(|patch| parts.contains(&patch.part));
        let path = dir.join(file);
        let bytes = table(rows, options.format).map_err(|e| encode(e, &path))?;
        save(&path, &bytes)?;
    }
    let record = record(options);
    let path = dir.join("synth.json");
    let text = serde_json::to_string_pretty(&record).map_err(|e| encode(e, &path))?;
    save(&path, text.as_bytes())?;
    Ok(record)
}

fn record(options: &WriteOptions) -> SynthRecord {
    SynthRecord {
        note: "drawings, not tissue; made by fovea synth".into(),
        version: VERSION,
        classes: Grade::ALL.map(|grade| grade.name().to_owned()).to_vec(),
        settings: options.settings.clone(),
        counts: options.counts,
        size_level0: options.size_level0,
        format: options.format,
    }
}

fn write_patch(dir: &Path, options: &WriteOptions, patch: &Planned) -> Result<(), WriteError> {
    let drawn = draw(&options.settings, patch.grade, patch.index)?;
    let path = dir.join("images").join(format!("{}.{}", patch.name, options.format.extension()));
    let picture = picture(&drawn.rgb, drawn.px, image::ExtendedColorType::Rgb8, options.format);
    save(&path, &picture.map_err(|e| encode(e, &path))?)?;
    let path = dir.join("masks").join(format!("{}.png", patch.name));
    let mask = picture_of_mask(&drawn.focus_mask, drawn.px);
    save(&path, &mask.map_err(|e| encode(e, &path))?)
}

fn picture_of_mask(mask: &[u8], px: usize) -> image::ImageResult<Vec<u8>> {
    picture(mask, px, image::ExtendedColorType::L8, PictureFormat::Png)
}

fn picture(samples: &[u8], px: usize, colour: image::ExtendedColorType, format: PictureFormat) -> image::ImageResult<Vec<u8>> {
    use image::ImageEncoder;
    // px is at most MAX_PX.
    let side = px as u32;
    let mut bytes = Vec::new();
    match format {
        PictureFormat::Png => image::codecs::png::PngEncoder::new(&mut bytes).write_image(samples, side, side, colour)?,
        PictureFormat::Jpg => {
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).write_image(samples, side, side, colour)?;
        }
    }
    Ok(bytes)
}

/// A partition table: one row a patch, one-hot; `G4C` (cribriform) is SICAPv2's and stays 0.
fn table<'a>(rows: impl Iterator<Item = &'a Planned>, format: PictureFormat) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // A fixed date: the same settings give the same bytes.
    book.set_properties(&DocProperties::new().set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?));
    let sheet = book.add_worksheet();
    for (column, title) in (0..).zip(["image_name", "NC", "G3", "G4", "G5", "G4C"]) {
        sheet.write_string(0, column, title)?;
    }
    for (row, patch) in (1..).zip(rows) {
        sheet.write_string(row, 0, format!("{}.{}", patch.name, format.extension()))?;
        for (column, grade) in (1..).zip(Grade::ALL) {
            sheet.write_number(row, column, if grade == patch.grade { 1.0 } else { 0.0 })?;
        }
        sheet.write_number(row, 5, 0.0)?;
    }
    book.save_to_buffer()
}

fn save(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    std::fs::write(path, bytes).map_err(|source| WriteError::Io { source, path: path.to_path_buf() })
}

fn encode(reason: impl std::fmt::Display, path: &Path) -> WriteError {
    WriteError::Encode { reason: reason.to_string(), path: path.to_path_buf() }
}
