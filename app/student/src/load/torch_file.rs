//! Files of `torch.save`: the zip format (since 1.6) and the legacy one, told apart by their first bytes.

use super::Reason;
use super::archive::Archive;
use super::collect::{Contents, contents};
use super::pickle::{Object, Pickle, unpickle};
use super::storage::{Source, Tensors};
use std::borrow::Cow;
use std::collections::HashMap;

/// The number every legacy file begins with, 0x1950a86a20f9469cfc6c, little-endian as pickled.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const LEGACY_PROTOCOL: i64 = 1001;

/// Reads the zip format.
pub(super) fn read_zip(data: &[u8]) -> Result<Contents, Reason> {
    let mut archive = Archive::open(data)?;
    let folder = top_folder(&archive)?;
    let order = archive.names().find(|n| n.strip_prefix(folder) == Some("byteorder"));
    let big_endian = match order {
        Some(name) => archive.read(name)?.starts_with(b"big"),
        None => false,
    };
    let main = archive.read(&format!("{folder}data.pkl"))?;
    let pickle = unpickle(&main)?;
    let source = ZipSource { archive, folder, big_endian };
    contents(&mut Tensors::new(&pickle, Box::new(source), data.len()))
}

/// The folder that holds `data.pkl`, with its slash; it is named after the file at saving time.
fn top_folder<'a>(archive: &Archive<'a>) -> Result<&'a str, Reason> {
    if archive.names().any(|n| n.ends_with("/constants.pkl")) {
        let what = "this is a TorchScript archive, which is code; save the module or its state dict with torch.save";
        return Err(Reason::Unsupported(what.into()));
    }
    // The shortest such name: a hostile or odd archive may hold more than one.
    let pickles = archive.names().filter_map(|n| n.strip_suffix("data.pkl"));
    let folders = pickles.filter(|f| f.is_empty() || f.ends_with('/'));
    folders.min_by_key(|f| (f.len(), *f)).ok_or_else(|| Reason::Format("this zip archive is no PyTorch checkpoint".into()))
}

struct ZipSource<'a> {
    archive: Archive<'a>,
    folder: &'a str,
    big_endian: bool,
}

impl<'a> Source<'a> for ZipSource<'a> {
    fn storage(&mut self, key: &str) -> Result<Cow<'a, [u8]>, Reason> {
        self.archive.read(&format!("{}data/{key}", self.folder))
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }
}

/// True when the file begins like a legacy one.
pub(super) fn is_legacy(data: &[u8]) -> bool {
    data.get(..14).is_some_and(|d| d[0] == 0x80 && d[2] == 0x8a && d[3] == 10 && d[4..14] == LEGACY_MAGIC)
}

/// Reads the legacy format: four pickles (magic, protocol, system, objects), the storage keys, then the raw storages.
pub(super) fn read_legacy(data: &[u8]) -> Result<Contents, Reason> {
    let mut rest = data;
    next(&mut rest)?;
    let protocol = next(&mut rest)?;
    if protocol.int(protocol.root()) != Some(LEGACY_PROTOCOL) {
        return Err(Reason::Format("the legacy checkpoint has an unknown version".into()));
    }
    let system = next(&mut rest)?;
    let little = system.lookup(system.root(), "little_endian");
    let big_endian = little.is_some_and(|l| *system.get(l) == Object::Bool(false));
    let main = next(&mut rest)?;
    let keys = next(&mut rest)?;
    let storages = legacy_storages(&main, &keys, rest, big_endian)?;
    contents(&mut Tensors::new(&main, Box::new(LegacySource { storages, big_endian }), data.len()))
}

/// Takes the next pickle off the front.
fn next<'a>(rest: &mut &'a [u8]) -> Result<Pickle<'a>, Reason> {
    let pickle = unpickle(rest)?;
    *rest = rest.get(pickle.consumed()..).unwrap_or(&[]);
    Ok(pickle)
}

fn legacy_storages<'a>(
    main: &Pickle<'a>,
    keys: &Pickle<'a>,
    mut rest: &'a [u8],
    big_endian: bool,
) -> Result<HashMap<&'a str, &'a [u8]>, Reason> {
    let cut = || Reason::Format("the legacy checkpoint is cut short".into());
    let mut sizes = HashMap::new();
    for object in main.objects() {
        if let Object::Storage(s) = object {
            sizes.insert(s.key, s.dtype.map_or(1, super::Dtype::size));
        }
    }
    let Object::List(list) = keys.get(keys.root()) else { return Err(cut()) };
    let mut storages = HashMap::new();
    for &id in list {
        let key = keys.str(id).ok_or_else(cut)?;
        let size = sizes.get(key).ok_or_else(|| Reason::Format(format!("the storage '{key}' belongs to no tensor")))?;
        let (head, body) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let count = if big_endian { u64::from_be_bytes(*head) } else { u64::from_le_bytes(*head) };
        let bytes = usize::try_from(count).ok().and_then(|n| n.checked_mul(*size)).ok_or_else(cut)?;
        let (storage, after) = body.split_at_checked(bytes).ok_or_else(cut)?;
        storages.insert(key, storage);
        rest = after;
    }
    Ok(storages)
}

struct LegacySource<'a> {
    storages: HashMap<&'a str, &'a [u8]>,
    big_endian: bool,
}

impl<'a> Source<'a> for LegacySource<'a> {
    fn storage(&mut self, key: &str) -> Result<Cow<'a, [u8]>, Reason> {
        let found = self.storages.get(key).copied().map(Cow::Borrowed);
        found.ok_or_else(|| Reason::Format(format!("the storage '{key}' is not in the file")))
    }

    fn big_endian(&self) -> bool {
        self.big_endian
    }
}
