//! Builds the browser version: cargo for wasm, wasm-bindgen as a library, wasm-opt when somebody has it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::child::{self, End};
use crate::provision;

/// A module of the page.
struct Module {
    package: &'static str,
    /// Name of what cargo writes.
    file: &'static str,
    /// Name of what the page loads: `….js` and `…_bg.wasm`.
    name: &'static str,
}

/// The window. Training is not in it: burn would make it many times as large.
const WINDOW: Module = Module { package: "fovea", file: "fovea.wasm", name: "fovea_wasm" };
/// What only the training Worker loads.
const TRAINER: Module = Module { package: "fovea-trainer", file: "fovea_trainer.wasm", name: "trainer" };

/// What the module may use; all of it is in every browser that has WebGPU.
const WASM_OPT: &[&str] = &[
    "-O2",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// How to build.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Link-time optimisation of the module: smaller, but minutes more.
    #[arg(long, value_name = "HOW", default_value = "no", value_parser = ["no", "thin", "fat"])]
    pub release_lto: String,
    /// With the kernels' known answers, which the browser tests run; a published page does not need them.
    #[arg(long)]
    pub kernel_tests: bool,
}

/// Where the finished page is put.
pub fn dist() -> PathBuf {
    crate::root().join("web/dist")
}

/// Builds the page into [`dist`].
///
/// # Errors
/// When a tool fails or a file cannot be written.
pub fn build(options: &Options, limit: Duration) -> Result<()> {
    let started = Instant::now();
    provision::wasm_target()?;
    // Apart, so that neither gets the other's features.
    let modules = [WINDOW, TRAINER];
    let compiled = modules.iter().map(|module| compile(module, options, limit)).collect::<Result<Vec<_>>>()?;
    let dist = dist();
    if dist.exists() {
        // Nothing stale may be served.
        std::fs::remove_dir_all(&dist).with_context(|| format!("cannot clear {}", dist.display()))?;
    }
    std::fs::create_dir_all(&dist).with_context(|| format!("cannot create {}", dist.display()))?;
    for (module, compiled) in modules.iter().zip(&compiled) {
        bind(module, compiled, &dist)?;
        optimise(&dist.join(format!("{}_bg.wasm", module.name)), limit)?;
    }
    copy_page(&dist)?;
    report(&dist)?;
    println!("web: built in {:.1} min: {}", started.elapsed().as_secs_f64() / 60.0, dist.display());
    Ok(())
}

fn compile(module: &Module, options: &Options, limit: Duration) -> Result<PathBuf> {
    let mut command = crate::cargo(&["build", "--profile", "wasm", "--lib", "-p", module.package, "--target", provision::WASM]);
    if options.kernel_tests && module.package == WINDOW.package {
        command.args(["--features", "kernel-tests"]);
    }
    if !matches!(options.release_lto.as_str(), "" | "no") {
        command.arg("--config").arg(format!("profile.wasm.lto=\"{}\"", options.release_lto));
    }
    if child::run(&mut command, limit, |_| {})? != End::Success {
        bail!("the wasm build of {} failed", module.package);
    }
    let metadata =
        cargo_metadata::MetadataCommand::new().current_dir(crate::root()).no_deps().exec().context("cargo metadata failed")?;
    Ok(metadata.target_directory.join(provision::WASM).join("wasm").join(module.file).into_std_path_buf())
}

fn bind(module: &Module, compiled: &Path, dist: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .out_name(module.name)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(dist)
        .with_context(|| format!("wasm-bindgen failed on {}", compiled.display()))
}

/// The wasm-opt to use: one on PATH, or npm's `binaryen` in this repository.
fn find_wasm_opt() -> Option<Command> {
    if let Some(path) = provision::find_program("wasm-opt") {
        return Some(Command::new(path));
    }
    let scripts = ["node_modules/binaryen/bin/wasm-opt", "tests/browser/node_modules/binaryen/bin/wasm-opt"];
    let script = scripts.iter().map(|path| crate::root().join(path)).find(|path| path.is_file())?;
    let mut command = Command::new(provision::find_program("node")?);
    command.arg(script);
    Some(command)
}

fn optimise(module: &Path, limit: Duration) -> Result<()> {
    let Some(mut command) = find_wasm_opt() else {
        println!("web: no wasm-opt found (npm package binaryen has it); the module stays as compiled");
        return Ok(());
    };
    let smaller = module.with_extension("opt");
    command.args(WASM_OPT).arg(module).arg("-o").arg(&smaller);
    if child::run(&mut command, limit, |_| {})? == End::Success {
        std::fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))?;
    } else {
        // An old one does not know every feature; the page works without it.
        println!("web: wasm-opt failed; the module stays as compiled");
        let _ = std::fs::remove_file(&smaller);
    }
    Ok(())
}

fn copy_page(dist: &Path) -> Result<()> {
    let web = crate::root().join("web");
    for entry in std::fs::read_dir(&web).with_context(|| format!("cannot read {}", web.display()))? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            std::fs::copy(&path, dist.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    let icon = crate::root().join("assets/icon.svg");
    std::fs::copy(&icon, dist.join("icon.svg")).with_context(|| format!("cannot copy {}", icon.display()))?;
    Ok(())
}

/// Prints the size of every file, raw and as a web server would send it.
fn report(dist: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dist)?.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    for path in files {
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("web: {name:<28} {:>9.1} kB, gzip {:>8.1} kB", bytes.len() as f64 / 1e3, gzip_size(&bytes)? as f64 / 1e3);
    }
    Ok(())
}

fn gzip_size(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
