//! What a test says when the machine lacks something it needs.
#![allow(clippy::unwrap_used)]

use std::io::Write;

/// Says loudly that something is not tested, and why; where everything has to be there (`FOVEA_REQUIRE`), fails.
pub fn lacking(what: &str) {
    assert!(std::env::var_os("FOVEA_REQUIRE").is_none(), "required, but {what}");
    eprintln!("SKIPPED: {what}");
    if let Some(log) = std::env::var_os("FOVEA_SKIP_LOG") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
        writeln!(file, "{what}").unwrap();
    }
}
