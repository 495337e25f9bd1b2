//! The simulated accelerator as a driver sees it: registers over AXI4-Lite, memory over AXI4, frames.

use super::fault::Fault;
use super::library::{Inputs, Outputs, Simulation};
use super::memory::{Memory, Region, Timing};
use crate::base::error::{Error, Result, codes};
use crate::compile::border::registers::{self as r, Register};
use crate::compile::border::status::Cause;

/// Addresses of the buffers in the simulated DDR.
const STREAM: u64 = 0x1000_0000;
const IMAGE: u64 = 0x2000_0000;
const OUTPUT: u64 = 0x3000_0000;
const SCRATCH: u64 = 0x4000_0000;

/// Cycles without the end of a pass after which the design counts as hanging.
const WATCHDOG: u64 = 400_000;
/// Cycles in which an access to a register must be answered.
const PATIENCE: u32 = 1000;
/// Cycles between two looks at the status register while a frame runs.
const POLL: u64 = 512;

/// Buffers of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buffers {
    /// The program.
    pub stream: Vec<u8>,
    /// The image, or the input tensor.
    pub image: Vec<u8>,
    /// Bytes of the output buffer.
    pub output: usize,
    /// Bytes of the scratch buffer.
    pub scratch: usize,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A pass is done.
    Pass(u16),
    /// The processor's turn.
    Processor(u16),
}

/// How a frame ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All passes are done.
    Done,
    /// The hardware found an error.
    Fault(Fault),
}

/// Tells of passes as they end, and of a design that hangs.
struct Watch<'a> {
    observe: &'a mut dyn FnMut(Event, &mut Device) -> Result<()>,
    last: u64,
    passes: usize,
}

impl<'a> Watch<'a> {
    fn new(observe: &'a mut dyn FnMut(Event, &mut Device) -> Result<()>) -> Self {
        Self { observe, last: u64::MAX, passes: 0 }
    }

    fn see(&mut self, device: &mut Device) -> Result<()> {
        if device.outputs.pass_done != 0 {
            self.last = device.cycle;
            self.passes += 1;
            return (self.observe)(Event::Pass(device.outputs.pass_index as u16), device);
        }
        if device.cycle.saturating_sub(self.last) > WATCHDOG {
            let message =
                format!("after {} passes none has ended for {WATCHDOG} cycles", self.passes);
            return Err(Error::new(&codes::SIMULATION_HANG, message));
        }
        Ok(())
    }
}

/// The accelerator with its memory.
pub struct Device {
    /// The design.
    pub simulation: Simulation,
    /// DDR.
    pub memory: Memory,
    /// Cycles since the first reset.
    pub cycle: u64,
    /// Of them held up by each of [`Cause::COUNTED`].
    pub held_up: [u64; Cause::COUNTED.len()],
    inputs: Inputs,
    outputs: Outputs,
}

impl Device {
    /// A design with these buffers in memory, reset.
    pub fn new(simulation: Simulation, buffers: Buffers, timing: Timing) -> Self {
        let region = |base, mut bytes: Vec<u8>| {
            bytes.resize(bytes.len().next_multiple_of(4096).max(4096), 0);
            Region { base, bytes }
        };
        let regions = vec![
            region(STREAM, buffers.stream),
            region(IMAGE, buffers.image),
            region(OUTPUT, vec![0; buffers.output]),
            region(SCRATCH, vec![0; buffers.scratch]),
        ];
        let memory = Memory::new(regions, timing);
        let mut device = Self {
            simulation,
            memory,
            cycle: 0,
            held_up: [0; Cause::COUNTED.len()],
            inputs: Inputs::default(),
            outputs: Outputs::default(),
        };
        device.reset();
        device
    }

    /// Puts the image of frame `frame` into the image buffer; the number chooses the stalls.
    pub fn set_image(&mut self, image: &[u8], frame: u64) {
        self.memory.restart(frame);
        self.memory.regions[1].bytes[..image.len()].copy_from_slice(image);
    }

    /// The output buffer.
    pub fn output(&self) -> &[u8] {
        &self.memory.regions[2].bytes
    }

    /// The scratch buffer.
    pub fn scratch(&mut self) -> &mut [u8] {
        &mut self.memory.regions[3].bytes
    }

    /// Holds the reset input for some cycles; what is under way on the bus is lost.
    pub fn reset(&mut self) {
        self.inputs = Inputs::default();
        for _ in 0..20 {
            self.step();
        }
        self.inputs.aresetn = 1;
        self.step();
    }

    /// One clock cycle.
    pub fn step(&mut self) {
        let resets = self.inputs.aresetn == 0;
        if resets {
            self.memory.reset();
        }
        self.memory.drive(&mut self.inputs);
        self.outputs = self.simulation.cycle(&self.inputs);
        // In the first cycle of a reset the outputs are still those of before.
        if !resets {
            self.memory.sample(&mut self.inputs, &self.outputs);
        }
        self.cycle += 1;
        if self.outputs.stall != 0 {
            for (cause, cycles) in self.held_up.iter_mut().enumerate() {
                *cycles += u64::from(self.outputs.stall >> cause & 1);
            }
        }
    }

    fn step_watched(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        self.step();
        watch.see(self)
    }

