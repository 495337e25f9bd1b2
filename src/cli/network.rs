//! The network behind a command that computes: a float graph, or a quantized model and an engine.

use clap::ValueEnum;

use super::model::ModelArgs;
use crate::ceras;
use crate::engine::Engine;
use crate::error::Result;
use crate::executor::Executor;
use crate::graph::Graph;
use crate::reference;
use crate::tensor::Tensor;

/// The model and what computes it.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    #[command(flatten)]
    pub model: ModelArgs,
    /// What computes a .ceras model; both give the same bits
    #[arg(long, value_enum, default_value_t = EngineKind::Fast)]
    pub engine: EngineKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// The fast integer engine
    Fast,
    /// The naive golden model
    Reference,
}

/// An opened network.
pub enum Network {
    /// The fused graph of an ONNX model.
    Float(Graph),
    /// A .ceras model.
    Quantized(Box<ceras::Model>, EngineKind),
}

/// Name and extents of a network input or output.
pub type Port<'a> = (&'a str, &'a [usize]);

impl Network {
    pub fn open(args: &NetworkArgs) -> Result<Self> {
        if args.model.is_ceras()? {
            return Ok(Self::Quantized(Box::new(args.model.ceras()?), args.engine));
        }
        args.model.fused().map(|(graph, _)| Self::Float(graph))
    }

    /// Network inputs.
    pub fn inputs(&self) -> Vec<Port<'_>> {
        match self {
            Self::Float(graph) => {
                let ports = graph.inputs.iter().map(|&id| graph.value(id));
                ports.map(|value| (&*value.name, &*value.fact.shape)).collect()
            }
            Self::Quantized(model, _) => {
                let ports = model.graph.inputs.iter().map(|&id| model.graph.value(id));
                ports.map(|value| (&*value.name, &*value.shape)).collect()
            }
        }
    }

    /// Network outputs.
    pub fn outputs(&self) -> Vec<Port<'_>> {
        match self {
            Self::Float(graph) => {
                let outputs = graph.outputs.iter();
                outputs.map(|out| (&*out.name, &*graph.fact(out.value).shape)).collect()
            }
            Self::Quantized(model, _) => {
                let outputs = model.graph.outputs.iter();
                outputs.map(|out| (&*out.name, &*model.graph.value(out.value).shape)).collect()
            }
        }
    }

    /// The task that the model file carries.
    pub fn task(&self) -> Option<&serde_json::Value> {
        match self {
            Self::Float(_) => None,
            Self::Quantized(model, _) => model.meta.task.as_ref(),
        }
    }

    /// Prepares the network for any number of frames.
    pub fn runner(&self) -> Result<Runner<'_>> {
        Ok(match self {
            Self::Float(graph) => Runner::Float(Executor::new(graph)),
            Self::Quantized(model, EngineKind::Fast) => Runner::Fast(Engine::new(&model.graph)?),
            Self::Quantized(model, EngineKind::Reference) => Runner::Reference(&model.graph),
        })
    }
}

/// A network, ready to run.
pub enum Runner<'a> {
    Float(Executor<'a>),
    Fast(Engine<'a>),
    Reference(&'a crate::qgraph::QGraph),
}

impl Runner<'_> {
    /// One float tensor per network input to one per network output.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        match self {
            Self::Float(executor) => executor.run(inputs),
            Self::Fast(engine) => engine.run(inputs),
            Self::Reference(graph) => reference::run(graph, inputs),
        }
    }
}
