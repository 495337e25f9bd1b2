//! `seigo import`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::outputs::Paths;
use super::terminal::Terminal;
use crate::base::arithmetic::Rounding;
use crate::base::error::{Place as _, Result};
use crate::frontend::graph::{self, Graph, parse_input_shape};
use crate::frontend::onnx::Model;
use crate::model::ceras;
use crate::quantize::qonnx::{self, Arithmetic, ImportOptions, export};

/// Turn an ONNX model that is quantized already into a .ceras file with the same integers
#[derive(Debug, clap::Args)]
pub struct Args {
    /// ONNX model with QuantizeLinear and DequantizeLinear, or QLinearConv and the like
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// Where to write the model
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Shape of an input that the file leaves open, as NAME=1x3x416x416; may be repeated
    #[arg(long, value_name = "NAME=DIMS")]
    input_shape: Vec<String>,
    /// Integer rules [default: dpu where scales are per tensor and zero points 0, else even]
    #[arg(long, value_enum, conflicts_with = "requantize")]
    arithmetic: Option<Rules>,
    /// Take the quantization out and write a float ONNX model, to be quantized again
    #[arg(long)]
    requantize: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rules {
    /// Those of the Vitis AI DPU
    Dpu,
    /// Our own, halves round up
    Up,
    /// Our own, halves round to even
    Even,
}

impl Args {
    /// What is read and written.
    pub fn paths(&self) -> Paths {
        Paths::default().reads("the model", &self.model).writes("--output", [&self.output])
    }
}

pub fn run(args: &Args, terminal: &Terminal) -> Result<u8> {
    let place = || args.model.display().to_string();
    let shapes = args.input_shape.iter().map(|text| parse_input_shape(text));
    let shapes = graph::ImportOptions { input_shapes: shapes.collect::<Result<_>>()? };
    let mut model = Model::load(&args.model)?;
    if args.requantize {
        qonnx::lower(&mut model).at(place)?;
        let mut graph = Graph::from_model(&model, &shapes).at(place)?;
        let removed = qonnx::dequantize(&mut graph).at(place)?;
        let float = export::float(&graph).at(place)?;
        float.write(&args.output)?;
        terminal.remark(&format!("{removed} quantizing operators taken out"));
        return Ok(0);
    }
    let arithmetic = args.arithmetic.map(|rules| match rules {
        Rules::Dpu => Arithmetic::Dpu,
        Rules::Up => Arithmetic::Own(Rounding::HalfUp),
        Rules::Even => Arithmetic::Own(Rounding::HalfEven),
    });
    let options = ImportOptions { graph: shapes, arithmetic };
    let graph = qonnx::import(&model, &options).at(place)?;
    let float = graph.layers.iter().filter(|layer| layer.op.is_float()).count();
    let layers = graph.layers.len();
    ceras::Model::new(graph).save(&args.output)?;
    terminal.remark(&format!("{layers} layers, {float} of them in float on the processor"));
    Ok(0)
}
