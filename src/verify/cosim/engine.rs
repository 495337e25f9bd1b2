//! The simulated accelerator as an engine: tensors in, tensors out, without the reference's numbers.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::device::{Buffers, Device, End, Event};
use super::library::{Geometry, Simulation};
use super::memory::Timing;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::device::host::{self, Host};

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
    /// [`codes::SHAPE`](crate::base::error::codes::SHAPE) for inputs that do not fit; [`codes::SIMULATION_FAULT`](crate::base::error::codes::SIMULATION_FAULT) when the accelerator
    /// reports an error; those of [`Device::frame`].
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let (stored, image) = host::prepare(self.compiled, inputs)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut device = match idle {
            Some(device) => device,
            None => self.device()?,
        };
        device.set_image(&image, 0);
        let mut host = Host::new(self.compiled, stored);
        let words = self.compiled.program.stream.len() / 32;
        let end = device.frame(words, |event, device| match event {
            Event::Processor(index) => host.step(usize::from(index), device.scratch()),
            Event::Pass(_) => Ok(()),
        })?;
        if let End::Fault(fault) = end {
            return Err(fault.error(&self.compiled.program));
        }
        let outputs = host.outputs(device.output())?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(device);
        Ok(outputs)
    }

    fn device(&self) -> Result<Device> {
        let geometry = Geometry::of(&self.compiled.design);
        let simulation = Simulation::load(&self.library, geometry)?;
        let Compiled { program, design, .. } = self.compiled;
        let image = vec![0; program.buffers.image as usize];
        let buffers = Buffers::new(program, design, image)?;
        Ok(Device::new(simulation, buffers, Timing::default()))
    }
}
