//! The command line: what was typed, turned into calls of the library.
//!
//! stdout carries data, stderr everything else. Exit status: 0 done (or equal), 1 differs, 2
//! trouble, 130 interrupted.

mod build;
mod cosim;
mod demo;
mod detect;
#[cfg(unix)]
mod device;
mod eval;
mod explore;
mod export;
pub mod failure;
mod farm;
mod format;
mod import;
mod inspect;
mod model;
mod network;
mod outputs;
mod pack;
mod plan;
mod quantize;
mod report;
mod run;
mod schema;
mod shell;
mod tensors;
mod terminal;
mod tests;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use outputs::Paths;

use crate::base::error::{Error, Result, codes};
use crate::base::files;

/// Exit status when the answer is "differs".
pub const DIFFERS: u8 = 1;
/// Exit status when something went wrong.
pub const TROUBLE: u8 = 2;
/// Exit status when a signal ended the run, as shells have it for Ctrl-C.
pub const INTERRUPTED: i32 = 130;

/// From a trained CNN in ONNX to a bit-exact int8 accelerator on a SoC-FPGA.
#[derive(Debug, Parser)]
#[command(name = "seigo", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
struct Common {
    /// Threads to compute with; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,
    /// Only print results, warnings and errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Args),
    Detect(detect::Args),
    Eval(eval::Args),
    Plan(plan::Args),
    Explore(explore::Args),
    Quantize(quantize::Args),
    Build(build::Args),
    Cosim(cosim::Args),
    Farm(farm::Args),
    #[cfg(unix)]
    Device(device::Args),
    Demo(demo::Args),
    Report(report::Args),
    Run(run::Args),
    Import(import::Args),
    Export(export::Args),
    Pack(pack::Args),
    Schema(schema::Args),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

impl Command {
    /// What the command reads and writes.
    fn paths(&self) -> Paths {
        match self {
            Self::Detect(args) => args.paths(),
            Self::Eval(args) => args.paths(),
            Self::Plan(args) => args.paths(),
            Self::Explore(args) => args.paths(),
            Self::Quantize(args) => args.paths(),
            Self::Build(args) => args.paths(),
            Self::Cosim(args) => args.paths(),
            Self::Farm(args) => args.paths(),
            #[cfg(unix)]
            Self::Device(args) => args.paths(),
            Self::Demo(args) => args.paths(),
            Self::Report(args) => args.paths(),
            Self::Run(args) => args.paths(),
            Self::Import(args) => args.paths(),
            Self::Export(args) => args.paths(),
            Self::Pack(args) => args.paths(),
            Self::Inspect(_) | Self::Schema(_) | Self::Completions(_) | Self::Man(_) => {
                Paths::default()
            }
        }
    }
}

/// Parses the command line, runs the command, reports a failure on stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match end_between_writes().and_then(|()| run(cli)) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            terminal::error(&error);
            ExitCode::from(TROUBLE)
        }
    }
}

/// Makes Ctrl-C and the request to terminate end the program between two writes of files.
fn end_between_writes() -> Result<()> {
    ctrlc::set_handler(|| {
        let _held = files::hold_writes();
        std::process::exit(INTERRUPTED);
    })
    .map_err(|error| Error::new(&codes::INTERNAL, format!("cannot await signals: {error}")))
}

fn run(cli: Cli) -> Result<u8> {
    let threads = cli.common.threads.unwrap_or(0);
    if cli.common.threads == Some(0) || threads > 1024 {
        return Err(Error::new(&codes::BAD_ARGUMENT, format!("--threads {threads}"))
            .help("give a number from 1 to 1024"));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Error::new(&codes::BAD_ARGUMENT, format!("--threads: {error}")))?;
    cli.command.paths().check()?;
    let terminal = terminal::Terminal { quiet: cli.common.quiet };
    pool.install(|| match cli.command {
        Command::Inspect(args) => inspect::run(&args, &terminal),
        Command::Detect(args) => detect::run(&args, &terminal),
        Command::Eval(args) => eval::run(&args, &terminal),
        Command::Plan(args) => plan::run(&args, &terminal),
        Command::Explore(args) => explore::run(&args, &terminal),
        Command::Quantize(args) => quantize::run(&args, &terminal),
        Command::Build(args) => build::run(&args, &terminal),
        Command::Cosim(args) => cosim::run(&args, &terminal),
        Command::Farm(args) => farm::run(&args, &terminal),
        #[cfg(unix)]
        Command::Device(args) => device::run(&args, &terminal),
        Command::Demo(args) => demo::run(&args, &terminal),
        Command::Report(args) => report::run(&args, &terminal),
        Command::Run(args) => run::run(&args, &terminal),
        Command::Import(args) => import::run(&args, &terminal),
        Command::Export(args) => export::run(&args, &terminal),
        Command::Pack(args) => pack::run(&args, &terminal),
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Completions(args) => shell::completions(&args, &terminal),
        Command::Man(args) => shell::man(&args, &terminal),
    })
}
