//! `fovea import`: a checkpoint and what is known about it become one Student file.

use super::model::{self, Facts};
use super::{Outcome, print, print_json};
use crate::analysis::measure_self_check;
use anyhow::{Context, bail};
use fovea_engine::Device;
use fovea_student::card::ModelCard;
use fovea_student::file::{self, Student};
use fovea_student::load::BareInfo;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Seed of the test vectors this program writes.
const CHECK_SEED: u64 = 1;

/// Card fields that follow from the model itself.
const OWN_FIELDS: [&str; 3] = ["version", "weights_sha256", "self_check"];

/// Arguments of `fovea import`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// ONNX model (.onnx, weights in a second file beside it are found), PyTorch checkpoint (.pth, .pt) or safetensors file
    model: PathBuf,
    /// The Student file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// JSON with fields of the model card, or a WSInfer config.json; other options go over it
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    #[command(flatten)]
    facts: Facts,
    /// Name for people
    #[arg(long)]
    name: Option<String>,
    /// Mark as trained on synthetic data, with a word on how
    #[arg(long, value_name = "NOTE")]
    synthetic: Option<String>,
    /// Print the card as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let fields = args.card.as_deref().map(fields).transpose()?;
    let info = known(&args.facts, fields.as_ref())?;
    let mut student = model::open_file(&args.model, &info)?;
    student.card.name = args.model.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(fields) = fields.as_ref().filter(|f| !is_wsinfer(f)) {
        student.card = merged(&student.card, fields)?;
    }
    if let Some(name) = &args.name {
        student.card.name.clone_from(name);
    }
    if let Some(note) = &args.synthetic {
        student.card.synthetic = true;
        student.card.training.text.clone_from(note);
        student.card.notes.push(format!("synthetic: {note}"));
    }
    save(&mut student, &args.out)?;
    if args.json {
        print_json(&student.card)?;
    } else {
        student.notes.iter().for_each(|note| eprintln!("note: {note}"));
        print(&format!("written: {} ({})", args.out.display(), student.card.architecture))?;
    }
    Ok(Outcome::AllFine)
}

/// Adds the test vector and writes the file.
pub(super) fn save(student: &mut Student, out: &Path) -> anyhow::Result<()> {
    let bytes = checked(student).with_context(|| format!("cannot make {}", out.display()))?;
    std::fs::write(out, bytes).with_context(|| format!("cannot write {}", out.display()))
}

/// Adds the test vector and gives the file's bytes.
pub(super) fn checked(student: &mut Student) -> anyhow::Result<Vec<u8>> {
    // The CPU twins are held against an f64 oracle: they are the reference for every other executor.
    let device = Device::cpu("chosen");
    student.card.self_check = None;
    student.card.self_check = Some(pollster::block_on(measure_self_check(&device, student, CHECK_SEED))?);
    Ok(file::write(student)?)
}

fn fields(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("not JSON: {}", path.display()))?;
    if value.is_object() { Ok(value) } else { bail!("a card is a JSON object: {}", path.display()) }
}

fn is_wsinfer(fields: &Value) -> bool {
    fields.get("patch_size_pixels").is_some()
}

/// What flags say, and where they say nothing the card.
fn known(facts: &Facts, fields: Option<&Value>) -> anyhow::Result<BareInfo> {
    let mut info = facts.info();
    let Some(fields) = fields else { return Ok(info) };
    if is_wsinfer(fields) {
        let other = BareInfo::from_wsinfer(&fields.to_string())?;
        info.classes = info.classes.or(other.classes);
        info.input_px = info.input_px.or(other.input_px);
        info.um_per_px = info.um_per_px.or(other.um_per_px);
        info.view = other.view;
        return Ok(info);
    }
    let names = fields.get("class_names").cloned().map(serde_json::from_value).transpose().context("class_names of the card")?;
    let view = fields.get("view").cloned().map(serde_json::from_value).transpose().context("view of the card")?;
    let px = fields.get("input_px").and_then(Value::as_u64).and_then(|px| usize::try_from(px).ok());
    info.classes = info.classes.or(names);
    info.input_px = info.input_px.or(px);
    info.um_per_px = info.um_per_px.or_else(|| fields.get("um_per_px").and_then(Value::as_f64));
    info.view = view;
    Ok(info)
}

/// The card with the user's fields put over it; facts that flags may have changed stay.
fn merged(card: &ModelCard, fields: &Value) -> anyhow::Result<ModelCard> {
    let mut value: Value = serde_json::from_str(&card.to_json()?)?;
    let keep = ["class_names", "input_px", "um_per_px", "view"];
    if let (Some(target), Some(source)) = (value.as_object_mut(), fields.as_object()) {
        for (key, field) in source.iter().filter(|(k, _)| !OWN_FIELDS.contains(&k.as_str()) && !keep.contains(&k.as_str())) {
            target.insert(key.clone(), field.clone());
        }
    }
    Ok(ModelCard::from_json(&value.to_string())?)
}
