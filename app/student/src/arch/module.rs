//! A tree of layers as data: what a pickled `nn.Module` says about itself.

use crate::load::Reason;
use std::collections::BTreeMap;

/// A plain attribute of a module.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text.
    Str(String),
    /// A short tuple or list of integers.
    Ints(Vec<i64>),
    /// Something layers are not described with.
    Other,
}

/// One module: class, attributes, children in order. Its parameters are in the weights under `path`.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Class name, e.g. `Conv2d`.
    pub class: String,
    /// Dotted path from the root; empty for the root.
    pub path: String,
    /// Attributes as the class keeps them.
    pub attributes: BTreeMap<String, Attr>,
    /// Children in order of definition.
    pub children: Vec<Module>,
}

impl Module {
    /// A module without attributes and children.
    pub fn new(class: &str, path: &str) -> Self {
        Self { class: class.into(), path: path.into(), attributes: BTreeMap::new(), children: vec![] }
    }

    /// A `Sequential` of children.
    pub fn sequential(path: &str, children: Vec<Module>) -> Self {
        Self { children, ..Self::new("Sequential", path) }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: Attr) -> Self {
        self.attributes.insert(name.into(), value);
        self
    }

    /// Name of a parameter of this module.
    pub fn parameter(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }

    /// An error that names the module.
    pub(super) fn unsupported(&self, what: &str) -> Reason {
        Reason::Unsupported(format!("{what} (module '{}', {})", self.path, self.class))
    }

    fn attribute(&self, name: &str) -> Result<&Attr, Reason> {
        self.attributes.get(name).ok_or_else(|| self.unsupported(&format!("its attribute '{name}' is missing")))
    }

    fn wrong(&self, name: &str) -> Reason {
        self.unsupported(&format!("its attribute '{name}' has a value that is not supported"))
    }

    /// One non-negative integer.
    pub(super) fn size(&self, name: &str) -> Result<usize, Reason> {
        match self.attribute(name)? {
            Attr::Int(i) => usize::try_from(*i).map_err(|_| self.wrong(name)),
            _ => Err(self.wrong(name)),
        }
    }

    /// `[vertical, horizontal]` of an attribute that is one integer or a pair.
    pub(super) fn pair(&self, name: &str) -> Result<[usize; 2], Reason> {
        let both = match self.attribute(name)? {
            Attr::Int(i) => [*i, *i],
            Attr::Ints(v) => match v[..] {
                [one] => [one, one],
                [v, h] => [v, h],
                _ => return Err(self.wrong(name)),
            },
            _ => return Err(self.wrong(name)),
        };
        let size = |i: i64| usize::try_from(i).map_err(|_| self.wrong(name));
        Ok([size(both[0])?, size(both[1])?])
    }

    /// A truth value, or `default` where old versions of the class do not have the attribute.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, Reason> {
        match self.attributes.get(name) {
            None => Ok(default),
            Some(Attr::Bool(b)) => Ok(*b),
            Some(_) => Err(self.wrong(name)),
        }
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Result<f32, Reason> {
        let value = match self.attribute(name)? {
            Attr::Float(f) => *f as f32,
            Attr::Int(i) => *i as f32,
            _ => return Err(self.wrong(name)),
        };
        if value.is_finite() { Ok(value) } else { Err(self.wrong(name)) }
    }

    /// A text, when it is one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name) {
            Some(Attr::Str(s)) => Some(s),
            _ => None,
        }
    }

    /// True when the attribute is absent or `None`.
    pub(super) fn is_none(&self, name: &str) -> bool {
        matches!(self.attributes.get(name), None | Some(Attr::None))
    }

    /// An integer that may be negative, or `None` when it is none.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.attributes.get(name) {
            Some(Attr::Int(i)) => Some(*i),
            _ => None,
        }
    }
}
