//! From a quantized graph to a checked program, and its execution beside the reference.

pub mod layers;

use std::collections::HashMap;

use seigo::base::arithmetic::Rounding;
use seigo::base::error::{Error, Result, codes};
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::program::check::{Buffers, Summary, check};
use seigo::compile::program::simulate::{Event, Machine};
use seigo::compile::program::{Design, Program, buffers, encode, layout};
use seigo::compile::schedule::{self, Placed, Schedule, Work};
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

/// A network on a target.
pub struct Build<'a> {
    pub graph: &'a QGraph,
    pub schedule: Schedule,
    pub placed: Placed,
    pub design: Design,
    pub program: Program,
}

impl<'a> Build<'a> {
    pub fn new(graph: &'a QGraph, target: &Target) -> Result<Self> {
        let mut schedule = schedule::build(graph, target)?;
        let placed = schedule::place(graph, &mut schedule, target)?;
        let design = Design::new(graph, &schedule, target)?;
        let program = encode(graph, &schedule, &placed, &design)?;
        let build = Self { graph, schedule, placed, design, program };
        build.check(&build.program.stream)?;
        Ok(build)
    }

    pub fn check(&self, stream: &[u8]) -> Result<Summary> {
        let buffers = Buffers {
            image: self.program.image_bytes,
            output: self.program.output_bytes,
            scratch: self.program.scratch_bytes,
        };
        check(stream, &self.design, buffers)
    }

    pub fn summary(&self) -> Summary {
        self.check(&self.program.stream).unwrap()
    }

    /// Runs the program and compares every tensor that a pass completes.
    pub fn simulate(&self, inputs: &[Tensor]) -> Result<()> {
        let mut values = HashMap::new();
        reference::run_observed(self.graph, inputs, |id, tensor| {
            if let Ok(integers) = tensor.to_i64s() {
                values.insert(id, integers);
            }
            Ok(())
        })?;
        let image = buffers::image(self.graph, &self.schedule, &self.design, &values)?;
        let Program { stream, output_bytes, scratch_bytes, .. } = &self.program;
        let mut machine = Machine::new(&self.design, image, *output_bytes, *scratch_bytes);
        machine.run(stream, |event, machine| match event {
            Event::Done(index) => self.compare(index, &machine.memory, &values),
            Event::Processor(index) => {
                self.processor(index, machine, &values);
                Ok(())
            }
        })?;
        for leaving in &self.schedule.leaving {
            let stored = &self.schedule.stored[leaving.stored.0];
            let bytes = &machine.output[leaving.offset as usize..];
            self.same("output", stored, bytes, &values[&leaving.value])?;
        }
        Ok(())
    }

    fn compare(
        &self,
        index: usize,
        memory: &[u8],
        values: &HashMap<QValueId, Vec<i64>>,
    ) -> Result<()> {
        for id in layout::results(&self.schedule.passes[index]) {
            let stored = &self.schedule.stored[id.0];
            let bytes = &memory[self.placed.bases[id.0] * 16..];
            let name = format!("pass {index}, {}", self.program.entries[index].name);
            self.same(&name, stored, bytes, &values[&stored.value])?;
        }
        Ok(())
    }

    fn same(
        &self,
        name: &str,
        stored: &schedule::Stored,
        bytes: &[u8],
        values: &[i64],
    ) -> Result<()> {
        match layout::compare(stored, &self.design, bytes, values) {
            None => Ok(()),
            Some(difference) => {
                let value = &self.graph.value(stored.value).name;
                let message = format!("{name}: \"{value}\": {difference:?}");
                Err(Error::new(&codes::INTERNAL, message))
            }
        }
    }

    /// The processor's results are the reference's; what it reads has been compared before.
    fn processor(
        &self,
        index: usize,
        machine: &mut Machine<'_>,
        values: &HashMap<QValueId, Vec<i64>>,
    ) {
        let Work::Processor { layers } = &self.schedule.passes[index].work else { panic!() };
        let made: Vec<QValueId> =
            layers.iter().flat_map(|&layer| self.graph.layers[layer].outputs.clone()).collect();
        for pass in &self.schedule.passes[index..] {
            let Work::Transfer(transfer) = &pass.work else { continue };
            let stored = &self.schedule.stored[transfer.stored.0];
            if transfer.to_memory && made.contains(&stored.value) {
                let bytes = layout::pack(stored, &self.design, &values[&stored.value]);
                let start = transfer.offset as usize;
                machine.scratch[start..start + bytes.len()].copy_from_slice(&bytes);
            }
        }
    }
}

/// `built`, or why not.
pub fn outcome(build: Result<Build<'_>>) -> String {
    match build {
        Ok(_) => "built".to_owned(),
        Err(error) => format!("{} {}", error.code().id, error.message()),
    }
}
