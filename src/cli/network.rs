//! The network behind a command that computes: a float graph, or a quantized model and an engine.

use std::path::PathBuf;

use clap::ValueEnum;

use super::model::ModelArgs;
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
use crate::frontend::graph::Graph;
use crate::model::ceras;
use crate::software::engine::Engine;
use crate::software::executor::Executor;
use crate::software::reference;
use crate::verify::cosim;

/// The model and what computes it.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// What computes a .ceras model; all give the same bits
    #[arg(long, value_enum, default_value_t = EngineKind::Fast)]
    pub engine: EngineKind,
    /// Target of the engine `rtl`: a built-in one or a JSON file, see docs/targets.md
    #[arg(long, value_name = "NAME|FILE", default_value = "kv260")]
    pub target: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// The fast integer engine
    Fast,
    /// The naive golden model
    Reference,
    /// The generated accelerator, simulated cycle by cycle
    Rtl,
}

/// An opened network.
pub enum Network {
    /// The fused graph of an ONNX model.
    Float(Graph),
    /// A .ceras model in software.
    Quantized(Box<ceras::Model>, Software),
    /// A .ceras model on its simulated accelerator: compiled for its target, and the simulation.
    Rtl(Box<Compiled>, PathBuf),
}

/// What computes a .ceras model in software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// The fast engine.
    Fast,
    /// The golden model.
    Reference,
}

/// Name and extents of a network input or output.
pub type Port<'a> = (&'a str, &'a [usize]);

/// What a network takes and gives.
pub struct Interface<'a> {
    pub inputs: Vec<Port<'a>>,
    pub outputs: Vec<Port<'a>>,
    /// The task that the model file carries.
    pub task: Option<&'a serde_json::Value>,
}

impl<'a> Interface<'a> {
    pub fn of_model(model: &'a ceras::Model) -> Self {
        let graph = &model.graph;
        let inputs = graph.inputs.iter().map(|&id| graph.value(id));
        let outputs = graph.outputs.iter();
        Self {
            inputs: inputs.map(|value| (&*value.name, &*value.shape)).collect(),
            outputs: outputs.map(|out| (&*out.name, &*graph.value(out.value).shape)).collect(),
            task: model.meta.task.as_ref(),
        }
    }

    fn of_graph(graph: &'a Graph) -> Self {
        let inputs = graph.inputs.iter().map(|&id| graph.value(id));
        let outputs = graph.outputs.iter();
        Self {
            inputs: inputs.map(|value| (&*value.name, &*value.fact.shape)).collect(),
            outputs: outputs.map(|out| (&*out.name, &*graph.fact(out.value).shape)).collect(),
            task: None,
        }
    }
}

impl Network {
    pub fn open(args: &NetworkArgs, terminal: &Terminal) -> Result<Self> {
        let ceras = args.model.is_ceras()?;
        match args.engine {
            EngineKind::Rtl if !ceras => {
                Err(Error::new(&codes::BAD_ARGUMENT, "the engine rtl runs quantized models")
                    .help("make one with `seigo quantize`")
                    .at(args.model.model.display().to_string()))
            }
            EngineKind::Rtl => Self::simulated(args, terminal),
            EngineKind::Fast if ceras => {
                Ok(Self::Quantized(Box::new(args.model.ceras()?), Software::Fast))
            }
            EngineKind::Reference if ceras => {
                Ok(Self::Quantized(Box::new(args.model.ceras()?), Software::Reference))
            }
            _ => args.model.fused().map(|(graph, _)| Self::Float(graph)),
        }
    }

    fn simulated(args: &NetworkArgs, terminal: &Terminal) -> Result<Self> {
        let model = args.model.ceras()?;
        let target = Target::load(&args.target)?;
        let compiled = Compiled::new(model, &target, CompileOptions::default());
        let compiled = compiled.at(|| args.model.model.display().to_string())?;
        if !compiled.uses_accelerator() {
            terminal.warning(
                "the accelerator computes no layer of this model: what the simulation gives is the \
                 processor's alone",
            );
        }
        terminal.remark("building the simulation, unless it is in the cache");
        let library = cosim::compile(&compiled, false)?;
        Ok(Self::Rtl(Box::new(compiled), library))
    }

    /// What is known of the network without running it.
    pub fn interface(&self) -> Interface<'_> {
        match self {
            Self::Float(graph) => Interface::of_graph(graph),
            Self::Quantized(model, _) => Interface::of_model(model),
            Self::Rtl(compiled, _) => Interface::of_model(&compiled.model),
        }
    }

    /// Network inputs.
    pub fn inputs(&self) -> Vec<Port<'_>> {
        self.interface().inputs
    }

    /// Network outputs.
    pub fn outputs(&self) -> Vec<Port<'_>> {
        self.interface().outputs
    }

    /// Prepares the network for any number of frames.
    pub fn runner(&self) -> Result<Runner<'_>> {
        Ok(match self {
            Self::Float(graph) => Runner::Float(Executor::new(graph)),
            Self::Quantized(model, Software::Fast) => Runner::Fast(Engine::new(&model.graph)?),
            Self::Quantized(model, Software::Reference) => Runner::Reference(&model.graph),
            Self::Rtl(compiled, library) => Runner::Rtl(cosim::Rtl::new(compiled, library.clone())),
        })
    }
}

/// A network, ready to run.
pub enum Runner<'a> {
    Float(Executor<'a>),
    Fast(Engine<'a>),
    Reference(&'a crate::model::qgraph::QGraph),
    Rtl(cosim::Rtl<'a>),
}

impl Runner<'_> {
    /// One float tensor per network input to one per network output.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        match self {
            Self::Float(executor) => executor.run(inputs),
            Self::Fast(engine) => engine.run(inputs),
            Self::Reference(graph) => reference::run(graph, inputs),
            Self::Rtl(accelerator) => accelerator.run(inputs),
        }
    }
}
