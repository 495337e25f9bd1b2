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
use crate::compile::program::{Design, Program, buffers};
use crate::compile::schedule::Schedule;
use crate::model::qgraph::QGraph;
use crate::software::reference;

/// A network on the simulated accelerator, with the processor's layers beside it.
pub struct Rtl<'a> {
    graph: &'a QGraph,
    schedule: &'a Schedule,
    design: &'a Design,
    program: &'a Program,
    library: PathBuf,
    /// Devices that run no frame at the moment: as many as threads have needed at once.
    idle: Mutex<Vec<Device>>,
}

impl<'a> Rtl<'a> {
    /// The simulation `library` of `design` with a program for it.
    pub fn new(
        graph: &'a QGraph,
        schedule: &'a Schedule,
        design: &'a Design,
        program: &'a Program,
        library: PathBuf,
    ) -> Self {
        Self { graph, schedule, design, program, library, idle: Mutex::default() }
    }

    /// One float tensor per network input to one per network output.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for inputs that do not fit; [`codes::SIMULATION_FAULT`] when the accelerator
    /// reports an error; those of [`Device::frame`].
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let stored = self.stored(inputs)?;
        let mut integers = HashMap::new();
        for (&id, tensor) in self.graph.inputs.iter().zip(&stored) {
            integers.insert(id, tensor.to_i64s()?);
        }
        let image = buffers::image(self.graph, self.schedule, self.design, &integers)?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut device = match idle {
            Some(device) => device,
            None => self.device()?,
        };
        device.set_image(&image, 0);
        let mut host = Host::new(self.graph, self.schedule, self.design, stored);
        let words = self.program.stream.len() / 32;
        let end = device.frame(words, |event, device| match event {
            Event::Processor(index) => host.step(usize::from(index), device),
            Event::Pass(_) => Ok(()),
        })?;
        if let End::Fault { code, client, block, pass } = end {
            return Err(Error::new(
                &codes::SIMULATION_FAULT,
                format!("code {code}, client {client}, block {block}, pass {pass}"),
            ));
        }
        let outputs = host.outputs(&device)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(device);
        Ok(outputs)
    }

    fn device(&self) -> Result<Device> {
        let geometry = Geometry::of(self.design);
        let simulation = Simulation::load(&self.library, geometry)?;
        let buffers = Buffers {
            stream: self.program.stream.clone(),
            image: vec![0; self.program.image_bytes as usize],
            output: self.program.output_bytes as usize,
            scratch: self.program.scratch_bytes as usize,
        };
        Ok(Device::new(simulation, buffers, Timing::default()))
    }

    /// The network inputs as stored.
    fn stored(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        if inputs.len() != self.graph.inputs.len() {
            let message = format!(
                "{} inputs given, the network has {}",
                inputs.len(),
                self.graph.inputs.len()
            );
            return Err(Error::new(&codes::SHAPE, message));
        }
        let inputs = self.graph.inputs.iter().zip(inputs).map(|(&id, tensor)| {
            let value = self.graph.value(id);
            if tensor.shape() != value.shape {
                let message = format!("{:?} given, it has {:?}", tensor.shape(), value.shape);
                return Err(Error::new(&codes::SHAPE, message))
                    .at(|| format!("input \"{}\"", value.name));
            }
            reference::to_stored(value, tensor).at(|| format!("input \"{}\"", value.name))
        });
        inputs.collect()
    }
}
