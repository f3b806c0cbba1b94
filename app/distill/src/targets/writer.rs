//! Writing targets row by row: nothing but the current row is in memory.

use super::row::{floats, halves, transposed};
use super::{HeadNumbers, Plan, Row, TargetsError};
use crate::files::AtomicFile;
use crate::views::ViewId;
use std::collections::HashSet;
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::Path;

/// Takes the rows of a [`Plan`] in order: image by image, for each the views in the order of [`crate::ViewSet::ids`].
pub struct Writer<W> {
    out: W,
    plan: Plan,
    file: String,
    row: usize,
    current: String,
    seen: HashSet<[u8; 32]>,
}

/// A file on disk under construction; it appears under its name when it is complete ([`FileWriter::finish`]).
pub struct FileWriter(Writer<AtomicFile>);

impl FileWriter {
    /// Opens it.
    ///
    /// # Errors
    /// As [`Writer::new`].
    pub fn create(path: &Path, plan: Plan, head: Option<&HeadNumbers>) -> Result<Self, TargetsError> {
        let file = path.display().to_string();
        let out = AtomicFile::create(path).map_err(|source| TargetsError::Write { source, file: file.clone() })?;
        Ok(Self(Writer::new(out, plan, head, &file)?))
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// As [`Writer::push`].
    pub fn push(&mut self, sha256: &str, view: &ViewId, row: &Row) -> Result<(), TargetsError> {
        self.0.push(sha256, view, row)
    }

    /// Gives the complete file its name.
    ///
    /// # Errors
    /// When rows are missing, or the disk refuses; the unfinished file is then taken away.
    pub fn finish(self) -> Result<(), TargetsError> {
        let file = self.0.file.clone();
        self.0.finish()?.commit().map_err(|source| TargetsError::Write { source, file })
    }
}

impl Writer<Cursor<Vec<u8>>> {
    /// Writes to memory.
    ///
    /// # Errors
    /// As [`Writer::new`].
    pub fn in_memory(plan: Plan, head: Option<&HeadNumbers>, file: &str) -> Result<Self, TargetsError> {
        Self::new(Cursor::new(vec![]), plan, head, file)
    }
}

impl<W: Write + Seek> Writer<W> {
    /// Writes what stands before the rows. `head` belongs to a plan with pooled features and to no other; `file` is for
    /// messages.
    ///
    /// # Errors
    /// A head of another shape or with values that are not finite; what the medium says.
    pub fn new(out: W, plan: Plan, head: Option<&HeadNumbers>, file: &str) -> Result<Self, TargetsError> {
        let mut writer = Self { out, plan, file: file.into(), row: 0, current: String::new(), seen: HashSet::new() };
        let header = writer.plan.header().to_vec();
        writer.out.seek(SeekFrom::Start(0)).and_then(|_| writer.out.write_all(&header)).map_err(|e| writer.failed(e))?;
        let classes = writer.plan.metadata.classes.len();
        let sizes = head.map(|h| (h.classes, h.features));
        if sizes != writer.plan.metadata.pooled.map(|k| (classes, k)) {
            let say = |s: Option<(usize, usize)>| s.map_or("none".into(), |(c, k)| format!("[{c}, {k}]"));
            let expected = say(writer.plan.metadata.pooled.map(|k| (classes, k)));
            return Err(writer.differs("head.weight", say(sizes), expected));
        }
        if let Some(head) = head {
            writer.numbers("head.weight", 0, &head.weight, floats)?;
            writer.numbers("head.bias", 0, &head.bias, floats)?;
        }
        Ok(writer)
    }

    /// Writes the next row.
    ///
    /// # Errors
    /// A row that is not the next one, of another shape, with values that are not finite (or not in half precision, for
    /// features); what the medium says.
    pub fn push(&mut self, sha256: &str, view: &ViewId, row: &Row) -> Result<(), TargetsError> {
        let views = self.plan.metadata.views;
        let (image, place) = (self.row / views.count(), self.row % views.count());
        self.check_order(sha256, view, place)?;
        if place == 0 {
            self.image(sha256, image)?;
        }
        self.numbers("logits", self.row, &row.logits, floats)?;
        if self.plan.metadata.pooled.is_some() {
            self.numbers("pooled", self.row, &row.pooled, floats)?;
        }
        let (maps, features) = (self.plan.metadata.attention.len(), self.plan.metadata.features.len());
        if (row.attention.len(), row.features.len()) != (maps, features) {
            let found = format!("{} maps and {} feature maps", row.attention.len(), row.features.len());
            return Err(self.differs("attention", found, format!("{maps} and {features}")));
        }
        let classes = self.plan.metadata.classes.len();
        for (i, map) in row.attention.iter().enumerate() {
            let last = transposed(map, classes, map.len() / classes);
            self.numbers(&format!("attention.{i}"), self.row, &last, floats)?;
        }
        for (i, features) in row.features.iter().enumerate() {
            self.numbers(&format!("features.{i}"), self.row, features, halves)?;
        }
        self.row += 1;
        Ok(())
    }

