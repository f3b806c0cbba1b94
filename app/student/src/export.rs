//! Weights back under the names other programs use: a plain safetensors state dict.

use crate::arch::{ADDED, VGG16_BLOCKS};
use crate::file::{Student, WriteError, container};
use crate::weights::Weights;

/// Whose names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// As in the file the Student came from.
    Source,
    /// kd_resolution: `0.<block>.<feature index>.*`, head `2.*`.
    KdResolution,
    /// torchvision: `features.<index>.*`; a single Linear head is `classifier.*`.
    Torchvision,
}

/// Why weights cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The other naming has no place for a parameter.
    #[error("the parameter '{0}' has no name in that naming: it is for VGG16-like networks with one Linear head")]
    NoName(String),
    /// The container cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The Student's state dict as safetensors, without metadata; `load_state_dict(strict=True)` takes it.
///
/// # Errors
/// When the network has a parameter that the naming has no name for.
pub fn state_dict(student: &Student, naming: Naming) -> Result<Vec<u8>, ExportError> {
    let mut renamed = Weights::new();
    for (name, tensor) in student.weights.iter().filter(|(n, _)| !n.starts_with(ADDED)) {
        let new = match naming {
            Naming::Source => Some(name.to_string()),
            Naming::KdResolution => to_kd(name),
            Naming::Torchvision => to_torchvision(name),
        };
        renamed.insert(new.ok_or_else(|| ExportError::NoName(name.to_string()))?, tensor.clone());
    }
    Ok(container(&renamed, None)?)
}

/// Splits `path.weight` or `path.bias`.
fn split(name: &str) -> Option<(&str, &str)> {
    name.rsplit_once('.').filter(|(_, kind)| matches!(*kind, "weight" | "bias"))
}

fn to_kd(name: &str) -> Option<String> {
    let (path, kind) = split(name)?;
    if to_torchvision(name).is_some_and(|t| t != name) || path == "2" {
        return Some(name.to_string());
    }
    if path == "classifier" {
        return Some(format!("2.{kind}"));
    }
    let index: usize = path.strip_prefix("features.")?.parse().ok()?;
    let block = VGG16_BLOCKS.iter().position(|convs| convs.contains(&index))?;
    Some(format!("0.{block}.{index}.{kind}"))
}

fn to_torchvision(name: &str) -> Option<String> {
    let (path, kind) = split(name)?;
    if path == "2" {
        return Some(format!("classifier.{kind}"));
    }
    if path == "classifier" || path.starts_with("classifier.") || path.starts_with("features.") {
        return Some(name.to_string());
    }
    let (block, index) = path.strip_prefix("0.")?.split_once('.')?;
    let (block, index): (usize, usize) = (block.parse().ok()?, index.parse().ok()?);
    VGG16_BLOCKS.get(block).filter(|convs| convs.contains(&index)).map(|_| format!("features.{index}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (kd, tv) in
            [("0.4.28.weight", "features.28.weight"), ("0.0.0.bias", "features.0.bias"), ("2.weight", "classifier.weight")]
        {
            assert_eq!(to_torchvision(kd).as_deref(), Some(tv));
            assert_eq!(to_kd(tv).as_deref(), Some(kd));
            assert_eq!(to_kd(kd).as_deref(), Some(kd));
            assert_eq!(to_torchvision(tv).as_deref(), Some(tv));
        }
        assert_eq!(to_kd("classifier.6.weight"), None, "torchvision's own head has no place there");
        assert_eq!(to_kd("features.1.weight"), None);
        assert_eq!(to_torchvision("0.0.5.weight"), None);
    }
}
