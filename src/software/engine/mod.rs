//! The fast integer engine: the numbers of the reference, carried by float matrix products.
//!
//! Tensors hold `q - z` in single precision. Products and sums of such integers are exact below
//! 2^24; where a layer's weights could exceed that, they are split in two halves whose sums are
//! put together in integers. Everything after the sums is integer arithmetic (`docs/arithmetic.md`).

mod conv;
mod elementwise;

use crate::base::arithmetic::{Rounding, power};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{Computation, Layer, Operand, QGraph, QValue, QValueId, Scale, Width};

use conv::PreparedConv;

/// A quantized graph, ready to run on many frames.
#[derive(Debug)]
pub struct Engine<'a> {
    graph: &'a QGraph,
    steps: Vec<Step<'a>>,
    /// For each layer, the values that nobody reads after it.
    dead_after: Vec<Vec<QValueId>>,
}

impl<'a> Engine<'a> {
    /// Prepares a valid graph.
    ///
    /// # Errors
    /// Those of [`QGraph::validate`].
    pub fn new(graph: &'a QGraph) -> Result<Self> {
        graph.validate()?;
        let steps = (0..graph.layers.len()).map(|index| Step::new(graph, index));
        let steps = steps.collect::<Result<_>>()?;
        Ok(Self { graph, steps, dead_after: graph.dead_after() })
    }

    /// Runs the graph on one float tensor per network input; returns one float tensor per output.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for an input of another shape, [`codes::ACTIVATION_NON_FINITE`].
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        self.run_observed(inputs, |_, _| Ok(()))
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
        let graph = self.graph;
        if inputs.len() != graph.inputs.len() {
            return Err(Error::new(
                &codes::SHAPE,
                format!("{} inputs given, the network has {}", inputs.len(), graph.inputs.len()),
            ));
        }
        let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
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
            let tensor = carry(graph.rounding, value, tensor.clone())?;
            observe(id, &tensor)?;
            values[id.0] = Some(tensor);
        }
        for (index, layer) in graph.layers.iter().enumerate() {
            let outputs = self.steps[index].run(&values)?;
            for (&id, output) in layer.outputs.iter().zip(outputs) {
                observe(id, &output)?;
                values[id.0] = Some(output);
            }
            for id in &self.dead_after[index] {
                values[id.0] = None;
            }
        }
        graph
            .outputs
            .iter()
            .map(|output| {
                let tensor = present(&values, output.value)?;
                dequantized(graph.value(output.value), tensor)
            })
            .collect()
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
        let outputs = self.steps[index].run(&values)?;
        let pairs = layer.outputs.iter().zip(&outputs);
        pairs.map(|(&id, output)| dequantized(graph.value(id), output)).collect()
    }
}

/// One layer of a valid graph, ready to run on many frames.
#[derive(Debug)]
pub struct Step<'a> {
    graph: &'a QGraph,
    layer: &'a Layer,
    conv: Option<PreparedConv>,
}

impl<'a> Step<'a> {
    /// Prepares a layer, given by its index.
    ///
    /// # Errors
    /// Those of preparing a convolution.
    pub fn new(graph: &'a QGraph, index: usize) -> Result<Self> {
        let layer = &graph.layers[index];
        let prepare = |conv| PreparedConv::new(graph, layer, conv).at(|| layer.place());
        let conv = layer.op.conv().map(prepare).transpose()?;
        Ok(Self { graph, layer, conv })
    }

    /// Runs the layer on values as they are carried (see [`Engine::run_observed`]), by index.
    ///
    /// # Errors
    /// Those of the operators.
    pub fn run(&self, values: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
        self.compute(values).at(|| self.layer.place())
    }

