//! A frame on the simulated accelerator, every stored tensor compared with the reference.

use std::collections::HashMap;

use super::device::{Buffers, Device, End, Event};
use crate::error::Result;
use crate::program::layout::{self, Difference};
use crate::program::{Design, Program, buffers};
use crate::qgraph::{QGraph, QValueId};
use crate::reference;
use crate::schedule::{Schedule, StoredId, Work};
use crate::tensor::Tensor;

const WORD: usize = 16;

/// What is needed to run and check frames.
pub struct Verifier<'a> {
    /// The network.
    pub graph: &'a QGraph,
    /// Its passes.
    pub schedule: &'a Schedule,
    /// Word address of every stored tensor.
    pub bases: &'a [usize],
    /// The hardware.
    pub design: &'a Design,
    /// The stream.
    pub program: &'a Program,
}

/// The first stored tensor that differs from the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Pass.
    pub pass: usize,
    /// Name of the value.
    pub value: String,
    /// Where and what.
    pub difference: Difference,
    /// Cycle at the end of the pass.
    pub cycle: u64,
}

/// A pass of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassReport {
    /// What it does.
    pub name: String,
    /// Cycles from the end of the pass before to its own.
    pub cycles: u64,
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// How it ended.
    pub end: End,
    /// Cycles from start to end.
    pub cycles: u64,
    /// Passes in order.
    pub passes: Vec<PassReport>,
    /// Stall cycles by cause.
    pub stalls: [u32; 6],
    /// Tensors that were compared.
    pub compared: usize,
    /// The first difference.
    pub mismatch: Option<Mismatch>,
    /// What left the accelerator, as stored integers in the order channel, row, column.
    pub outputs: Vec<(QValueId, Vec<i64>)>,
}

/// Every value of a frame by the reference.
pub type Values = HashMap<QValueId, Vec<i64>>;

impl<'a> Verifier<'a> {
    /// All values that the reference computes from float inputs.
    ///
    /// # Errors
    /// Those of [`reference::run_observed`].
    pub fn values(&self, inputs: &[Tensor]) -> Result<Values> {
        let mut values = Values::new();
        reference::run_stored(self.graph, inputs, |id, tensor| {
            if let Ok(integers) = tensor.to_i64s() {
                values.insert(id, integers);
            }
            Ok(())
        })?;
        Ok(values)
    }

    /// The image buffer for the network inputs among `values`.
    ///
    /// # Errors
    /// Those of [`buffers::image`].
    pub fn image(&self, values: &Values) -> Result<Vec<u8>> {
        buffers::image(self.graph, self.schedule, self.design, values)
    }

    /// The buffers of a frame.
    ///
    /// # Errors
    /// Those of [`Verifier::image`].
    pub fn buffers(&self, values: &Values) -> Result<Buffers> {
        Ok(Buffers {
            stream: self.program.stream.clone(),
            image: self.image(values)?,
            output: self.program.output_bytes as usize,
            scratch: self.program.scratch_bytes as usize,
        })
    }

    /// Runs a frame on `device`, whose image buffer holds the image, and compares every tensor that a
    /// pass stores, and every output, with `values`.
    ///
    /// # Errors
    /// Those of [`Device::frame`].
    pub fn run(&self, device: &mut Device, values: &Values) -> Result<Frame> {
        let mut passes = Vec::with_capacity(self.program.entries.len());
        let mut compared = 0;
        let mut mismatch = None;
        let start = device.cycle;
        let mut last = start;
        let words = self.program.stream.len() / 32;
        let end = device.frame(words, |event, device| {
            let Event::Pass(index) = event else {
                return self.process(event, device, values);
            };
            let index = usize::from(index);
            let entry = self.program.entries.get(index);
            let name = entry.map_or_else(String::new, |entry| entry.name.clone());
            passes.push(PassReport { name, cycles: device.cycle - last });
            last = device.cycle;
            let Some(pass) = self.schedule.passes.get(index) else { return Ok(()) };
            if matches!(pass.work, Work::Transfer(_)) {
                return Ok(()); // still under way
            }
            for id in layout::results(pass) {
                compared += 1;
                if mismatch.is_none() {
                    mismatch = self.compare(device, values, id).map(|(value, difference)| {
                        Mismatch { pass: index, value, difference, cycle: device.cycle - start }
                    });
                }
            }
            Ok(())
        })?;
        let cycles = last - start;
        let outputs = self.outputs(device);
        for (leaving, (_, found)) in self.schedule.leaving.iter().zip(&outputs) {
            compared += 1;
            if mismatch.is_none()
                && end == End::Done
                && values.get(&leaving.value).is_some_and(|expected| expected != found)
            {
                mismatch = self.output_mismatch(values, leaving.stored, found, cycles);
            }
        }
        let stalls = device.stalls()?;
        Ok(Frame { end, cycles, passes, stalls, compared, mismatch, outputs })
    }

