//! Stack, memo and arena, each with its bound.

use super::reader::Reader;
use super::{Id, MAX_ITEMS, MAX_OBJECTS, Object, PickleError};
use std::collections::HashMap;

/// Ids of the objects every machine starts with; they cost nothing however often they are pushed.
pub(super) const NONE: Id = Id(0);
pub(super) const TRUE: Id = Id(1);
pub(super) const FALSE: Id = Id(2);

/// Stack, memo and arena of a pickle that is being read.
pub(super) struct Machine<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) objects: Vec<Object<'a>>,
    pub(super) stack: Vec<Id>,
    pub(super) marks: Vec<usize>,
    pub(super) memo: HashMap<u32, Id>,
    /// Container elements made so far.
    items: usize,
}

type Done = Result<(), PickleError>;

impl<'a> Machine<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        let objects = vec![Object::None, Object::Bool(true), Object::Bool(false)];
        Self { reader: Reader::new(data), objects, stack: vec![], marks: vec![], memo: HashMap::new(), items: 0 }
    }

    /// Counts container elements against [`MAX_ITEMS`].
    pub(super) fn spend(&mut self, n: usize) -> Done {
        self.items = self.items.saturating_add(n);
        if self.items > MAX_ITEMS { Err(PickleError::TooLarge("its containers hold too much")) } else { Ok(()) }
    }

    /// Adds an object to the arena.
    pub(super) fn add(&mut self, object: Object<'a>) -> Result<Id, PickleError> {
        if self.objects.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge("it holds too many objects"));
        }
        self.objects.push(object);
        Ok(Id((self.objects.len() - 1) as u32))
    }

    pub(super) fn get(&self, id: Id) -> &Object<'a> {
        &self.objects[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Object<'a> {
        &mut self.objects[id.0 as usize]
    }

    pub(super) fn text(&self, id: Id) -> Result<&'a str, PickleError> {
        match self.get(id) {
            Object::Str(s) => Ok(s),
            _ => Err(PickleError::Invalid("a name is not a text")),
        }
    }

    pub(super) fn make(&mut self, object: Object<'a>) -> Done {
        let id = self.add(object)?;
        self.push(id)
    }

    pub(super) fn push(&mut self, id: Id) -> Done {
        if self.stack.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge("its stack is too deep"));
        }
        self.stack.push(id);
        Ok(())
    }

    /// The stack never shrinks below the innermost mark except by the instruction that takes the mark.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Id, PickleError> {
        if self.stack.len() <= self.floor() {
            return Err(PickleError::Invalid("its stack runs empty"));
        }
        self.stack.pop().ok_or(PickleError::Invalid("its stack runs empty"))
    }

    pub(super) fn top(&self) -> Result<Id, PickleError> {
        self.stack.last().copied().ok_or(PickleError::Invalid("its stack runs empty"))
    }

    pub(super) fn pop_many(&mut self, n: usize) -> Result<Vec<Id>, PickleError> {
        let at = self.stack.len().checked_sub(n).filter(|&at| at >= self.floor());
        let at = at.ok_or(PickleError::Invalid("its stack runs empty"))?;
        self.spend(n)?;
        Ok(self.stack.split_off(at))
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let at = self.marks.pop().ok_or(PickleError::Invalid("a mark is missing"))?;
        let at = at.min(self.stack.len());
        self.spend(self.stack.len() - at)?;
        Ok(self.stack.split_off(at))
    }

    pub(super) fn wrap_marked(&mut self, wrap: fn(Vec<Id>) -> Object<'a>) -> Done {
        let items = self.pop_mark()?;
        self.make(wrap(items))
    }

    pub(super) fn add_items(&mut self, new: &[Id]) -> Done {
        let top = self.top()?;
        match self.get_mut(top) {
            Object::List(items) | Object::Set(items) => items.extend_from_slice(new),
            _ => return Err(PickleError::Invalid("it appends to something that is no list")),
        }
        Ok(())
    }

    pub(super) fn add_pairs(&mut self, new: &[Id]) -> Done {
        let new = pairs(new)?;
        let top = self.top()?;
        match self.get_mut(top) {
            Object::Dict(items) => items.extend_from_slice(&new),
            _ => return Err(PickleError::Invalid("it sets items of something that is no dict")),
        }
        Ok(())
    }

    pub(super) fn put(&mut self, index: u32) -> Done {
        let top = self.top()?;
        if self.memo.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge("too many memo entries"));
        }
        self.memo.insert(index, top);
        Ok(())
    }

    pub(super) fn recall(&mut self, index: u32) -> Done {
        let id = *self.memo.get(&index).ok_or(PickleError::Invalid("it recalls what it never stored"))?;
        self.push(id)
    }
}

pub(super) fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, PickleError> {
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|[k, v]| (*k, *v)).collect()),
        _ => Err(PickleError::Invalid("a dict has a key without a value")),
    }
}
