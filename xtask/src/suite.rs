//! `cargo xtask test`: from a fresh checkout on a bare machine to one line that says how many tests passed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::child::{self, End};
use crate::tally::Tally;
use crate::{lint, provision, serve, web};

/// What to run.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Also the slow tests (they see FOVEA_FULL=1) and clippy, native and wasm.
    #[arg(long)]
    pub full: bool,
    /// Leave the browser build and the browser tests out.
    #[arg(long)]
    pub no_browser: bool,
}

/// Longer than any stage needs on two cores, cold.
const BUILD: Duration = Duration::from_secs(50 * 60);
const TESTS: Duration = Duration::from_secs(30 * 60);
const FULL_TESTS: Duration = Duration::from_secs(120 * 60);
const BROWSER: Duration = Duration::from_secs(20 * 60);
/// Continuous integration stops us at 90 minutes; the summary has to come before.
const ALL: Duration = Duration::from_secs(85 * 60);

/// The crates under test. This program is tested apart: in one `--workspace` build its dependencies would get other features
/// than under `cargo xtask`, so that it would be compiled twice, and Windows cannot replace a program that runs.
const TESTED: &[&[&str]] = &[&["--workspace", "--exclude", "xtask"], &["-p", "xtask"]];

struct Stage {
    name: &'static str,
    minutes: f64,
    outcome: &'static str,
}

struct Suite {
    options: Options,
    strict: bool,
    started: Instant,
    tally: Tally,
    stages: Vec<Stage>,
}

/// Runs everything; false when anything failed.
///
/// # Errors
/// Only for what makes a summary impossible.
pub fn run(options: &Options) -> Result<bool> {
    let mut suite = Suite {
        options: options.clone(),
        strict: crate::strict(),
        started: Instant::now(),
        tally: Tally::default(),
        stages: Vec::new(),
    };
    suite.run_stages();
    suite.summary();
    Ok(suite.tally.failed == 0)
}

impl Suite {
    fn run_stages(&mut self) {
        let browser = !self.options.no_browser;
        let strict = self.strict;
        let ready = self.stage("set-up", BUILD, |_, _| set_up(browser, strict));
        self.stage("format", TESTS, |_, limit| cargo(lint::FORMAT, limit));
        if self.options.full {
            self.stage("clippy native", BUILD, |_, limit| cargo(lint::NATIVE, limit));
            self.stage("clippy wasm", BUILD, |_, limit| cargo(lint::WASM, limit));
            self.stage("clippy trainer", BUILD, |_, limit| cargo(lint::TRAINER, limit));
        }
        if self.stage("build tests", BUILD, |_, limit| build_tests(limit)) {
            let full = self.options.full;
            let limit = if full { FULL_TESTS } else { TESTS };
            self.stage("tests", limit, |tally, limit| run_tests(tally, limit, full, strict));
        } else {
            self.leave_out("tests", "not built");
        }
        match provision::python_with_torch() {
            Some(python) => {
                self.stage("teacher", TESTS, |tally, limit| teacher_tests(&python, tally, limit));
            }
            // 2 GB that nothing else here needs: not installed, and no failure.
            None => self.leave_out("teacher", "not run: no PyTorch (pip install -e 'teacher[test]')"),
        }
        if !browser {
            return;
        }
        if !self.stage("build web", BUILD, |_, limit| {
            let options = web::Options { kernel_tests: true, ..Default::default() };
            web::build(&options, limit).map(|()| true)
        }) {
            self.leave_out("browser", "not built");
        } else if ready && provision::find_chromium().is_some() && provision::find_program("node").is_some() {
            self.stage("browser", BROWSER, |tally, limit| browser_tests(tally, limit, strict));
        } else {
            self.leave_out("browser", "no browser");
            // A failed set-up has been counted already.
            self.tally.skipped += usize::from(ready);
        }
    }

    /// Runs one stage within its limit and what is left of the whole; true when it went well.
    fn stage(&mut self, name: &'static str, limit: Duration, work: impl FnOnce(&mut Tally, Duration) -> Result<bool>) -> bool {
        let left = if self.strict { ALL.saturating_sub(self.started.elapsed()) } else { child::NO_LIMIT };
        println!("\n── {name} ──");
        let started = Instant::now();
        let mut tally = Tally::default();
        let passed = match work(&mut tally, limit.min(left)) {
            Ok(passed) => passed && tally.failed == 0,
            Err(error) => {
                eprintln!("{name}: {error:#}");
                false
            }
        };
        if !passed && tally.failed == 0 {
            // It failed as a whole: nothing compiled, a crash, the time limit.
            tally.failed = 1;
        }
        self.tally.add(tally);
        self.stages.push(Stage {
            name,
            minutes: started.elapsed().as_secs_f64() / 60.0,
            outcome: if passed { "ok" } else { "FAILED" },
        });
        passed
    }

