//! `seigo build`.

use std::path::PathBuf;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Place as _, Result};
use crate::compile::boards::Target;
use crate::compile::boards::board::Name;
use crate::compile::resources::Resources;
use crate::compile::{CompileOptions, Compiled};
use crate::emit::{bundle, verilog};
use crate::model::ceras::Model;

/// Compile a .ceras model for a target: Verilog, program and manifest in one folder
#[derive(Debug, clap::Args)]
pub struct Args {
    /// .ceras model
    #[arg(value_name = "MODEL.ceras")]
    model: PathBuf,
    /// Built-in target, or a target file (docs/targets.md)
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    target: String,
    /// Refuse a model of which the processor does layers within a frame, or all of them
    #[arg(long)]
    no_processor: bool,
    /// Build a design that its part has no room for, to simulate it or to see what synthesis makes of it
    #[arg(long)]
    force: bool,
    /// Folder to write; an older bundle there is replaced
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default()
            .reads("the model", &self.model)
            .reads("the target file", &self.target)
            .replaces("--output", &self.output)
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let model = Model::load(&args.model)?;
    let target = Target::load(&args.target)?;
    let options = CompileOptions { accelerator_only: args.no_processor };
    let compiled = Compiled::new(model, &target, options);
    let compiled = compiled.at(|| args.model.display().to_string())?;
    let needed = Resources::of_design(&compiled.design);
    if !args.force {
        needed.check(&target).at(|| args.target.clone())?;
    }
    bundle::write(&compiled, &args.output)?;
    let verilog: usize = verilog::files(&compiled)?.iter().map(|(_, text)| text.len()).sum();
    let folder = args.output.display();
    if compiled.target().board == Name::None {
        terminal.remark(&format!(
            "target {} names no board, so {folder}/vivado has no block design and builds the accelerator alone: \
             set its field `board` (docs/targets.md) or connect the IP in {folder}/vivado/ip",
            compiled.target().name
        ));
    }
    if !compiled.uses_accelerator() {
        terminal.warning(&format!(
            "the accelerator computes no layer of this model: {folder} holds hardware without a pass \
             to run. `seigo inspect {} --target {}` says why, layer by layer",
            args.model.display(),
            args.target
        ));
        return Ok(0);
    }
    terminal.remark(&format!(
        "wrote {folder}: {} passes, program of {} bytes, Verilog of {verilog} bytes; next: seigo cosim \
         {folder}",
        compiled.schedule().passes.len(),
        compiled.program.stream.len(),
    ));
    terminal.remark(&format!("part {}: {}", target.part, needed.words(&target)));
    Ok(0)
}
