//! `cargo xtask …`: see `cargo xtask --help`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use xtask::{child, lint, serve, suite, web};

/// Chores of the Fovea repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build the browser version into web/dist.
    Web(web::Options),
    /// Serve web/dist on 127.0.0.1.
    Serve {
        /// Port; 0 lets the system choose one, which is printed.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Install what the tests need, run all of them, and sum up.
    Test(suite::Options),
    /// rustfmt and clippy, native and wasm, warnings as errors.
    Lint,
    /// Benchmarks of the program; further arguments are passed on.
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(chore: Chore) -> Result<bool> {
    match chore {
        Chore::Web(options) => web::build(&options, child::NO_LIMIT).map(|()| true),
        Chore::Serve { port } => serve_forever(port).map(|()| true),
        Chore::Test(options) => suite::run(&options),
        Chore::Lint => lint::run(child::NO_LIMIT),
        Chore::Bench { rest } => bench(&rest),
    }
}

fn serve_forever(port: u16) -> Result<()> {
    let page = serve::start(&web::dist(), port)?;
    // The browser tests and people's scripts read this line.
    println!("serving {} (Ctrl+C stops)", page.url());
    page.wait();
    Ok(())
}

fn bench(rest: &[String]) -> Result<bool> {
    let mut command = xtask::cargo(&["run", "--release", "-p", "fovea", "--", "bench"]);
    command.args(rest);
    Ok(command.status().context("could not start cargo")?.success())
}
