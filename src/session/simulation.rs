//! Frames on the simulated accelerator of a compiled network.

use std::path::PathBuf;

use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::compile::Compiled;
use crate::verify::cosim::{self, Device, Frame, Geometry, Timing, Verifier};

/// The generated hardware of a compiled network, in Verilator.
#[derive(Debug)]
pub struct Simulation<'a> {
    verifier: Verifier<'a>,
    library: PathBuf,
    /// Latency and stalls of the simulated memory.
    pub timing: Timing,
}

impl<'a> Simulation<'a> {
    /// Builds the simulation where it is not in the cache, which takes up to half a minute.
    ///
    /// # Errors
    /// [`codes::SIMULATION_TOOL`](crate::base::error::codes::SIMULATION_TOOL) when Verilator or the compiler is
    /// missing or fails.
    pub fn new(compiled: &'a Compiled) -> Result<Self> {
        let library = cosim::compile(compiled, false)?;
        Ok(Self { verifier: Verifier::new(compiled), library, timing: Timing::default() })
    }

    /// Runs one frame from the network's inputs and compares every tensor that it stores with the
    /// reference: `mismatch` holds the first difference, `compared` how many tensors there were.
    ///
    /// # Errors
    /// Tensors that are not those of the network's inputs; a simulation that hangs.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Frame> {
        let values = self.verifier.values(inputs)?;
        let design = Geometry::of(self.verifier.design());
        let simulation = cosim::Simulation::load(&self.library, design)?;
        let mut device = Device::new(simulation, self.verifier.buffers(&values)?, self.timing);
        device.set_image(&self.verifier.image(&values)?, 0);
        self.verifier.run(&mut device, &values)
    }
}
