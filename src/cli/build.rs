//! `seigo build`.

use std::path::PathBuf;

use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::boards::Target;
use crate::compile::schedule::Work;
use crate::emit::bundle::Bundle;

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
    let bytes = files::read(&args.model)?;
    let target = Target::load(&args.target)?;
    let bundle = Bundle::new(&bytes, target).at(|| args.model.display().to_string())?;
    if args.no_processor {
        all_on_accelerator(&bundle).at(|| args.model.display().to_string())?;
    }
    bundle.write(&args.output)?;
    let verilog: usize = bundle.verilog().iter().map(|(_, text)| text.len()).sum();
    terminal.remark(&format!(
        "wrote {}: {} passes, program of {} bytes, Verilog of {verilog} bytes; next: seigo cosim {}",
        args.output.display(),
        bundle.schedule.passes.len(),
        bundle.program.stream.len(),
        args.output.display(),
    ));
    Ok(0)
}

/// No pass waits for the processor.
fn all_on_accelerator(bundle: &Bundle) -> Result<()> {
    let layers = bundle.schedule.passes.iter().flat_map(|pass| match &pass.work {
        Work::Processor { layers } => &layers[..],
        _ => &[],
    });
    let names: Vec<&str> =
        layers.map(|&index| bundle.model.graph.layers[index].name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let message = format!("only the processor can do {}", names.join(", "));
    Err(Error::new(&codes::PROGRAM_LIMIT, message).help(
        "`seigo inspect` says why; without --no-processor the accelerator waits for these layers",
    ))
}
