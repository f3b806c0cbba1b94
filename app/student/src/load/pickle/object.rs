//! What an unpickled file holds: inert objects in an arena, referring to each other by index.
//!
//! An arena (not a tree of boxes) because pickles share and mutate objects after memoising them, may be cyclic, and a few
//! bytes can refer to one object exponentially often.

use super::globals::Global;
use crate::load::dtype::Dtype;

/// Index into [`Pickle`]'s arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(pub(super) u32);

/// An inert object. Text borrows from the pickled bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Object<'a> {
    /// `None`.
    None,
    /// `True`, `False`.
    Bool(bool),
    /// An integer of up to 64 bits.
    Int(i64),
    /// A longer integer, little-endian two's complement.
    Long(&'a [u8]),
    /// A float.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A tuple or `torch.Size`.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A dict in insertion order; a key may repeat, the last one counts.
    Dict(Vec<(Id, Id)>),
    /// A set.
    Set(Vec<Id>),
    /// An allowed class or function, never called.
    Global(Global<'a>),
    /// An instance of a `torch.nn.modules` class.
    Module {
        /// Class name, e.g. `Conv2d`.
        class: &'a str,
        /// Its attribute dict.
        state: Option<Id>,
    },
    /// A reference to a storage.
    Storage(Box<Storage<'a>>),
    /// A strided view of a storage.
    Tensor(Box<TensorRef>),
    /// Something harmless nobody needs (a device, a numpy scalar).
    Opaque,
}

/// A reference to a storage.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage<'a> {
    /// Name of its data in the file.
    pub key: &'a str,
    /// Element type; `None` for untyped storages, which count bytes.
    pub dtype: Option<Dtype>,
    /// Number of elements (bytes when untyped).
    pub len: usize,
    /// Legacy views: first element and number of elements within the keyed storage.
    pub view: Option<(usize, usize)>,
}

/// A strided view of a storage.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorRef {
    /// The storage object.
    pub storage: Id,
    /// Element type when the storage is untyped.
    pub dtype: Option<Dtype>,
    /// First element.
    pub offset: usize,
    /// Shape, outermost first.
    pub shape: Vec<usize>,
    /// Distance in elements between neighbours along each axis.
    pub stride: Vec<usize>,
}

/// The finished arena.
#[derive(Clone, Debug)]
pub struct Pickle<'a> {
    pub(super) objects: Vec<Object<'a>>,
    pub(super) root: Id,
    pub(super) consumed: usize,
}

impl<'a> Pickle<'a> {
    /// What the pickle stands for.
    pub fn root(&self) -> Id {
        self.root
    }

    /// Bytes from the start up to and including STOP.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// All objects, in order of creation.
    pub fn objects(&self) -> &[Object<'a>] {
        &self.objects
    }

    /// One object.
    pub fn get(&self, id: Id) -> &Object<'a> {
        self.objects.get(id.0 as usize).unwrap_or(&Object::None)
    }

    /// Text, when it is text.
    pub fn str(&self, id: Id) -> Option<&'a str> {
        match self.get(id) {
            Object::Str(s) => Some(s),
            _ => None,
        }
    }

    /// Integer, when it is one.
    pub fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Object::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// Pairs of a dict, when it is one.
    pub fn dict(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Object::Dict(d) => Some(d),
            _ => None,
        }
    }

    /// Value of a dict under a text key.
    pub fn lookup(&self, dict: Id, key: &str) -> Option<Id> {
        let found = self.dict(dict)?.iter().rev().find(|(k, _)| self.str(*k) == Some(key));
        found.map(|(_, v)| *v)
    }
}
