//! Reading targets: everything is checked once, rows are decoded when they are asked for.

use super::meta::{Metadata, VERSION};
use super::plan::{Part, Plan};
use super::row::{from_floats, from_halves, transposed};
use super::{HeadNumbers, KEY, LARGEST, Row, TargetsError, writer};
use crate::views::ViewId;
use half::f16;
use safetensors::tensor::Metadata as Header;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A targets file in memory.
#[derive(Clone, Debug)]
pub struct TargetsFile {
    pub(super) file: String,
    pub(super) metadata: Metadata,
    bytes: Vec<u8>,
    parts: HashMap<String, Stored>,
    images: HashMap<[u8; 32], usize>,
    head: Option<HeadNumbers>,
}

/// Where a tensor is in the bytes.
#[derive(Clone, Debug)]
struct Stored {
    stride: usize,
    start: usize,
}

/// Version alone: a later one may have other fields.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl TargetsFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read or is larger than [`LARGEST`]; as [`TargetsFile::read`].
    pub fn open(path: &Path) -> Result<Self, TargetsError> {
        Self::read(contents(path, LARGEST)?, &path.display().to_string())
    }

    /// Reads a file's bytes; `file` is its name, for messages.
    ///
    /// # Errors
    /// No targets, a later version, tensors that are missing or differ from the metadata, values that are not finite.
    pub fn read(bytes: Vec<u8>, file: &str) -> Result<Self, TargetsError> {
        let container = |e: safetensors::SafeTensorError| TargetsError::Container { reason: e.to_string(), file: file.into() };
        let (length, header) = SafeTensors::read_metadata(&bytes).map_err(container)?;
        let data = 8 + length;
        let text = header.metadata().as_ref().and_then(|m| m.get(KEY));
        let text = text.ok_or_else(|| TargetsError::Kind { file: file.into() })?;
        let metadata = metadata(text, file)?;
        let images = header.info("image.sha256").and_then(|t| t.shape.first().copied()).unwrap_or(0);
        let plan = Plan::new(metadata, images, file)?;
        let mut parts = HashMap::new();
        for part in &plan.parts {
            parts.insert(part.name.clone(), stored(&header, part, bytes.get(data..).unwrap_or_default(), data, file)?);
        }
        let Plan { metadata, .. } = plan;
        let mut targets = Self { file: file.into(), metadata, bytes, parts, images: HashMap::new(), head: None };
        targets.index(images)?;
        targets.head = targets.read_head();
        Ok(targets)
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Its name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// SHA-256 of each image's file, hexadecimal, in no order.
    pub fn hashes(&self) -> impl Iterator<Item = String> {
        self.images.keys().map(|hash| hash.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The Teacher's head, where it is one Linear.
    pub fn head(&self) -> Option<&HeadNumbers> {
        self.head.as_ref()
    }

    /// Whether there are rows for the image with this SHA-256.
    pub fn knows(&self, sha256: &str) -> bool {
        writer::digest(sha256).is_some_and(|d| self.images.contains_key(&d))
    }

    /// What the Teacher says about a view of the image with this SHA-256.
    pub fn get(&self, sha256: &str, view: &ViewId) -> Option<Row> {
        let image = self.images.get(&writer::digest(sha256)?)?;
        let views = self.metadata.views;
        let row = image * views.count() + views.position(view)?;
        let classes = self.metadata.classes.len();
        let map = |(i, a): (usize, &super::AttentionLayer)| {
            let last = from_floats(self.slice(&format!("attention.{i}"), row)?);
            Some(transposed(&last, a.grid[0] * a.grid[1], classes))
        };
        Some(Row {
            logits: from_floats(self.slice("logits", row)?),
            pooled: self.slice("pooled", row).map(from_floats).unwrap_or_default(),
            attention: self.metadata.attention.iter().enumerate().map(map).collect::<Option<_>>()?,
            features: (0..self.metadata.features.len())
                .map(|i| Some(from_halves(self.slice(&format!("features.{i}"), row)?)))
                .collect::<Option<_>>()?,
        })
    }

    fn slice(&self, tensor: &str, row: usize) -> Option<&[u8]> {
        let part = self.parts.get(tensor)?;
        let at = part.start + row.checked_mul(part.stride)?;
        self.bytes.get(at..at + part.stride)
    }

    fn index(&mut self, images: usize) -> Result<(), TargetsError> {
        for i in 0..images {
            let digest: Option<[u8; 32]> = self.slice("image.sha256", i).and_then(|b| b.try_into().ok());
            let Some(digest) = digest else { continue };
            if self.images.insert(digest, i).is_some() {
                let sha256 = digest.iter().map(|b| format!("{b:02x}")).collect();
                return Err(TargetsError::Twice { sha256, file: self.file.clone() });
            }
        }
        Ok(())
    }

    fn read_head(&self) -> Option<HeadNumbers> {
        let features = self.metadata.pooled?;
        let (weight, bias) = (from_floats(self.slice("head.weight", 0)?), from_floats(self.slice("head.bias", 0)?));
        Some(HeadNumbers { classes: self.metadata.classes.len(), features, weight, bias })
    }
}

/// A file's bytes, if they are at most `most`; its length is not trusted, a pipe has none.
pub(super) fn contents(path: &Path, most: u64) -> Result<Vec<u8>, TargetsError> {
    let file = || path.display().to_string();
    let failed = |source| TargetsError::Read { source, file: file() };
    let from = File::open(path).map_err(failed)?;
    let length = from.metadata().map_err(failed)?.len();
    let too_large = || TargetsError::TooLarge { most, file: file() };
    if length > most {
        return Err(too_large());
    }
    let mut bytes: Vec<u8> = Vec::new();
    let room = bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX));
    room.map_err(|e| failed(io::Error::new(io::ErrorKind::OutOfMemory, e)))?;
    from.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

fn metadata(text: &str, file: &str) -> Result<Metadata, TargetsError> {
    let wrong = |e: serde_json::Error| TargetsError::Metadata { reason: e.to_string(), file: file.into() };
    let Versioned { version } = serde_json::from_str(text).map_err(wrong)?;
    if version > VERSION {
        return Err(TargetsError::Version { found: version, file: file.into() });
    }
    serde_json::from_str(text).map_err(wrong)
}

/// Finds a tensor in what follows the header (`data` starts at `offset` of the file) and holds it against what the metadata
/// says; all its numbers are finite.
fn stored(header: &Header, part: &Part, data: &[u8], offset: usize, file: &str) -> Result<Stored, TargetsError> {
    let differs = |found: String| TargetsError::Tensor {
        tensor: part.name.clone(),
        found,
        expected: format!("{:?} {:?}", part.dtype, part.shape),
        file: file.into(),
    };
    let info = header.info(&part.name).ok_or_else(|| differs("not there".into()))?;
    if info.dtype != part.dtype || info.shape != part.shape {
        return Err(differs(format!("{:?} {:?}", info.dtype, info.shape)));
    }
    let (from, to) = info.data_offsets;
    let own = data.get(from..to).ok_or_else(|| differs("cut off".into()))?;
    if let Some(at) = first_not_finite(own, part.dtype) {
        let row = at / part.stride.max(1);
        return Err(TargetsError::NotFinite { tensor: part.name.clone(), row, file: file.into() });
    }
    Ok(Stored { stride: part.stride, start: offset + from })
}

/// Offset in bytes of the first NaN or infinity.
fn first_not_finite(data: &[u8], dtype: Dtype) -> Option<usize> {
    match dtype {
        Dtype::F32 => data.as_chunks::<4>().0.iter().position(|b| !f32::from_le_bytes(*b).is_finite()).map(|i| 4 * i),
        Dtype::F16 => data.as_chunks::<2>().0.iter().position(|b| !f16::from_le_bytes(*b).is_finite()).map(|i| 2 * i),
        _ => None,
    }
}
