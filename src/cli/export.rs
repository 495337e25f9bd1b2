//! `seigo export`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::error::{Place as _, Result};
use crate::base::files;
use crate::emit::cpp;
use crate::model::ceras;
use crate::model::qgraph::QGraph;
use crate::quantize::qonnx::export::{self, Functions};

/// Write a .ceras model as ONNX, for other programs, or as C++, for processors without an operating system
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Quantized model
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Form of the result
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
    /// One C++17 file with static arrays, without parsing and heap, that equals the reference bit for bit; its header is
    /// written beside it
    Cpp,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        let header = (self.to == Form::Cpp).then(|| self.header());
        let written = [self.output.clone()].into_iter().chain(header);
        Paths::default().reads("the model", &self.model).writes("--output", written)
    }

    /// The header beside a C++ file.
    fn header(&self) -> PathBuf {
        let extension =
            if self.output.extension().is_some_and(|own| own == "h") { "hpp" } else { "h" };
        self.output.with_extension(extension)
    }

    fn cpp(&self, graph: &QGraph) -> Result<()> {
        let name = self.output.file_stem().unwrap_or_default().to_string_lossy();
        let source = cpp::source(graph, &name).at(|| self.model.display().to_string())?;
        files::write(&self.output, source.code.as_bytes())?;
        files::write(&self.header(), source.header.as_bytes())
    }
}

pub fn run(args: &Args, _terminal: &Terminal) -> Result<u8> {
    let graph = ceras::Model::load(&args.model)?.graph;
    let model = match args.to {
        Form::Cpp => return args.cpp(&graph).map(|()| 0),
        Form::Qdq => export::qdq(&graph, Functions::Tables),
        Form::QdqOperators => export::qdq(&graph, Functions::Operators),
        Form::Exact => export::exact(&graph),
    };
    let model = model.at(|| args.model.display().to_string())?;
    model.write(&args.output)?;
    Ok(0)
}
