//! Files that appear under their names only when they are complete: a killed process leaves the old one or the new one, never half of
//! one.

use std::fs::{File, OpenOptions, remove_file, rename};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Written beside its place as `.NAME.partial`. Dropped without [`AtomicFile::commit`] it is taken away again; a killed
/// process leaves it, and the next run to the same name writes over it.
pub(crate) struct AtomicFile {
    file: Option<File>,
    partial: PathBuf,
    place: PathBuf,
}

impl AtomicFile {
    /// Opens the partial file.
    pub(crate) fn create(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is no file name"))?;
        if place.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder"));
        }
        let partial = place.with_file_name(format!(".{}.partial", name.to_string_lossy()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&partial)?;
        Ok(Self { file: Some(file), partial, place: place.to_path_buf() })
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            closed(file).inspect_err(|_| self.discard())?;
            rename(&self.partial, &self.place).inspect_err(|_| self.discard())?;
        }
        Ok(())
    }

    fn discard(&self) {
        // It is rubbish already; if it cannot be removed there is nothing better to do.
        let _ = remove_file(&self.partial);
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

/// Writes a whole file.
///
/// # Errors
/// When the folder cannot be written to or the disk is full; what was under that name is then as before.
pub fn write_whole(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(place)?;
    file.write_all(bytes)?;
    file.commit()
}

/// Brings a file to the disk and closes it: otherwise its name may get there before its contents, and Windows renames no open file.
fn closed(file: File) -> io::Result<()> {
    file.sync_all()
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file()?.seek(to)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.discard();
        }
    }
}
