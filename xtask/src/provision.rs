//! Finds what the tests need, installs what is missing where that can be done without a person, and says what it did.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, End};

/// The browser's target.
pub const WASM: &str = "wasm32-unknown-unknown";

const APT_LIMIT: Duration = Duration::from_secs(15 * 60);
const NPM_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Looks a program up on PATH.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    std::env::split_paths(&std::env::var_os("PATH")?)
        .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
        .find(|path| path.is_file())
}

/// A Python that has what the tests of `teacher/` import; nothing is installed for them.
pub fn python_with_torch() -> Option<PathBuf> {
    let complete = |python: &PathBuf| {
        let run = Command::new(python).args(["-c", "import cv2, numpy, pytest, safetensors, torch"]).output();
        run.is_ok_and(|output| output.status.success())
    };
    ["python3", "python"].iter().filter_map(|name| find_program(name)).find(complete)
}

/// The Chromium to test in: `CHROMIUM`, else one on PATH, else where its installer puts it.
pub fn find_chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let on_path =
        || ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].iter().find_map(|name| find_program(name));
    let installed = || {
        let places = [
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "C:/Program Files/Google/Chrome/Application/chrome.exe",
            "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
        ];
        places.iter().map(PathBuf::from).find(|path| path.is_file())
    };
    named.or_else(on_path).or_else(installed)
}

/// Makes sure Rust's standard library for wasm is installed.
///
/// # Errors
/// When it is not and rustup cannot add it.
pub fn wasm_target() -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(crate::root())
        .output()
        .context("could not start rustc")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if sysroot.join("lib/rustlib").join(WASM).is_dir() {
        return Ok(());
    }
    println!("set-up: rustup target add {WASM}");
    let status = Command::new("rustup").args(["target", "add", WASM]).current_dir(crate::root()).status();
    if !status.context("the wasm target is missing and so is rustup to add it")?.success() {
        bail!("rustup could not add {WASM}");
    }
    Ok(())
}

/// Debian packages that are needed and missing. `browser`: also those of the browser tests.
fn missing_packages(browser: bool) -> Vec<&'static str> {
    let mut missing: Vec<&str> = ["libvulkan1", "mesa-vulkan-drivers"].into_iter().filter(|name| !installed(name)).collect();
    let mut program = |package, found: bool| {
        if !found {
            missing.push(package);
        }
    };
    program("xvfb", find_program("xvfb-run").is_some());
    if browser {
        program("chromium", find_chromium().is_some());
        program("nodejs", find_program("node").is_some());
        program("npm", find_program("npm").is_some());
    }
    missing
}

fn installed(package: &str) -> bool {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]).stderr(Stdio::null()).output();
    output.is_ok_and(|output| output.stdout == b"installed")
}

/// Installs the system packages that the tests need; where that cannot be done, says what to install.
///
/// # Errors
/// When apt cannot be started.
pub fn system_packages(browser: bool) -> Result<()> {
    if find_program("apt-get").is_none() {
        println!(
            "set-up: no apt-get here, nothing installed. The tests want a Vulkan, Metal or DirectX 12 adapter (Mesa's llvmpipe will do), \
             and for the browser Chromium, Node 18 or newer and npm."
        );
        return Ok(());
    }
    let missing = missing_packages(browser);
    if missing.is_empty() {
        println!("set-up: all system packages are there");
        return Ok(());
    }
    let Some(prefix) = root_prefix() else {
        println!("set-up: not root and no password-less sudo. Please run: apt-get install {}", missing.join(" "));
        return Ok(());
    };
    println!("set-up: apt-get install {}", missing.join(" "));
    apt(prefix, &["update", "-qq"])?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&missing);
    if !apt(prefix, &install)? {
        println!("set-up: apt-get failed; going on without {}", missing.join(" "));
    }
    Ok(())
}

/// What to put before `apt-get`: nothing for root, `sudo -n` where that works.
fn root_prefix() -> Option<&'static [&'static str]> {
    let quiet = |program: &str, arguments: &[&str]| Command::new(program).args(arguments).stderr(Stdio::null()).output().ok();
    if quiet("id", &["-u"]).is_some_and(|output| output.stdout.trim_ascii() == b"0") {
        return Some(&[]);
    }
    quiet("sudo", &["-n", "true"]).is_some_and(|output| output.status.success()).then_some(&["sudo", "-n"])
}

fn apt(prefix: &[&str], arguments: &[&str]) -> Result<bool> {
    // `env` rather than a variable of ours, because sudo drops those.
    let words: Vec<&str> = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(arguments);
    Ok(child::run(&mut command, APT_LIMIT, |_| {})? == End::Success)
}

/// Installs the browser driver at the version its lock file pins; true when it is there.
///
/// # Errors
/// When npm cannot be started.
pub fn browser_driver() -> Result<bool> {
    let folder = crate::root().join("tests/browser");
    let Some(npm) = find_program("npm") else {
        println!("set-up: npm is missing, so the browser driver cannot be installed");
        return Ok(false);
    };
    // npm writes this copy of the lock file when it is done.
    let (wanted, present) = (folder.join("package-lock.json"), folder.join("node_modules/.package-lock.json"));
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    if present.is_file() && modified(&present) >= modified(&wanted) {
        return Ok(true);
    }
    println!("set-up: npm ci in tests/browser (playwright-core)");
    let mut command = Command::new(npm);
    command.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
    Ok(child::run(&mut command, NPM_LIMIT, |_| {})? == End::Success)
}

/// Whether a Vulkan driver is there. Elsewhere than on Linux the system brings a graphics interface of its own.
pub fn has_adapter() -> bool {
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| std::env::var_os(name).is_some());
    !cfg!(target_os = "linux")
        || named
        || folders.iter().any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}
