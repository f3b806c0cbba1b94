//! A file that appears under its name only when it is complete.

use std::fs::{File, OpenOptions, remove_file, rename};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Written beside its place as `.NAME.partial`. Dropped without [`AtomicFile::commit`] it is taken away again; a killed
/// process leaves it, and the next run to the same name writes over it.
pub(super) struct AtomicFile {
    file: Option<File>,
    partial: PathBuf,
    place: PathBuf,
}

impl AtomicFile {
    /// Opens the partial file.
    pub(super) fn create(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is no file name"))?;
        if place.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder"));
        }
        let partial = place.with_file_name(format!(".{}.partial", name.to_string_lossy()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&partial)?;
        Ok(Self { file: Some(file), partial, place: place.to_path_buf() })
    }

    /// Makes it durable and gives it its name.
    pub(super) fn commit(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            // Windows renames no open file.
            file.sync_all().inspect_err(|_| self.discard())?;
            drop(file);
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
