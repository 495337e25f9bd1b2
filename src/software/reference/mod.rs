//! The golden model: a naive interpreter of the quantized graph.
//!
//! Plain loops over integers in 64 bits, one file per operator, after `docs/arithmetic.md`, whose
//! rule numbers the code cites. Everything faster, in software or hardware, must equal it bit for bit.

mod add;
mod channel_mul;
mod conv;
mod dpu_add;
mod float;
mod format;
mod frame;
mod max_pool;
mod movement;
mod rescale;

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{Layer, QGraph, QOp, QValueId};

pub use format::{to_float, to_stored, to_tensor};
use frame::{Frame, present};

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
        let stored =
            to_stored(graph.rounding, value, tensor).at(|| format!("input \"{}\"", value.name))?;
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
    let frame = Frame { graph, layer, values };
    let outputs = match &layer.op {
        QOp::Conv(conv) => conv::run(conv, &frame),
        QOp::Add => add::run(&frame),
        QOp::ChannelMul => channel_mul::run(&frame),
        QOp::DpuAdd => dpu_add::run(&frame),
        QOp::Rescale => rescale::run(&frame),
        QOp::MaxPool(pool) => max_pool::run(pool, &frame),
        QOp::Move(movement) => movement::run(movement, &frame),
        QOp::Float(op) => float::run(op, &frame),
    };
    outputs.at(|| layer.place())
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
