//! What the tests across crates share: finding the reference data and a GPU, and saying loudly when either is missing.

use fovea_engine::{Device, Preference};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The repository's top folder.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or_else(|| own.to_path_buf(), Path::to_path_buf)
}

/// Says that the calling test leaves without having tested anything. `cargo xtask test` counts these lines; with
/// `FOVEA_REQUIRE=1` (continuous integration) the test fails instead.
///
/// # Panics
/// With `FOVEA_REQUIRE=1`.
pub fn skip(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_string();
    let line = format!("{test}: {why}");
    assert!(std::env::var_os("FOVEA_REQUIRE").is_none_or(|v| v != "1"), "required, but {line}");
    eprintln!("SKIPPED {line}");
    if let Some(log) = std::env::var_os("FOVEA_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(log);
        let _ = file.and_then(|mut f| writeln!(f, "{line}"));
    }
}

/// The reference data: `FOVEA_SHARED`, or the folder `shared` beside the repository.
pub fn shared_dir() -> Option<PathBuf> {
    let named = std::env::var_os("FOVEA_SHARED").map(PathBuf::from);
    let beside = root().parent().map(|p| p.join("shared"));
    let found = named.or(beside).filter(|p| p.join("golden").is_dir());
    if found.is_none() {
        skip("no reference data (set FOVEA_SHARED to the folder that holds golden/)");
    }
    found
}

/// Any GPU adapter, a software one (llvmpipe) included.
pub fn gpu_or_skip() -> Option<Device> {
    match pollster::block_on(Device::open(Preference::Gpu)) {
        Ok(device) => Some(device),
        Err(e) => {
            skip(&format!("no GPU adapter, not even a software one: {e}"));
            None
        }
    }
}
