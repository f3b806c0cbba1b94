//! A first look at the first directory, before the decoder sees the file: sizes are checked against the limits, and
//! palette files, which the decoder refuses, are handed to it as grey.

use std::borrow::Cow;

/// The first directory of a classic or big TIFF.
pub(super) struct First<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    big_tiff: bool,
    /// Offset of the first entry.
    entries: usize,
    count: usize,
}

impl<'a> First<'a> {
    /// None when the file ends before the directory does.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = bytes.starts_with(b"MM");
        let big_tiff = bytes.get(2..4)?.contains(&b'+');
        let mut first = Self { bytes, big_endian, big_tiff, entries: 0, count: 0 };
        let at = usize::try_from(if big_tiff { first.uint(8, 8)? } else { first.uint(4, 4)? }).ok()?;
        let count_size = if big_tiff { 8 } else { 2 };
        first.count = usize::try_from(first.uint(at, count_size)?).ok()?;
        first.entries = at.checked_add(count_size)?;
        let end = first.entries.checked_add(first.count.checked_mul(first.entry_size())?)?;
        (end <= bytes.len()).then_some(first)
    }

    fn entry_size(&self) -> usize {
        if self.big_tiff { 20 } else { 12 }
    }

    fn uint(&self, at: usize, size: usize) -> Option<u64> {
        let raw = self.bytes.get(at..at.checked_add(size)?)?;
        let fold = |acc: u64, b: &u8| (acc << 8) | u64::from(*b);
        Some(if self.big_endian { raw.iter().fold(0, fold) } else { raw.iter().rev().fold(0, fold) })
    }

    /// Offset and width in bytes of an unsigned value that is stored in its entry.
    fn place(&self, tag: u16) -> Option<(usize, usize)> {
        let entry =
            (0..self.count).map(|i| self.entries + i * self.entry_size()).find(|&at| self.uint(at, 2) == Some(tag.into()))?;
        let size = match self.uint(entry + 2, 2)? {
            1 => 1,
            3 => 2,
            4 => 4,
            16 if self.big_tiff => 8,
            _ => return None,
        };
        Some((entry + if self.big_tiff { 12 } else { 8 }, size))
    }

    /// An unsigned value of the directory.
    pub(super) fn value(&self, tag: u16) -> Option<u64> {
        let (at, size) = self.place(tag)?;
        self.uint(at, size)
    }

    /// The file with one value of the directory replaced.
    pub(super) fn patched(&self, tag: u16, value: u8) -> Cow<'a, [u8]> {
        let Some((at, size)) = self.place(tag) else {
            return Cow::Borrowed(self.bytes);
        };
        let mut copy = self.bytes.to_vec();
        copy[at..at + size].fill(0);
        copy[if self.big_endian { at + size - 1 } else { at }] = value;
        Cow::Owned(copy)
    }
}
