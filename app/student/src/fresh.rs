//! Networks to start training from: kd_resolution's VGG16 with random weights, or with torchvision's convolutions and a new head.

use crate::arch::VGG16_BLOCKS;
use crate::card::ModelCard;
use crate::file::{Student, WriteError, container};
use crate::load::{BareInfo, LoadError, Loaded, Reason, load};
use crate::random::Draws;
use crate::weights::{ShapeMismatch, Tensor, Weights};

/// Widths of VGG16's blocks.
const WIDTHS: [usize; 5] = [64, 128, 256, 512, 512];

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum FreshError {
    /// The sizes make no network, or a checkpoint lacks what is needed.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The weights cannot be put into a container.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Sizes that contradict each other.
    #[error(transparent)]
    Shape(#[from] ShapeMismatch),
    /// A width divisor that does not divide 64.
    #[error("the widths cannot be divided by {0}: 1, 2, 4, 8, 16, 32 and 64 can")]
    Divisor(usize),
}

/// What a fresh network is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    /// Every width is divided by this: 1, 2, 4, 8, 16, 32 or 64.
    pub divisor: usize,
    /// Class names.
    pub classes: Vec<String>,
    /// Side of the input in px.
    pub input_px: usize,
    /// Seed of the random weights.
    pub seed: u64,
}

/// kd_resolution's VGG16 with He-initialised convolutions and a random head. It has no test vector.
///
/// # Errors
/// When the sizes make no network.
pub fn random_vgg16(fresh: &Fresh) -> Result<Student, FreshError> {
    let mut student = assemble(random_weights(fresh)?, fresh, "random")?;
    let words = format!("random weights (He, seed {}), untrained: grades and maps mean nothing", fresh.seed);
    name(&mut student.card, &format!("random VGG16, widths ÷ {}, seed {}", fresh.divisor, fresh.seed), &words);
    student.card.synthetic = true;
    student.card.notes.push(words);
    Ok(student)
}

/// The same network with the convolutions of a torchvision VGG16 (`features.N.*`); only the head is random. Further heads in the
/// file are left out. `file` is for messages.
///
/// # Errors
/// When a convolution is missing or has another shape.
pub fn from_torchvision(source: &Weights, fresh: &Fresh, file: &str) -> Result<Student, FreshError> {
    let fresh = Fresh { divisor: 1, ..fresh.clone() };
    let mut weights = random_weights(&fresh)?;
    for (ours, theirs) in names() {
        for part in ["weight", "bias"] {
            let (ours, theirs) = (format!("{ours}.{part}"), format!("{theirs}.{part}"));
            let tensor = source.get(&theirs).ok_or_else(|| Reason::Missing(theirs.clone()).at(file))?;
            let want = weights.get(&ours).map(|t| t.shape().to_vec()).unwrap_or_default();
            if tensor.shape() != want {
                let got = tensor.shape().to_vec();
                return Err(Reason::Shape { tensor: theirs, got, want: format!("{want:?}") }.at(file).into());
            }
            weights.insert(ours, tensor.clone());
        }
    }
    let mut student = assemble(weights, &fresh, file)?;
    let words = format!("convolutions of {file}, head random (seed {})", fresh.seed);
    name(&mut student.card, &format!("VGG16 from {file}"), &words);
    Ok(student)
}

fn name(card: &mut ModelCard, name: &str, words: &str) {
    card.name = name.into();
    card.training.text = words.into();
}

/// Names of the convolutions, kd_resolution's and torchvision's.
fn names() -> impl Iterator<Item = (String, String)> {
    let block = |(b, indices): (usize, &'static &'static [usize])| {
        indices.iter().map(move |i| (format!("0.{b}.{i}"), format!("features.{i}")))
    };
    VGG16_BLOCKS.iter().enumerate().flat_map(block)
}

