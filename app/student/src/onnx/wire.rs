//! The protobuf wire format: borrowed fields, one after the other, and a budget for what they become.

use super::OnnxError;

/// Most messages, names and attributes a file may hold: each costs more memory than its two bytes in the file.
const MAX_ITEMS: usize = 1 << 19;
/// Most integers in tensors and attributes (shapes, axes, indices).
const MAX_INTEGERS: usize = 1 << 21;

/// One field's content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

pub(super) fn damaged(what: &str) -> OnnxError {
    OnnxError::Damaged(what.into())
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], OnnxError> {
        if let Field::Bytes(b) = self { Ok(b) } else { Err(damaged("a field has the wrong type")) }
    }

    pub(super) fn text(self) -> Result<String, OnnxError> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| damaged("a name is not UTF-8"))?;
        Ok(text.to_string())
    }

    pub(super) fn int(self) -> Result<i64, OnnxError> {
        // Negative numbers are stored as their two's complement.
        if let Field::Varint(v) = self { Ok(v as i64) } else { Err(damaged("a field has the wrong type")) }
    }

    pub(super) fn float(self) -> Result<f32, OnnxError> {
        if let Field::Fixed32(b) = self { Ok(f32::from_le_bytes(b)) } else { Err(damaged("a field has the wrong type")) }
    }
}

/// Reads the fields of one message.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field with its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, OnnxError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|&n| n > 0).ok_or_else(|| damaged("a field has no number"))?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.array()?),
            2 => {
                let len = usize::try_from(self.varint()?).ok();
                let (head, tail) = len.and_then(|n| self.rest.split_at_checked(n)).ok_or_else(cut)?;
                self.rest = tail;
                Field::Bytes(head)
            }
            5 => Field::Fixed32(self.array()?),
            _ => return Err(damaged("it is no protobuf")),
        };
        Ok(Some((number, field)))
    }

    fn varint(&mut self) -> Result<u64, OnnxError> {
        let mut value = 0u64;
        for i in 0..10 {
            let (&byte, tail) = self.rest.split_first().ok_or_else(cut)?;
            self.rest = tail;
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged("a number is too long"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], OnnxError> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or_else(cut)?;
        self.rest = tail;
        Ok(*head)
    }
}

fn cut() -> OnnxError {
    damaged("it is cut short")
}

/// Counts what a file makes us store.
#[derive(Debug)]
pub(super) struct Budget {
    items: usize,
    integers: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { items: MAX_ITEMS, integers: MAX_INTEGERS }
    }

    /// Accounts for one message or name.
    pub(super) fn item(&mut self) -> Result<(), OnnxError> {
        self.items =
            self.items.checked_sub(1).ok_or_else(|| OnnxError::TooLarge(format!("it has more than {MAX_ITEMS} parts")))?;
        Ok(())
    }

    /// Accounts for integers; false when there are too many.
    pub(super) fn integers(&mut self, count: usize) -> bool {
        let left = self.integers.checked_sub(count);
        self.integers = left.unwrap_or(self.integers);
        left.is_some()
    }

    /// Appends a repeated integer field, packed or not.
    pub(super) fn append_ints(&mut self, field: Field<'_>, out: &mut Vec<i64>) -> Result<(), OnnxError> {
        let mut one = |v: u64| {
            out.push(v as i64);
            if self.integers(1) { Ok(()) } else { Err(OnnxError::TooLarge("it has too many integers".into())) }
        };
        match field {
            Field::Varint(v) => one(v),
            Field::Bytes(bytes) => {
                let mut reader = Reader::new(bytes);
                while !reader.rest.is_empty() {
                    one(reader.varint()?)?;
                }
                Ok(())
            }
            _ => Err(damaged("a field has the wrong type")),
        }
    }
}

/// Appends a repeated float field, packed or not.
pub(super) fn append_floats(field: Field<'_>, out: &mut Vec<f32>) -> Result<(), OnnxError> {
    match field {
        Field::Fixed32(b) => out.push(f32::from_le_bytes(b)),
        Field::Bytes(bytes) => {
            let (whole, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(cut());
            }
            out.extend(whole.iter().map(|b| f32::from_le_bytes(*b)));
        }
        _ => return Err(damaged("a field has the wrong type")),
    }
    Ok(())
}

/// True when the bytes begin like an ONNX model: its version first, then a field of `ModelProto`.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let version = matches!(reader.next(), Ok(Some((1, Field::Varint(1..=64)))));
    let second = reader.varint().is_ok_and(|tag| {
        let (number, kind) = (tag >> 3, tag & 7);
        matches!((number, kind), (2..=4 | 6..=8 | 14 | 20 | 25 | 26, 2) | (5, 0))
    });
    version && second
}
