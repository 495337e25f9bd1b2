//! The simulated accelerator as a driver sees it: registers over AXI4-Lite, memory over AXI4, frames.

use super::library::{Inputs, Outputs, Simulation};
use super::memory::{Memory, Region, Timing};
use crate::base::error::{Error, Result, codes};
use crate::compile::border::registers::{self as r, Register};
use crate::compile::border::status::Cause;
use crate::compile::program::predict::{self, READ_LATENCY};
use crate::compile::program::{Design, Program};
use crate::device::Fault;
use crate::device::control::{self, Addresses, Registers, State};

/// Addresses of the buffers in the simulated DDR.
const ADDRESSES: Addresses = Addresses {
    stream: 0x1000_0000,
    image: 0x2000_0000,
    output: 0x3000_0000,
    scratch: 0x4000_0000,
};

/// Cycles without the end of a pass after which the design counts as hanging: these, and so many times what the cost model
/// says of the longest pass.
const WATCHDOG: u64 = 400_000;
const WATCHDOG_FACTOR: u64 = 4;
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
    /// Cycles of the longest pass by the cost model.
    pub longest_pass: u64,
}

impl Buffers {
    /// Those of a program, with this image.
    ///
    /// # Errors
    /// Those of [`predict::predict`].
    pub fn new(program: &Program, design: &Design, image: Vec<u8>) -> Result<Self> {
        let costs = predict::predict(&program.stream, design, READ_LATENCY)?;
        Ok(Self {
            stream: program.stream.clone(),
            image,
            output: program.buffers.output as usize,
            scratch: program.buffers.scratch as usize,
            longest_pass: costs.iter().map(|cost| cost.cycles).max().unwrap_or(0),
        })
    }
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

/// A bit of the shared memory that flips, as a particle flips it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upset {
    /// Before which cycle, in those of [`Device::cycle`].
    pub cycle: u64,
    /// The word.
    pub word: usize,
    /// The bit in it, 0 to 127.
    pub bit: u32,
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
        if device.cycle.saturating_sub(self.last) > device.watchdog {
            let message = format!(
                "after {} passes none has ended for {} cycles",
                self.passes, device.watchdog
            );
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
    /// A bit that flips once.
    pub upset: Option<Upset>,
    /// Cycles without the end of a pass after which it counts as hanging.
    watchdog: u64,
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
            region(ADDRESSES.stream, buffers.stream),
            region(ADDRESSES.image, buffers.image),
            region(ADDRESSES.output, vec![0; buffers.output]),
            region(ADDRESSES.scratch, vec![0; buffers.scratch]),
        ];
        let mut device = Self::with(simulation, Memory::new(regions, timing));
        device.watchdog += WATCHDOG_FACTOR * buffers.longest_pass;
        device
    }

    /// A design with this memory, reset.
    pub fn with(simulation: Simulation, memory: Memory) -> Self {
        let mut device = Self {
            simulation,
            memory,
            cycle: 0,
            held_up: [0; Cause::COUNTED.len()],
            upset: None,
            watchdog: WATCHDOG,
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

    /// The interrupt output.
    pub fn interrupt(&self) -> bool {
        self.outputs.interrupt != 0
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
        if let Some(upset) = self.upset.take_if(|upset| upset.cycle == self.cycle) {
            let mut word = self.simulation.word(upset.word);
            word[upset.bit as usize / 8] ^= 1 << (upset.bit % 8);
            self.simulation.set_word(upset.word, word);
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
        control::soft_reset(self)
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
        Ok(control::counters(self)?.stalls)
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
        control::configure(self, ADDRESSES, words as u32)?;
        let mut watch = Watch::new(&mut observe);
        watch.last = self.cycle;
        control::start(&mut Watched { device: self, watch: &mut watch })?;
        self.wait(watch)
    }

    /// Starts a frame of a program of `words` ring words and returns at once.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn start(&mut self, words: usize) -> Result<()> {
        control::configure(self, ADDRESSES, words as u32)?;
        control::start(self)
    }

    /// Whether the frame that was started has ended.
    ///
    /// # Errors
    /// [`codes::SIMULATION_HANG`].
    pub fn ended(&mut self) -> Result<bool> {
        Ok(!matches!(control::state(self)?, State::Running | State::Processor(_)))
    }

    fn wait(&mut self, mut watch: Watch<'_>) -> Result<End> {
        loop {
            for _ in 0..POLL {
                self.step_watched(&mut watch)?;
            }
            match control::state(&mut Watched { device: self, watch: &mut watch })? {
                State::Running => {}
                State::Done => return Ok(End::Done),
                State::Fault(fault) => return Ok(End::Fault(fault)),
                State::Processor(pass) => {
                    (watch.observe)(Event::Processor(pass), self)?;
                    control::resume(&mut Watched { device: self, watch: &mut watch })?;
                }
            }
        }
    }
}

impl Registers for Device {
    fn read(&mut self, register: Register) -> Result<u32> {
        Self::read(self, register)
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        Self::write(self, register, value)
    }
}

/// The registers while a frame is watched.
struct Watched<'a, 'b> {
    device: &'a mut Device,
    watch: &'a mut Watch<'b>,
}

impl Registers for Watched<'_, '_> {
    fn read(&mut self, register: Register) -> Result<u32> {
        self.device.read_watched(register, self.watch)
    }

    fn write(&mut self, register: Register, value: u32) -> Result<()> {
        self.device.write_watched(register, value, self.watch)
    }
}
