//! Frames on an accelerator, whatever the way to it.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use super::control::{self, Addresses, Counters, State};
use super::description::{self, Description, Step, Tensor};
use super::transport::Transport;
use super::vectors::{self, Vector};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::compile::border::registers as r;
use crate::compile::program::{Buffers, Entry, Program};

/// Alignment of buffers.
const PAGE: u64 = 4096;
/// Frames in memory: one that comes in, one that runs, whose place the next takes when it has left.
const SLOTS: u64 = 2;
/// Longest wait for a quiet bus.
const QUIET: Duration = Duration::from_secs(2);

/// How long a driver waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// For the end of a frame, or the processor's turn in it.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10) }
    }
}

/// What a frame gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The outputs of [`Description::outputs`], as integers in the order channel, row, column.
    pub outputs: Vec<Vec<i32>>,
    /// What the counters said.
    pub counters: Counters,
}

/// The processor's part of a frame: what a step reads, to what it has to write, as integers in the order channel,
/// row, column.
pub type Processor<'a> = dyn FnMut(&Step, Vec<Vec<i32>>) -> Result<Vec<Vec<i32>>> + 'a;

/// A bundle on an accelerator.
#[derive(Debug)]
pub struct Driver<T: Transport> {
    transport: T,
    description: Description,
    options: Options,
    /// For errors in words.
    program: Program,
    /// Offset of the image and the output buffer of every slot.
    slots: Vec<[u64; 2]>,
    scratch: u64,
    /// Slots of the frames that were submitted and not collected, oldest first.
    waiting: VecDeque<usize>,
    next: usize,
    /// The oldest of them runs.
    runs: bool,
}

/// The description of a bundle.
///
/// # Errors
/// [`codes::FILE_READ`]; [`codes::BUNDLE`] when it is none.
pub fn describe(bundle: &Path) -> Result<Description> {
    let text = files::read_text(&bundle.join(description::FILE))?;
    Description::from_json(&text).at(|| bundle.display().to_string())
}

impl<T: Transport> Driver<T> {
    /// Loads a bundle: checks version and hash of the design and the hash of the program, ends what ran
    /// before, and puts the program into memory.
    ///
    /// # Errors
    /// [`codes::DEVICE_MISMATCH`], [`codes::DEVICE_MEMORY`], [`codes::DEVICE_TIMEOUT`]; those of files.
    pub fn open(bundle: &Path, transport: T, options: Options) -> Result<Self> {
        let description = describe(bundle)?;
        let program = &files::read(&bundle.join(&description.program.file))?;
        if files::sha256(program) != description.program.sha256 {
            let message = format!("{} is not the one of the bundle", description.program.file);
            return Err(
                Error::new(&codes::DEVICE_MISMATCH, message).at(bundle.display().to_string())
            );
        }
        Self::new(description, program, transport, options)
    }

    /// Loads a program with its description, as [`Driver::open`] does.
    ///
    /// # Errors
    /// [`codes::DEVICE_MISMATCH`], [`codes::DEVICE_MEMORY`], [`codes::DEVICE_TIMEOUT`].
    pub fn new(
        description: Description,
        program: &[u8],
        mut transport: T,
        options: Options,
    ) -> Result<Self> {
        control::identify(&mut transport, description.register_map, &description.design)?;
        let pages = |bytes: u64| bytes.next_multiple_of(PAGE).max(PAGE);
        let sizes = description.buffers;
        let mut end = pages(program.len() as u64);
        let mut take = |bytes| {
            let start = end;
            end += pages(bytes);
            start
        };
        let scratch = take(sizes.scratch);
        let slots = (0..SLOTS).map(|_| [take(sizes.image), take(sizes.output)]).collect();
        let memory = transport.memory();
        if end > memory.bytes {
            let message = format!("{end} bytes are needed, {} are there", memory.bytes);
            return Err(Error::new(&codes::DEVICE_MEMORY, message));
        }
        let entries = description.passes.iter().map(|name| Entry { offset: 0, name: name.clone() });
        let buffers = Buffers { image: sizes.image, output: sizes.output, scratch: sizes.scratch };
        let entries = Program { stream: Vec::new(), entries: entries.collect(), buffers };
        let mut driver = Self {
            transport,
            description,
            options,
            program: entries,
            slots,
            scratch,
            waiting: VecDeque::new(),
            next: 0,
            runs: false,
        };
        driver.reset()?;
        driver.transport.put(0, program)?;
        Ok(driver)
    }

