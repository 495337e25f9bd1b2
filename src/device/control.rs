//! The registers as every driver uses them: start, ask, resume, reset, counters.

use super::fault::Fault;
use crate::base::error::{Error, Result, codes};
use crate::compile::border::registers::{self as r, Register};
use crate::compile::border::status::Cause;

/// Access to the registers.
pub trait Registers {
    /// Reads a register.
    ///
    /// # Errors
    /// Those of the way to the accelerator.
    fn read(&mut self, register: Register) -> Result<u32>;

    /// Writes a register.
    ///
    /// # Errors
    /// Those of the way to the accelerator.
    fn write(&mut self, register: Register, value: u32) -> Result<()>;
}

/// Where the buffers of a frame lie, as the accelerator sees them; multiples of 4,096.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The program.
    pub stream: u64,
    /// The image, or the input tensors.
    pub image: u64,
    /// The outputs.
    pub output: u64,
    /// What the processor exchanges within a frame.
    pub scratch: u64,
}

/// What the accelerator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It works on a frame.
    Running,
    /// It waits for the processor, in this pass.
    Processor(u16),
    /// The frame is done.
    Done,
    /// The frame ended by an error.
    Fault(Fault),
}

/// What the counters say of the last frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cycles.
    pub cycles: u32,
    /// Stall cycles among them, in the order of [`Cause::COUNTED`].
    pub stalls: [u32; Cause::COUNTED.len()],
}

/// Writes addresses and length of the next frame; `words` is the program's length in ring words.
///
/// # Errors
/// Those of [`Registers`].
pub fn configure(device: &mut impl Registers, at: Addresses, words: u32) -> Result<()> {
    for (low, high, address) in [
        (r::STREAM_BASE_LOW, r::STREAM_BASE_HIGH, at.stream),
        (r::IMAGE_BASE_LOW, r::IMAGE_BASE_HIGH, at.image),
        (r::OUTPUT_BASE_LOW, r::OUTPUT_BASE_HIGH, at.output),
        (r::SCRATCH_BASE_LOW, r::SCRATCH_BASE_HIGH, at.scratch),
    ] {
        device.write(low, address as u32)?;
        device.write(high, (address >> 32) as u32)?;
    }
    device.write(r::STREAM_WORDS, words)
}

/// Starts a frame.
///
/// # Errors
/// Those of [`Registers`].
pub fn start(device: &mut impl Registers) -> Result<()> {
    device.write(r::CONTROL, r::CONTROL_START.mask())
}

/// Lets the program go on behind a step of the processor.
///
/// # Errors
/// Those of [`Registers`].
pub fn resume(device: &mut impl Registers) -> Result<()> {
    device.write(r::RESUME, r::RESUME_GO.mask())
}

/// Asks for the state of the frame that was started; `Done` is told once.
///
/// # Errors
/// Those of [`Registers`].
pub fn state(device: &mut impl Registers) -> Result<State> {
    let control = device.read(r::CONTROL)?;
    let status = device.read(r::STATUS)?;
    if r::STATUS_ERROR.read(status) != 0 {
        let pass = device.read(r::PASS)?;
        let error = device.read(r::ERROR)?;
        return Ok(State::Fault(Fault {
            code: r::STATUS_ERROR_CODE.read(status) as u8,
            client: r::ERROR_CLIENT.read(error) as u8,
            block: r::ERROR_BLOCK.read(error) as u16,
            pass: r::PASS_ERROR.read(pass) as u16,
        }));
    }
    if r::CONTROL_DONE.read(control) != 0 {
        return Ok(State::Done);
    }
    if r::STATUS_PROCESSOR.read(status) != 0 {
        let pass = device.read(r::PASS)?;
        return Ok(State::Processor(r::PASS_RUNNING.read(pass) as u16));
    }
    Ok(State::Running)
}

/// Ends the frame by the soft reset; [`is_clearing`] says when the next one may start.
///
/// # Errors
/// Those of [`Registers`].
pub fn soft_reset(device: &mut impl Registers) -> Result<()> {
    device.write(r::RESET, r::RESET_NOW.place(1))
}

/// Whether the accelerator waits for its bus to be quiet.
///
/// # Errors
/// Those of [`Registers`].
pub fn is_clearing(device: &mut impl Registers) -> Result<bool> {
    Ok(r::STATUS_CLEARING.read(device.read(r::STATUS)?) != 0)
}

/// The counters of the last frame.
///
/// # Errors
/// Those of [`Registers`].
pub fn counters(device: &mut impl Registers) -> Result<Counters> {
    let mut counters = Counters { cycles: device.read(r::CYCLES)?, ..Counters::default() };
    for (count, (_, register)) in counters.stalls.iter_mut().zip(Cause::COUNTED) {
        *count = device.read(register)?;
    }
    Ok(counters)
}

/// Lets the events of a frame raise the interrupt, and forgets those of before.
///
/// # Errors
/// Those of [`Registers`].
pub fn enable_interrupts(device: &mut impl Registers) -> Result<()> {
    let wanted = r::INTERRUPT_ENABLE_DONE.mask()
        | r::INTERRUPT_ENABLE_PROCESSOR.mask()
        | r::INTERRUPT_ENABLE_ERROR.mask();
    device.write(r::INTERRUPT_ENABLE, wanted)?;
    acknowledge(device)?;
    device.write(r::GLOBAL_INTERRUPT, r::GLOBAL_INTERRUPT_ENABLE.mask())
}

/// Toggles the events away that have come, which lowers the interrupt.
///
/// # Errors
/// Those of [`Registers`].
pub fn acknowledge(device: &mut impl Registers) -> Result<()> {
    let events = device.read(r::INTERRUPT_STATUS)?;
    device.write(r::INTERRUPT_STATUS, events)
}

/// Compares version and hash in the registers with those that a bundle wants.
///
/// # Errors
/// [`codes::DEVICE_MISMATCH`].
pub fn identify(device: &mut impl Registers, map: u32, design: &str) -> Result<()> {
    let found = device.read(r::VERSION)?;
    if found != map {
        let message = format!("the registers have version {found}, the bundle wants {map}");
        return Err(Error::new(&codes::DEVICE_MISMATCH, message));
    }
    let (low, high) = (device.read(r::HASH_LOW)?, device.read(r::HASH_HIGH)?);
    let found = format!("{high:08x}{low:08x}");
    if found != design {
        let message =
            format!("the bitstream was made for design {found}, the bundle is of design {design}");
        return Err(Error::new(&codes::DEVICE_MISMATCH, message));
    }
    Ok(())
}
