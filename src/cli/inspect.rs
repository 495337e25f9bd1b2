//! `seigo inspect`.

use clap::ValueEnum;

use super::model::ModelArgs;
use super::terminal::Terminal;
use crate::error::{Error, Result, codes};
use crate::passes;
use crate::report::inspect::Inspection;

/// Show what a model consists of: operators, layers before and after fusion, MACs, parameters,
/// bytes, and where each node is done
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Print a stage itself instead of the tables about it
    #[arg(long, value_enum, value_name = "STAGE")]
    emit: Option<Emit>,
    /// Passes to run, comma-separated and in this order [default: the standard ones]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    passes: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for a terminal
    Table,
    /// One JSON document
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Emit {
    /// The graph after the passes
    Graph,
    /// The graph as imported
    Imported,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let original = args.model.graph()?;
    let mut fused = original.clone();
    let passes = match &args.passes {
        None => passes::STANDARD.to_vec(),
        Some(names) => {
            let names: Vec<_> = names.iter().map(|name| name.trim()).collect();
            passes::by_names(&names)?
        }
    };
    let applied = passes::run(&mut fused, &passes)
        .map_err(|error| error.at(args.model.model.display().to_string()))?;
    let (text, json) = match args.emit {
        Some(Emit::Graph) => (fused.to_text(), fused.to_json()),
        Some(Emit::Imported) => (original.to_text(), original.to_json()),
        None => {
            let inspection = Inspection::new(&original, &fused, applied);
            let json = serde_json::to_value(&inspection)
                .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))?;
            (inspection.to_text(), json)
        }
    };
    terminal.result(&match args.format {
        Format::Table => text,
        Format::Json => format!("{json:#}\n"),
    })?;
    Ok(0)
}