    /// What the bundle says.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The way to the accelerator.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Ends what runs and forgets submitted frames; the next frame may start.
    ///
    /// # Errors
    /// [`codes::DEVICE_TIMEOUT`] when the bus never becomes quiet.
    pub fn reset(&mut self) -> Result<()> {
        self.waiting.clear();
        self.runs = false;
        let device = &mut self.transport;
        device.write(r::GLOBAL_INTERRUPT, 0)?;
        control::soft_reset(device)?;
        let started = Instant::now();
        while control::is_clearing(device)? {
            if started.elapsed() > QUIET {
                let message = "the accelerator's bus does not become quiet after a reset";
                return Err(Error::new(&codes::DEVICE_TIMEOUT, message)
                    .help("the memory port does not answer: load the bitstream again"));
            }
        }
        control::enable_interrupts(device)?;
        // Done of the frame before is cleared by reading.
        device.read(r::CONTROL).map(drop)
    }

    /// Runs one frame: `image` is the whole image buffer.
    ///
    /// # Errors
    /// Those of [`Driver::submit`] and [`Driver::collect`].
    pub fn frame(&mut self, image: &[u8], processor: &mut Processor<'_>) -> Result<Frame> {
        self.submit(image)?;
        self.collect(processor)
    }

    /// Puts an image into memory, and starts its frame where none runs.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for an image of another size; [`codes::BAD_ARGUMENT`] when two frames wait already.
    pub fn submit(&mut self, image: &[u8]) -> Result<()> {
        if image.len() as u64 != self.description.buffers.image {
            let message = format!(
                "an image buffer of {} bytes, it has {}",
                image.len(),
                self.description.buffers.image
            );
            return Err(Error::new(&codes::SHAPE, message));
        }
        if self.waiting.len() == self.slots.len() {
            let message = format!("{} frames are submitted and not collected", self.slots.len());
            return Err(Error::new(&codes::BAD_ARGUMENT, message));
        }
        let slot = self.next;
        self.transport.put(self.slots[slot][0], image)?;
        self.next = (slot + 1) % self.slots.len();
        self.waiting.push_back(slot);
        self.start()
    }

    /// Waits for the oldest frame, starts the next one, and gives the outputs of the former.
    ///
    /// # Errors
    /// [`codes::DEVICE_FAULT`], [`codes::DEVICE_TIMEOUT`], and those of `processor`. All submitted frames are
    /// forgotten then; the next one may be submitted.
    pub fn collect(&mut self, processor: &mut Processor<'_>) -> Result<Frame> {
        let steps = self.description.steps.clone();
        let (buffer, counters) = self.collect_bytes(&mut |pass, scratch| {
            let step = steps.iter().find(|step| step.pass == pass).ok_or_else(|| {
                let message =
                    format!("the accelerator waits in pass {pass}, where there is no step");
                Error::new(&codes::DEVICE_MISMATCH, message)
            })?;
            let reads: Result<Vec<_>> = step.reads.iter().map(|own| own.unpack(scratch)).collect();
            let made = processor(step, reads?)?;
            if made.len() != step.writes.len() {
                let message = format!("{} tensors for a step of {}", made.len(), step.writes.len());
                return Err(Error::new(&codes::SHAPE, message));
            }
            let mut writes = step.writes.iter().zip(&made);
            writes.try_for_each(|(tensor, numbers)| tensor.pack(numbers, scratch))
        })?;
        let outputs = self.description.outputs.iter().map(|tensor| tensor.unpack(&buffer));
        Ok(Frame { outputs: outputs.collect::<Result<_>>()?, counters })
    }

    /// Like [`Driver::collect`], in bytes: `step` gets the pass and the scratch buffer, which goes back to the
    /// accelerator; the result is the output buffer.
    ///
    /// # Errors
    /// Those of [`Driver::collect`].
    pub fn collect_bytes(
        &mut self,
        step: &mut dyn FnMut(u16, &mut [u8]) -> Result<()>,
    ) -> Result<(Vec<u8>, Counters)> {
        let Some(&slot) = self.waiting.front() else {
            return Err(Error::new(&codes::BAD_ARGUMENT, "no frame was submitted"));
        };
        let ended = self.finish(step);
        if let Err(error) = ended {
            // What went wrong first is told; an accelerator that cannot be reset shows it at the next frame.
            let _ = self.reset();
            return Err(error);
        }
        let counters = control::counters(&mut self.transport)?;
        self.waiting.pop_front();
        self.runs = false;
        self.start()?;
        // The next frame runs while the outputs of this one are read.
        let mut buffer = vec![0; self.description.buffers.output as usize];
        self.transport.get(self.slots[slot][1], &mut buffer)?;
        Ok((buffer, counters))
    }

