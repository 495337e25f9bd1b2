//! A network that runs: a float graph, or a quantized model on one of the engines.

use std::path::{Path, PathBuf};

use super::policy::{Networks, Policy};
use super::source::{Source, name};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::boards::Target;
use crate::compile::{CompileOptions, Compiled};
#[cfg(unix)]
use crate::device::{self, OnDevice, Simulated, Transport, Uio};
#[cfg(unix)]
use crate::emit::bundle;
use crate::frontend::graph::Graph;
use crate::model::ceras;
use crate::model::qgraph::QGraph;
use crate::software::engine::Engine;
use crate::software::executor::Executor;
use crate::software::reference;
use crate::verify::cosim;

/// What computes a .ceras model; all give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum EngineKind {
    /// The fast integer engine
    #[default]
    Fast,
    /// The naive golden model
    Reference,
    /// The generated accelerator, simulated cycle by cycle
    Rtl,
    /// The accelerator of this board, or a simulated one in another process
    #[cfg(unix)]
    Device,
}

impl EngineKind {
    /// Whether it runs the program of a target.
    fn has_target(self) -> bool {
        !matches!(self, Self::Fast | Self::Reference)
    }
}

/// How a network is opened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// What computes a .ceras model: the fast engine where nothing is said. An ONNX model runs in
    /// float and takes none.
    pub engine: Option<EngineKind>,
    /// What [`EngineKind::Rtl`] simulates, or what the device is: the kv260 where nothing is said.
    pub target: Option<Target>,
    /// The socket of a simulated device: the board's accelerator where nothing is said.
    pub device: Option<PathBuf>,
    /// Which form runs of layers that a .ceras model holds in both, in software.
    pub policy: Policy,
}

/// An opened network.
///
/// ```
/// use seigo::base::tensor::Tensor;
/// use seigo::session::{Network, Options};
///
/// # fn main() -> seigo::Result<()> {
/// let network = Network::open("tests/fixtures/classifier.onnx", &Options::default())?;
/// let (name, shape) = network.interface().inputs[0];
/// println!("{name} has the shape {shape:?}");
/// let image = Tensor::new(shape, vec![0f32; shape.iter().product()])?;
/// let outputs = network.run(&[image])?;
/// assert_eq!(outputs.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Network {
    path: PathBuf,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// The fused graph of an ONNX model.
    Float(Box<Graph>),
    /// A .ceras model in software: the fast engine, or the golden model.
    Software { model: Box<ceras::Model>, networks: Box<Networks>, fast: bool },
    /// A .ceras model on its simulated accelerator.
    Rtl { compiled: Box<Compiled>, library: PathBuf },
    /// A .ceras model on a device: a simulated one at a socket, else that of this board.
    #[cfg(unix)]
    Device { compiled: Box<Compiled>, socket: Option<PathBuf> },
}

/// Name and extents of a network input or output.
pub type Port<'a> = (&'a str, &'a [usize]);

/// What a network takes and gives.
#[derive(Debug, Clone)]
pub struct Interface<'a> {
    /// Its inputs.
    pub inputs: Vec<Port<'a>>,
    /// Its outputs.
    pub outputs: Vec<Port<'a>>,
    /// The task that the model file carries.
    pub task: Option<&'a serde_json::Value>,
}

impl<'a> Interface<'a> {
    /// Of a quantized model.
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

    /// Of a float graph.
    pub fn of_graph(graph: &'a Graph) -> Self {
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
    /// Opens an ONNX or .ceras file. The engine `Rtl` builds the simulation, which takes up to half
    /// a minute where it is not in the cache.
    ///
    /// # Errors
    /// [`codes::BAD_ARGUMENT`] for options that mean nothing for the file; those of reading and
    /// compiling the model, naming the file.
    pub fn open(source: impl Into<Source>, options: &Options) -> Result<Self> {
        let source = source.into();
        let path = source.path.clone();
        let refuse = |message: &str, help: &str| {
            Err(Error::new(&codes::BAD_ARGUMENT, message).help(help).at(name(&path)))
        };
        let engine = options.engine.unwrap_or_default();
        if options.target.is_some() && !engine.has_target() {
            return refuse(
                "a target is given, and nothing is simulated",
                "only the engines rtl and device run on a target",
            );
        }
        #[cfg(unix)]
        if options.device.is_some() && engine != EngineKind::Device {
            return refuse("a device is given, and nothing runs there", "choose the engine device");
        }
        let ceras = source.is_ceras()?;
        if options.policy != Policy::Integer && (!ceras || engine.has_target()) {
            return refuse(
                "a policy is given, and no layer here has two forms",
                "policies choose between the forms of a .ceras model's layers in software",
            );
        }
        let form = match (ceras, options.engine) {
            (false, None) => Form::Float(Box::new(source.fused()?.0)),
            (false, Some(_)) => {
                return refuse(
                    "an engine is given for an ONNX model, which runs in float",
                    "engines run quantized models; make one with `seigo quantize`",
                );
            }
            (true, _) if engine == EngineKind::Rtl => {
                let compiled = compile(&source, options)?;
                let library = cosim::compile(&compiled, false)?;
                Form::Rtl { compiled: Box::new(compiled), library }
            }
            #[cfg(unix)]
            (true, _) if engine == EngineKind::Device => Form::Device {
                compiled: Box::new(compile(&source, options)?),
                socket: options.device.clone(),
            },
            (true, _) => {
                let model = Box::new(source.quantized()?);
                let networks = options.policy.networks(&model).at(|| name(&path))?;
                let fast = engine == EngineKind::Fast;
                Form::Software { model, networks: Box::new(networks), fast }
            }
        };
        Ok(Self { path, form })
    }

    /// The file that it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of the network without running it.
    pub fn interface(&self) -> Interface<'_> {
        match &self.form {
            Form::Float(graph) => Interface::of_graph(graph),
            Form::Software { model, .. } => Interface::of_model(model),
            Form::Rtl { compiled, .. } => Interface::of_model(&compiled.model),
            #[cfg(unix)]
            Form::Device { compiled, .. } => Interface::of_model(&compiled.model),
        }
    }

