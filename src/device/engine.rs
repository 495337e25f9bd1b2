//! A device as an engine: tensors in, tensors out, the processor's layers computed beside it.

use std::sync::{Mutex, PoisonError};

use super::description::Description;
use super::driver::{Driver, Options};
use super::host::{self, Host};
use super::transport::Transport;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::compile::Compiled;

/// A network on a device. It has one accelerator, so that threads take turns.
pub struct OnDevice<'a> {
    compiled: &'a Compiled,
    driver: Mutex<Driver<Box<dyn Transport + Send>>>,
}

impl<'a> OnDevice<'a> {
    /// A network, of which `description` is that of its bundle, on the device behind `transport`.
    ///
    /// # Errors
    /// Those of [`Driver::new`].
    pub fn new(
        compiled: &'a Compiled,
        description: Description,
        transport: Box<dyn Transport + Send>,
        options: Options,
    ) -> Result<Self> {
        let driver = Driver::new(description, &compiled.program.stream, transport, options)?;
        Ok(Self { compiled, driver: Mutex::new(driver) })
    }

    /// One float tensor per network input to one per network output.
    ///
    /// # Errors
    /// [`codes::SHAPE`](crate::base::error::codes::SHAPE) for inputs that do not fit; those of
    /// [`Driver::collect`] and of the layers.
    pub fn run(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
        let (stored, image) = host::prepare(self.compiled, inputs)?;
        let mut host = Host::new(self.compiled, stored);
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        driver.submit(&image)?;
        let (output, _) =
            driver.collect_bytes(&mut |pass, scratch| host.step(usize::from(pass), scratch))?;
        drop(driver);
        host.outputs(&output)
    }
}
