//! What stands between a driver and an accelerator.

use std::time::Duration;

use super::control::Registers;
use crate::base::error::Result;
use crate::compile::border::registers::Register;

/// Memory that processor and accelerator share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Its first address, as the accelerator sees it: a multiple of 4,096.
    pub address: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// A way to an accelerator: registers, interrupt, memory.
pub trait Transport: Registers {
    /// The memory.
    fn memory(&self) -> Memory;

    /// Copies bytes into the memory, so that the accelerator sees them.
    ///
    /// # Errors
    /// Those of the cache maintenance.
    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Copies bytes out of the memory, as the accelerator has written them.
    ///
    /// # Errors
    /// Those of the cache maintenance.
    fn get(&mut self, offset: u64, into: &mut [u8]) -> Result<()>;

    /// Waits until the interrupt is high; false when it did not come in time.
    ///
    /// # Errors
    /// Those of the device.
    fn wait(&mut self, timeout: Duration) -> Result<bool>;
}

impl<T: Transport + ?Sized> Registers for Box<T> {
    fn read(&mut self, register: Register) -> Result<u32> {
        (**self).read(register)
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        (**self).write(register, value)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn memory(&self) -> Memory {
        (**self).memory()
    }

    fn put(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        (**self).put(offset, bytes)
    }

    fn get(&mut self, offset: u64, into: &mut [u8]) -> Result<()> {
        (**self).get(offset, into)
    }

    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        (**self).wait(timeout)
    }
}
