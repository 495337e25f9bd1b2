//! A frame on the simulated accelerator, every stored tensor compared with the reference.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use super::device::{Buffers, Device, End, Event};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::compile::border::status::Cause;
use crate::compile::capabilities::WORD;
use crate::compile::program::format::tensors::{self, Difference};
use crate::compile::program::{Design, buffers};
use crate::compile::schedule::{Leaving, Rows, Stored, StoredId, Work, rows};
use crate::device::host::Host;
use crate::model::qgraph::QValueId;
use crate::software::reference;

/// Runs frames of a compiled network and checks them.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    compiled: &'a Compiled,
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
    /// Of them held up by each of [`Cause::COUNTED`].
    pub held_up: [u64; Cause::COUNTED.len()],
    /// The values that it stored, with the first difference of each.
    pub stored: Vec<(String, Option<Difference>)>,
}

/// Passes whose signals go into a wave file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waves<'a> {
    /// The file (FST).
    pub path: &'a Path,
    /// The passes.
    pub passes: Range<usize>,
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

impl Frame {
    /// Whether the frame ended without a fault, something was compared, and all of it was equal.
    pub fn is_exact(&self) -> bool {
        self.mismatch.is_none() && self.end == End::Done && self.compared > 0
    }

    /// Of the tensors that were compared, those in the shared memory, when their pass ended; the others
    /// are outputs in DDR.
    pub fn stored(&self) -> usize {
        self.passes.iter().map(|pass| pass.stored.len()).sum()
    }
}

/// Every value of a frame by the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// The network inputs as stored: integers, or floats where only operators in float read them.
    pub inputs: Vec<Tensor>,
    /// The integers of every value that holds some.
    pub integers: HashMap<QValueId, Vec<i64>>,
}

impl<'a> Verifier<'a> {
    /// Of a network.
    pub fn new(compiled: &'a Compiled) -> Self {
        Self { compiled }
    }

