//! The instructions: one after the other, no recursion.

use super::reader::{long, utf8};
use super::stack::{FALSE, Machine, NONE, TRUE, pairs};
use super::{MAX_MARKS, Object, Pickle, PickleError, globals};

type Done = Result<(), PickleError>;

impl<'a> Machine<'a> {
    /// Runs up to STOP.
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