    fn leave_out(&mut self, name: &'static str, why: &'static str) {
        self.stages.push(Stage { name, minutes: 0.0, outcome: why });
    }

    fn summary(&self) {
        println!("\n── summary ──");
        for stage in &self.stages {
            println!("{:<14} {:>6.1} min  {}", stage.name, stage.minutes, stage.outcome);
        }
        println!("{:<14} {:>6.1} min", "all", self.started.elapsed().as_secs_f64() / 60.0);
        println!("{}", self.tally);
    }
}

fn set_up(browser: bool, strict: bool) -> Result<bool> {
    provision::system_packages(browser)?;
    provision::wasm_target()?;
    let mut missing = Vec::new();
    if !provision::has_adapter() {
        missing.push("a Vulkan driver (Debian: mesa-vulkan-drivers)");
    }
    if browser {
        if provision::find_chromium().is_none() {
            missing.push("Chromium (or set CHROMIUM to its path)");
        }
        if !provision::browser_driver()? {
            missing.push("the browser driver");
        }
    }
    if !crate::root().join("../shared").is_dir() {
        missing.push("the reference data in ../shared");
    }
    for what in &missing {
        println!(
            "set-up: {what} is missing; {}",
            if strict { "that is a failure under CI" } else { "its tests will be skipped" }
        );
    }
    if strict && !missing.is_empty() {
        bail!("{} missing", missing.join(", "));
    }
    Ok(true)
}

fn cargo(arguments: &[&str], limit: Duration) -> Result<bool> {
    Ok(child::run(&mut crate::cargo(arguments), limit, |_| {})? == End::Success)
}

fn build_tests(limit: Duration) -> Result<bool> {
    let started = Instant::now();
    for crates in TESTED {
        let arguments = [&["test", "--release", "--no-run", "--quiet"], *crates].concat();
        if !cargo(&arguments, limit.saturating_sub(started.elapsed()))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where tests write one line each when they give up for want of something; libtest can only call them passed.
fn skip_log() -> PathBuf {
    std::env::temp_dir().join(format!("fovea-skipped-{}.txt", std::process::id()))
}

fn run_tests(tally: &mut Tally, limit: Duration, full: bool, strict: bool) -> Result<bool> {
    let (started, log) = (Instant::now(), skip_log());
    let mut success = true;
    for crates in TESTED {
        let arguments = [&["test", "--release", "--no-fail-fast"], *crates].concat();
        let mut command = crate::cargo(&arguments);
        environment(&mut command, full, strict);
        command.env("FOVEA_SKIP_LOG", &log);
        let left = limit.saturating_sub(started.elapsed());
        success &= child::run(&mut command, left, |line| tally.read_line(line))? == End::Success;
    }
    let skipped = std::fs::read_to_string(&log).unwrap_or_default();
    let _ = std::fs::remove_file(&log);
    for line in skipped.lines() {
        println!("skipped: {line}");
    }
    let count = skipped.lines().count();
    tally.move_to_skipped(count);
    Ok(success && !(strict && count > 0))
}

fn environment(command: &mut Command, full: bool, strict: bool) {
    if full {
        command.env("FOVEA_FULL", "1");
    }
    if strict {
        // Missing adapter, display or reference data: fail instead of skipping.
        command.env("FOVEA_REQUIRE", "1");
    }
}

/// The Python package's own tests.
fn teacher_tests(python: &Path, tally: &mut Tally, limit: Duration) -> Result<bool> {
    let mut command = Command::new(python);
    command.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).current_dir(crate::root().join("teacher"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(child::run(&mut command, limit, |line| tally.read_pytest(line))? == End::Success)
}

fn browser_tests(tally: &mut Tally, limit: Duration, strict: bool) -> Result<bool> {
    let page = serve::start(&web::dist(), 0)?;
    let mut command = Command::new(provision::find_program("node").unwrap_or_else(|| "node".into()));
    command.args(["run.mjs", "--url", &page.url()]).current_dir(crate::root().join("tests/browser"));
    if let Some(chromium) = provision::find_chromium() {
        command.env("CHROMIUM", chromium);
    }
    environment(&mut command, false, strict);
    let end = child::run(&mut command, limit, |line| tally.read_line(line))?;
    Ok(end == End::Success)
}
