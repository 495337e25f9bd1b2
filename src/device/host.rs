//! The processor beside the accelerator: layers between passes and behind the last one, computed by the
//! reference from what the accelerator left in DDR.

use std::collections::HashMap;

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::compile::capabilities::WORD;
use crate::compile::program::buffers;
use crate::compile::program::format::tensors;
use crate::compile::schedule::{Buffer, Stored, StoredId, Work, rows};
use crate::model::qgraph::{Operand, QValueId};
use crate::software::reference;

/// The processor's part of one frame.
pub struct Host<'a> {
    compiled: &'a Compiled,
    /// What it knows, by value of the graph, as stored.
    values: Vec<Option<Tensor>>,
}

impl<'a> Host<'a> {
    /// Before a frame on these network inputs, as stored.
    pub fn new(compiled: &'a Compiled, inputs: Vec<Tensor>) -> Self {
        let mut values = vec![None; compiled.graph().values.len()];
        for (&id, tensor) in compiled.graph().inputs.iter().zip(inputs) {
            values[id.0] = Some(tensor);
        }
        Self { compiled, values }
    }

    /// The processor's turn in pass `index`: from the scratch buffer, through its layers, back there.
    ///
    /// # Errors
    /// Those of the layers; [`codes::INTERNAL`] when the pass is not a processor step.
    pub fn step(&mut self, index: usize, scratch: &mut [u8]) -> Result<()> {
        let pass = self.compiled.schedule().passes.get(index).map(|pass| &pass.work);
        let Some(Work::Processor { layers }) = pass else {
            let message = format!("pass {index} is not a processor step");
            return Err(Error::new(&codes::INTERNAL, message));
        };
        let (before, behind) = self.compiled.schedule().passes.split_at(index);
        let graph = self.compiled.graph();
        let operands = layers.iter().flat_map(|&layer| graph.layers[layer].inputs.iter().flatten());
        let read: Vec<QValueId> = operands.filter_map(Operand::value).collect();
        for pass in before {
            // Other tensors there wait for the accelerator.
            if let Work::Transfer(own) = &pass.work
                && !own.to_memory
                && own.buffer == Buffer::Scratch
                && read.contains(&self.compiled.schedule().stored[own.stored.0].value)
            {
                self.take(own.stored, own.offset, scratch)?;
            }
        }
        let made = self.run(layers)?;
        for pass in behind {
            let Work::Transfer(own) = &pass.work else { continue };
            let stored = self.whole(own.stored);
            if !own.to_memory || !made.contains(&stored.value) {
                continue;
            }
            if let Some(tensor) = &self.values[stored.value.0] {
                let packed = tensors::pack(&stored, &self.compiled.design, &tensor.to_i64s()?);
                let start = own.offset as usize;
                scratch[start..start + packed.len()].copy_from_slice(&packed);
            }
        }
        Ok(())
    }

    /// The network outputs, as floats, after the last pass left this output buffer.
    ///
    /// # Errors
    /// Those of the layers.
    pub fn outputs(mut self, output: &[u8]) -> Result<Vec<Tensor>> {
        let schedule = self.compiled.schedule();
        for leaving in &schedule.leaving {
            self.take(leaving.stored, leaving.offset, output)?;
        }
        self.run(&schedule.tail)?;
        let outputs = self.compiled.graph().outputs.iter();
        outputs
            .map(|output| {
                let value = self.compiled.graph().value(output.value);
                let missing = || {
                    Error::new(&codes::INTERNAL, format!("output \"{}\" never came", output.name))
                };
                let tensor = self.values[output.value.0].as_ref().ok_or_else(missing)?;
                reference::to_float(value, tensor)
            })
            .collect()
    }

    fn take(&mut self, id: StoredId, offset: u64, buffer: &[u8]) -> Result<()> {
        let stored = self.whole(id);
        let start = offset as usize;
        let bytes = &buffer[start..start + tensors::words(&stored, &self.compiled.design) * WORD];
        let integers = tensors::unpack(&stored, &self.compiled.design, bytes);
        let tensor = reference::to_tensor(self.compiled.graph().value(stored.value), integers)?;
        self.values[stored.value.0] = Some(tensor);
        Ok(())
    }

    /// A tensor as it lies in DDR, with all rows.
    fn whole(&self, id: StoredId) -> Stored {
        rows::whole(self.compiled.graph(), &self.compiled.schedule().stored[id.0])
    }

    fn run(&mut self, layers: &[usize]) -> Result<Vec<QValueId>> {
        let mut made = Vec::new();
        for &index in layers {
            let layer = &self.compiled.graph().layers[index];
            let outputs = reference::run_layer(self.compiled.graph(), layer, &self.values)?;
            for (&id, output) in layer.outputs.iter().zip(outputs) {
                self.values[id.0] = Some(output);
                made.push(id);
            }
        }
        Ok(made)
    }
}

/// The network inputs as stored, and the image buffer that they make.
///
/// # Errors
/// [`codes::SHAPE`] for inputs that do not fit.
pub fn prepare(compiled: &Compiled, inputs: &[Tensor]) -> Result<(Vec<Tensor>, Vec<u8>)> {
    let graph = compiled.graph();
    let stored = stored(compiled, inputs)?;
    let mut integers = HashMap::new();
    for (&id, tensor) in graph.inputs.iter().zip(&stored) {
        // What only operators in float read stays in float, and off the accelerator.
        if graph.value(id).integer().is_some() {
            integers.insert(id, tensor.to_i64s()?);
        }
    }
    let image = buffers::image(graph, compiled.schedule(), &compiled.design, &integers)?;
    Ok((stored, image))
}

/// The network inputs as stored.
fn stored(compiled: &Compiled, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let graph = compiled.graph();
    if inputs.len() != graph.inputs.len() {
        let message =
            format!("{} inputs given, the network has {}", inputs.len(), graph.inputs.len());
        return Err(Error::new(&codes::SHAPE, message));
    }
    let inputs = graph.inputs.iter().zip(inputs).map(|(&id, tensor)| {
        let value = graph.value(id);
        if tensor.shape() != value.shape {
            let message = format!("{:?} given, it has {:?}", tensor.shape(), value.shape);
            return Err(Error::new(&codes::SHAPE, message))
                .at(|| format!("input \"{}\"", value.name));
        }
        reference::to_stored(graph.rounding, value, tensor)
            .at(|| format!("input \"{}\"", value.name))
    });
    inputs.collect()
}