fn random_weights(fresh: &Fresh) -> Result<Weights, FreshError> {
    let Fresh { divisor, ref classes, seed, .. } = *fresh;
    if divisor == 0 || 64 % divisor != 0 {
        return Err(FreshError::Divisor(divisor));
    }
    let mut random = Normal::new(seed);
    let mut weights = Weights::new();
    let mut add = |name: String, shape: Vec<usize>, scale: f64| -> Result<(), ShapeMismatch> {
        let len = shape.iter().product::<usize>();
        let data: Vec<f32> = (0..len).map(|_| (random.draw() * scale) as f32).collect();
        weights.insert(name, Tensor::new(shape, data)?);
        Ok(())
    };
    let mut channels = 3;
    for (block, (indices, width)) in VGG16_BLOCKS.iter().zip(WIDTHS).enumerate() {
        for index in *indices {
            let out = width / divisor;
            let scale = (2.0 / (9 * channels) as f64).sqrt();
            add(format!("0.{block}.{index}.weight"), vec![out, channels, 3, 3], scale)?;
            add(format!("0.{block}.{index}.bias"), vec![out], 0.0)?;
            channels = out;
        }
    }
    add("2.weight".into(), vec![classes.len(), channels], (1.0 / channels as f64).sqrt())?;
    add("2.bias".into(), vec![classes.len()], 0.0)?;
    Ok(weights)
}

/// By way of a file's bytes, so that it is the same network as one that is loaded.
fn assemble(weights: Weights, fresh: &Fresh, name: &str) -> Result<Student, FreshError> {
    let bytes = container(&weights, None)?;
    let info = BareInfo { classes: Some(fresh.classes.clone()), input_px: Some(fresh.input_px), ..BareInfo::default() };
    match load(&bytes, name)? {
        Loaded::Ready(student) => Ok(*student),
        Loaded::Bare(bare) => Ok(bare.into_student(&info)?),
    }
}

/// Standard normal numbers by the Box–Muller transform.
struct Normal {
    draws: Draws,
    spare: Option<f64>,
}

impl Normal {
    fn new(seed: u64) -> Self {
        Self { draws: Draws::new(seed), spare: None }
    }

    /// In (0, 1).
    fn uniform(&mut self) -> f64 {
        self.draws.unit() + f64::EPSILON / 4.0
    }

    fn draw(&mut self) -> f64 {
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fresh(divisor: usize) -> Fresh {
        Fresh { divisor, classes: ["NC", "G3", "G4"].map(String::from).to_vec(), input_px: 32, seed: 5 }
    }

    #[test]
    fn numbers_are_standard_normal() {
        let mut random = Normal::new(7);
        let n = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let v = random.draw();
            sum += v;
            squares += v * v;
        }
        assert!((sum / f64::from(n)).abs() < 0.02 && (squares / f64::from(n) - 1.0).abs() < 0.03);
    }

    #[test]
    fn the_same_seed_makes_the_same_network() {
        let (a, b) = (random_vgg16(&fresh(16)).unwrap(), random_vgg16(&fresh(16)).unwrap());
        assert_eq!(a.weights.sha256(), b.weights.sha256());
        assert_eq!((a.card.class_names.len(), a.graph.class_count().unwrap()), (3, 3));
        let other = random_vgg16(&Fresh { seed: 6, ..fresh(16) }).unwrap();
        assert_ne!(a.weights.sha256(), other.weights.sha256());
        assert!(random_vgg16(&fresh(3)).unwrap_err().to_string().contains('3'));
    }

    #[test]
    fn torchvision_convolutions_are_taken_and_missing_ones_named() {
        let donor = random_weights(&Fresh { seed: 9, ..fresh(1) }).unwrap();
        let mut source: Weights = names()
            .flat_map(|(ours, theirs)| ["weight", "bias"].map(|p| (format!("{ours}.{p}"), format!("{theirs}.{p}"))))
            .map(|(ours, theirs)| (theirs, donor.get(&ours).unwrap().clone()))
            .collect();
        let student = from_torchvision(&source, &fresh(1), "vgg16.pth").unwrap();
        assert_eq!(student.weights.get("0.4.28.weight"), donor.get("0.4.28.weight"));
        assert_ne!(student.weights.get("2.weight"), donor.get("2.weight"));
        source.insert("features.28.weight", Tensor::new(vec![1], vec![0.0]).unwrap());
        let said = from_torchvision(&source, &fresh(1), "vgg16.pth").unwrap_err().to_string();
        assert!(said.contains("features.28.weight") && said.ends_with("(vgg16.pth)"), "{said}");
    }
}
