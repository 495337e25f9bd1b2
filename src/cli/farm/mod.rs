//! `seigo farm`: many co-simulations, on this machine or on a cluster.

mod collect;
mod junit;
mod plan;
mod run;

use std::path::PathBuf;

use clap::Subcommand;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::Result;
use crate::campaign::{Campaign, task};

/// Co-simulate many frames, faults or targets as tasks of their own, on this machine or on a cluster
///
/// `plan` writes a folder with a list of tasks, `run` performs some of them, `collect` says what came out. See
/// docs/farm.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(plan::Args),
    Run(run::Args),
    Collect(collect::Args),
    #[command(hide = true)]
    Task(TaskArgs),
}

/// Perform one task in this process and write its result; `run` calls it
#[derive(Debug, clap::Args)]
struct TaskArgs {
    /// Folder of the campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Index of the task
    #[arg(value_name = "N")]
    index: usize,
    /// Number of the attempt
    #[arg(value_name = "N")]
    attempt: u32,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        match &self.command {
            Command::Plan(args) => args.paths(),
            // They write into the campaign's folder, files of their own.
            Command::Run(_) | Command::Collect(_) | Command::Task(_) => Paths::default(),
        }
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    match &args.command {
        Command::Plan(args) => plan::run(args, terminal),
        Command::Run(args) => run::run(args, terminal),
        Command::Collect(args) => collect::run(args, terminal),
        Command::Task(args) => {
            task::perform(&Campaign::open(&args.folder)?, args.index, args.attempt)?;
            Ok(0)
        }
    }
}
