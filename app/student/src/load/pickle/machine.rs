//! The stack machine: one instruction after the other, no recursion.

use super::reader::{Reader, long, utf8};
use super::{Id, MAX_ITEMS, MAX_MARKS, MAX_OBJECTS, Object, Pickle, PickleError, globals};
use std::collections::HashMap;

/// Ids of the objects every machine starts with; they cost nothing however often they are pushed.
const NONE: Id = Id(0);
const TRUE: Id = Id(1);
const FALSE: Id = Id(2);

pub(super) struct Machine<'a> {
    reader: Reader<'a>,
    pub(super) objects: Vec<Object<'a>>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// MEMOIZE numbers by count; PUT by its own number.
    items: usize,
}

type Done = Result<(), PickleError>;

impl<'a> Machine<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        let objects = vec![Object::None, Object::Bool(true), Object::Bool(false)];
        Self { reader: Reader::new(data), objects, stack: vec![], marks: vec![], memo: HashMap::new(), items: 0 }
    }

    pub(super) fn run(mut self) -> Result<Pickle<'a>, PickleError> {
        loop {
            let at = self.reader.position();
            let opcode = self.reader.u8()?;
            if opcode == b'.' {
                let root = self.pop()?;
                return Ok(Pickle { objects: self.objects, root, consumed: self.reader.position() });
            }
            if !(self.scalar(opcode)? || self.container(opcode)? || self.stack_op(opcode)? || self.class_op(opcode)?) {
                return Err(PickleError::Opcode { opcode, at });
            }
        }
    }

    /// Numbers, texts and bytes.
    fn scalar(&mut self, opcode: u8) -> Result<bool, PickleError> {
        let made = match opcode {
            b'N' => return self.push(NONE).map(|()| true),
            0x88 => return self.push(TRUE).map(|()| true),
            0x89 => return self.push(FALSE).map(|()| true),
            b'J' => Object::Int(i64::from(self.reader.i32()?)),
            b'K' => Object::Int(i64::from(self.reader.u8()?)),
            b'M' => Object::Int(i64::from(self.reader.u16()?)),
            0x8a | 0x8b => {
                let bytes = self.reader.counted(if opcode == 0x8a { 1 } else { 4 })?;
                long(bytes).map_or(Object::Long(bytes), Object::Int)
            }
            b'I' | b'L' => return self.ascii_int().map(|()| true),
            b'F' => Object::Float(parse(self.reader.line()?)?),
            b'G' => Object::Float(self.reader.f64()?),
            b'X' => Object::Str(self.reader.text(4)?),
            0x8c => Object::Str(self.reader.text(1)?),
            0x8d => Object::Str(self.reader.text(8)?),
            b'V' => Object::Str(plain(self.reader.line()?)?),
            b'S' => Object::Str(quoted(self.reader.line()?)?),
            b'T' | b'U' => {
                let bytes = self.reader.counted(if opcode == b'T' { 4 } else { 1 })?;
                utf8(bytes).map_or(Object::Bytes(bytes), Object::Str)
            }
            b'B' => Object::Bytes(self.reader.counted(4)?),
            b'C' => Object::Bytes(self.reader.counted(1)?),
            0x8e | 0x96 => Object::Bytes(self.reader.counted(8)?),
            _ => return Ok(false),
        };
        self.make(made).map(|()| true)
    }

    fn ascii_int(&mut self) -> Done {
        let line = self.reader.line()?;
        match line {
            "00" => self.push(FALSE),
            "01" => self.push(TRUE),
            _ => {
                let value = parse(line.strip_suffix('L').unwrap_or(line))?;
                self.make(Object::Int(value))
            }
        }
    }

    /// Tuples, lists, dicts, sets.
    fn container(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b')' => self.make(Object::Tuple(vec![]))?,
            b']' => self.make(Object::List(vec![]))?,
            b'}' => self.make(Object::Dict(vec![]))?,
            0x8f => self.make(Object::Set(vec![]))?,
            0x85..=0x87 => {
                let n = usize::from(opcode - 0x84);
                let items = self.pop_many(n)?;
                self.make(Object::Tuple(items))?;
            }
            b't' => self.wrap_marked(Object::Tuple)?,
            b'l' => self.wrap_marked(Object::List)?,
            0x91 => self.wrap_marked(Object::Set)?,
            b'd' => {
                let items = self.pop_mark()?;
                let pairs = pairs(&items)?;
                self.make(Object::Dict(pairs))?;
            }
            b'a' => {
                let items = self.pop_many(1)?;
                self.add_items(&items)?;
            }
            b'e' | 0x90 => {
                let items = self.pop_mark()?;
                self.add_items(&items)?;
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.add_pairs(&items)?;
            }
            b'u' => {
                let items = self.pop_mark()?;
                self.add_pairs(&items)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Protocol, frames, marks, memo.
    fn stack_op(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            0x80 => drop(self.reader.u8()?),
            0x95 => drop(self.reader.take(8)?),
            b'(' if self.marks.len() >= MAX_MARKS => return Err(PickleError::TooLarge("it is nested too deeply")),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_mark()?),
            b'2' => {
                let top = self.top()?;
                self.push(top)?;
            }
            b'q' => {
                let index = u32::from(self.reader.u8()?);
                self.put(index)?;
            }
            b'r' => {
                let index = self.reader.u32()?;
                self.put(index)?;
            }
            b'p' => {
                let index = parse(self.reader.line()?)?;
                self.put(index)?;
            }
            0x94 => {
                let index = u32::try_from(self.memo.len()).map_err(|_| PickleError::TooLarge("too many memo entries"))?;
                self.put(index)?;
            }
            b'h' => {
                let index = u32::from(self.reader.u8()?);
                self.recall(index)?;
            }
            b'j' => {
                let index = self.reader.u32()?;
                self.recall(index)?;
            }
            b'g' => {
                let index = parse(self.reader.line()?)?;
                self.recall(index)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Names, and what is made with them.
    fn class_op(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b'c' => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                self.make(Object::Global(globals::resolve(module, name)?))?;
            }
            0x93 => {
                let ids = self.pop_many(2)?;
                let (module, name) = (self.text(ids[0])?, self.text(ids[1])?);
                self.make(Object::Global(globals::resolve(module, name)?))?;
            }
            b'R' => {
                let ids = self.pop_many(2)?;
                let id = self.reduce(ids[0], ids[1])?;
                self.push(id)?;
            }
            0x81 => {
                let ids = self.pop_many(2)?;
                self.new_object(ids[0])?;
            }
            0x92 => {
                let ids = self.pop_many(3)?;
                self.new_object(ids[0])?;
            }
            b'b' => {
                let state = self.pop()?;
                let target = self.top()?;
                self.build(target, state)?;
            }
            b'Q' => {
                let pid = self.pop()?;
                let id = self.persistent(pid)?;
                self.push(id)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
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

    fn push(&mut self, id: Id) -> Done {
        if self.stack.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge("its stack is too deep"));
        }
        self.stack.push(id);
        Ok(())
    }

    /// The stack never shrinks below the innermost mark except by the instruction that takes the mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        if self.stack.len() <= self.floor() {
            return Err(PickleError::Invalid("its stack runs empty"));
        }
        self.stack.pop().ok_or(PickleError::Invalid("its stack runs empty"))
    }

    fn top(&self) -> Result<Id, PickleError> {
        self.stack.last().copied().ok_or(PickleError::Invalid("its stack runs empty"))
    }

    fn pop_many(&mut self, n: usize) -> Result<Vec<Id>, PickleError> {
        let at = self.stack.len().checked_sub(n).filter(|&at| at >= self.floor());
        let at = at.ok_or(PickleError::Invalid("its stack runs empty"))?;
        self.spend(n)?;
        Ok(self.stack.split_off(at))
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let at = self.marks.pop().ok_or(PickleError::Invalid("a mark is missing"))?;
        let at = at.min(self.stack.len());
        self.spend(self.stack.len() - at)?;
        Ok(self.stack.split_off(at))
    }

    fn wrap_marked(&mut self, wrap: fn(Vec<Id>) -> Object<'a>) -> Done {
        let items = self.pop_mark()?;
        self.make(wrap(items))
    }

    fn add_items(&mut self, new: &[Id]) -> Done {
        let top = self.top()?;
        match self.get_mut(top) {
            Object::List(items) | Object::Set(items) => items.extend_from_slice(new),
            _ => return Err(PickleError::Invalid("it appends to something that is no list")),
        }
        Ok(())
    }

    fn add_pairs(&mut self, new: &[Id]) -> Done {
        let new = pairs(new)?;
        let top = self.top()?;
        match self.get_mut(top) {
            Object::Dict(items) => items.extend_from_slice(&new),
            _ => return Err(PickleError::Invalid("it sets items of something that is no dict")),
        }
        Ok(())
    }

    fn put(&mut self, index: u32) -> Done {
        let top = self.top()?;
        if self.memo.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge("too many memo entries"));
        }
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Done {
        let id = *self.memo.get(&index).ok_or(PickleError::Invalid("it recalls what it never stored"))?;
        self.push(id)
    }
}

fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, PickleError> {
    match items.as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|[k, v]| (*k, *v)).collect()),
        _ => Err(PickleError::Invalid("a dict has a key without a value")),
    }
}

fn parse<T: std::str::FromStr>(line: &str) -> Result<T, PickleError> {
    line.trim().parse().map_err(|_| PickleError::Invalid("a number is not a number"))
}

/// Text without escapes: protocol 0 texts in checkpoints are attribute names.
fn plain(line: &str) -> Result<&str, PickleError> {
    if line.contains('\\') { Err(PickleError::Invalid("a text has escapes")) } else { Ok(line) }
}

fn quoted(line: &str) -> Result<&str, PickleError> {
    let strip = |q: char| line.strip_prefix(q).and_then(|l| l.strip_suffix(q));
    plain(strip('\'').or_else(|| strip('"')).ok_or(PickleError::Invalid("a text has no quotes"))?)
}