    fn compute(&self, values: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
        let (graph, layer) = (self.graph, self.layer);
        let input = |position: usize| -> Result<(&QValue, &Tensor)> {
            let id = layer.input(position).ok_or_else(|| missing(position))?;
            Ok((graph.value(id), present(values, id)?))
        };
        let output = layer.outputs.first().map(|&id| graph.value(id));
        let output = output.ok_or_else(|| missing(0))?;
        match layer.op.operator().computation() {
            Computation::Conv(conv) => {
                let prepared = self.conv.as_ref().ok_or_else(|| missing(0))?;
                let residual = conv.residual().map(|_| input(1)).transpose()?;
                prepared.run(graph, conv, input(0)?.1, residual, output)
            }
            Computation::Add => elementwise::add(graph.rounding, [input(0)?, input(1)?], output),
            Computation::DpuAdd => {
                elementwise::dpu_add(graph.rounding, [input(0)?, input(1)?], output)
            }
            Computation::Rescale => elementwise::rescale(graph.rounding, input(0)?, output),
            Computation::OnIntegers(op) => self.generic(&op, values, false),
            Computation::Float(op) => self
                .generic(op, values, true)?
                .into_iter()
                .zip(&layer.outputs)
                .map(|(tensor, &id)| carry(graph.rounding, graph.value(id), tensor))
                .collect(),
        }
    }

    /// An operator, its sums by rule A14, on tensors as they are carried, or on the floats that they stand for.
    fn generic(&self, op: &Op, values: &[Option<Tensor>], float: bool) -> Result<Vec<Tensor>> {
        let inputs = self
            .layer
            .inputs
            .iter()
            .map(|operand| match operand {
                None => Ok(None),
                Some(Operand::Constant(tensor)) => Ok(Some(tensor.clone())),
                Some(Operand::Value(id)) => {
                    let tensor = present(values, *id)?;
                    let carried = if float {
                        dequantized(self.graph.value(*id), tensor)?
                    } else {
                        tensor.clone()
                    };
                    Ok(Some(carried))
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        op.eval_in_order(Inputs::new(&references))
    }
}

fn missing(position: usize) -> Error {
    Error::new(&codes::INTERNAL, format!("operand {position} is missing"))
}

fn present(values: &[Option<Tensor>], id: QValueId) -> Result<&Tensor> {
    values[id.0].as_ref().ok_or_else(|| missing(id.0))
}

/// Runs `f` on every channel: the scale and the elements of one plane.
fn by_channel(shape: &[usize], scales: &[Scale], data: &mut [f32], f: impl Fn(Scale, &mut [f32])) {
    let plane: usize = shape.iter().skip(2).product();
    for (index, chunk) in data.chunks_mut(plane.max(1)).enumerate() {
        f(scales[index % scales.len()], chunk);
    }
}

/// Smallest and largest `q - z` of a channel.
fn limits(width: Width, scale: Scale) -> (f32, f32) {
    let half = power(width.bits() as i32 - 1);
    let zero = f64::from(scale.zero);
    ((-half - zero) as f32, (half - 1.0 - zero) as f32)
}

/// Rule A11 for the elements of a float tensor, by the rounding of the graph, as they are carried; a float
/// value stays as it is.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn carry(rounding: Rounding, value: &QValue, tensor: Tensor) -> Result<Tensor> {
    let Some((width, scales)) = value.integer() else { return Ok(tensor) };
    let mut data = tensor.values::<f32>()?.to_vec();
    if data.iter().any(|number| !number.is_finite()) {
        return Err(Error::new(
            &codes::ACTIVATION_NON_FINITE,
            format!("\"{}\" holds NaN or infinity", value.name),
        ));
    }
    by_channel(&value.shape, scales, &mut data, |scale, plane| {
        let (low, high) = limits(width, scale);
        let step = power(-i32::from(scale.exponent));
        for number in plane {
            let steps = rounding.whole(f64::from(*number) * step);
            *number = steps.clamp(low.into(), high.into()) as f32;
        }
    });
    Tensor::new(&value.shape, data)
}

/// Rule A12 for the elements of a carried tensor; a float value stays as it is.
fn dequantized(value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((_, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let mut data = tensor.values::<f32>()?.to_vec();
    by_channel(&value.shape, scales, &mut data, |scale, plane| {
        let step = power(scale.exponent.into()) as f32;
        plane.iter_mut().for_each(|number| *number *= step);
    });
    Tensor::new(&value.shape, data)
}
