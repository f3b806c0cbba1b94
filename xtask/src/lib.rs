//! The project's own chores: build the web page, serve it, run every test, lint.
//!
//! A library with a thin program, so that the server and the test counting are tested like any other code.

pub mod child;
pub mod lint;
pub mod provision;
pub mod serve;
pub mod suite;
pub mod tally;
pub mod web;

use std::path::PathBuf;
use std::process::Command;

/// The repository's top folder.
pub fn root() -> PathBuf {
    // cargo sets the variable for `cargo xtask`; the value at build time serves when the program is started by hand.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map(PathBuf::from).unwrap_or(own)
}

/// The cargo that started this program, run in the top folder.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// True when continuous integration runs us: what is missing is then a failure, not a skip.
pub fn strict() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