    fn output_mismatch(
        &self,
        values: &Values,
        id: StoredId,
        found: &[i64],
        cycle: u64,
    ) -> Option<Mismatch> {
        let stored = &self.schedule.stored[id.0];
        let expected = values.get(&stored.value)?;
        let pixels = stored.height * stored.width;
        let differ = |at: &usize| expected[*at] != found[*at];
        let at = (0..found.len()).find(differ)?;
        let difference = Difference {
            channel: at / pixels,
            row: at % pixels / stored.width,
            column: at % stored.width,
            expected: expected[at],
            found: found[at],
            count: (0..found.len()).filter(differ).count(),
        };
        let value = format!("{} in the output buffer", self.graph.value(stored.value).name);
        Some(Mismatch { pass: self.schedule.passes.len(), value, difference, cycle })
    }

    /// The processor's step: its results are taken from the reference.
    fn process(&self, event: Event, device: &mut Device, values: &Values) -> Result<()> {
        let Event::Processor(index) = event else { return Ok(()) };
        let passes = self.schedule.passes.get(usize::from(index)..).unwrap_or(&[]);
        let Some((pass, later)) = passes.split_first() else { return Ok(()) };
        let Work::Processor { layers } = &pass.work else { return Ok(()) };
        let made: Vec<QValueId> =
            layers.iter().flat_map(|&layer| self.graph.layers[layer].outputs.clone()).collect();
        for pass in later {
            let Work::Transfer(transfer) = &pass.work else { continue };
            let stored = &self.schedule.stored[transfer.stored.0];
            if !transfer.to_memory || !made.contains(&stored.value) {
                continue;
            }
            if let Some(q) = values.get(&stored.value) {
                let packed = layout::pack(stored, self.design, q);
                let start = transfer.offset as usize;
                device.scratch()[start..start + packed.len()].copy_from_slice(&packed);
            }
        }
        Ok(())
    }

    /// Compares a tensor in the shared memory with the reference.
    fn compare(
        &self,
        device: &Device,
        values: &Values,
        id: StoredId,
    ) -> Option<(String, Difference)> {
        let stored = &self.schedule.stored[id.0];
        let expected = values.get(&stored.value)?;
        let base = self.bases[id.0];
        let words = layout::words(stored, self.design);
        let bytes: Vec<u8> =
            (base..base + words).flat_map(|word| device.simulation.word(word)).collect();
        let difference = layout::compare(stored, self.design, &bytes, expected)?;
        Some((self.graph.value(stored.value).name.clone(), difference))
    }

    /// What lies in the output buffer.
    fn outputs(&self, device: &Device) -> Vec<(QValueId, Vec<i64>)> {
        let leaving = self.schedule.leaving.iter();
        leaving
            .map(|leaving| {
                let stored = &self.schedule.stored[leaving.stored.0];
                let start = leaving.offset as usize;
                let bytes = &device.output()[start..];
                let bytes = &bytes[..layout::words(stored, self.design) * WORD];
                (leaving.value, layout::unpack(stored, self.design, bytes))
            })
            .collect()
    }
}
