//! `fovea analyze`: images in, grades, maps and tables out.

pub(super) mod files;
mod qupath;
pub(super) mod read;
mod report;
pub use report::{adapter, program};
mod write;

use super::model::{self, Facts};
use super::{Outcome, bar, clock, parse, print, print_json};
use crate::analysis::{Analyzer, Checked, Settings, ViewChoice, self_check};
use anyhow::Context;
use fovea_engine::{Device, Preference};
use fovea_patch::export::{ModelRecord, RunRecord};
use fovea_patch::{Colormap, Framing, NOTICE, OverlayStyle, Pad, Patch, Range};
use fovea_student::Method;
use fovea_student::card::Grid;
use fovea_student::file::Student;
use indicatif::ProgressBar;
use read::Source;
use report::FileReport;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use write::{Job, PerImage};

/// Arguments of `fovea analyze`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Images and folders (searched at any depth for PNG, JPEG and TIFF); without any, the embedded drawings
    paths: Vec<PathBuf>,
    /// Model: a Student file, an ONNX model or a PyTorch checkpoint [default: the embedded one, trained on drawings]
    #[arg(long, value_name = "FILE")]
    student: Option<PathBuf>,
    #[command(flatten)]
    facts: Facts,
    /// Micrometres per pixel of the images, where the files do not say or are wrong
    #[arg(long, value_name = "X", value_parser = parse::micrometres)]
    image_um_per_px: Option<f64>,
    /// Layer of the attention map: a level (-1 = last block) or a name [default: the model's]
    #[arg(long, value_name = "LAYER", allow_hyphen_values = true)]
    layer: Option<String>,
    /// Map arithmetic: positive (AT+), grad-cam, element-wise, hi-res-cam, layer-cam, grad-cam-plus-plus,
    /// x-grad-cam, eigen-cam (the same map for every class)
    #[arg(long, value_parser = parse::method)]
    method: Option<Method>,
    /// Cut negative values of the summed map off (classic Grad-CAM)
    #[arg(long)]
    relu: bool,
    /// Mean of the maps of the eight flips and rotations of each tile: smoother, eight times the work
    #[arg(long)]
    aug_smooth: bool,
    /// Look at the image reduced by this factor (2 = 5×, 4 = 2.5×, 8 = 1.25× of a 10× model)
    #[arg(long, value_parser = parse::count)]
    k: Option<usize>,
    /// Pixels the reduced image is computed on: the model's own (teacher) or only those left (native)
    #[arg(long, value_parser = grid)]
    grid: Option<Grid>,
    /// Cut larger images into tiles, or take each whole
    #[arg(long, default_value = "tile", value_parser = parse::framing)]
    framing: Framing,
    /// Colours: viridis, inferno, magma, cividis, turbo, jet (for comparison only)
    #[arg(long, default_value = "viridis", value_parser = parse::colormap)]
    colormap: Colormap,
    /// Opacity of overlays, 0 to 1
    #[arg(long, default_value = "0.5", value_parser = parse::share)]
    opacity: f32,
    /// Raw values at the ends of the colour bar, the same for all images [default: each image's own]
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true, value_parser = parse::range)]
    range: Option<Range>,
    /// Where to compute: auto, gpu, cpu
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
    /// Folder for results.csv, run.json, overlays/ and what else is asked for
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Write raw maps: out/maps/NAME.npy, float32 (tiles, classes, height, width)
    #[arg(long, requires = "out")]
    npy: bool,
    /// Write tiles for QuPath: out/qupath.geojson, or one file per slide in out/qupath/
    #[arg(long, requires = "out")]
    geojson: bool,
    /// Write no overlays
    #[arg(long)]
    no_overlays: bool,
    /// Tiles a run [default: by the model's input size]
    #[arg(long, value_parser = batch)]
    batch: Option<usize>,
}

