//! From the bytes of a model file to a [`Student`], or to a bare checkpoint that still needs a few facts from the user.
//!
//! Files are told apart by content, never by name. No code in a file ever runs; every size is checked before it is believed.

mod archive;
mod bare;
mod collect;
mod dtype;
mod error;
mod info;
pub mod pickle;
pub(crate) mod safetensors_file;
mod storage;
mod torch_file;

pub use bare::Checkpoint;
pub use dtype::Dtype;
pub use error::{LoadError, Need, Reason};
pub use info::BareInfo;

use crate::file::{self, Student};
use crate::onnx::{self, Onnx, Siblings};
use collect::Contents;

/// A model file, read.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// Our own format: everything is known.
    Ready(Box<Student>),
    /// Weights without a card.
    Bare(Box<Checkpoint>),
}

/// Reads a model file. `name` is only for messages and for [`Student::file_name`].
///
/// # Errors
/// [`LoadError`] names the reason and the file. Never panics; memory stays within a few times the file's size.
pub fn load(bytes: &[u8], name: &str) -> Result<Loaded, LoadError> {
    load_with(bytes, name, &|_| None)
}

/// [`load`] for models that keep their weights in a second file (ONNX): `siblings` gives the files beside the model, or those
/// dropped with it, by plain name.
///
/// # Errors
/// As [`load`]; a second file that is missing is named.
pub fn load_with(bytes: &[u8], name: &str, siblings: &Siblings<'_, '_>) -> Result<Loaded, LoadError> {
    detect(bytes, name, siblings).map_err(|reason| reason.at(name))
}

fn detect(bytes: &[u8], name: &str, siblings: &Siblings<'_, '_>) -> Result<Loaded, Reason> {
    if onnx::is_onnx(bytes) {
        let model = Onnx::parse(bytes, siblings)?;
        return Ok(Loaded::Bare(Box::new(Checkpoint::from_onnx(model, name))));
    }
    let contents = if bytes.starts_with(b"PK\x03\x04") {
        torch_file::read_zip(bytes)?
    } else if torch_file::is_legacy(bytes) {
        torch_file::read_legacy(bytes)?
    } else if safetensors_file::is_safetensors(bytes) {
        let (weights, metadata) = safetensors_file::read(bytes)?;
        if file::is_ours(&metadata) {
            return file::assemble(weights, &metadata, name).map(|s| Loaded::Ready(Box::new(s)));
        }
        let mut notes = vec![];
        let weights = collect::without_wrapper(weights, &mut notes);
        Contents { weights, tree: None, notes }
    } else {
        return Err(Reason::Format(unknown(bytes)));
    };
    check_finite(&contents)?;
    Ok(Loaded::Bare(Box::new(Checkpoint::new(contents, name))))
}

fn check_finite(contents: &Contents) -> Result<(), Reason> {
    match contents.weights.first_not_finite() {
        Some(tensor) => Err(Reason::NotFinite(tensor.to_string())),
        None => Ok(()),
    }
}

fn unknown(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".into();
    }
    "this is no model file we read (PyTorch .pth/.pt, .safetensors or .onnx)".into()
}
