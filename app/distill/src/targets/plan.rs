//! How large a targets file becomes and where in it each row goes, known before the Teacher runs.

use super::meta::Metadata;
use super::{KEY, TargetsError};
use safetensors::Dtype;
use safetensors::tensor::{Metadata as Header, TensorInfo};
use std::collections::HashMap;

/// A tensor of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Bytes of one row (of one image for the hashes, of everything for the head).
    pub stride: usize,
    /// Where its first byte is, from the end of the header.
    pub start: usize,
}

/// A targets file to be written: its metadata and how many images it will hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) metadata: Metadata,
    pub(super) images: usize,
    pub(super) parts: Vec<Part>,
    header: Vec<u8>,
    bytes: u64,
}

/// Tensors with type and shape, largest elements first, as the format asks for alignment.
pub(super) fn tensors(metadata: &Metadata, images: usize) -> Option<Vec<(String, Dtype, Vec<usize>)>> {
    let rows = images.checked_mul(metadata.views.count())?;
    let classes = metadata.classes.len();
    let mut all = vec![("logits".to_string(), Dtype::F32, vec![rows, classes])];
    for (i, a) in metadata.attention.iter().enumerate() {
        all.push((format!("attention.{i}"), Dtype::F32, vec![rows, a.grid[0], a.grid[1], classes]));
    }
    if let Some(k) = metadata.pooled {
        all.push(("pooled".into(), Dtype::F32, vec![rows, k]));
        all.push(("head.weight".into(), Dtype::F32, vec![classes, k]));
        all.push(("head.bias".into(), Dtype::F32, vec![classes]));
    }
    for (i, f) in metadata.features.iter().enumerate() {
        all.push((format!("features.{i}"), Dtype::F16, [&[rows], &f.shape[..]].concat()));
    }
    all.push(("image.sha256".into(), Dtype::U8, vec![images, 32]));
    Some(all)
}

impl Plan {
    /// Plans a file of `images` images. `file` is its name, for messages.
    ///
    /// # Errors
    /// Metadata that contradicts itself; no image; more bytes than can be addressed.
    pub fn new(metadata: Metadata, images: usize, file: &str) -> Result<Self, TargetsError> {
        let wrong = |reason: String| TargetsError::Metadata { reason, file: file.into() };
        metadata.validate().map_err(wrong)?;
        if images == 0 {
            return Err(wrong("no image".into()));
        }
        let too_large = || wrong("more bytes than this machine can address".into());
        let (mut parts, mut at) = (vec![], 0usize);
        for (name, dtype, shape) in tensors(&metadata, images).ok_or_else(too_large)? {
            let bytes = shape.iter().try_fold(dtype.bitsize() / 8, |n, &d| n.checked_mul(d)).ok_or_else(too_large)?;
            let rows = if name.starts_with("head.") { 1 } else { shape.first().copied().unwrap_or(1) };
            parts.push(Part { name, dtype, shape, stride: bytes / rows, start: at });
            at = at.checked_add(bytes).ok_or_else(too_large)?;
        }
        let header = header(&metadata, &parts, at).map_err(wrong)?;
        let bytes = header.len() as u64 + at as u64;
        Ok(Self { metadata, images, parts, header, bytes })
    }

    /// Size of the whole file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of rows: images times views.
    pub fn rows(&self) -> usize {
        self.images * self.metadata.views.count()
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.images
    }

    /// What the file will say about itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Everything before the first tensor.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(super) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|p| p.name == name)
    }
}

/// Length, JSON, and spaces up to eight bytes.
fn header(metadata: &Metadata, parts: &[Part], end: usize) -> Result<Vec<u8>, String> {
    let ends = parts.iter().skip(1).map(|p| p.start).chain([end]);
    let info = |(p, end): (&Part, usize)| {
        (p.name.clone(), TensorInfo { dtype: p.dtype, shape: p.shape.clone(), data_offsets: (p.start, end) })
    };
    let own = serde_json::to_string(metadata).map_err(|e| e.to_string())?;
    let texts = HashMap::from([(KEY.to_string(), own)]);
    let all = Header::new(Some(texts), parts.iter().zip(ends).map(info).collect()).map_err(|e| e.to_string())?;
    let mut json = serde_json::to_vec(&all).map_err(|e| e.to_string())?;
    json.resize(json.len().next_multiple_of(8), b' ');
    Ok([&(json.len() as u64).to_le_bytes()[..], &json].concat())
}
