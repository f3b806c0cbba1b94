//! `fovea targets export`.

use super::images::{self, Found, Image, Split};
use super::info::{size, too_large};
use super::teacher::{Teacher, Wanted};
use crate::analysis::{automatic_batch, self_check};
use crate::cli::analyze::read::{Source, ahead};
use crate::cli::model::{self, Facts};
use crate::cli::{Outcome, bar, parse, print, print_json};
use anyhow::{Context, bail};
use fovea_distill::config::AttentionForm;
use fovea_distill::targets::{FileWriter, Plan};
use fovea_distill::views::{ViewId, ViewSet};
use fovea_engine::{Device, Preference};
use fovea_patch::resize;
use fovea_student::file::Student;
use indicatif::ProgressBar;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments of `fovea targets export`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The Teacher: a Student file, an ONNX model or a PyTorch checkpoint
    #[arg(long, value_name = "FILE")]
    teacher: PathBuf,
    #[command(flatten)]
    facts: Facts,
    /// A set in SICAPv2's layout (its training part), or square images and folders of them (searched at any depth)
    #[arg(long = "data", value_name = "DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Part of a labelled set: SICAPv2, class folders or a table
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// Which of SICAPv2's validation folds tells training from validation
    #[arg(long, default_value = "1", value_parser = parse::count)]
    fold: usize,
    /// Views of each image: plain, dihedral8 (flips and rotations), aug:K:SEED (K augmented ones)
    #[arg(long, default_value = "plain", value_parser = views)]
    views: ViewSet,
    /// Layers of the attention maps: levels (-1 = last block) or names
    #[arg(long, value_name = "LAYER", default_value = "-1", allow_hyphen_values = true, value_delimiter = ',')]
    layer: Vec<String>,
    /// Arithmetic of the maps: positive (AT+), relu, signed; several for several maps of each layer
    #[arg(long, default_value = "positive", value_parser = form, value_delimiter = ',')]
    form: Vec<AttentionForm>,
    /// Write feature maps too (half precision, large): of the last block, or of the layers named
    #[arg(long, value_name = "LAYER", num_args = 0..=1, require_equals = true, default_missing_value = "-1", value_delimiter = ',')]
    features: Vec<String>,
    /// The targets file to write (NAME.targets.safetensors)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only say how large the file would be
    #[arg(long)]
    dry_run: bool,
    /// Where to compute: auto, gpu, cpu
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn views(text: &str) -> Result<ViewSet, String> {
    text.parse().map_err(|e: fovea_distill::views::ViewError| e.to_string())
}

fn form(text: &str) -> Result<AttentionForm, String> {
    serde_json::from_value(text.to_ascii_lowercase().into()).map_err(|_| "known forms: positive, relu, signed".to_string())
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let student = model::open(Some(&args.teacher), &args.facts.info())?;
    let device = pollster::block_on(Device::open(args.device))?;
    pollster::block_on(self_check(&device, &student))?;
    let wanted = Wanted { layers: args.layer.clone(), forms: args.form.clone(), features: args.features.clone() };
    let teacher = Teacher::new(&device, &student, &wanted, automatic_batch(student.card.input_px));
    let mut teacher = teacher.with_context(|| format!("the Teacher cannot be run: {}", args.teacher.display()))?;
    let mut found = search(args, &student)?;
    let plan = Plan::new(teacher.metadata(&student, args.views), found.images.len(), &args.out.display().to_string());
    for (place, reason) in &found.failed {
        eprintln!("{reason}: {place}");
    }
    if found.images.is_empty() {
        bail!("none of {} images can be used", found.failed.len());
    }
    let plan = plan?;
    found.notes.extend(too_large(plan.bytes()));
    let (rows, bytes) = (plan.rows(), plan.bytes());
    if !args.json {
        let notes = student.notes.iter().chain(&teacher.notes).chain(&found.notes);
        notes.for_each(|note| eprintln!("note: {note}"));
        let images = found.images.len();
        eprintln!(
            "{images} images × {} views = {rows} rows, {}; runs on: {}",
            args.views.count(),
            size(bytes),
            device.describe()
        );
    }
    if !args.dry_run {
        let bar = bar(rows, !args.json);
        write((args.views, &args.out), &student, &mut teacher, plan, &found.images, &bar)?;
        bar.finish_and_clear();
    }
    report(args, &student, &teacher, &found, &device, (rows, bytes))?;
    Ok(if found.failed.is_empty() { Outcome::AllFine } else { Outcome::SomeFailed })
}

