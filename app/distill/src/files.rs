//! Writing files so that a killed process leaves the old one or the new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes through a file beside the target, which then takes its name.
///
/// # Errors
/// When the folder cannot be written to or the disk is full; the target is then as before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        // Otherwise the name may reach the disk before the contents do.
        file.sync_all()
    });
    let outcome = written.and_then(|()| fs::rename(&part, path));
    if outcome.is_err() {
        let _ = fs::remove_file(&part);
    }
    outcome
}
