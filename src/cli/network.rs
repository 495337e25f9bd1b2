//! The options of commands that compute: the model, the engine, the target, the task.

use std::path::PathBuf;

use super::model::ModelArgs;
use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::Result;
use crate::compile::boards::Target;
use crate::session::{EngineKind, Network, Options, Vision};
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

impl NetworkArgs {
    /// What is read.
    pub fn paths(&self) -> Paths {
        Paths::default().model(&self.model.model).reads_all("the target file", &self.target)
    }

    /// Opens the network.
    pub fn open(&self, terminal: &Terminal) -> Result<Network> {
        let target = self.target.as_deref().map(Target::load).transpose()?;
        if self.engine == Some(EngineKind::Rtl) {
            terminal.remark("building the simulation, unless it is in the cache");
        }
        let options = Options { engine: self.engine, target, device: self.device.clone() };
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