fn grid(text: &str) -> Result<Grid, String> {
    match text {
        "teacher" => Ok(Grid::Teacher),
        "native" => Ok(Grid::Native),
        _ => Err("known grids: teacher, native".into()),
    }
}

/// More tiles at once are never faster, but could ask for any amount of memory.
fn batch(text: &str) -> Result<usize, String> {
    parse::count(text).and_then(|n| if n <= 256 { Ok(n) } else { Err("at most 256".into()) })
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            layer: self.layer.clone(),
            method: self.method,
            relu: self.relu,
            aug_smooth: self.aug_smooth,
            view: ViewChoice { k: self.k, grid: self.grid },
            framing: self.framing,
            pad: Pad::default(),
            image_um_per_px: self.image_um_per_px,
            preference: self.device,
            batch: self.batch,
            ..Settings::default()
        }
    }

    fn style(&self) -> OverlayStyle {
        let range = self.range.unwrap_or_default();
        OverlayStyle { colormap: self.colormap, opacity: self.opacity, range, ..OverlayStyle::default() }
    }

    /// Settings as they took effect, for records.
    fn record(&self, student: &Student) -> anyhow::Result<Value> {
        let settings = self.settings();
        let request = settings.request(student)?;
        let view = settings.view_of(student);
        Ok(json!({
            "layer": request.layer,
            "method": request.method,
            "relu": request.relu,
            "aug_smooth": self.aug_smooth,
            "view": view,
            "framing": self.framing,
            "pad": Pad::default(),
            "image_um_per_px": self.image_um_per_px,
            "overlay": self.style(),
        }))
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let student = model::open(args.student.as_deref(), &args.facts.info())?;
    let device = pollster::block_on(Device::open(args.device))?;
    let checked = pollster::block_on(self_check(&device, &student))?;
    let mut notes = student.notes.clone();
    if checked == Checked::None {
        notes.push("the model carries no test vector: no self-check was made".into());
    }
    let mut analyzer = Analyzer::new(&device, &student, args.settings())?;
    let sources = match &args.paths[..] {
        [] => Source::samples(),
        paths => files::collect(paths).into_iter().map(Source::File).collect(),
    };
    if !args.json {
        introduce(&student, &device, &notes);
    }
    let reports = all(args, &student, &mut analyzer, &sources)?;
    notes.extend(analyzer.notes().iter().cloned());
    let device = analyzer.device().clone();
    if let Some(out) = &args.out {
        summarise(args, out, &student, &device, &reports)?;
    }
    if args.json {
        print_json(&report::document(&device, model::describe(&student), &args.record(&student)?, &notes, &reports))?;
    } else {
        analyzer.notes().iter().for_each(|note| eprintln!("note: {note}"));
        table(&reports, args.out.as_deref())?;
    }
    let failed = reports.iter().filter(|r| r.error.is_some()).count();
    if failed > 0 {
        eprintln!("fovea: {failed} of {} files failed", reports.len());
    }
    Ok(if failed > 0 { Outcome::SomeFailed } else { Outcome::AllFine })
}

fn introduce(student: &Student, device: &Device, notes: &[String]) {
    let synthetic = if student.card.synthetic { " (synthetic: not trained on tissue)" } else { "" };
    eprintln!("model: {}{synthetic}", student.card.name);
    eprintln!("runs on: {}", device.describe());
    notes.iter().for_each(|note| eprintln!("note: {note}"));
}

