//! Seeded faults in a frame: what is broken, how the frame has to end, whether the next one is right.

mod injection;
mod rows;

use crate::base::error::Result;
use crate::compile::Compiled;
use crate::compile::capabilities::WORD;
use crate::compile::program::fields;
use crate::compile::schedule::Client;
use crate::verify::cosim::{Device, End, Frame, Upset, Values, Verifier};

use super::record::{FaultEnd, FaultOutcome};
use injection::{Injection, PROGRAM, take_block};

pub use rows::{FaultRow, by_kind};

/// Words that lie in the shared memory before a frame with a fault.
const MARK: [u8; WORD] = *b"left as it was..";
/// Frames for which the host waits before it resets an accelerator that does not end.
const PATIENCE: u64 = 4;

/// Runs a frame, the same frame with the fault of `seed`, and the frame once more.
///
/// # Errors
/// Those of [`Verifier::run`]: a simulation that hangs.
pub fn inject(
    compiled: &Compiled,
    device: &mut Device,
    values: &Values,
    seed: u64,
) -> Result<FaultOutcome> {
    let verifier = Verifier::new(compiled);
    let before = verifier.run(device, values)?;
    let injection = Injection::draw(seed, compiled, before.cycles);
    let mut bench = Bench {
        compiled,
        device,
        values,
        outcome: FaultOutcome {
            fault: injection.kind(),
            injected: injection.words(),
            found: String::new(),
            end: FaultEnd::Right,
            defined: before.is_exact(),
            untouched: None,
            recovered: false,
        },
    };
    bench.perform(injection, before.cycles)?;
    let mut outcome = bench.outcome;
    outcome.recovered = verifier.run(device, values)?.is_exact();
    Ok(outcome)
}

struct Bench<'a> {
    compiled: &'a Compiled,
    device: &'a mut Device,
    values: &'a Values,
    outcome: FaultOutcome,
}

