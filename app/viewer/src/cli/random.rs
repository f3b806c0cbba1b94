//! `fovea random-student`: an untrained network, for trials of size and speed.

use super::{Outcome, import, parse, print};
use clap::ValueEnum;
use fovea_student::file::Student;
use fovea_student::fresh::{Fresh, random_vgg16};
use std::path::PathBuf;

/// Known architectures.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Arch {
    /// kd_resolution's VGG16: 13 convolutions, spatial mean, one Linear
    Vgg16,
}

/// Arguments of `fovea random-student`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Architecture
    #[arg(long, value_enum, default_value = "vgg16")]
    arch: Arch,
    /// Divide every width by this
    #[arg(long, default_value = "1", value_name = "N", value_parser = divisor)]
    width_divisor: usize,
    /// Number of classes
    #[arg(long, default_value = "4", value_name = "N", value_parser = classes)]
    classes: usize,
    /// Side of the input in pixels
    #[arg(long, default_value = "512", value_name = "PX", value_parser = parse::pixels)]
    input: usize,
    /// Seed of the weights
    #[arg(long)]
    seed: u64,
    /// The Student file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn divisor(text: &str) -> Result<usize, String> {
    parse::count(text).and_then(|n| if 64 % n == 0 { Ok(n) } else { Err("1, 2, 4, 8, 16, 32 or 64".into()) })
}

fn classes(text: &str) -> Result<usize, String> {
    parse::count(text).and_then(|n| if n <= 1000 { Ok(n) } else { Err("at most 1000".into()) })
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let Arch::Vgg16 = args.arch;
    let mut student = vgg16(args.width_divisor, args.classes, args.input, args.seed)?;
    import::save(&mut student, &args.out)?;
    print(&format!("written: {} (random weights, untrained: its grades mean nothing)", args.out.display()))?;
    Ok(Outcome::AllFine)
}

/// kd_resolution's VGG16 for `px` with He-initialised convolutions, without test vector; every width is divided by `divisor`.
///
/// # Errors
/// When the sizes make no network.
pub fn vgg16(divisor: usize, classes: usize, px: usize, seed: u64) -> anyhow::Result<Student> {
    let classes = (1..=classes).map(|i| format!("random {i}")).collect();
    Ok(random_vgg16(&Fresh { divisor, classes, input_px: px, seed })?)
}