    fn write_watched(
        &mut self,
        register: Register,
        value: u32,
        watch: &mut Watch<'_>,
    ) -> Result<()> {
        self.inputs.ctrl_awaddr = register.offset;
        self.inputs.ctrl_wdata = value;
        self.inputs.ctrl_awvalid = 1;
        self.inputs.ctrl_wvalid = 1;
        self.inputs.ctrl_bready = 1;
        for _ in 0..PATIENCE {
            self.step_watched(watch)?;
            if self.outputs.ctrl_awready != 0 {
                self.inputs.ctrl_awvalid = 0;
            }
            if self.outputs.ctrl_wready != 0 {
                self.inputs.ctrl_wvalid = 0;
            }
            if self.outputs.ctrl_bvalid != 0 {
                self.inputs.ctrl_bready = 0;
                return Ok(());
            }
        }
        Err(Error::new(&codes::SIMULATION_HANG, "a write to a register is not answered"))
    }

    fn read_watched(&mut self, register: Register, watch: &mut Watch<'_>) -> Result<u32> {
        self.inputs.ctrl_araddr = register.offset;
        self.inputs.ctrl_arvalid = 1;
        self.inputs.ctrl_rready = 1;
        for _ in 0..PATIENCE {
            self.step_watched(watch)?;
            if self.outputs.ctrl_arready != 0 {
                self.inputs.ctrl_arvalid = 0;
            }
            if self.outputs.ctrl_rvalid != 0 {
                self.inputs.ctrl_rready = 0;
                return Ok(self.outputs.ctrl_rdata);
            }
        }
        Err(Error::new(&codes::SIMULATION_HANG, "a read of a register is not answered"))
    }

    /// Writes a register.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`] when it is not answered.
    pub fn write(&mut self, register: Register, value: u32) -> Result<()> {
        self.write_watched(register, value, &mut Watch::new(&mut |_, _| Ok(())))
    }

    /// Reads a register.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`] when it is not answered.
    pub fn read(&mut self, register: Register) -> Result<u32> {
        self.read_watched(register, &mut Watch::new(&mut |_, _| Ok(())))
    }

    /// Resets the accelerator by its register.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn soft_reset(&mut self) -> Result<()> {
        self.write(r::RESET, r::RESET_NOW.place(1))
    }

    /// Lets the counters of the next frames count one pass only, or everything.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn count(&mut self, pass: Option<u16>) -> Result<()> {
        let only = |pass| r::COUNT_ONLY.place(1) | r::COUNT_PASS.place(u32::from(pass));
        self.write(r::COUNT, pass.map_or(0, only))
    }

    /// Counted cycles of the last frame.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn counted(&mut self) -> Result<u32> {
        self.read(r::CYCLES)
    }

    /// Counted stall cycles of the last frame, in the order of [`Cause::COUNTED`].
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn stalls(&mut self) -> Result<[u32; Cause::COUNTED.len()]> {
        let mut stalls = [0; Cause::COUNTED.len()];
        for (count, (_, register)) in stalls.iter_mut().zip(Cause::COUNTED) {
            *count = self.read(register)?;
        }
        Ok(stalls)
    }

    /// Runs a frame of a program of `words` ring words. `observe` is called after each pass, and for each
    /// step of the processor, before the accelerator goes on.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`] when nothing ends for long; those of `observe`.
    pub fn frame(
        &mut self,
        words: usize,
        mut observe: impl FnMut(Event, &mut Self) -> Result<()>,
    ) -> Result<End> {
        self.configure(words)?;
        let mut watch = Watch::new(&mut observe);
        watch.last = self.cycle;
        self.write_watched(r::CONTROL, r::CONTROL_START.mask(), &mut watch)?;
        self.wait(watch)
    }

    /// Starts a frame of a program of `words` ring words and returns at once.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn start(&mut self, words: usize) -> Result<()> {
        self.configure(words)?;
        self.write(r::CONTROL, r::CONTROL_START.mask())
    }

    fn configure(&mut self, words: usize) -> Result<()> {
        for (low, high, address) in [
            (r::STREAM_BASE_LOW, r::STREAM_BASE_HIGH, STREAM),
            (r::IMAGE_BASE_LOW, r::IMAGE_BASE_HIGH, IMAGE),
            (r::OUTPUT_BASE_LOW, r::OUTPUT_BASE_HIGH, OUTPUT),
            (r::SCRATCH_BASE_LOW, r::SCRATCH_BASE_HIGH, SCRATCH),
        ] {
            self.write(low, address as u32)?;
            self.write(high, (address >> 32) as u32)?;
        }
        self.write(r::STREAM_WORDS, words as u32)
    }

    fn wait(&mut self, mut watch: Watch<'_>) -> Result<End> {
        loop {
            for _ in 0..POLL {
                self.step_watched(&mut watch)?;
            }
            let control = self.read_watched(r::CONTROL, &mut watch)?;
            let status = self.read_watched(r::STATUS, &mut watch)?;
            if r::STATUS_ERROR.read(status) != 0 {
                return self.fault(status);
            }
            if r::CONTROL_DONE.read(control) != 0 {
                return Ok(End::Done);
            }
            if r::STATUS_PROCESSOR.read(status) != 0 {
                let pass = self.read_watched(r::PASS, &mut watch)?;
                let pass = r::PASS_RUNNING.read(pass) as u16;
                (watch.observe)(Event::Processor(pass), self)?;
                self.write_watched(r::RESUME, r::RESUME_GO.mask(), &mut watch)?;
            }
        }
    }

    fn fault(&mut self, status: u32) -> Result<End> {
        let pass = self.read(r::PASS)?;
        let error = self.read(r::ERROR)?;
        Ok(End::Fault(Fault {
            code: r::STATUS_ERROR_CODE.read(status) as u8,
            client: r::ERROR_CLIENT.read(error) as u8,
            block: r::ERROR_BLOCK.read(error) as u16,
            pass: r::PASS_ERROR.read(pass) as u16,
        }))
    }
}
