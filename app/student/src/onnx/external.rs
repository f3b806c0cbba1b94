//! Weights outside the model file: a plain file name beside it, and nothing else.

use super::OnnxError;
use std::borrow::Cow;
use std::collections::HashMap;

/// Looks up a file beside the model by its plain name (checked before it is called).
pub type Siblings<'s, 'a> = dyn Fn(&str) -> Option<Cow<'a, [u8]>> + 's;

/// External files read so far.
pub(super) struct External<'s, 'a> {
    siblings: &'s Siblings<'s, 'a>,
    files: HashMap<String, Cow<'a, [u8]>>,
}

/// Where a tensor's bytes lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) file: String,
    pub(super) offset: String,
    pub(super) length: String,
}

impl<'s, 'a> External<'s, 'a> {
    pub(super) fn new(siblings: &'s Siblings<'s, 'a>) -> Self {
        Self { siblings, files: HashMap::new() }
    }

    /// The bytes of a tensor that needs `want` of them.
    pub(super) fn bytes(&mut self, tensor: &str, at: &Location, want: usize) -> Result<&[u8], OnnxError> {
        if !is_plain(&at.file) {
            return Err(OnnxError::Escapes { tensor: tensor.into(), location: at.file.clone() });
        }
        if !self.files.contains_key(&at.file) {
            let file = (self.siblings)(&at.file).ok_or_else(|| OnnxError::Missing { wanted: at.file.clone() })?;
            self.files.insert(at.file.clone(), file);
        }
        let all: &[u8] = self.files.get(&at.file).map_or(&[], |f| f);
        let refuse = |what: String| OnnxError::Tensor { tensor: tensor.into(), what };
        let number = |text: &str, default: usize| {
            if text.is_empty() {
                Ok(default)
            } else {
                text.parse().map_err(|_| refuse(format!("its place '{text}' is no number")))
            }
        };
        let (offset, length) = (number(&at.offset, 0)?, number(&at.length, want)?);
        if length != want {
            return Err(refuse(format!("{length} bytes are stored where its shape needs {want}")));
        }
        let range = offset.checked_add(length).and_then(|end| all.get(offset..end));
        range.ok_or_else(|| {
            refuse(format!("it lies at byte {offset} and is {length} long, but '{}' has {} bytes", at.file, all.len()))
        })
    }
}

/// A name that stays in the folder on every system: no separators, no drive, no parent, nothing invisible.
fn is_plain(name: &str) -> bool {
    let bad = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    !name.is_empty() && name != "." && name != ".." && name.len() <= 255 && !name.contains(bad)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(file: &str, offset: &str, length: &str) -> Location {
        Location { file: file.into(), offset: offset.into(), length: length.into() }
    }

    #[test]
    fn only_plain_names_are_asked_for() {
        let asked = |_: &str| -> Option<Cow<'static, [u8]>> { panic!("an escaping name reached the file system") };
        let mut external = External::new(&asked);
        for name in ["/etc/passwd", "../w.data", "..", ".", "", "a/b", "a\\b", "C:w", "..\\x", "w\0", "//host/share"] {
            assert!(matches!(external.bytes("w", &at(name, "", ""), 4), Err(OnnxError::Escapes { .. })), "{name}");
        }
    }

    #[test]
    fn places_are_checked() {
        let file = |name: &str| (name == "m.data").then(|| Cow::Owned((0..8u8).collect()));
        let mut external = External::new(&file);
        assert_eq!(external.bytes("w", &at("m.data", "4", "4"), 4).unwrap(), [4, 5, 6, 7]);
        assert_eq!(external.bytes("w", &at("m.data", "", ""), 8).unwrap().len(), 8);
        for (offset, length) in
            [("5", "4"), ("18446744073709551615", "4"), ("-1", "4"), ("0", "5"), ("x", ""), ("", "99999999999999999999")]
        {
            assert!(
                matches!(external.bytes("w", &at("m.data", offset, length), 4), Err(OnnxError::Tensor { .. })),
                "{offset} {length}"
            );
        }
        let missing = external.bytes("w", &at("other.data", "", ""), 4).unwrap_err();
        assert!(missing.to_string().contains("other.data"), "{missing}");
    }
}
