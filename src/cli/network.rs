//! The options of commands that compute: the model, the engine, the target, the task.

use std::path::PathBuf;

use super::model::ModelArgs;
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::session::{EngineKind, Network, Options, Policy, Vision};
use crate::vision::task::path_beside;

/// The model and what computes it.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// What computes a .ceras model; all give the same bits [default: fast]
    #[arg(long, value_enum)]
    pub engine: Option<EngineKind>,
    /// Target of the engines `rtl` and `device`: a built-in one or a JSON file, see docs/targets.md
    /// [default: kv260]
    #[arg(long, value_name = "NAME|FILE")]
    pub target: Option<String>,
    /// Socket of the engine `device`, which `seigo device` made [default: the accelerator of this
    /// board]
    #[arg(long, value_name = "SOCKET")]
    pub device: Option<PathBuf>,
}

/// A choice between the forms of layers.
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    /// Which form runs of layers that a .ceras model holds in both: integer, float, layers:NAMES, or margin:M, which
    /// is float where a score of the answer in integers is nearer than M to a decision [default: integer]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
}

impl PolicyArgs {
    /// The choice.
    pub fn policy(&self) -> Result<Policy> {
        self.policy.as_deref().map_or(Ok(Policy::default()), str::parse)
    }
}

impl NetworkArgs {
    /// What is read.
    pub fn paths(&self) -> Paths {
        Paths::default().model(&self.model.model).reads_all("the target file", &self.target)
    }

    /// Opens the network.
    pub fn open(&self, terminal: &Terminal) -> Result<Network> {
        self.open_by(Policy::Integer, terminal)
    }

    /// Opens the network with a choice between the forms of its layers.
    pub fn open_by(&self, policy: Policy, terminal: &Terminal) -> Result<Network> {
        let target = self.target.as_deref().map(Target::load).transpose()?;
        if self.engine == Some(EngineKind::Rtl) {
            terminal.remark("building the simulation, unless it is in the cache");
        }
        let device = self.device.clone();
        let options = Options { engine: self.engine, target, device, policy };
        let network = Network::open(self.model.source(), &options)?;
        if network.compiled().is_some_and(|compiled| !compiled.uses_accelerator()) {
            terminal.warning(
                "the accelerator computes no layer of this model: what the engine gives is the \
                 processor's alone",
            );
        }
        Ok(network)
    }
}

/// Binds a network to its task, with a remark where a preset is assumed.
pub fn bind<'a>(
    network: &'a Network,
    task: Option<&str>,
    terminal: &Terminal,
) -> Result<Vision<'a>> {
    let vision = Vision::new(network, task)?;
    terminal.assumed(vision.assumed(), &path_beside(network.path()));
    Ok(vision)
}
