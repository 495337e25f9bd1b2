//! The golden model: a naive interpreter of the quantized graph.
//!
//! Plain loops over integers in 64 bits, one function per rule of `docs/arithmetic.md`, whose
//! numbers the code cites. Everything faster, in software or hardware, must equal it bit for bit.

mod conv;
mod elementwise;
mod pool;

use crate::base::arithmetic::{dequantize, quantize, saturate};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{Layer, Operand, QGraph, QOp, QValue, QValueId, Scale, Width};

/// Runs a graph on one float tensor per network input, which rule A11 turns into the input's
/// format. Returns one float tensor per network output (rule A12).
///
/// # Errors
/// Those of [`QGraph::validate`]; [`codes::SHAPE`] for an input that does not fit,
/// [`codes::ACTIVATION_NON_FINITE`] naming the layer whose result cannot be quantized.
pub fn run(graph: &QGraph, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    run_observed(graph, inputs, |_, _| Ok(()))
}

/// Like [`run`]; `observe` sees every network input and computed value once, as it is stored:
/// integers `q` of the value's width, or floats.
///
/// # Errors
/// Those of [`run`] and of `observe`.
pub fn run_observed(
    graph: &QGraph,
    inputs: &[Tensor],
    observe: impl FnMut(QValueId, &Tensor) -> Result<()>,
) -> Result<Vec<Tensor>> {
    let stored = run_stored(graph, inputs, observe)?;
    graph
        .outputs
        .iter()
        .zip(&stored)
        .map(|(output, tensor)| to_float(graph.value(output.value), tensor))
        .collect()
}

/// Like [`run_observed`], but the outputs come as they are stored.
///
/// # Errors
/// Those of [`run_observed`].
pub fn run_stored(
    graph: &QGraph,
    inputs: &[Tensor],
    mut observe: impl FnMut(QValueId, &Tensor) -> Result<()>,
) -> Result<Vec<Tensor>> {
    graph.validate()?;
    check_inputs(graph, inputs)?;
    let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for (&id, tensor) in graph.inputs.iter().zip(inputs) {
        let value = graph.value(id);
        let stored = to_stored(value, tensor).at(|| format!("input \"{}\"", value.name))?;
        observe(id, &stored)?;
        values[id.0] = Some(stored);
    }
    for (layer, dead) in graph.layers.iter().zip(graph.dead_after()) {
        let outputs = run_layer(graph, layer, &values)?;
        for (&id, output) in layer.outputs.iter().zip(outputs) {
            observe(id, &output)?;
            values[id.0] = Some(output);
        }
        for id in dead {
            values[id.0] = None;
        }
    }
    graph.outputs.iter().map(|output| present(&values, output.value).cloned()).collect()
}

/// Runs one layer on stored `values`, by value of the graph; one stored tensor per output.
///
/// # Errors
/// [`codes::INTERNAL`] when an input is not there; those of [`run`].
pub fn run_layer(graph: &QGraph, layer: &Layer, values: &[Option<Tensor>]) -> Result<Vec<Tensor>> {
    Frame { graph, layer, values }.run().at(|| layer.place())
}

/// The integers of a value as a tensor of its shape and width.
///
/// # Errors
/// [`codes::SHAPE`] for another number of integers, [`codes::INTERNAL`] for one that does not fit
/// and for a value that is not quantized.
pub fn to_tensor(value: &QValue, q: Vec<i64>) -> Result<Tensor> {
    let (width, _) = value.integer().ok_or_else(|| {
        Error::new(&codes::INTERNAL, format!("\"{}\" is not quantized", value.name))
    })?;
    store(width, &value.shape, q)
}

fn check_inputs(graph: &QGraph, inputs: &[Tensor]) -> Result<()> {
    let wrong = |message| Error::new(&codes::SHAPE, message);
    if inputs.len() != graph.inputs.len() {
        return Err(wrong(format!(
            "{} inputs given, the network has {}",
            inputs.len(),
            graph.inputs.len()
        )));
    }
    for (&id, tensor) in graph.inputs.iter().zip(inputs) {
        let value = graph.value(id);
        if tensor.shape() != value.shape || tensor.values::<f32>().is_err() {
            return Err(wrong(format!(
                "input \"{}\" is f32{:?}, given {}{:?}",
                value.name,
                value.shape,
                tensor.dtype(),
                tensor.shape()
            )));
        }
    }
    Ok(())
}

fn present(values: &[Option<Tensor>], id: QValueId) -> Result<&Tensor> {
    values[id.0]
        .as_ref()
        .ok_or_else(|| Error::new(&codes::INTERNAL, format!("value {} is not there", id.0)))
}

/// A quantized tensor while a layer reads it.
struct Quantized<'a> {
    value: &'a QValue,
    scales: &'a [Scale],
    /// The stored integers.
    q: Vec<i64>,
}

/// Where the integers of a layer's output go.
#[derive(Clone, Copy)]
struct Target<'a> {
    value: &'a QValue,
    width: Width,
    scales: &'a [Scale],
}

impl Target<'_> {
    /// `sat(y + z)` of a channel (rules A3, A5, A6, A8).
    fn finish(&self, y: i64, channel: usize) -> i64 {
        saturate(y + i64::from(self.scales[channel].zero), self.width.bits())
    }

    fn tensor(&self, q: Vec<i64>) -> Result<Tensor> {
        store(self.width, &self.value.shape, q)
    }
}

