//! Model files as they come in: with weights in a second file, with cards, in one drop or one after the other.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fovea_student::load::{LoadError, Loaded, Reason, load_with};
use fovea_student::onnx::OnnxError;
use web_time::Instant;

use super::drop::{Incoming, has_extension, is_model, is_picture};
use super::state::Source;

/// How long a model waits for its second file.
const PATIENCE: Duration = Duration::from_secs(600);
/// Largest model file that is read, bytes.
#[cfg(not(target_arch = "wasm32"))]
const LARGEST: u64 = 8 << 30;
/// Longest JSON that is read as a card.
pub const LONGEST_CARD: usize = 16 << 20;

/// Files of one drop, by what they are.
#[derive(Default)]
pub struct Sorted {
    /// Models.
    pub models: Vec<Incoming>,
    /// Cards.
    pub cards: Vec<Incoming>,
    /// Weights that belong to a model.
    pub beside: Vec<Incoming>,
    /// Everything else is tried as a picture.
    pub patches: Vec<Incoming>,
}

impl Sorted {
    /// Sorts by name; `wanted` is the file that a model waits for.
    pub fn of(files: Vec<Incoming>, wanted: Option<&str>) -> Self {
        let onnx = files.iter().any(|f| has_extension(&f.name, &["onnx"]));
        let mut sorted = Self::default();
        for file in files {
            let name = &file.name;
            let weights = has_extension(name, &["data", "weights", "bin"]) || (onnx && !is_picture(name));
            let to = match name {
                _ if wanted == Some(name) => &mut sorted.beside,
                _ if is_model(name) => &mut sorted.models,
                _ if has_extension(name, &["json"]) => &mut sorted.cards,
                _ if weights => &mut sorted.beside,
                _ => &mut sorted.patches,
            };
            to.push(file);
        }
        sorted
    }
}

/// A model whose second file is missing.
pub struct Pending {
    /// The model.
    pub file: Incoming,
    /// What it waits for.
    pub wanted: String,
    /// What came with it.
    pub beside: Vec<Incoming>,
    since: Instant,
}

#[derive(Default)]
struct Halves {
    /// A model without its weights.
    pending: Option<Pending>,
    /// Weights without their model, and when they came.
    spare: Option<(Vec<Incoming>, Instant)>,
}

/// Halves of models that wait for each other; of each kind only the newest does, and not for ever: weights are large.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<Halves>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Halves> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.pending.take_if(|p| p.since.elapsed() > PATIENCE);
        halves.spare.take_if(|(_, since)| since.elapsed() > PATIENCE);
        halves
    }

    /// Name of the file that is waited for.
    pub fn wanted(&self) -> Option<String> {
        self.lock().pending.as_ref().map(|p| p.wanted.clone())
    }

    /// The model, if one of these files is what it waits for.
    pub fn take(&self, files: &[Incoming]) -> Option<Pending> {
        self.lock().pending.take_if(|p| files.iter().any(|f| f.name == p.wanted))
    }

    /// Lets a model wait.
    pub fn put(&self, file: Incoming, wanted: String, beside: Vec<Incoming>) {
        self.lock().pending = Some(Pending { file, wanted, beside, since: Instant::now() });
    }

    /// Lets weights wait.
    pub fn put_spare(&self, files: Vec<Incoming>) {
        self.lock().spare = Some((files, Instant::now()));
    }

    /// Weights that came without a model.
    pub fn spare(&self) -> Vec<Incoming> {
        self.lock().spare.as_ref().map_or_else(Vec::new, |(files, _)| files.clone())
    }

    /// A model was read: nothing waits any longer.
    pub fn clear(&self) {
        *self.lock() = Halves::default();
    }
}

/// Reads a model; its second file is one of `beside`, or lies in its folder.
///
/// # Errors
/// As [`load_with`]; a file that cannot be read.
pub fn read(file: &Incoming, beside: &[Incoming]) -> Result<Loaded, LoadError> {
    let unreadable = |reason| LoadError { reason: Reason::Format(reason), file: file.name.clone() };
    let bytes = contents(&file.source).map_err(unreadable)?;
    let siblings = |name: &str| {
        let dropped = beside.iter().find(|f| f.name == name);
        // Why a second file cannot be read matters less than which one is missing.
        dropped.and_then(|f| contents(&f.source).ok()).or_else(|| in_folder(&file.source, name))
    };
    load_with(&bytes, &file.name, &siblings)
}

/// The second file that is missing, when that is what is wrong.
pub fn missing(error: &LoadError) -> Option<&str> {
    match &error.reason {
        Reason::Onnx(OnnxError::Missing { wanted }) => Some(wanted),
        _ => None,
    }
}

fn contents(source: &Source) -> Result<Cow<'_, [u8]>, String> {
    match source {
        Source::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
        Source::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
        #[cfg(not(target_arch = "wasm32"))]
        Source::Path(path) => from_disk(path).map(Cow::Owned),
    }
}

/// A whole file, unless it is larger than any model.
#[cfg(not(target_arch = "wasm32"))]
fn from_disk(path: &std::path::Path) -> Result<Vec<u8>, String> {
    let unreadable = |e: std::io::Error| format!("cannot be read: {e}");
    match std::fs::metadata(path).map_err(unreadable)?.len() {
        n if n > LARGEST => Err(format!("has {n} bytes; at most {LARGEST} are read")),
        _ => std::fs::read(path).map_err(unreadable),
    }
}

/// A plain file beside the model; the reader asks for plain names only.
#[cfg(not(target_arch = "wasm32"))]
fn in_folder<'a>(model: &Source, name: &str) -> Option<Cow<'a, [u8]>> {
    let Source::Path(path) = model else { return None };
    let beside = path.parent()?.join(name);
    if beside.is_file() { from_disk(&beside).ok().map(Cow::Owned) } else { None }
}

/// A page sees no folders.
#[cfg(target_arch = "wasm32")]
fn in_folder<'a>(_: &Source, _: &str) -> Option<Cow<'a, [u8]>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<Incoming> {
        names.iter().map(|n| Incoming::bytes((*n).into(), vec![])).collect()
    }

    #[test]
    fn drops_are_sorted_by_name() {
        let counts = |names: &[&str], wanted| {
            let s = Sorted::of(files(names), wanted);
            [s.models.len(), s.cards.len(), s.beside.len(), s.patches.len()]
        };
        assert_eq!(counts(&["m.onnx", "m.onnx.data", "config.json", "a.png"], None), [1, 1, 1, 1]);
        assert_eq!(counts(&["m.onnx", "weights"], None), [1, 0, 1, 0]);
        assert_eq!(counts(&["weights"], Some("weights")), [0, 0, 1, 0]);
        assert_eq!(counts(&["notes.txt", "a.jpg"], None), [0, 0, 0, 2]);
    }

    #[test]
    fn a_model_waits_for_the_right_file() {
        let waiting = Waiting::default();
        waiting.put(Incoming::bytes("m.onnx".into(), vec![]), "m.data".into(), vec![]);
        assert!(waiting.take(&files(&["other.data"])).is_none());
        assert_eq!(waiting.wanted().as_deref(), Some("m.data"));
        assert!(waiting.take(&files(&["m.data"])).is_some() && waiting.wanted().is_none());
        waiting.put_spare(files(&["n.data"]));
        assert_eq!(waiting.spare().len(), 1);
        waiting.clear();
        assert!(waiting.spare().is_empty());
    }
}
