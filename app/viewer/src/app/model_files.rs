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

/// The model that waits, if one does.
#[derive(Clone, Default)]
pub struct Waiting(Arc<Mutex<Option<Pending>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Option<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Name of the file that is waited for.
    pub fn wanted(&self) -> Option<String> {
        let mut pending = self.lock();
        if pending.as_ref().is_some_and(|p| p.since.elapsed() > PATIENCE) {
            *pending = None;
        }
        pending.as_ref().map(|p| p.wanted.clone())
    }

    /// The model, if one of these files is what it waits for.
    pub fn take(&self, files: &[Incoming]) -> Option<Pending> {
        self.lock().take_if(|p| files.iter().any(|f| f.name == p.wanted))
    }

    /// Lets a model wait; only the newest does.
    pub fn put(&self, file: Incoming, wanted: String, beside: Vec<Incoming>) {
        *self.lock() = Some(Pending { file, wanted, beside, since: Instant::now() });
    }
}

/// Reads a model; its second file is one of `beside`, or lies in its folder.
pub fn read(file: &Incoming, beside: &[Incoming]) -> Result<Loaded, LoadError> {
    let unreadable = |reason| LoadError { reason: Reason::Format(reason), file: file.name.clone() };
    let bytes = file.source.read().map_err(unreadable)?;
    let siblings = |name: &str| {
        let dropped = beside.iter().find(|f| f.name == name);
        dropped.and_then(|f| contents(&f.source)).or_else(|| in_folder(&file.source, name))
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

fn contents(source: &Source) -> Option<Cow<'_, [u8]>> {
    match source {
        Source::Embedded(bytes) => Some(Cow::Borrowed(bytes)),
        Source::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        #[cfg(not(target_arch = "wasm32"))]
        Source::Path(path) => std::fs::read(path).ok().map(Cow::Owned),
    }
}

/// A plain file beside the model; the reader asks for plain names only.
#[cfg(not(target_arch = "wasm32"))]
fn in_folder<'a>(model: &Source, name: &str) -> Option<Cow<'a, [u8]>> {
    let Source::Path(path) = model else { return None };
    let beside = path.parent()?.join(name);
    if beside.is_file() { std::fs::read(beside).ok().map(Cow::Owned) } else { None }
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
    }
}
