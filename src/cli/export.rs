//! `seigo export`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Place as _, Result};
use crate::model::ceras;
use crate::quantize::qonnx::export::{self, Functions};

/// Write a .ceras model as ONNX, for other programs
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Quantized model
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Form of the ONNX model
    #[arg(long, value_enum)]
    to: Form,
    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// QuantizeLinear and DequantizeLinear, activation functions as tables: differs from the
    /// reference on ties only
    Qdq,
    /// The same with activation functions as operators: easier to read, off by the tables' error
    QdqOperators,
    /// Integer-exact with stock operators: equals the reference bit for bit
    Exact,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default().reads("the model", &self.model).writes("--output", [&self.output])
    }
}

pub fn run(args: &Args, _terminal: &Terminal) -> Result<u8> {
    let graph = ceras::Model::load(&args.model)?.graph;
    let model = match args.to {
        Form::Qdq => export::qdq(&graph, Functions::Tables),
        Form::QdqOperators => export::qdq(&graph, Functions::Operators),
        Form::Exact => export::exact(&graph),
    };
    let model = model.at(|| args.model.display().to_string())?;
    model.write(&args.output)?;
    Ok(0)
}