/// Decodes ahead, analyses, writes behind; one report per source.
fn all(args: &Args, student: &Student, analyzer: &mut Analyzer, sources: &[Source]) -> anyhow::Result<Vec<FileReport>> {
    let classes = student.card.class_names.clone();
    let per_image = args.out.as_ref().map(|out| PerImage {
        out: out.clone(),
        style: (!args.no_overlays).then(|| args.style()),
        npy: args.npy,
        classes: classes.clone(),
    });
    per_image.as_ref().map_or(Ok(()), write::folders)?;
    let bar = bar(sources.len(), !args.json);
    let mut names = files::Names::default();
    let mut reports = Vec::with_capacity(sources.len());
    let failures = std::thread::scope(|scope| {
        let patches = read::ahead(scope, sources);
        let writer = per_image.as_ref().map(|what| write::start(scope, what));
        for (index, source) in sources.iter().enumerate() {
            let patch = patches.recv().unwrap_or_else(|_| Err("the decoder stopped".into()));
            bar.set_message(source.label().to_string());
            let outcome = patch.and_then(|patch| one(analyzer, patch));
            reports.push(match outcome {
                Err(error) => failed(&bar, source, error),
                Ok((patch, result)) => {
                    let scale = args.image_um_per_px.or(patch.um_per_px);
                    let report = FileReport::done(source.place(), &patch, &result, &classes, scale);
                    if let Some((sender, _)) = &writer {
                        let stem = names.unique(source.label());
                        // A writer that is gone has panicked; joining it below says so.
                        let _ = sender.send(Job { index, patch, result, stem });
                    }
                    report
                }
            });
            bar.inc(1);
        }
        writer.map_or(Ok(vec![]), |(sender, thread)| {
            drop(sender);
            thread.join()
        })
    });
    bar.finish_and_clear();
    let failures = failures.map_err(|_| anyhow::anyhow!("the thread that writes results failed"))?;
    for (index, error) in failures {
        eprintln!("{}: {error}", sources[index].place());
        reports[index].error = Some(error);
    }
    Ok(reports)
}

fn one(analyzer: &mut Analyzer, patch: Patch) -> Result<(Patch, crate::analysis::PatchResult), String> {
    let result = pollster::block_on(analyzer.analyze_patch(&patch)).map_err(|e| e.to_string())?;
    Ok((patch, result))
}

fn failed(bar: &ProgressBar, source: &Source, error: String) -> FileReport {
    bar.suspend(|| eprintln!("{}: {error}", source.place()));
    FileReport::failed(source.label(), source.place(), error)
}

/// `results.csv`, `run.json` and the QuPath files.
fn summarise(args: &Args, out: &Path, student: &Student, device: &Device, reports: &[FileReport]) -> anyhow::Result<()> {
    let card = &student.card;
    write::save(&out.join("results.csv"), &write::csv(reports, &card.class_names, &card.weights_sha256)?)?;
    let model = ModelRecord { name: card.name.clone(), sha256: card.weights_sha256.clone(), classes: card.class_names.clone() };
    let mut record = RunRecord::new(&report::program(), &clock::now(), &device.describe(), model, args.record(student)?);
    record.versions.insert("fovea".into(), env!("CARGO_PKG_VERSION").into());
    if device.is_gpu() {
        record.versions.insert("driver".into(), device.adapter().driver.clone());
    }
    record.files = write::records(reports);
    write::save(&out.join("run.json"), &record.to_json()?)?;
    if args.geojson {
        let made = qupath::files(reports, &card.class_names, &card.class_colours)?;
        for (path, bytes) in &made {
            write::save(&out.join(path), bytes)?;
        }
    }
    Ok(())
}

/// The results for people.
fn table(reports: &[FileReport], out: Option<&Path>) -> anyhow::Result<()> {
    let width = reports.iter().map(|r| r.file.chars().count()).max().unwrap_or(0).clamp(4, 72);
    for r in reports.iter().filter(|r| r.error.is_none()) {
        let class = r.predicted.as_deref().unwrap_or("");
        let share = r.probabilities.get(class).and_then(Value::as_f64).unwrap_or(0.0);
        let tiles = if r.tiles.len() > 1 { format!("  ({} tiles)", r.tiles.len()) } else { String::new() };
        print(&format!("{:<width$}  {class:<8} {share:.4}{tiles}", r.file)).context("standard output")?;
    }
    if let Some(out) = out {
        print(&format!("written to {}", out.display()))?;
    }
    print(NOTICE)
}