    /// The medium with the whole file in it.
    ///
    /// # Errors
    /// When rows are missing, or the medium refuses.
    pub fn finish(mut self) -> Result<W, TargetsError> {
        if self.row != self.plan.rows() {
            return Err(self.out_of_order(format!("{} rows were planned", self.plan.rows())));
        }
        self.out.flush().map_err(|e| self.failed(e))?;
        Ok(self.out)
    }

    fn check_order(&self, sha256: &str, view: &ViewId, place: usize) -> Result<(), TargetsError> {
        if self.row >= self.plan.rows() {
            return Err(self.out_of_order(format!("only {} rows were planned", self.plan.rows())));
        }
        let expected = self.plan.metadata.views.nth(place);
        if expected != Some(*view) {
            let expected = expected.map(|v| v.to_string()).unwrap_or_default();
            return Err(self.out_of_order(format!("the view '{view}' stands where '{expected}' should")));
        }
        if place > 0 && sha256 != self.current {
            return Err(self.out_of_order(format!("not all views of {} have come", self.current)));
        }
        Ok(())
    }

    fn image(&mut self, sha256: &str, index: usize) -> Result<(), TargetsError> {
        let digest = digest(sha256).ok_or_else(|| self.out_of_order(format!("'{sha256}' is no SHA-256")))?;
        if !self.seen.insert(digest) {
            return Err(TargetsError::Twice { sha256: sha256.into(), file: self.file.clone() });
        }
        self.current = sha256.into();
        self.write("image.sha256", index, &digest)
    }

    /// Checks and writes the numbers of one row of a tensor.
    fn numbers(&mut self, tensor: &str, row: usize, values: &[f32], encode: fn(&[f32]) -> Vec<u8>) -> Result<(), TargetsError> {
        // Past f16's largest number a feature would become infinite.
        let largest = if tensor.starts_with("features.") { f32::from(half::f16::MAX) } else { f32::MAX };
        if values.iter().any(|v| !v.is_finite() || v.abs() > largest) {
            return Err(TargetsError::NotFinite { tensor: tensor.into(), row, file: self.file.clone() });
        }
        self.write(tensor, row, &encode(values))
    }

    fn write(&mut self, tensor: &str, row: usize, bytes: &[u8]) -> Result<(), TargetsError> {
        let Some(part) = self.plan.part(tensor) else {
            return Err(self.differs(tensor, "there".into(), "not".into()));
        };
        if bytes.len() != part.stride {
            let (found, expected) = (format!("{} bytes a row", bytes.len()), format!("{}", part.stride));
            return Err(self.differs(tensor, found, expected));
        }
        let at = self.plan.header().len() as u64 + part.start as u64 + row as u64 * part.stride as u64;
        self.out.seek(SeekFrom::Start(at)).and_then(|_| self.out.write_all(bytes)).map_err(|e| self.failed(e))
    }

    fn differs(&self, tensor: &str, found: String, expected: String) -> TargetsError {
        TargetsError::Tensor { tensor: tensor.into(), found, expected, file: self.file.clone() }
    }

    fn out_of_order(&self, reason: String) -> TargetsError {
        TargetsError::Order { row: self.row, reason, file: self.file.clone() }
    }

    fn failed(&self, source: io::Error) -> TargetsError {
        TargetsError::Write { source, file: self.file.clone() }
    }
}

/// The 32 bytes behind 64 hexadecimal digits.
pub(super) fn digest(sha256: &str) -> Option<[u8; 32]> {
    let digits = sha256.as_bytes();
    let value = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(|p| Some(value(*p.first()?)? << 4 | value(*p.get(1)?)?)).collect();
    bytes?.try_into().ok()
}
