//! Bounds-checked reading of pickle bytes.

use super::PickleError;

/// A cursor over the pickled bytes; every read is checked, nothing is copied.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Bytes consumed so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next `n` bytes. A length that a header claims is only believed when that many bytes are there.
    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], PickleError> {
        let end = self.at.checked_add(n).ok_or(PickleError::Truncated)?;
        let out = self.data.get(self.at..end).ok_or(PickleError::Truncated)?;
        self.at = end;
        Ok(out)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        self.take(N)?.try_into().map_err(|_| PickleError::Truncated)
    }

    pub(super) fn u8(&mut self) -> Result<u8, PickleError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, PickleError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, PickleError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, PickleError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    /// Pickle stores BINFLOAT big-endian.
    pub(super) fn f64(&mut self) -> Result<f64, PickleError> {
        Ok(f64::from_be_bytes(self.array()?))
    }

    /// A length of `width` bytes (1, 4 or 8), then that many bytes.
    pub(super) fn counted(&mut self, width: usize) -> Result<&'a [u8], PickleError> {
        let n = match width {
            1 => usize::from(self.u8()?),
            4 => usize::try_from(self.u32()?).map_err(|_| PickleError::Truncated)?,
            _ => usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| PickleError::Truncated)?,
        };
        self.take(n)
    }

    /// Counted UTF-8 text.
    pub(super) fn text(&mut self, width: usize) -> Result<&'a str, PickleError> {
        utf8(self.counted(width)?)
    }

    /// Text up to the next line feed, which is consumed.
    pub(super) fn line(&mut self) -> Result<&'a str, PickleError> {
        let rest = self.data.get(self.at..).ok_or(PickleError::Truncated)?;
        let n = rest.iter().position(|&b| b == b'\n').ok_or(PickleError::Truncated)?;
        let out = self.take(n)?;
        self.take(1)?;
        utf8(out)
    }
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, PickleError> {
    std::str::from_utf8(bytes).map_err(|_| PickleError::Invalid("a text is not UTF-8"))
}

/// Little-endian two's complement of any length up to 8 bytes.
pub(super) fn long(bytes: &[u8]) -> Option<i64> {
    let Some(&last) = bytes.last() else { return Some(0) };
    if bytes.len() > 8 {
        return None;
    }
    let mut full = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
    full[..bytes.len()].copy_from_slice(bytes);
    Some(i64::from_le_bytes(full))
}
