//! The processor beside the accelerator: layers between passes and behind the last one, computed by the
//! reference from what the accelerator left in DDR.

use super::device::Device;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::program::{Design, layout};
use crate::compile::schedule::{Buffer, Schedule, StoredId, Work};
use crate::model::qgraph::{QGraph, QValueId};
use crate::software::reference;

const WORD: usize = 16;

/// The processor's part of one frame.
pub struct Host<'a> {
    graph: &'a QGraph,
    schedule: &'a Schedule,
    design: &'a Design,
    /// What it knows, by value of the graph, as stored.
    values: Vec<Option<Tensor>>,
}

impl<'a> Host<'a> {
    /// Before a frame on these network inputs, as stored.
    pub fn new(
        graph: &'a QGraph,
        schedule: &'a Schedule,
        design: &'a Design,
        inputs: Vec<Tensor>,
    ) -> Self {
        let mut values = vec![None; graph.values.len()];
        for (&id, tensor) in graph.inputs.iter().zip(inputs) {
            values[id.0] = Some(tensor);
        }
        Self { graph, schedule, design, values }
    }

    /// The processor's turn in pass `index`: from the scratch buffer, through its layers, back there.
    ///
    /// # Errors
    /// Those of the layers; [`codes::INTERNAL`] when the pass is none of the processor's.
    pub fn step(&mut self, index: usize, device: &mut Device) -> Result<()> {
        let pass = self.schedule.passes.get(index).map(|pass| &pass.work);
        let Some(Work::Processor { layers }) = pass else {
            let message = format!("pass {index} is none of the processor's");
            return Err(Error::new(&codes::INTERNAL, message));
        };
        let (before, behind) = self.schedule.passes.split_at(index);
        for pass in before {
            if let Work::Transfer(own) = &pass.work
                && !own.to_memory
                && own.buffer == Buffer::Scratch
            {
                self.take(own.stored, own.offset, device.scratch())?;
            }
        }
        let made = self.run(layers)?;
        for pass in behind {
            let Work::Transfer(own) = &pass.work else { continue };
            let stored = &self.schedule.stored[own.stored.0];
            if !own.to_memory || !made.contains(&stored.value) {
                continue;
            }
            if let Some(tensor) = &self.values[stored.value.0] {
                let packed = layout::pack(stored, self.design, &tensor.to_i64s()?);
                let start = own.offset as usize;
                device.scratch()[start..start + packed.len()].copy_from_slice(&packed);
            }
        }
        Ok(())
    }

    /// The network outputs, as floats, after the last pass.
    ///
    /// # Errors
    /// Those of the layers.
    pub fn outputs(mut self, device: &Device) -> Result<Vec<Tensor>> {
        let schedule = self.schedule;
        for leaving in &schedule.leaving {
            self.take(leaving.stored, leaving.offset, device.output())?;
        }
        self.run(&schedule.tail)?;
        let outputs = self.graph.outputs.iter();
        outputs
            .map(|output| {
                let value = self.graph.value(output.value);
                let missing = || {
                    Error::new(&codes::INTERNAL, format!("output \"{}\" never came", output.name))
                };
                let tensor = self.values[output.value.0].as_ref().ok_or_else(missing)?;
                reference::to_float(value, tensor)
            })
            .collect()
    }

    fn take(&mut self, id: StoredId, offset: u64, buffer: &[u8]) -> Result<()> {
        let stored = &self.schedule.stored[id.0];
        let start = offset as usize;
        let bytes = &buffer[start..start + layout::words(stored, self.design) * WORD];
        let integers = layout::unpack(stored, self.design, bytes);
        let tensor = reference::to_tensor(self.graph.value(stored.value), integers)?;
        self.values[stored.value.0] = Some(tensor);
        Ok(())
    }

    fn run(&mut self, layers: &[usize]) -> Result<Vec<QValueId>> {
        let mut made = Vec::new();
        for &index in layers {
            let layer = &self.graph.layers[index];
            let outputs = reference::run_layer(self.graph, layer, &self.values)?;
            for (&id, output) in layer.outputs.iter().zip(outputs) {
                self.values[id.0] = Some(output);
                made.push(id);
            }
        }
        Ok(made)
    }
}
