//! `fovea random-student`: an untrained network, for trials of size and speed.

use super::{Outcome, import, parse, print};
use crate::analysis::open_student;
use clap::ValueEnum;
use fovea_student::file::Student;
use fovea_student::load::BareInfo;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};
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

/// Feature indices and widths of VGG16's convolutions by block.
const VGG16: [(&[usize], usize); 5] =
    [(&[0, 2], 64), (&[5, 7], 128), (&[10, 12, 14], 256), (&[17, 19, 21], 512), (&[24, 26, 28], 512)];

/// kd_resolution's VGG16 for `px` with He-initialised convolutions, without test vector; every width is divided by `divisor`.
///
/// # Errors
/// When the sizes make no network.
pub fn vgg16(divisor: usize, classes: usize, px: usize, seed: u64) -> anyhow::Result<Student> {
    let mut random = Normal::new(seed);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = vec![];
    let mut add = |name: String, shape: Vec<usize>, scale: f64| {
        let len = shape.iter().product::<usize>();
        let data = (0..len).flat_map(|_| ((random.next() * scale) as f32).to_le_bytes()).collect();
        tensors.push((name, shape, data));
    };
    let mut channels = 3;
    for (block, (indices, width)) in VGG16.iter().enumerate() {
        for index in *indices {
            let out = width / divisor;
            let scale = (2.0 / (9 * channels) as f64).sqrt();
            add(format!("0.{block}.{index}.weight"), vec![out, channels, 3, 3], scale);
            add(format!("0.{block}.{index}.bias"), vec![out], 0.0);
            channels = out;
        }
    }
    add("2.weight".into(), vec![classes, channels], (1.0 / channels as f64).sqrt());
    add("2.bias".into(), vec![classes], 0.0);
    let views = tensors
        .iter()
        .map(|(name, shape, data)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let info = BareInfo {
        classes: Some((1..=classes).map(|i| format!("random {i}")).collect()),
        input_px: Some(px),
        ..BareInfo::default()
    };
    let mut student = open_student(&serialize(views, None)?, "random", &info)?;
    let words = format!("random weights (He, seed {seed}), untrained: grades and maps mean nothing");
    student.card.name = format!("random VGG16, widths ÷ {divisor}, seed {seed}");
    student.card.synthetic = true;
    student.card.training.text.clone_from(&words);
    student.card.notes.push(words);
    Ok(student)
}

/// Standard normal numbers: splitmix64 and the Box–Muller transform.
struct Normal {
    state: u64,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64) -> Self {
        Self { state: seed, spare: None }
    }

    /// In (0, 1).
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    fn next(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_standard_normal() {
        let mut random = Normal::new(7);
        let n = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let v = random.next();
            sum += v;
            squares += v * v;
        }
        assert!((sum / f64::from(n)).abs() < 0.02 && (squares / f64::from(n) - 1.0).abs() < 0.03);
    }
}