impl Bench<'_> {
    fn perform(&mut self, injection: Injection, cycles: u64) -> Result<()> {
        let entry = |pass: usize| self.compiled.program.entries[pass].offset;
        match injection {
            Injection::Reset { cycle, pin } => self.reset(cycle, pin)?,
            Injection::Silence { cycle } => self.silence(cycle, cycles)?,
            Injection::Bus { region, word } => {
                let base = self.device.memory.regions[region].base / WORD as u64;
                self.device.memory.faults = vec![base + word as u64];
                self.broken(injection)?;
                self.device.memory.faults.clear();
            }
            Injection::Descriptor { pass, byte, bit } => {
                let at = entry(pass) + byte;
                self.with_program(|stream| stream[at] ^= 1 << bit, |own| own.broken(injection))?;
            }
            Injection::Weights { pass, byte, bit } => {
                let at = entry(pass) + byte;
                self.with_program(|stream| stream[at] ^= 1 << bit, |own| own.ends(injection))?;
            }
            Injection::Foreign { pass, client, block } => {
                let at = entry(pass);
                let take = |stream: &mut [u8]| take_block(&mut stream[at..], client, block);
                self.with_program(take, |own| own.broken(injection))?;
            }
            Injection::Memory { cycle, word, bit } => {
                let cycle = self.device.cycle + cycle;
                self.device.upset = Some(Upset { cycle, word, bit });
                self.ends(injection)?;
                self.device.upset = None;
            }
            Injection::Stall { cycle, cycles } => {
                self.device.memory.silence(cycle, cycles);
                self.ends(injection)?;
            }
        }
        Ok(())
    }

    /// With another program in memory.
    fn with_program(
        &mut self,
        change: impl FnOnce(&mut [u8]),
        run: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let whole = self.device.memory.regions[PROGRAM].bytes.clone();
        change(&mut self.device.memory.regions[PROGRAM].bytes);
        run(self)?;
        self.device.memory.regions[PROGRAM].bytes = whole;
        Ok(())
    }

    fn words(&self) -> usize {
        self.compiled.program.stream.len() / fields::RING_WORD
    }

    fn mark(&mut self) {
        for word in 0..self.device.simulation.words() {
            self.device.simulation.set_word(word, MARK);
        }
    }

    fn reset(&mut self, cycle: u64, pin: bool) -> Result<()> {
        self.mark();
        self.device.start(self.words())?;
        (0..cycle).for_each(|_| self.device.step());
        match pin {
            true => self.device.reset(),
            false => self.device.soft_reset()?,
        }
        self.outcome.end = FaultEnd::Reset;
        self.outcome.found = "the accelerator was reset".to_owned();
        self.outcome.untouched = Some(self.untouched(u16::MAX));
        Ok(())
    }

    /// A memory that answers nothing more: the host resets the accelerator with its bus.
    fn silence(&mut self, cycle: u64, cycles: u64) -> Result<()> {
        self.mark();
        self.device.memory.silence(cycle, u64::MAX);
        self.device.start(self.words())?;
        (0..cycle + PATIENCE * cycles).for_each(|_| self.device.step());
        let ended = self.device.ended()?;
        self.device.memory.silence(0, 0);
        self.device.reset();
        self.outcome.end = if ended { FaultEnd::Right } else { FaultEnd::Reset };
        self.outcome.found = match ended {
            true => "the frame had ended before".to_owned(),
            false => "the frame did not end; the accelerator was reset".to_owned(),
        };
        self.outcome.untouched = Some(self.untouched(u16::MAX));
        Ok(())
    }

    /// A frame that has to end by an error.
    fn broken(&mut self, injection: Injection) -> Result<()> {
        self.mark();
        match self.device.frame(self.words(), |_, _| Ok(()))? {
            End::Done => {
                self.outcome.found = "the frame ended without an error".to_owned();
                self.outcome.end = FaultEnd::Unseen;
                self.outcome.defined = false;
            }
            End::Fault(fault) => {
                let (codes, pass) = injection.errors();
                self.outcome.end = FaultEnd::Error;
                self.outcome.found = fault.describe(&self.compiled.program);
                self.outcome.defined &= codes.iter().any(|code| code.code == u32::from(fault.code))
                    && pass.is_none_or(|pass| pass == usize::from(fault.pass));
                self.outcome.untouched = Some(self.untouched(fault.pass));
            }
        }
        Ok(())
    }

    /// A frame that no error may end. A flipped bit may change its result, which nothing notices: there is no parity.
    fn ends(&mut self, injection: Injection) -> Result<()> {
        self.mark();
        let frame = Verifier::new(self.compiled).run(self.device, self.values)?;
        if let End::Fault(fault) = frame.end {
            self.outcome.end = FaultEnd::Error;
            self.outcome.found = fault.describe(&self.compiled.program);
            self.outcome.defined = false;
            self.outcome.untouched = Some(self.untouched(fault.pass));
            return Ok(());
        }
        let wrong = self.wrong_outputs(&frame);
        let may_be_wrong =
            matches!(injection, Injection::Weights { .. } | Injection::Memory { .. });
        self.outcome.end = if wrong { FaultEnd::Unseen } else { FaultEnd::Right };
        self.outcome.defined &= !wrong || may_be_wrong;
        self.outcome.found = match (wrong, frame.mismatch.is_some()) {
            (true, _) => "the result is wrong, and nothing says so",
            (false, true) => "a stored tensor is wrong, the result is right",
            (false, false) => "the result is right",
        }
        .to_owned();
        self.outcome.untouched = Some(self.untouched(u16::MAX));
        Ok(())
    }

    fn wrong_outputs(&self, frame: &Frame) -> bool {
        frame.outputs.iter().any(|(id, found)| self.values.integers.get(id) != Some(found))
    }

    /// Whether the mark is in every block that no pass up to `pass` may write.
    fn untouched(&self, pass: u16) -> bool {
        let owners = self.compiled.plan.placed.owners.iter().take(usize::from(pass) + 1);
        let writers = || Client::ALL.iter().filter(|client| client.writes());
        let writable = owners.fold(0u128, |mask, owners| {
            writers().fold(mask, |mask, &client| mask | owners.mask(client))
        });
        (0..self.device.simulation.words()).all(|word| {
            writable >> (word / self.compiled.design.block_words) & 1 != 0
                || self.device.simulation.word(word) == MARK
        })
    }
}
