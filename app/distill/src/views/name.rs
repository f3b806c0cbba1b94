//! Views and sets of views as text.

use super::{MAX_VIEWS, ViewError, ViewId, ViewSet};
use fovea_patch::Turn;
use std::fmt;
use std::str::FromStr;

impl fmt::Display for ViewSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Dihedral8 => f.write_str("dihedral8"),
            Self::Aug { count, seed } => write!(f, "aug:{count}:{seed}"),
        }
    }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Dihedral(i) => write!(f, "dihedral:{i}"),
            Self::Aug { seed, index } => write!(f, "aug:{seed}:{index}"),
        }
    }
}

/// A number as it is printed: digits only, so that two texts never name one view.
fn number<T: FromStr + fmt::Display>(text: &str) -> Option<T> {
    text.parse::<T>().ok().filter(|n| n.to_string() == text)
}

impl FromStr for ViewSet {
    type Err = ViewError;

    fn from_str(text: &str) -> Result<Self, ViewError> {
        let set = match text.split(':').collect::<Vec<_>>()[..] {
            ["plain"] => Some(Self::Plain),
            ["dihedral8"] => Some(Self::Dihedral8),
            ["aug", count, seed] => match (number(count), number(seed)) {
                (Some(count), Some(seed)) if (1..=MAX_VIEWS).contains(&count) => Some(Self::Aug { count, seed }),
                _ => None,
            },
            _ => None,
        };
        set.ok_or_else(|| ViewError::Set(text.into()))
    }
}

impl FromStr for ViewId {
    type Err = ViewError;

    fn from_str(text: &str) -> Result<Self, ViewError> {
        let view = match text.split(':').collect::<Vec<_>>()[..] {
            ["plain"] => Some(Self::Plain),
            ["dihedral", i] => number(i).filter(|i| *i < Turn::COUNT).map(Self::Dihedral),
            ["aug", seed, index] => number(seed).zip(number(index)).map(|(seed, index)| Self::Aug { seed, index }),
            _ => None,
        };
        view.ok_or_else(|| ViewError::View(text.into()))
    }
}

/// What serde needs to write a type as its text.
macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl From<$kind> for String {
            fn from(named: $kind) -> Self {
                named.to_string()
            }
        }

        impl TryFrom<String> for $kind {
            type Error = ViewError;

            fn try_from(text: String) -> Result<Self, ViewError> {
                text.parse()
            }
        }
    )*};
}

as_text!(ViewSet, ViewId);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_and_back() {
        for text in ["plain", "dihedral8", "aug:4:18446744073709551615"] {
            assert_eq!(text.parse::<ViewSet>().unwrap().to_string(), text);
        }
        for text in ["plain", "dihedral:0", "dihedral:7", "aug:12:3"] {
            let view: ViewId = text.parse().unwrap();
            assert_eq!(view.to_string(), text);
            assert_eq!(serde_json::to_string(&view).unwrap(), format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<ViewId>(&format!("\"{text}\"")).unwrap(), view);
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", "Plain", "dihedral", "aug", "aug:0:1", "aug:4097:1", "aug:+3:1", "aug:3:-1", "aug:3:1:2", "aug:03:1"] {
            assert_eq!(text.parse::<ViewSet>(), Err(ViewError::Set(text.into())));
        }
        for text in ["dihedral:8", "dihedral:01", "dihedral8", "aug:1", "aug:1:4294967296", " plain"] {
            assert_eq!(text.parse::<ViewId>(), Err(ViewError::View(text.into())));
        }
    }
}