    /// The hardware.
    pub fn design(&self) -> &'a Design {
        &self.compiled.design
    }

    /// All values that the reference computes from float inputs.
    ///
    /// # Errors
    /// Those of [`reference::run_observed`].
    pub fn values(&self, inputs: &[Tensor]) -> Result<Values> {
        let graph = self.compiled.graph();
        let mut values = Values { inputs: Vec::new(), integers: HashMap::new() };
        reference::run_stored(graph, inputs, |id, tensor| {
            if graph.inputs.contains(&id) {
                values.inputs.push(tensor.clone());
            }
            if graph.value(id).integer().is_some() {
                values.integers.insert(id, tensor.to_i64s()?);
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
        buffers::image(
            self.compiled.graph(),
            self.compiled.schedule(),
            &self.compiled.design,
            &values.integers,
        )
    }

    /// The buffers of a frame.
    ///
    /// # Errors
    /// Those of [`Verifier::image`].
    pub fn buffers(&self, values: &Values) -> Result<Buffers> {
        Buffers::new(&self.compiled.program, &self.compiled.design, self.image(values)?)
    }

    /// Runs a frame on `device`, whose image buffer holds the image, and compares every tensor that a
    /// pass stores, and every output, with `values`.
    ///
    /// # Errors
    /// Those of [`Device::frame`].
    pub fn run(&self, device: &mut Device, values: &Values) -> Result<Frame> {
        self.run_with(device, values, None)
    }

    /// Like [`Verifier::run`], with the signals of some passes in a wave file.
    ///
    /// # Errors
    /// Those of [`Device::frame`]; [`codes::FILE_WRITE`] when the file cannot be written or the library
    /// was built without traces.
    pub fn run_with(
        &self,
        device: &mut Device,
        values: &Values,
        waves: Option<&Waves<'_>>,
    ) -> Result<Frame> {
        self.run_beside(&mut self.host(values), device, values, waves)
    }

    /// Like [`Verifier::run`], with the network outputs, as floats, that follow from what the accelerator computed;
    /// none where an error ended the frame.
    ///
    /// # Errors
    /// Those of [`Device::frame`] and of the processor's layers.
    pub fn run_to_outputs(
        &self,
        device: &mut Device,
        values: &Values,
    ) -> Result<(Frame, Vec<Tensor>)> {
        let mut host = self.host(values);
        let frame = self.run_beside(&mut host, device, values, None)?;
        let outputs = match frame.end {
            End::Done => host.outputs(device.output())?,
            End::Fault(_) => Vec::new(),
        };
        Ok((frame, outputs))
    }

    fn run_beside(
        &self,
        host: &mut Host<'_>,
        device: &mut Device,
        values: &Values,
        waves: Option<&Waves<'_>>,
    ) -> Result<Frame> {
        let mut passes = Vec::with_capacity(self.compiled.program.entries.len());
        let mut mismatch = None;
        let start = device.cycle;
        let mut last = (start, device.held_up);
        let words = self.compiled.program.stream.len() / 32;
        record(device, waves, 0)?;
        let end = device.frame(words, |event, device| {
            let index = match event {
                Event::Processor(index) => return host.step(usize::from(index), device.scratch()),
                Event::Pass(index) => usize::from(index),
            };
            record(device, waves, index + 1)?;
            let pass = self.report(index, device, values, last);
            last = (device.cycle, device.held_up);
            if mismatch.is_none() {
                let mut stored = pass.stored.iter();
                mismatch = stored.find_map(|(value, difference)| {
                    let (value, difference) = (value.clone(), (*difference)?);
                    Some(Mismatch { pass: index, value, difference, cycle: device.cycle - start })
                });
            }
            passes.push(pass);
            Ok(())
        });
        device.simulation.end_trace();
        let end = end?;
        let cycles = last.0 - start;
        let mut compared = passes.iter().map(|pass| pass.stored.len()).sum();
        // After a fault the output buffer holds what the frame had got to.
        let done = end == End::Done;
        let leaving = self.compiled.schedule().leaving.iter();
        let outputs: Vec<(QValueId, Vec<i64>)> =
            leaving.map(|own| (own.value, self.output(device, own))).collect();
        for (leaving, (id, found)) in self.compiled.schedule().leaving.iter().zip(&outputs) {
            let Some(expected) = values.integers.get(id).filter(|_| done) else { continue };
            compared += 1;
            if mismatch.is_none() && expected != found {
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
        let stored = self.whole(id);
        let expected = values.integers.get(&stored.value)?;
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
        let value =
            format!("{} in the output buffer", self.compiled.graph().value(stored.value).name);
        Some(Mismatch { pass: self.compiled.schedule().passes.len(), value, difference, cycle })
    }

    fn host(&self, values: &Values) -> Host<'a> {
        Host::new(self.compiled, values.inputs.clone())
    }

    /// A pass that has just ended; `last` are the counts at the end of the one before.
    fn report(
        &self,
        index: usize,
        device: &Device,
        values: &Values,
        last: (u64, [u64; Cause::COUNTED.len()]),
    ) -> PassReport {
        let entry = self.compiled.program.entries.get(index);
        let mut report = PassReport {
            name: entry.map_or_else(String::new, |entry| entry.name.clone()),
            cycles: device.cycle - last.0,
            held_up: std::array::from_fn(|cause| device.held_up[cause] - last.1[cause]),
            stored: Vec::new(),
        };
        let Some(pass) = self.compiled.schedule().passes.get(index) else { return report };
        if matches!(pass.work, Work::Transfer(_)) {
            return report; // still under way
        }
        let (graph, schedule) = (self.compiled.graph(), self.compiled.schedule());
        // A program exists, so that every pass has its rows.
        for (id, rows) in tensors::results(graph, schedule, pass).unwrap_or_default() {
            let value = self.compiled.schedule().stored[id.0].value;
            // What the reference does not know is not compared, and not counted either.
            let Some(expected) = values.integers.get(&value) else { continue };
            let name = self.compiled.graph().value(value).name.clone();
            report.stored.push((name, self.compare(device, expected, id, rows)));
        }
        report
    }

    /// Compares a tensor in the shared memory with the reference.
    fn compare(
        &self,
        device: &Device,
        expected: &[i64],
        id: StoredId,
        rows: Rows,
    ) -> Option<Difference> {
        let stored = &self.compiled.schedule().stored[id.0];
        let base = self.compiled.bases()[id.0];
        let words = tensors::words(stored, &self.compiled.design);
        let bytes: Vec<u8> =
            (base..base + words).flat_map(|word| device.simulation.word(word)).collect();
        let channels = self.compiled.graph().value(stored.value).channels();
        tensors::compare(stored, &self.compiled.design, &bytes, (expected, channels, rows))
    }

    /// The integers of a value that has left, in the order channel, row, column.
    pub fn output(&self, device: &Device, leaving: &Leaving) -> Vec<i64> {
        let stored = self.whole(leaving.stored);
        let start = leaving.offset as usize;
        let bytes =
            &device.output()[start..start + tensors::words(&stored, &self.compiled.design) * WORD];
        tensors::unpack(&stored, &self.compiled.design, bytes)
    }

    /// A tensor as it lies in DDR, with all rows.
    fn whole(&self, id: StoredId) -> Stored {
        rows::whole(self.compiled.graph(), &self.compiled.schedule().stored[id.0])
    }
}

/// Begins and ends the wave file; `next` is the pass that runs next.
fn record(device: &mut Device, waves: Option<&Waves<'_>>, next: usize) -> Result<()> {
    let Some(waves) = waves else { return Ok(()) };
    if next == waves.passes.start && !device.simulation.trace(waves.path) {
        let message = format!("cannot record waves in {}", waves.path.display());
        return Err(Error::new(&codes::FILE_WRITE, message));
    }
    if next == waves.passes.end {
        device.simulation.end_trace();
    }
    Ok(())
}