    /// The compiled network, where the engine runs its program.
    pub fn compiled(&self) -> Option<&Compiled> {
        match &self.form {
            Form::Rtl { compiled, .. } => Some(compiled),
            #[cfg(unix)]
            Form::Device { compiled, .. } => Some(compiled),
            _ => None,
        }
    }

    /// Prepares the network for any number of frames.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] for a graph that the engine cannot prepare; those of opening a device.
    pub fn runner(&self) -> Result<Runner<'_>> {
        Ok(match &self.form {
            Form::Float(graph) => Runner::Float(Executor::new(graph)),
            Form::Software { networks, fast, .. } => software(&networks.first, *fast)?,
            Form::Rtl { compiled, library } => {
                Runner::Rtl(cosim::Rtl::new(compiled, library.clone()))
            }
            #[cfg(unix)]
            Form::Device { compiled, socket } => {
                let transport: Box<dyn Transport + Send> = match socket {
                    Some(socket) => Box::new(Simulated::open(socket)?),
                    None => Box::new(Uio::board()?),
                };
                let description = bundle::describe(compiled)?;
                let options = device::Options::default();
                Runner::Device(Box::new(OnDevice::new(compiled, description, transport, options)?))
            }
        })
    }

    /// By [`Policy::Margin`]: the margin, and what runs frames whose answer is nearer to a decision.
    ///
    /// # Errors
    /// Those of [`Self::runner`].
    pub fn second_runner(&self) -> Result<Option<(f32, Runner<'_>)>> {
        match &self.form {
            Form::Software { networks, fast, .. } => match &networks.second {
                Some((margin, graph)) => Ok(Some((*margin, software(graph, *fast)?))),
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// Runs one frame. For many, [`Self::runner`] prepares once.
    ///
    /// # Errors
    /// Tensors that are not those of the network's inputs, naming the file.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        self.runner()?.run(inputs).at(|| name(&self.path))
    }
}

fn software(graph: &QGraph, fast: bool) -> Result<Runner<'_>> {
    Ok(if fast { Runner::Fast(Engine::new(graph)?) } else { Runner::Reference(graph) })
}

/// The model for the target of the options.
fn compile(source: &Source, options: &Options) -> Result<Compiled> {
    let default;
    let target = match &options.target {
        Some(target) => target,
        None => {
            default = Target::load("kv260")?;
            &default
        }
    };
    let compiled = Compiled::new(source.quantized()?, target, CompileOptions::default());
    compiled.at(|| name(&source.path))
}

/// A network, ready to run.
pub enum Runner<'a> {
    /// In float.
    Float(Executor<'a>),
    /// In integers, fast.
    Fast(Engine<'a>),
    /// In integers, by the golden model.
    Reference(&'a QGraph),
    /// On the simulated accelerator.
    Rtl(cosim::Rtl<'a>),
    /// On a device.
    #[cfg(unix)]
    Device(Box<OnDevice<'a>>),
}

impl Runner<'_> {
    /// One float tensor per network input to one per network output.
    ///
    /// # Errors
    /// Tensors that are not those of the network's inputs; for the accelerator, those of a frame.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        match self {
            Self::Float(executor) => executor.run(inputs),
            Self::Fast(engine) => engine.run(inputs),
            Self::Reference(graph) => reference::run(graph, inputs),
            Self::Rtl(accelerator) => accelerator.run(inputs),
            #[cfg(unix)]
            Self::Device(device) => device.run(inputs),
        }
    }
}
