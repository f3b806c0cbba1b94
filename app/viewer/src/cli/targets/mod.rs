//! `fovea targets`: what a Teacher says about a set of images, in a file that training needs no Teacher with.

mod export;
mod images;
mod info;
mod teacher;

pub(super) use export::write_targets;
pub(super) use teacher::Wanted;

use super::Outcome;
use clap::Subcommand;

/// Arguments of `fovea targets`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Run a Teacher over images and write what it says
    Export(Box<export::Args>),
    /// Print what a targets file holds
    Info(info::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.action {
        Action::Export(args) => export::run(args),
        Action::Info(args) => info::run(args),
    }
}
