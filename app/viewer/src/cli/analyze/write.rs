//! Files per image (overlay, maps) written on a thread of its own while the network goes on, and files per run.

use super::report::FileReport;
use crate::analysis::PatchResult;
use anyhow::Context;
use fovea_patch::export::{Caption, FileRecord, Row, csv_table, figure_png, npy_f32};
use fovea_patch::{Overlay, OverlayStyle, Patch, overlay, resize};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// Overlays are drawn at most this large: a whole-slide region would make a picture nobody can open.
const LARGEST_OVERLAY: usize = 4096;

/// Cells along the longer side of a mosaic that is drawn.
const LARGEST_MOSAIC: usize = 2048;

/// What to write for each image, and where.
#[derive(Clone, Debug)]
pub struct PerImage {
    /// The folder of all results.
    pub out: PathBuf,
    /// How overlays are drawn; none are without it.
    pub style: Option<OverlayStyle>,
    /// Write raw maps?
    pub npy: bool,
    /// Class names.
    pub classes: Vec<String>,
}

/// An image that is done: what it is, what came out, and the name its files get.
pub struct Job {
    /// Index in the list of inputs.
    pub index: usize,
    /// Its pixels.
    pub patch: Patch,
    /// Its result.
    pub result: PatchResult,
    /// Name of its files, without extension.
    pub stem: String,
}

/// Failures by index of the input.
pub type Failures = Vec<(usize, String)>;

/// Makes the folders.
pub fn folders(what: &PerImage) -> anyhow::Result<()> {
    let mut wanted = vec![what.out.clone()];
    wanted.extend(what.style.map(|_| what.out.join("overlays")));
    wanted.extend(what.npy.then(|| what.out.join("maps")));
    for folder in wanted {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    Ok(())
}

/// Starts the writer; it ends when the sender is dropped and returns what could not be written.
pub fn start<'s>(scope: &'s Scope<'s, '_>, what: &'s PerImage) -> (SyncSender<Job>, ScopedJoinHandle<'s, Failures>) {
    let (sender, receiver) = sync_channel::<Job>(1);
    let failed = |job: Job| one(what, &job).err().map(|e| (job.index, crate::cli::words(&e)));
    (sender, scope.spawn(move || receiver.into_iter().filter_map(failed).collect()))
}

fn one(what: &PerImage, job: &Job) -> anyhow::Result<()> {
    if let Some(style) = &what.style {
        save(&what.out.join("overlays").join(format!("{}.png", job.stem)), &picture(what, job, style)?)?;
    }
    if what.npy {
        let r = &job.result;
        let shape = [r.tiles.len(), r.classes, r.map_h, r.map_w];
        let data: Vec<f32> = r.tiles.iter().flat_map(|t| t.raw.iter().copied()).collect();
        save(&what.out.join("maps").join(format!("{}.npy", job.stem)), &npy_f32(&shape, &data)?)?;
    }
    Ok(())
}

/// The predicted class's map over the image, with its colour bar.
fn picture(what: &PerImage, job: &Job, style: &OverlayStyle) -> anyhow::Result<Vec<u8>> {
    let class = job.result.predicted;
    let map = job.result.image_map(class, LARGEST_MOSAIC)?;
    let drawn = draw(&job.patch, &map, style)?;
    let name = what.classes.get(class).map_or("", String::as_str);
    Ok(figure_png(&drawn, &Caption { class: name, file: &job.patch.name, colormap: style.colormap })?)
}

fn draw(patch: &Patch, map: &fovea_patch::overlay::Map, style: &OverlayStyle) -> anyhow::Result<Overlay> {
    let longer = patch.width.max(patch.height);
    if longer <= LARGEST_OVERLAY {
        return Ok(overlay::render(patch, &map.data, map.width, map.height, style)?);
    }
    let side = |n: usize| (n as f64 * LARGEST_OVERLAY as f64 / longer as f64).round().max(1.0) as usize;
    let (width, height) = (side(patch.width), side(patch.height));
    let rgb = resize::area(&patch.rgb, patch.width, patch.height, width, height);
    let small = Patch { rgb, width, height, notes: vec![], name: String::new(), sha256: String::new(), ..*patch };
    Ok(overlay::render(&small, &map.data, map.width, map.height, style)?)
}

/// `results.csv`: one line per tile.
pub fn csv(files: &[FileReport], classes: &[String], model_sha256: &str) -> anyhow::Result<Vec<u8>> {
    let rows = files.iter().flat_map(|f| {
        f.tiles.iter().map(|t| Row {
            file: f.file.clone(),
            sha256: f.sha256.clone().unwrap_or_default(),
            x: t.x,
            y: t.y,
            width: t.width,
            height: t.height,
            um_per_px: f.um_per_px,
            probs: t.probabilities.clone(),
            pred: t.predicted.clone(),
            model_sha256: model_sha256.to_string(),
        })
    });
    Ok(csv_table(classes, &rows.collect::<Vec<_>>())?)
}

/// The files of `run.json`.
pub fn records(files: &[FileReport]) -> Vec<FileRecord> {
    let record = |f: &FileReport| FileRecord {
        file: f.file.clone(),
        sha256: f.sha256.clone(),
        notes: f.notes.clone(),
        error: f.error.clone(),
    };
    files.iter().map(record).collect()
}

/// Writes one file, making its folder.
pub fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
