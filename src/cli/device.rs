//! `seigo device`.

use std::path::PathBuf;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::compile::program::predict::READ_LATENCY;
use crate::emit::bundle;
use crate::verify::cosim::{self, Geometry, Simulation, Timing};
use crate::verify::server::{self, Trouble};

/// Largest memory, in MiB: what one file of a test should have at most.
const LARGEST: u64 = 4096;

/// Run the simulated accelerator as a device for drivers in other processes, until it is interrupted
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bundle that `seigo build` wrote
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    /// Socket to make; the memory is a file beside it, with `.memory` behind its name
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// Memory that driver and accelerator share
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    memory: u64,
    /// Random stalls on every channel of the memory, by this seed
    #[arg(long, value_name = "S")]
    stall_seed: Option<u64>,
    /// Cycles from a read request to its first beat
    #[arg(long, value_name = "N", default_value_t = READ_LATENCY)]
    latency: u64,
    /// What goes wrong in the first frame, to test drivers
    #[arg(long, value_enum, value_name = "KIND")]
    trouble: Option<Kind>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Every access to memory is answered with an error
    Bus,
    /// The interrupt never comes
    Interrupt,
    /// The accelerator stands still
    Stuck,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default().reads("the bundle", &self.bundle)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    if !(1..=LARGEST).contains(&args.memory) {
        return Err(Error::new(&codes::BAD_ARGUMENT, format!("--memory {}", args.memory))
            .help(format!("give a number from 1 to {LARGEST}")));
    }
    let compiled = bundle::open(&args.bundle)?;
    terminal.remark("building the simulation, unless it is in the cache");
    let library = cosim::compile(&compiled, false)?;
    let simulation = Simulation::load(&library, Geometry::of(&compiled.design))?;
    let options = server::Options {
        socket: args.socket.clone(),
        memory: args.memory << 20,
        timing: Timing { latency: args.latency, stalls: args.stall_seed },
        trouble: args.trouble.map(|kind| match kind {
            Kind::Bus => Trouble::Bus,
            Kind::Interrupt => Trouble::Interrupt,
            Kind::Stuck => Trouble::Stuck,
        }),
    };
    let ready = || terminal.remark(&format!("waiting for drivers at {}", args.socket.display()));
    server::serve(simulation, &options, ready).map(|()| 0)
}
