//! From a quantized graph to a checked program, and its execution beside the reference.

pub mod layers;

use std::collections::HashMap;

use seigo::base::arithmetic::Rounding;
use seigo::base::error::{Error, Result, codes};
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::program::check::{self, Summary};
use seigo::compile::program::format::tensors;
use seigo::compile::program::simulate::{Event, Machine};
use seigo::compile::program::{Program, buffers};
use seigo::compile::schedule::{Rows, Stored, Work, rows};
use seigo::compile::{CompileOptions, Compiled};
use seigo::model::ceras::Model;
use seigo::model::qgraph::{ConvOutput, Format, QGraph, QOp, QValueId, Width};
use seigo::software::reference;

/// The same graph without what only the processor or a DPU does: rounding half to even, the rules
/// A13, int32 results, weights of -128.
pub fn accelerable(mut graph: QGraph) -> QGraph {
    graph.rounding = Rounding::HalfUp;
    for value in &mut graph.values {
        if let Format::Integer { width, .. } = &mut value.format
            && *width == Width::I32
        {
            *width = Width::I16;
        }
    }
    for layer in &mut graph.layers {
        match &mut layer.op {
            QOp::DpuAdd => layer.op = QOp::Add,
            QOp::Conv(conv) => {
                conv.weights.iter_mut().for_each(|weight| *weight = (*weight).max(-127));
                if let ConvOutput::Dpu { shift, .. } = conv.output {
                    let shifts = vec![(shift as i8).min(31); conv.bias.len()];
                    conv.output = ConvOutput::Direct { shifts, relu: false };
                }
            }
            _ => {}
        }
    }
    graph
}

/// A network on a target, as `seigo build` compiles it.
pub fn compile(graph: &QGraph, target: &Target) -> Result<Compiled> {
    Compiled::new(Model::new(graph.clone()), target, CompileOptions::default())
}

/// What the checker finds in a stream for the same design and buffers.
pub fn check(compiled: &Compiled, stream: &[u8]) -> Result<Summary> {
    check::check(stream, &compiled.design, compiled.program.buffers)
}

/// Runs the program in the instruction simulator and compares every tensor that a pass completes.
pub fn simulate(compiled: &Compiled, inputs: &[Tensor]) -> Result<()> {
    let graph = compiled.graph();
    let mut values = HashMap::new();
    reference::run_observed(graph, inputs, |id, tensor| {
        if let Ok(integers) = tensor.to_i64s() {
            values.insert(id, integers);
        }
        Ok(())
    })?;
    let image = buffers::image(graph, compiled.schedule(), &compiled.design, &values)?;
    let Program { stream, buffers, .. } = &compiled.program;
    let mut machine = Machine::new(&compiled.design, image, buffers.output, buffers.scratch);
    machine.run(stream, |event, machine| match event {
        Event::Done(index) => compare(compiled, index, &machine.memory, &values),
        Event::Processor(index) => {
            processor(compiled, index, machine, &values);
            Ok(())
        }
    })?;
    for leaving in &compiled.schedule().leaving {
        let stored = rows::whole(graph, &compiled.schedule().stored[leaving.stored.0]);
        let bytes = &machine.output[leaving.offset as usize..];
        let all = rows::held(&stored);
        same(compiled, "output", &stored, bytes, (&values[&leaving.value], all))?;
    }
    Ok(())
}

fn compare(
    compiled: &Compiled,
    index: usize,
    memory: &[u8],
    values: &HashMap<QValueId, Vec<i64>>,
) -> Result<()> {
    let schedule = compiled.schedule();
    for (id, rows) in tensors::results(compiled.graph(), schedule, &schedule.passes[index])? {
        let stored = &compiled.schedule().stored[id.0];
        let bytes = &memory[compiled.bases()[id.0] * 16..];
        let name = format!("pass {index}, {}", compiled.program.entries[index].name);
        same(compiled, &name, stored, bytes, (&values[&stored.value], rows))?;
    }
    Ok(())
}

fn same(
    compiled: &Compiled,
    name: &str,
    stored: &Stored,
    bytes: &[u8],
    (values, rows): (&[i64], Rows),
) -> Result<()> {
    let channels = compiled.graph().value(stored.value).channels();
    match tensors::compare(stored, &compiled.design, bytes, (values, channels, rows)) {
        None => Ok(()),
        Some(difference) => {
            let value = &compiled.graph().value(stored.value).name;
            let message = format!("{name}: \"{value}\": {difference:?}");
            Err(Error::new(&codes::INTERNAL, message))
        }
    }
}

/// The processor's results are the reference's; what it reads has been compared before.
fn processor(
    compiled: &Compiled,
    index: usize,
    machine: &mut Machine<'_>,
    values: &HashMap<QValueId, Vec<i64>>,
) {
    let schedule = compiled.schedule();
    let Work::Processor { layers } = &schedule.passes[index].work else { panic!() };
    let made: Vec<QValueId> =
        layers.iter().flat_map(|&layer| compiled.graph().layers[layer].outputs.clone()).collect();
    for pass in &schedule.passes[index..] {
        let Work::Transfer(transfer) = &pass.work else { continue };
        let stored = &rows::whole(compiled.graph(), &schedule.stored[transfer.stored.0]);
        if transfer.to_memory && made.contains(&stored.value) {
            let bytes = tensors::pack(stored, &compiled.design, &values[&stored.value]);
            let start = transfer.offset as usize;
            machine.scratch[start..start + bytes.len()].copy_from_slice(&bytes);
        }
    }
}

/// `built`, or why not.
pub fn outcome(compiled: Result<Compiled>) -> String {
    match compiled {
        Ok(_) => "built".to_owned(),
        Err(error) => format!("{} {}", error.code().id, error.message()),
    }
}
