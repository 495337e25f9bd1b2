//! `seigo inspect`.

use clap::ValueEnum;

use super::format::Format;
use super::model::ModelArgs;
use super::terminal::Terminal;
use crate::base::error::{Error, Result, codes};
use crate::base::files;
use crate::compile::boards::Target;
use crate::frontend::rewrites;
use crate::present::tables::inspect::Inspection;
use crate::present::tables::quantized::QuantizedInspection;
use crate::present::tables::quantized_dump::{self, QuantizedDump};
use crate::quantize::ptq::{Options, Preview};

/// Show what a model consists of: operators, layers before and after fusion, MACs, parameters,
/// bytes, and what would compute in int8; of a .ceras model, who computes each layer on a target
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print a stage itself instead of the tables about it
    #[arg(long, value_enum, value_name = "STAGE")]
    emit: Option<Emit>,
    /// Rewrites to run, comma-separated and in this order [default: the standard ones]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rewrites: Option<Vec<String>>,
    /// Of a .ceras model: the target whose accelerator does the layers, a built-in one or a target file
    /// [default: kv260]
    #[arg(long, value_name = "NAME|FILE")]
    target: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Emit {
    /// The graph after the rewrites, or that of the .ceras model
    Graph,
    /// The same as JSON
    Json,
    /// The graph as imported
    Imported,
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let text = if args.model.source().is_ceras()? { quantized(args)? } else { float(args)? };
    terminal.result(&text)?;
    Ok(0)
}

/// The form that is asked for.
fn format(args: &Args) -> Format {
    if matches!(args.emit, Some(Emit::Json)) { Format::Json } else { args.format }
}

/// What is asked of a .ceras model.
fn quantized(args: &Args) -> Result<String> {
    if args.rewrites.is_some() || matches!(args.emit, Some(Emit::Imported)) {
        return Err(Error::new(&codes::BAD_ARGUMENT, "a .ceras model has no rewrites to run")
            .help("inspect the ONNX model instead"));
    }
    let model = args.model.source().quantized()?;
    if args.emit.is_some() {
        let graph = &model.graph;
        return format(args).of(&QuantizedDump::new(graph), || quantized_dump::to_text(graph));
    }
    let target = Target::load(args.target.as_deref().unwrap_or("kv260"))?;
    let file = files::read(&args.model.model)?;
    let inspection = QuantizedInspection::new(&model, &file, &target)
        .map_err(|error| error.at(args.model.model.display().to_string()))?;
    format(args).of(&inspection, || inspection.to_text())
}

/// What is asked of an ONNX model.
fn float(args: &Args) -> Result<String> {
    if args.target.is_some() {
        let message = "--target needs a .ceras model: only integers run on the accelerator";
        return Err(Error::new(&codes::BAD_ARGUMENT, message).help("quantize the model first"));
    }
    let original = args.model.source().graph()?;
    let mut fused = original.clone();
    let chosen = match &args.rewrites {
        None => rewrites::STANDARD.to_vec(),
        Some(names) => {
            let names: Vec<_> = names.iter().map(|name| name.trim()).collect();
            rewrites::by_names(&names)?
        }
    };
    let applied = rewrites::run(&mut fused, &chosen)
        .map_err(|error| error.at(args.model.model.display().to_string()))?;
    let shown = match args.emit {
        Some(Emit::Graph | Emit::Json) => &fused,
        Some(Emit::Imported) => &original,
        None => {
            let preview = Preview::new(&original, &Options::default())?;
            let inspection = Inspection::new(&original, &fused, applied, &preview);
            return format(args).of(&inspection, || inspection.to_text());
        }
    };
    format(args).of(&shown.dump(), || shown.to_text())
}