fn search(args: &Args, student: &Student) -> anyhow::Result<Found> {
    let (sources, mut notes) = images::sources(&args.data, args.split, args.fold)?;
    let bar = bar(0, !args.json);
    let card = &student.card;
    let mut found = images::find(&sources, card.input_px, card.um_per_px, &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        bar.set_message("reading images");
    });
    bar.finish_and_clear();
    notes.append(&mut found.notes);
    found.notes = notes;
    Ok(found)
}

/// Writes a Teacher's targets for some image files, to be trained on. With `show` a bar goes to standard error.
///
/// # Errors
/// Images that cannot be used (the first is named), a Teacher that cannot be run, a file that cannot be written, or that training
/// would not read.
pub(in crate::cli) fn write_targets(
    student: &Student,
    device: &Device,
    images: &[PathBuf],
    views: ViewSet,
    wanted: &Wanted,
    out: &Path,
    show: bool,
) -> anyhow::Result<()> {
    let card = &student.card;
    let mut teacher = Teacher::new(device, student, wanted, automatic_batch(card.input_px))?;
    let (sources, _) = images::sources(images, None, 1)?;
    let found = images::find(&sources, card.input_px, card.um_per_px, &|_, _| {});
    if let Some((place, reason)) = found.failed.first() {
        bail!("{reason}: {place}");
    }
    let plan = Plan::new(teacher.metadata(student, views), found.images.len(), &out.display().to_string())?;
    if let Some(reason) = too_large(plan.bytes()) {
        bail!("{reason}: {}", out.display());
    }
    let bar = bar(plan.rows(), show);
    write((views, out), student, &mut teacher, plan, &found.images, &bar)?;
    bar.finish_and_clear();
    Ok(())
}

/// A view of an image, waiting for its run.
struct Waiting<'i> {
    sha256: &'i str,
    view: ViewId,
    rgb: Vec<u8>,
}

/// Decodes ahead, runs full batches, writes row by row.
fn write(
    (views, out): (ViewSet, &Path),
    student: &Student,
    teacher: &mut Teacher,
    plan: Plan,
    images: &[Image],
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    let px = student.card.input_px;
    let mut writer = FileWriter::create(out, plan, teacher.head())?;
    let sources: Vec<Source> = images.iter().map(|i| i.source.clone()).collect();
    let mut waiting: Vec<Waiting<'_>> = vec![];
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let patches = ahead(scope, &sources);
        for image in images {
            bar.set_message(image.source.label().to_string());
            let place = || image.source.place();
            let patch = patches.recv().context("the decoder stopped")?.map_err(|e| anyhow::anyhow!("{e}: {}", place()))?;
            if patch.sha256 != image.sha256 {
                bail!("the file has changed since it was first read: {}", place());
            }
            let rgb = resize::area(&patch.rgb, patch.width, patch.height, px, px);
            for view in views.ids() {
                waiting.push(Waiting { sha256: &image.sha256, view, rgb: view.apply(&rgb, px, &image.sha256)? });
                if waiting.len() >= teacher.batch() {
                    flush(&mut waiting, teacher, &mut writer, bar)?;
                }
            }
        }
        flush(&mut waiting, teacher, &mut writer, bar)
    })?;
    Ok(writer.finish()?)
}

fn flush(
    waiting: &mut Vec<Waiting<'_>>,
    teacher: &mut Teacher,
    writer: &mut FileWriter,
    bar: &ProgressBar,
) -> anyhow::Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let rgb: Vec<u8> = waiting.iter().flat_map(|w| &w.rgb).copied().collect();
    for (row, of) in teacher.rows(&rgb)?.iter().zip(waiting.drain(..)) {
        writer.push(of.sha256, &of.view, row)?;
        bar.inc(1);
    }
    Ok(())
}

fn report(
    args: &Args,
    student: &Student,
    teacher: &Teacher,
    found: &Found,
    device: &Device,
    (rows, bytes): (usize, u64),
) -> anyhow::Result<()> {
    if args.json {
        let failed: Vec<_> = found.failed.iter().map(|(file, error)| json!({ "file": file, "error": error })).collect();
        let notes: Vec<&String> = student.notes.iter().chain(&teacher.notes).chain(&found.notes).collect();
        return print_json(&json!({
            "file": if args.dry_run { None } else { Some(args.out.display().to_string()) },
            "metadata": teacher.metadata(student, args.views),
            "images": found.images.len(),
            "rows": rows,
            "bytes": bytes,
            "device": device.describe(),
            "failed": failed,
            "notes": notes,
        }));
    }
    if args.dry_run {
        return print(&format!("{rows} rows, {bytes} bytes; nothing was written"));
    }
    print(&format!("written: {} ({rows} rows, {})", args.out.display(), size(bytes)))
}
