//! The program: without arguments the window, else the command line.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    fovea::cli::main()
}

/// The browser loads the library; this only lets the whole package compile for it.
#[cfg(target_arch = "wasm32")]
fn main() {}