    fn start(&mut self) -> Result<()> {
        let Some(&slot) = self.waiting.front().filter(|_| !self.runs) else { return Ok(()) };
        let base = self.transport.memory().address;
        let [image, output] = self.slots[slot].map(|offset| base + offset);
        let at = Addresses { stream: base, image, output, scratch: base + self.scratch };
        let words = (self.description.program.bytes / 32) as u32;
        control::configure(&mut self.transport, at, words)?;
        self.runs = true;
        control::start(&mut self.transport)
    }

    /// Waits for the end of the frame that runs.
    fn finish(&mut self, step: &mut dyn FnMut(u16, &mut [u8]) -> Result<()>) -> Result<()> {
        loop {
            let came = self.transport.wait(self.options.timeout)?;
            control::acknowledge(&mut self.transport)?;
            match control::state(&mut self.transport)? {
                State::Fault(fault) => {
                    let message = fault.describe(&self.program);
                    return Err(Error::new(&codes::DEVICE_FAULT, message).help(fault.advice()));
                }
                State::Done if came => return Ok(()),
                State::Processor(pass) if came => {
                    let mut scratch = vec![0; self.description.buffers.scratch as usize];
                    self.transport.get(self.scratch, &mut scratch)?;
                    step(pass, &mut scratch)?;
                    self.transport.put(self.scratch, &scratch)?;
                    control::resume(&mut self.transport)?;
                }
                State::Running if came => {}
                state => return Err(self.late(state)),
            }
        }
    }

    /// Why nothing came in time.
    fn late(&self, state: State) -> Error {
        let time = self.options.timeout;
        if state == State::Running {
            let message = format!("the frame has not ended after {time:?}");
            return Error::new(&codes::DEVICE_TIMEOUT, message);
        }
        let message = format!("no interrupt came within {time:?}, though the frame went on");
        Error::new(&codes::DEVICE_TIMEOUT, message)
            .help("check the number of the interrupt in the device tree")
    }

    /// Runs the frames of the bundle's check vectors; the first difference, if any, in words.
    ///
    /// # Errors
    /// Those of [`Driver::frame`] and of reading the vectors.
    pub fn check(&mut self, bundle: &Path) -> Result<Option<String>> {
        let bytes = files::read(&bundle.join(vectors::FILE))?;
        let all = vectors::parse(&bytes, &self.description)?;
        for (number, vector) in all.iter().enumerate() {
            let mut difference = None;
            let mut steps = vector.steps.iter();
            let frame = self.frame(&vector.image, &mut |step, reads| {
                let [expected, writes] = steps.next().cloned().unwrap_or_default();
                difference = difference.take().or_else(|| differs(&step.reads, &expected, &reads));
                Ok(writes)
            })?;
            let difference = difference.or_else(|| self.outputs_differ(vector, &frame));
            if let Some(difference) = difference {
                return Ok(Some(format!("frame {number}: {difference}")));
            }
        }
        Ok(None)
    }

    fn outputs_differ(&self, vector: &Vector, frame: &Frame) -> Option<String> {
        differs(&self.description.outputs, &vector.outputs, &frame.outputs)
    }
}

/// The first number that differs.
fn differs(tensors: &[Tensor], expected: &[Vec<i32>], found: &[Vec<i32>]) -> Option<String> {
    for (tensor, (expected, found)) in tensors.iter().zip(expected.iter().zip(found)) {
        if let Some(at) = (0..expected.len()).find(|&at| found.get(at) != Some(&expected[at])) {
            let pixels = (tensor.height * tensor.width).max(1);
            let (row, column) = (at % pixels / tensor.width, at % tensor.width);
            return Some(format!(
                "\"{}\" differs at channel {}, row {row}, column {column}: {} instead of {}",
                tensor.name,
                at / pixels,
                found[at],
                expected[at]
            ));
        }
    }
    None
}
