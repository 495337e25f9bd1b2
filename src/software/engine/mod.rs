//! The fast integer engine: the numbers of the reference, by kernels for the processor at hand.
//!
//! int8 values are bytes with channels innermost (`layout`); each lies in a slot that other values take over when nobody reads it
//! any more, so that a frame allocates nothing for them. Values of other widths are carried as `q - z` in single
//! precision, float values as they are. Everything behind a sum of products is integer arithmetic (`docs/arithmetic.md`).

mod conv;
mod depthwise;
mod edges;
mod elementwise;
mod kernels;
mod layout;
mod moves;
mod plan;
mod pool;
mod stage;
mod work;

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::base::awake::awake;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{Operand, QGraph, QValueId};

pub use edges::carry;
pub use kernels::Kernels;
use plan::{Frame, Plan};
use work::Work;

/// A quantized graph, ready to run on many frames.
#[derive(Debug)]
pub struct Engine<'a> {
    graph: &'a QGraph,
    plan: Plan,
    works: Vec<Work<'a>>,
    /// For each layer, the values that nobody reads after it.
    dead_after: Vec<Vec<QValueId>>,
    /// Memory of frames that are done.
    frames: Mutex<Vec<Frame>>,
    /// Layers that ran alone.
    steps: Vec<OnceLock<Step<'a>>>,
}

impl<'a> Engine<'a> {
    /// Prepares a valid graph.
    ///
    /// # Errors
    /// Those of [`QGraph::validate`].
    pub fn new(graph: &'a QGraph) -> Result<Self> {
        Self::with_kernels(graph, Kernels::best())
    }

    /// The same with chosen kernels.
    ///
    /// # Errors
    /// Those of [`QGraph::validate`].
    pub fn with_kernels(graph: &'a QGraph, kernels: Kernels) -> Result<Self> {
        graph.validate()?;
        let layers = 0..graph.layers.len();
        let plan = Plan::new(graph, layers.clone())?;
        let works = layers.map(|index| Work::new(graph, &plan, index, kernels));
        let works = works.collect::<Result<_>>()?;
        let dead_after = graph.dead_after();
        let steps = graph.layers.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { graph, plan, works, dead_after, frames: Mutex::default(), steps })
    }

    /// Runs the graph on one float tensor per network input; returns one float tensor per output.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for an input of another shape, [`codes::ACTIVATION_NON_FINITE`].
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        awake(|| self.compute(inputs, |_, _| Ok(())))
    }

    /// Like [`Engine::run`]; `observe` sees every value once, as `q - z` in single precision or,
    /// for float values, as it is.
    ///
    /// # Errors
    /// Those of [`Engine::run`] and of `observe`.
    pub fn run_observed(
        &self,
        inputs: &[Tensor],
        mut observe: impl FnMut(QValueId, &Tensor) -> Result<()>,
    ) -> Result<Vec<Tensor>> {
        self.compute(inputs, |frame, id| {
            let tensor = self.plan.carried(self.graph, frame, id)?;
            observe(id, &tensor)
        })
    }

    fn compute(
        &self,
        inputs: &[Tensor],
        mut computed: impl FnMut(&Frame, QValueId) -> Result<()>,
    ) -> Result<Vec<Tensor>> {
        let graph = self.graph;
        if inputs.len() != graph.inputs.len() {
            return Err(Error::new(
                &codes::SHAPE,
                format!("{} inputs given, the network has {}", inputs.len(), graph.inputs.len()),
            ));
        }
        let mut frame = self.frame();
        for (&id, tensor) in graph.inputs.iter().zip(inputs) {
            let value = graph.value(id);
            if tensor.shape() != value.shape {
                return Err(Error::new(
                    &codes::SHAPE,
                    format!(
                        "input \"{}\" has shape {:?}, given {:?}",
                        value.name,
                        value.shape,
                        tensor.shape()
                    ),
                ));
            }
            self.plan.quantize(graph, &mut frame, id, tensor)?;
            computed(&frame, id)?;
        }
        for (index, layer) in graph.layers.iter().enumerate() {
            self.works[index].run(graph, &self.plan, &mut frame).at(|| layer.place())?;
            for &id in &layer.outputs {
                computed(&frame, id)?;
            }
            for id in &self.dead_after[index] {
                frame.forget(*id);
            }
        }
        let outputs = graph.outputs.iter().map(|out| self.plan.real(graph, &frame, out.value));
        let outputs = outputs.collect();
        frame.clear();
        self.frames.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
        outputs
    }

    fn frame(&self) -> Frame {
        let spare = self.frames.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| self.plan.frame())
    }

    /// Runs one layer alone: the floats of the values that it reads, in the order of its inputs with
    /// constants left out, are quantized to their formats, its results dequantized.
    ///
    /// # Errors
    /// [`codes::ACTIVATION_NON_FINITE`] and those of the operators.
    pub fn run_layer(&self, index: usize, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let graph = self.graph;
        let layer = &graph.layers[index];
        let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
        let ids = layer.inputs.iter().flatten().filter_map(Operand::value);
        for (id, tensor) in ids.zip(inputs) {
            values[id.0] = Some(carry(graph.rounding, graph.value(id), tensor.clone())?);
        }
        let step = match self.steps[index].get() {
            Some(step) => step,
            None => {
                let step = Step::new(graph, index)?;
                self.steps[index].get_or_init(|| step)
            }
        };
        let outputs = step.run(&values)?;
        let pairs = layer.outputs.iter().zip(&outputs);
        pairs.map(|(&id, output)| edges::dequantized(graph.value(id), output)).collect()
    }
}

/// One layer of a valid graph, ready to run on many frames.
#[derive(Debug)]
pub struct Step<'a> {
    graph: &'a QGraph,
    index: usize,
    plan: Plan,
    work: Work<'a>,
}

impl<'a> Step<'a> {
    /// Prepares a layer, given by its index.
    ///
    /// # Errors
    /// Those of preparing a convolution.
    pub fn new(graph: &'a QGraph, index: usize) -> Result<Self> {
        let plan = Plan::new(graph, index..index + 1)?;
        let work = Work::new(graph, &plan, index, Kernels::best())?;
        Ok(Self { graph, index, plan, work })
    }

    /// Runs the layer on values as they are carried (see [`Engine::run_observed`]), by index.
    ///
    /// # Errors
    /// Those of the operators.
    pub fn run(&self, values: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
        let layer = &self.graph.layers[self.index];
        let mut frame = self.plan.frame();
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            let tensor = values[id.0].as_ref().ok_or_else(|| missing(id))?;
            self.plan.enter(self.graph, &mut frame, id, tensor)?;
        }
        self.work.run(self.graph, &self.plan, &mut frame).at(|| layer.place())?;
        let outputs = layer.outputs.iter();
        outputs.map(|&id| self.plan.carried(self.graph, &frame, id)).collect()
    }
}

fn missing(id: QValueId) -> Error {
    Error::new(&codes::INTERNAL, format!("value {} is missing", id.0))
}
