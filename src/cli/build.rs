//! `seigo build`.

use std::path::PathBuf;

use super::terminal::Terminal;
use crate::base::error::{Place as _, Result};
use crate::compile::boards::Target;
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
    /// Refuse a model with layers between two passes that only the processor can do
    #[arg(long)]
    no_processor: bool,
    /// Folder to write; an older bundle there is replaced
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let model = Model::load(&args.model)?;
    let target = Target::load(&args.target)?;
    let options = CompileOptions { accelerator_only: args.no_processor };
    let compiled = Compiled::new(model, &target, options);
    let compiled = compiled.at(|| args.model.display().to_string())?;
    bundle::write(&compiled, &args.output)?;
    let verilog: usize = verilog::files(&compiled)?.iter().map(|(_, text)| text.len()).sum();
    terminal.remark(&format!(
        "wrote {}: {} passes, program of {} bytes, Verilog of {verilog} bytes; next: seigo cosim {}",
        args.output.display(),
        compiled.schedule().passes.len(),
        compiled.program.stream.len(),
        args.output.display(),
    ));
    Ok(0)
}
