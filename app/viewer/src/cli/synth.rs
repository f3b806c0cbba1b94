//! `fovea synth`: a drawn data set, for trials where no real data may go.

use super::{Outcome, bar, parse, print, print_json};
use clap::ValueEnum;
use fovea_distill::synth::{self, Counts, PictureFormat, SynthSettings, WriteOptions};
use std::path::PathBuf;

/// Picture formats.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Lossless
    Png,
    /// Smaller; fine detail suffers a little
    Jpg,
}

/// Arguments of `fovea synth`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The set's folder: new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Patches to train on
    #[arg(long, default_value = "2000", value_name = "N")]
    train: usize,
    /// Patches to validate on
    #[arg(long, default_value = "400", value_name = "N")]
    validation: usize,
    /// Patches to test on
    #[arg(long, default_value = "2000", value_name = "N")]
    test: usize,
    /// Side of a patch in pixels, 64 to 1024; cells keep their size in pixels
    #[arg(long, default_value = "128", value_name = "PX", value_parser = parse::pixels)]
    px: usize,
    /// Seed of everything
    #[arg(long, default_value = "1")]
    seed: u64,
    /// Side of a patch in level-0 pixels, for the positions in the file names
    #[arg(long, default_value = "2048", value_name = "PX", value_parser = clap::value_parser!(u32).range(1..))]
    size_level0: u32,
    /// How far the grades' coarse looks lie apart: 0 leaves nothing of the grade at low magnification
    #[arg(long, value_name = "D")]
    coarse: Option<f64>,
    /// Strength of the fine detail that decides: 0 leaves only the coarse look
    #[arg(long, value_name = "F")]
    fine: Option<f64>,
    /// Format of the pictures
    #[arg(long, value_enum, default_value = "png")]
    format: Format,
    /// Print the set's record as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let defaults = SynthSettings::default();
    let settings = SynthSettings {
        seed: args.seed,
        px: args.px,
        coarse: args.coarse.unwrap_or(defaults.coarse),
        fine: args.fine.unwrap_or(defaults.fine),
        ..defaults
    };
    let format = match args.format {
        Format::Png => PictureFormat::Png,
        Format::Jpg => PictureFormat::Jpg,
    };
    let counts = Counts { train: args.train, validation: args.validation, test: args.test };
    let options = WriteOptions { settings, counts, size_level0: args.size_level0, format };
    let total = counts.train.saturating_add(counts.validation).saturating_add(counts.test);
    let bar = bar(total, !args.json);
    let record = synth::write(&args.out, &options, &|| bar.inc(1))?;
    bar.finish_and_clear();
    if args.json {
        print_json(&record)?;
    } else {
        print(&format!("written: {total} drawn patches, not tissue: {}", args.out.display()))?;
    }
    Ok(Outcome::AllFine)
}