/// One layer and the values that it can read.
struct Frame<'a> {
    graph: &'a QGraph,
    layer: &'a Layer,
    values: &'a [Option<Tensor>],
}

impl<'a> Frame<'a> {
    fn run(&self) -> Result<Vec<Tensor>> {
        let rounding = self.graph.rounding;
        let stored = match &self.layer.op {
            QOp::Conv(conv) => {
                let residual = conv.residual().map(|_| self.input(1)).transpose()?;
                let convolution = conv::Convolution {
                    conv,
                    rounding,
                    functions: &self.graph.functions,
                    data: &self.input(0)?,
                    residual: residual.as_ref(),
                    output: self.output()?,
                };
                convolution.run()
            }
            QOp::Add => {
                elementwise::add(rounding, &[self.input(0)?, self.input(1)?], self.output()?)
            }
            QOp::DpuAdd => {
                elementwise::dpu_add(rounding, &[self.input(0)?, self.input(1)?], self.output()?)
            }
            QOp::Rescale => elementwise::rescale(rounding, &self.input(0)?, self.output()?),
            QOp::MaxPool(Op::MaxPool(op)) => pool::maximum(op, &self.input(0)?, self.output()?)?,
            QOp::MaxPool(_) => {
                return Err(Error::new(&codes::INTERNAL, "not a maximum pooling"));
            }
            QOp::Move(op) => return self.eval(op, |_, tensor| Ok(tensor.clone())),
            QOp::Float(op) => {
                let outputs = self.eval(op, to_float)?;
                let values = self.layer.outputs.iter().map(|&id| self.graph.value(id));
                return values.zip(&outputs).map(|(value, out)| to_stored(value, out)).collect();
            }
        };
        Ok(vec![self.output()?.tensor(stored)?])
    }

    fn input(&self, position: usize) -> Result<Quantized<'a>> {
        let missing = || Error::new(&codes::INTERNAL, format!("input {position} is not quantized"));
        let id = self.layer.input(position).ok_or_else(missing)?;
        let value = self.graph.value(id);
        let (_, scales) = value.integer().ok_or_else(missing)?;
        Ok(Quantized { value, scales, q: present(self.values, id)?.to_i64s()? })
    }

    fn output(&self) -> Result<Target<'a>> {
        let value = self.layer.outputs.first().map(|&id| self.graph.value(id));
        let target = value.and_then(|value| {
            value.integer().map(|(width, scales)| Target { value, width, scales })
        });
        target.ok_or_else(|| Error::new(&codes::INTERNAL, "the output is not quantized"))
    }

    /// Runs an operator on what `carried` makes of the stored values.
    fn eval(
        &self,
        op: &Op,
        carried: impl Fn(&QValue, &Tensor) -> Result<Tensor>,
    ) -> Result<Vec<Tensor>> {
        let inputs = self
            .layer
            .inputs
            .iter()
            .map(|operand| {
                Ok(match operand {
                    None => None,
                    Some(Operand::Constant(tensor)) => Some(tensor.clone()),
                    Some(Operand::Value(id)) => {
                        Some(carried(self.graph.value(*id), present(self.values, *id)?)?)
                    }
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let references: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        op.eval(Inputs::new(&references))
    }
}

/// Integers in the width of their value; every one must fit.
fn store(width: Width, shape: &[usize], q: Vec<i64>) -> Result<Tensor> {
    match width {
        Width::I8 => Tensor::new(shape, narrow::<i8>(q)?),
        Width::I16 => Tensor::new(shape, narrow::<i16>(q)?),
        Width::I32 => Tensor::new(shape, narrow::<i32>(q)?),
    }
}

fn narrow<T: TryFrom<i64>>(q: Vec<i64>) -> Result<Vec<T>> {
    q.into_iter()
        .map(|q| T::try_from(q).map_err(|_| Error::new(&codes::INTERNAL, format!("{q} is wide"))))
        .collect()
}

/// The channel of every element: dimension 1 of a row-major tensor.
fn channel_of(value: &QValue) -> impl Fn(usize) -> usize {
    let plane: usize = value.shape.iter().skip(2).product();
    let channels = value.channels();
    move |index| index / plane % channels
}

/// Rule A11 for every element; a float value stays as it is.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn to_stored(value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((width, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let channel = channel_of(value);
    let numbers = tensor.values::<f32>()?;
    let mut q = Vec::with_capacity(numbers.len());
    for (index, &number) in numbers.iter().enumerate() {
        if !number.is_finite() {
            return Err(Error::new(
                &codes::ACTIVATION_NON_FINITE,
                format!("\"{}\" holds {number} and cannot be quantized", value.name),
            ));
        }
        let Scale { exponent, zero } = scales[channel(index)];
        q.push(saturate(quantize(number.into(), exponent.into(), zero.into()), width.bits()));
    }
    store(width, &value.shape, q)
}

/// Rule A12 for every element; a float value stays as it is.
///
/// # Errors
/// [`codes::SHAPE`] when the tensor holds no integers.
pub fn to_float(value: &QValue, tensor: &Tensor) -> Result<Tensor> {
    let Some((_, scales)) = value.integer() else { return Ok(tensor.clone()) };
    let channel = channel_of(value);
    let floats = tensor.to_i64s()?.into_iter().enumerate().map(|(index, q)| {
        let Scale { exponent, zero } = scales[channel(index)];
        dequantize(q, exponent.into(), zero.into())
    });
    Tensor::new(&value.shape, floats.collect::<Vec<f32>>())
}
