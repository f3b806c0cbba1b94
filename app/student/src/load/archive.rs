//! Reading zip archives as PyTorch writes them: stored or deflated entries, zip64 fields, checksums.
//!
//! A reader of our own, because every size in an archive is a claim: entries are borrowed when stored, inflation is capped
//! over the whole archive, and the directory never costs more than a few times its own bytes.

use super::Reason;
use std::borrow::Cow;
use std::collections::HashMap;

/// Most entries an archive may list (a checkpoint has one per tensor).
const MAX_ENTRIES: usize = 1 << 17;

#[derive(Clone, Copy, Debug)]
struct Entry {
    deflated: bool,
    encrypted: bool,
    crc: u32,
    packed: usize,
    size: usize,
    header: usize,
}

/// An opened archive; contents are checked when they are read.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    data: &'a [u8],
    entries: HashMap<&'a str, Entry>,
    /// Bytes that may still be inflated.
    budget: usize,
}

fn bad(what: &str) -> Reason {
    Reason::Format(format!("the zip archive is damaged: {what}"))
}

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(2)?)?;
    Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn size_at(data: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(data, at)?).ok()
}

fn u64_at(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at..at.checked_add(8)?)?;
    usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok()
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    pub(super) fn open(data: &'a [u8]) -> Result<Self, Reason> {
        let (count, start) = directory(data).ok_or_else(|| bad("it has no directory (is the file cut short?)"))?;
        if count > MAX_ENTRIES {
            return Err(Reason::TooLarge(format!("the zip archive lists {count} entries")));
        }
        let mut entries = HashMap::new();
        let mut at = start;
        for _ in 0..count {
            let (name, entry, next) = central(data, at).ok_or_else(|| bad("its directory is cut short"))?;
            let name = std::str::from_utf8(name).map_err(|_| bad("a name is not UTF-8"))?;
            if entries.insert(name, entry).is_some() {
                return Err(bad("two entries have one name"));
            }
            at = next;
        }
        // A zip bomb is a small file that says it is large; weights do not compress by more than this.
        let budget = data.len().saturating_mul(4).saturating_add(4 << 20);
        Ok(Self { data, entries, budget })
    }

    /// Names of all entries.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.entries.keys().copied()
    }

    /// One entry's bytes, checked against its checksum.
    pub(super) fn read(&mut self, name: &str) -> Result<Cow<'a, [u8]>, Reason> {
        let entry = *self.entries.get(name).ok_or_else(|| bad(&format!("it lacks '{name}'")))?;
        if entry.encrypted {
            return Err(Reason::Format(format!("the zip entry '{name}' is encrypted")));
        }
        let packed = self.packed(&entry).ok_or_else(|| bad(&format!("'{name}' points behind the end")))?;
        let bytes = if entry.deflated { Cow::Owned(self.inflate(name, &entry, packed)?) } else { Cow::Borrowed(packed) };
        if bytes.len() != entry.size {
            return Err(bad(&format!("'{name}' has {} bytes, not {}", bytes.len(), entry.size)));
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        if crc.sum() != entry.crc {
            return Err(bad(&format!("the checksum of '{name}' does not match its bytes")));
        }
        Ok(bytes)
    }

    fn packed(&self, entry: &Entry) -> Option<&'a [u8]> {
        if u32_at(self.data, entry.header)? != 0x0403_4b50 {
            return None;
        }
        let names = u16_at(self.data, entry.header.checked_add(26)?)?;
        let extra = u16_at(self.data, entry.header.checked_add(28)?)?;
        let start = entry.header.checked_add(30)?.checked_add(names)?.checked_add(extra)?;
        self.data.get(start..start.checked_add(entry.packed)?)
    }

    fn inflate(&mut self, name: &str, entry: &Entry, packed: &[u8]) -> Result<Vec<u8>, Reason> {
        let left = self.budget.checked_sub(entry.size);
        self.budget = left.ok_or_else(|| {
            Reason::TooLarge(format!("the zip entry '{name}' says it inflates to {} bytes, too many for this file", entry.size))
        })?;
        // The buffer never grows: what does not fit the claimed size is an error below.
        let mut out = Vec::with_capacity(entry.size);
        let mut inflater = flate2::Decompress::new(false);
        let end = inflater.decompress_vec(packed, &mut out, flate2::FlushDecompress::Finish);
        match end {
            Ok(flate2::Status::StreamEnd) => Ok(out),
            _ => Err(bad(&format!("'{name}' does not inflate"))),
        }
    }
}

/// Number of entries and start of the directory, from the end record (zip64 where present).
fn directory(data: &[u8]) -> Option<(usize, usize)> {
    let last = data.len().checked_sub(22)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let end = (first..=last).rev().find(|&at| u32_at(data, at) == Some(0x0605_4b50))?;
    let (count, start) = (u16_at(data, end + 10)?, size_at(data, end + 16)?);
    if count != 0xffff && start != 0xffff_ffff {
        return Some((count, start));
    }
    let locator = end.checked_sub(20).filter(|&at| u32_at(data, at) == Some(0x0706_4b50))?;
    let record = u64_at(data, locator + 8)?;
    (u32_at(data, record)? == 0x0606_4b50).then_some(())?;
    Some((u64_at(data, record.checked_add(32)?)?, u64_at(data, record.checked_add(48)?)?))
}

/// One directory record: name, entry, start of the next record.
fn central(data: &[u8], at: usize) -> Option<(&[u8], Entry, usize)> {
    (u32_at(data, at)? == 0x0201_4b50).then_some(())?;
    let flags = u16_at(data, at + 8)?;
    let method = u16_at(data, at + 10)?;
    let deflated = match method {
        0 => false,
        8 => true,
        _ => return None,
    };
    let (names, extras, comment) = (u16_at(data, at + 28)?, u16_at(data, at + 30)?, u16_at(data, at + 32)?);
    let name_end = at + 46 + names;
    let name = data.get(at + 46..name_end)?;
    let extra = data.get(name_end..name_end + extras)?;
    let mut wide = zip64(extra);
    let mut field = |offset: usize| -> Option<usize> {
        let short = size_at(data, at + offset)?;
        if short == 0xffff_ffff { wide.next() } else { Some(short) }
    };
    // The order of the wide fields is fixed: size, packed size, header offset.
    let (size, packed, header) = (field(24)?, field(20)?, field(42)?);
    let entry = Entry { deflated, encrypted: flags & 1 != 0, crc: u32_at(data, at + 16)?, packed, size, header };
    Some((name, entry, name_end + extras + comment))
}

/// The 64-bit numbers of a zip64 extra field.
fn zip64(mut extra: &[u8]) -> impl Iterator<Item = usize> {
    let mut body: &[u8] = &[];
    while let (Some(id), Some(len)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(field) = extra.get(4..4 + len) else { break };
        if id == 1 {
            body = field;
            break;
        }
        extra = &extra[4 + len..];
    }
    body.as_chunks::<8>().0.iter().filter_map(|b| usize::try_from(u64::from_le_bytes(*b)).ok())
}
