//! What the allowed names make of their arguments.

use super::object::{Storage, TensorRef};
use super::stack::Machine;
use super::{Global, Id, MAX_RANK, Object, PickleError};

type Made = Result<Id, PickleError>;

impl<'a> Machine<'a> {
    /// REDUCE: `callable(*args)`, by meaning.
    pub(super) fn reduce(&mut self, callable: Id, args: Id) -> Made {
        let Object::Global(global) = *self.get(callable) else {
            return Err(PickleError::Invalid("it calls something that is no function"));
        };
        let Object::Tuple(args) = self.get(args) else {
            return Err(PickleError::Invalid("a call has no argument tuple"));
        };
        // Every meaning below looks at no more than these.
        let args: Vec<Id> = args.iter().take(MAX_RANK).copied().collect();
        match global {
            Global::Dict => self.dict_of(&args),
            Global::Set => self.sequence_of(&args, Object::Set),
            Global::List => self.sequence_of(&args, Object::List),
            Global::Size => self.sequence_of(&args, Object::Tuple),
            Global::RebuildTensor => self.tensor(&args, None),
            Global::RebuildTensorV3 => {
                let dtype = match args.get(6).map(|&d| self.get(d)) {
                    Some(Object::Global(Global::Dtype(d))) => *d,
                    _ => return Err(PickleError::Invalid("a tensor has no element type")),
                };
                self.tensor(&args, Some(dtype))
            }
            Global::RebuildParameter => match args.first() {
                Some(&t) if matches!(self.get(t), Object::Tensor(_)) => Ok(t),
                _ => Err(PickleError::Invalid("a parameter has no tensor")),
            },
            Global::Reconstructor => match args.first().map(|&c| self.get(c)) {
                Some(&Object::Global(Global::Module(class))) => self.add(Object::Module { class, state: None }),
                _ => Err(PickleError::Invalid("it makes an instance of something that is no module")),
            },
            Global::Opaque => self.add(Object::Opaque),
            Global::Module(_) | Global::Storage(_) | Global::Dtype(_) => {
                Err(PickleError::Invalid("it calls a class that checkpoints do not call"))
            }
        }
    }

    /// NEWOBJ: `class.__new__(class)`, by meaning.
    pub(super) fn new_object(&mut self, class: Id) -> Result<(), PickleError> {
        let made = match *self.get(class) {
            Object::Global(Global::Module(class)) => Object::Module { class, state: None },
            Object::Global(Global::Dict) => Object::Dict(vec![]),
            Object::Global(Global::Set) => Object::Set(vec![]),
            Object::Global(Global::List) => Object::List(vec![]),
            Object::Global(Global::Opaque) => Object::Opaque,
            _ => return Err(PickleError::Invalid("it makes an instance of something that is no class")),
        };
        self.make(made)
    }

    /// BUILD: a module takes its attribute dict; extra attributes of dicts (`_metadata`) and tensors carry no numbers.
    pub(super) fn build(&mut self, target: Id, state: Id) -> Result<(), PickleError> {
        let is_dict = matches!(self.get(state), Object::Dict(_));
        match self.get_mut(target) {
            Object::Module { state: slot, .. } if is_dict => *slot = Some(state),
            Object::Dict(_) | Object::Set(_) | Object::List(_) | Object::Tensor(_) | Object::Opaque => {}
            _ => return Err(PickleError::Invalid("it sets attributes of something that has none")),
        }
        Ok(())
    }

