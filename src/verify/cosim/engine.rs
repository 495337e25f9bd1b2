//! The simulated accelerator as an engine: tensors in, tensors out, without the reference's numbers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::device::{Buffers, Device, End, Event};
use super::host::Host;
use super::library::{Geometry, Simulation};
use super::memory::Timing;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::compile::program::buffers;
use crate::software::reference;

/// A network on the simulated accelerator, with the processor's layers beside it.
pub struct Rtl<'a> {
    compiled: &'a Compiled,
    library: PathBuf,
    /// Devices that run no frame at the moment: as many as threads have needed at once.
    idle: Mutex<Vec<Device>>,
}

impl<'a> Rtl<'a> {
    /// A network on `library`, the simulation of its design.
    pub fn new(compiled: &'a Compiled, library: PathBuf) -> Self {
        Self { compiled, library, idle: Mutex::default() }
    }

    /// One float tensor per network input to one per network output.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for inputs that do not fit; [`codes::SIMULATION_FAULT`] when the accelerator
    /// reports an error; those of [`Device::frame`].
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let stored = self.stored(inputs)?;
        let mut integers = HashMap::new();
        for (&id, tensor) in self.compiled.graph().inputs.iter().zip(&stored) {
            // What only operators in float read stays in float, and off the accelerator.
            if self.compiled.graph().value(id).integer().is_some() {
                integers.insert(id, tensor.to_i64s()?);
            }
        }
        let image = buffers::image(
            self.compiled.graph(),
            self.compiled.schedule(),
            &self.compiled.design,
            &integers,
        )?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut device = match idle {
            Some(device) => device,
            None => self.device()?,
        };
        device.set_image(&image, 0);
        let mut host = Host::new(self.compiled, stored);
        let words = self.compiled.program.stream.len() / 32;
        let end = device.frame(words, |event, device| match event {
            Event::Processor(index) => host.step(usize::from(index), device),
            Event::Pass(_) => Ok(()),
        })?;
        if let End::Fault(fault) = end {
            return Err(fault.error(&self.compiled.program));
        }
        let outputs = host.outputs(&device)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(device);
        Ok(outputs)
    }

    fn device(&self) -> Result<Device> {
        let geometry = Geometry::of(&self.compiled.design);
        let simulation = Simulation::load(&self.library, geometry)?;
        let buffers = Buffers {
            stream: self.compiled.program.stream.clone(),
            image: vec![0; self.compiled.program.buffers.image as usize],
            output: self.compiled.program.buffers.output as usize,
            scratch: self.compiled.program.buffers.scratch as usize,
        };
        Ok(Device::new(simulation, buffers, Timing::default()))
    }

    /// The network inputs as stored.
    fn stored(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        if inputs.len() != self.compiled.graph().inputs.len() {
            let message = format!(
                "{} inputs given, the network has {}",
                inputs.len(),
                self.compiled.graph().inputs.len()
            );
            return Err(Error::new(&codes::SHAPE, message));
        }
        let inputs = self.compiled.graph().inputs.iter().zip(inputs).map(|(&id, tensor)| {
            let value = self.compiled.graph().value(id);
            if tensor.shape() != value.shape {
                let message = format!("{:?} given, it has {:?}", tensor.shape(), value.shape);
                return Err(Error::new(&codes::SHAPE, message))
                    .at(|| format!("input \"{}\"", value.name));
            }
            reference::to_stored(self.compiled.graph().rounding, value, tensor)
                .at(|| format!("input \"{}\"", value.name))
        });
        inputs.collect()
    }
}
