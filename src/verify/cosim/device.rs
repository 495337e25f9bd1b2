//! The simulated accelerator as a driver sees it: registers over AXI4-Lite, memory over AXI4, frames.
//!
//! Offsets and bits are those of `rtl/control_registers.v`.

use super::library::{Inputs, Outputs, Simulation};
use super::memory::{Memory, Region, Timing};
use crate::base::error::{Error, Result, codes};

/// Addresses of the buffers in the simulated DDR.
const STREAM: u64 = 0x1000_0000;
const IMAGE: u64 = 0x2000_0000;
const OUTPUT: u64 = 0x3000_0000;
const SCRATCH: u64 = 0x4000_0000;

const CONTROL: u32 = 0x00;
const STREAM_BASE: u32 = 0x10;
const IMAGE_BASE: u32 = 0x18;
const OUTPUT_BASE: u32 = 0x20;
const SCRATCH_BASE: u32 = 0x28;
const STREAM_WORDS: u32 = 0x30;
const RESUME: u32 = 0x34;
const RESET: u32 = 0x38;
const STATUS: u32 = 0x40;
const PASS: u32 = 0x44;
const ERROR: u32 = 0x48;
const COUNT: u32 = 0x4C;
const CYCLES: u32 = 0x60;
const STALLS: u32 = 0x64;

const CONTROL_START: u32 = 1;
const CONTROL_DONE: u32 = 2;
const STATUS_PROCESSOR: u32 = 2;
const STATUS_ERROR: u32 = 4;

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
    Fault {
        /// `ErrorCode` of `rtl/pass_control.v`.
        code: u8,
        /// Client of the memory or of the bus.
        client: u8,
        /// Block of the shared memory.
        block: u16,
        /// Pass.
        pass: u16,
    },
}

/// Stall cycles by cause, in the order of the registers.
pub const CAUSES: [&str; 6] = ["weights", "lanes", "port", "image", "plane engine", "banks"];

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
    /// Of them held up by each of [`CAUSES`].
    pub held_up: [u64; 6],
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
            held_up: [0; 6],
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
        self.memory.reset();
        self.inputs = Inputs::default();
        for _ in 0..20 {
            self.step();
        }
        self.inputs.aresetn = 1;
        self.step();
    }

    /// One clock cycle.
    pub fn step(&mut self) {
        self.memory.drive(&mut self.inputs);
        self.outputs = self.simulation.cycle(&self.inputs);
        self.memory.sample(&mut self.inputs, &self.outputs);
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

    fn write_watched(&mut self, register: u32, value: u32, watch: &mut Watch<'_>) -> Result<()> {
        self.inputs.ctrl_awaddr = register;
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

    fn read_watched(&mut self, register: u32, watch: &mut Watch<'_>) -> Result<u32> {
        self.inputs.ctrl_araddr = register;
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
    pub fn write(&mut self, register: u32, value: u32) -> Result<()> {
        self.write_watched(register, value, &mut Watch::new(&mut |_, _| Ok(())))
    }

    /// Reads a register.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`] when it is not answered.
    pub fn read(&mut self, register: u32) -> Result<u32> {
        self.read_watched(register, &mut Watch::new(&mut |_, _| Ok(())))
    }

    /// Resets the accelerator by its register.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn soft_reset(&mut self) -> Result<()> {
        self.write(RESET, 1)
    }

    /// Lets the counters of the next frames count one pass only, or everything.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn count(&mut self, pass: Option<u16>) -> Result<()> {
        self.write(COUNT, pass.map_or(0, |pass| 1 << 16 | u32::from(pass)))
    }

    /// Counted cycles of the last frame.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn counted(&mut self) -> Result<u32> {
        self.read(CYCLES)
    }

    /// Counted stall cycles of the last frame, in the order of [`CAUSES`].
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn stalls(&mut self) -> Result<[u32; 6]> {
        let mut stalls = [0; 6];
        for (index, stall) in stalls.iter_mut().enumerate() {
            *stall = self.read(STALLS + 4 * index as u32)?;
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
        self.write_watched(CONTROL, CONTROL_START, &mut watch)?;
        self.wait(watch)
    }

    /// Starts a frame of a program of `words` ring words and returns at once.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn start(&mut self, words: usize) -> Result<()> {
        self.configure(words)?;
        self.write(CONTROL, CONTROL_START)
    }

    fn configure(&mut self, words: usize) -> Result<()> {
        for (register, address) in [
            (STREAM_BASE, STREAM),
            (IMAGE_BASE, IMAGE),
            (OUTPUT_BASE, OUTPUT),
            (SCRATCH_BASE, SCRATCH),
        ] {
            self.write(register, address as u32)?;
            self.write(register + 4, (address >> 32) as u32)?;
        }
        self.write(STREAM_WORDS, words as u32)
    }

    fn wait(&mut self, mut watch: Watch<'_>) -> Result<End> {
        loop {
            for _ in 0..POLL {
                self.step_watched(&mut watch)?;
            }
            let control = self.read_watched(CONTROL, &mut watch)?;
            let status = self.read_watched(STATUS, &mut watch)?;
            if status & STATUS_ERROR != 0 {
                return self.fault(status);
            }
            if control & CONTROL_DONE != 0 {
                return Ok(End::Done);
            }
            if status & STATUS_PROCESSOR != 0 {
                let pass = self.read_watched(PASS, &mut watch)? as u16;
                (watch.observe)(Event::Processor(pass), self)?;
                self.write_watched(RESUME, 1, &mut watch)?;
            }
        }
    }

    fn fault(&mut self, status: u32) -> Result<End> {
        let pass = self.read(PASS)?;
        let error = self.read(ERROR)?;
        Ok(End::Fault {
            code: (status >> 8) as u8,
            client: error as u8,
            block: (error >> 16) as u16,
            pass: (pass >> 16) as u16,
        })
    }
}