    /// BINPERSID: storages, and in legacy files the classes with their source text (which is ignored).
    pub(super) fn persistent(&mut self, pid: Id) -> Made {
        let Object::Tuple(parts) = self.get(pid) else {
            return Err(PickleError::Invalid("a persistent id is no tuple"));
        };
        let parts: Vec<Id> = parts.iter().take(MAX_RANK).copied().collect();
        let kind = parts.first().map(|&k| self.text(k)).transpose()?;
        match (kind, &parts[..]) {
            (Some("module"), [_, class, ..]) if matches!(self.get(*class), Object::Global(Global::Module(_))) => Ok(*class),
            (Some("storage"), [_, class, key, _location, len, rest @ ..]) => {
                let Object::Global(Global::Storage(dtype)) = *self.get(*class) else {
                    return Err(PickleError::Invalid("a storage has no storage class"));
                };
                let view = rest.first().map(|&v| self.view(v)).transpose()?.flatten();
                let storage = Storage { key: self.text(*key)?, dtype, len: self.size(*len)?, view };
                self.add(Object::Storage(Box::new(storage)))
            }
            _ => Err(PickleError::Invalid("a persistent id is unknown")),
        }
    }

    /// Legacy view of a storage: `(key, first element, length)` or `None`.
    fn view(&self, id: Id) -> Result<Option<(usize, usize)>, PickleError> {
        match self.get(id) {
            Object::None => Ok(None),
            Object::Tuple(t) if t.len() == 3 => Ok(Some((self.size(t[1])?, self.size(t[2])?))),
            _ => Err(PickleError::Invalid("a storage view is malformed")),
        }
    }

    fn tensor(&mut self, args: &[Id], dtype: Option<crate::load::dtype::Dtype>) -> Made {
        let &[storage, offset, shape, stride, ..] = args else {
            return Err(PickleError::Invalid("a tensor lacks arguments"));
        };
        if !matches!(self.get(storage), Object::Storage(_)) {
            return Err(PickleError::Invalid("a tensor has no storage"));
        }
        let (offset, shape, stride) = (self.size(offset)?, self.sizes(shape)?, self.sizes(stride)?);
        if shape.len() != stride.len() {
            return Err(PickleError::Invalid("a tensor's shape and strides differ in length"));
        }
        self.spend(MAX_RANK)?;
        self.add(Object::Tensor(Box::new(TensorRef { storage, dtype, offset, shape, stride })))
    }

    fn sizes(&self, id: Id) -> Result<Vec<usize>, PickleError> {
        match self.get(id) {
            Object::Tuple(t) | Object::List(t) if t.len() <= MAX_RANK => t.iter().map(|&i| self.size(i)).collect(),
            _ => Err(PickleError::Invalid("a shape is no short tuple")),
        }
    }

    /// Negative sizes, offsets and strides do not exist in PyTorch.
    fn size(&self, id: Id) -> Result<usize, PickleError> {
        match self.get(id) {
            Object::Int(i) => usize::try_from(*i).map_err(|_| PickleError::Invalid("a size, offset or stride is negative")),
            _ => Err(PickleError::Invalid("a size, offset or stride is no number")),
        }
    }

    fn dict_of(&mut self, args: &[Id]) -> Made {
        let items = match args.last().map(|&a| self.get(a)) {
            None | Some(Object::Global(_) | Object::None) => vec![],
            Some(Object::Dict(d)) => d.clone(),
            Some(Object::List(l)) => l.iter().map(|&pair| self.pair(pair)).collect::<Result<_, _>>()?,
            _ => return Err(PickleError::Invalid("a dict is made of something else")),
        };
        self.spend(items.len())?;
        self.add(Object::Dict(items))
    }

    fn pair(&self, id: Id) -> Result<(Id, Id), PickleError> {
        match self.get(id) {
            Object::Tuple(t) | Object::List(t) if t.len() == 2 => Ok((t[0], t[1])),
            _ => Err(PickleError::Invalid("a dict item is no pair")),
        }
    }

    fn sequence_of(&mut self, args: &[Id], wrap: fn(Vec<Id>) -> Object<'a>) -> Made {
        let items = match args.first().map(|&a| self.get(a)) {
            None => vec![],
            Some(Object::List(l) | Object::Tuple(l) | Object::Set(l)) => l.clone(),
            _ => return Err(PickleError::Invalid("a set is made of something else")),
        };
        self.spend(items.len())?;
        self.add(wrap(items))
    }
}
