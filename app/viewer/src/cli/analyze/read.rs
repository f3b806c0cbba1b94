//! Reading and decoding on a thread of its own, a few images ahead of the network.

use super::files::Found;
use crate::analysis::embedded::{SAMPLES, Sample};
use fovea_patch::{Limits, Patch, decode};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

/// Images decoded ahead: enough to keep the network busy, few enough to hold in memory.
const AHEAD: usize = 2;

/// Largest file that is read into memory, in bytes.
const LARGEST: u64 = 4 << 30;

/// Where an image comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A path on the command line.
    File(Found),
    /// One of the embedded drawings.
    Embedded(Sample),
}

impl Source {
    /// The embedded samples.
    pub fn samples() -> Vec<Self> {
        SAMPLES.into_iter().map(Self::Embedded).collect()
    }

    /// What results call it.
    pub fn label(&self) -> &str {
        match self {
            Self::File(found) => &found.label,
            Self::Embedded(sample) => sample.name,
        }
    }

    /// Where it lies, for messages.
    pub fn place(&self) -> String {
        match self {
            Self::File(found) => found.path.display().to_string(),
            Self::Embedded(sample) => format!("embedded sample {}", sample.name),
        }
    }

    fn decode(&self) -> Result<Patch, String> {
        match self {
            Self::Embedded(sample) => sample.decode().map_err(|e| e.to_string()),
            Self::File(Found { error: Some(reason), .. }) => Err(reason.clone()),
            Self::File(found) => {
                let bytes = read(&found.path)?;
                decode(&bytes, &found.label, &Limits::default()).map_err(|e| e.to_string())
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let facts = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if facts.len() > LARGEST {
        return Err(format!("the file has {} bytes; at most {LARGEST} are read", facts.len()));
    }
    std::fs::read(path).map_err(|e| e.to_string())
}

/// Decodes all sources in order; the receiver gets one entry for each. Dropping the receiver ends the thread.
pub fn ahead<'s>(scope: &'s Scope<'s, '_>, sources: &'s [Source]) -> Receiver<Result<Patch, String>> {
    let (sender, receiver): (SyncSender<_>, _) = sync_channel(AHEAD);
    scope.spawn(move || sources.iter().map(Source::decode).all(|patch| sender.send(patch).is_ok()));
    receiver
}
