//! Pictures at the Student's size, decoded once and kept as far as memory goes.

use super::{DataError, Sample, Source};
use fovea_patch::{Limits, decode, resize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A patch at the Student's size.
#[derive(Debug)]
pub struct Picture {
    /// Interleaved RGB, `px × px`.
    pub rgb: Vec<u8>,
    /// Hex SHA-256 of the file's bytes.
    pub sha256: String,
}

/// Memory that pictures may take: what one holder of a copy takes, the others no longer have.
#[derive(Clone, Debug)]
pub struct PictureMemory(Arc<AtomicU64>);

impl PictureMemory {
    /// So many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    /// Takes so many bytes, if they are left.
    fn take(&self, bytes: u64) -> bool {
        let mut left = self.0.load(Ordering::Relaxed);
        while let Some(rest) = left.checked_sub(bytes) {
            match self.0.compare_exchange_weak(left, rest, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }

    fn give_back(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The pictures of a set. Shared between threads.
pub struct ImageStore {
    samples: Vec<Sample>,
    px: usize,
    kept: Mutex<HashMap<usize, Arc<Picture>>>,
    memory: PictureMemory,
}

impl ImageStore {
    /// The pictures of `samples`, brought to `px` a side by area averaging; up to `memory` bytes of them are kept.
    pub fn new(samples: Vec<Sample>, px: usize, memory: u64) -> Self {
        Self::sharing(samples, px, &PictureMemory::new(memory))
    }

    /// The same with memory that other stores take from too.
    pub fn sharing(samples: Vec<Sample>, px: usize, memory: &PictureMemory) -> Self {
        Self { samples, px, kept: Mutex::default(), memory: memory.clone() }
    }

    /// Side of the pictures.
    pub fn px(&self) -> usize {
        self.px
    }

    /// The patches, in order.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// One picture.
    ///
    /// # Errors
    /// When the file cannot be read or decoded, or is not square.
    pub fn get(&self, index: usize) -> Result<Arc<Picture>, DataError> {
        if let Some(picture) = self.kept().get(&index) {
            return Ok(picture.clone());
        }
        let sample = self.samples.get(index).ok_or(DataError::NoPatch { index, len: self.samples.len() })?;
        // Decoded outside the lock: two threads may do the same picture, which costs less than one waiting for the other.
        let picture = Arc::new(read(sample, self.px)?);
        let mut kept = self.kept();
        let bytes = picture.rgb.len() as u64;
        if !kept.contains_key(&index) && self.memory.take(bytes) {
            kept.insert(index, picture.clone());
        }
        Ok(picture)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<usize, Arc<Picture>>> {
        // Nothing panics while it holds the lock in a half-made state.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ImageStore {
    fn drop(&mut self) {
        let bytes: u64 = self.kept().values().map(|picture| picture.rgb.len() as u64).sum();
        self.memory.give_back(bytes);
    }
}

fn read(sample: &Sample, px: usize) -> Result<Picture, DataError> {
    let (bytes, name) = match &sample.source {
        Source::Memory(bytes) => (Cow::Borrowed(&bytes[..]), sample.name.clone()),
        Source::File(file) => {
            let bytes = std::fs::read(file).map_err(|source| DataError::Read { source, file: file.clone() })?;
            (Cow::Owned(bytes), file.display().to_string())
        }
    };
    let patch = decode(&bytes, &name, &Limits::default())?;
    let (width, height) = (patch.width, patch.height);
    if width != height {
        return Err(DataError::NotSquare { width, height, name });
    }
    Ok(Picture { rgb: resize::area(&patch.rgb, width, height, px, px), sha256: patch.sha256.to_string() })
}
