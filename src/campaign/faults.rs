//! Seeded faults in a frame: what is broken, how the frame has to end, whether the next one is right.

use crate::base::error::Result;
use crate::base::random::Random;
use crate::compile::Compiled;
use crate::compile::border::status::{
    ERROR_CHECKSUM, ERROR_DESCRIPTOR, ERROR_OWNER, ERROR_READ, ERROR_WRITE, Fault as Kind,
};
use crate::compile::capabilities::WORD;
use crate::compile::program::fields;
use crate::compile::schedule::Client;
use crate::verify::cosim::{Device, End, Values, Verifier};

use super::record::FaultOutcome;

/// Words that lie in the shared memory before a frame with a fault.
const MARK: [u8; WORD] = *b"left as it was..";

/// Regions of the simulated DDR, in the order of [`Device::new`].
const PROGRAM: usize = 0;
const IMAGE: usize = 1;
const OUTPUT: usize = 2;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Injection {
    /// A word of a region answers SLVERR.
    Bus { region: usize, word: usize },
    /// A flipped bit in the descriptor of a pass.
    Descriptor { pass: usize, byte: usize, bit: u32 },
    /// A reset after so many cycles, by the register or by the pin.
    Reset { cycle: u64, pin: bool },
}

impl Injection {
    /// The fault of a seed; `cycles` are those of a frame.
    fn draw(seed: u64, compiled: &Compiled, cycles: u64) -> Self {
        let mut random = Random::new(seed, 0);
        let program = &compiled.program;
        let mut below = |count: usize| random.below(count as u64) as usize;
        let region = |bytes: usize, region| (bytes >= WORD).then_some((region, bytes / WORD));
        let regions = [
            region(program.stream.len(), PROGRAM),
            region(program.buffers.image as usize, IMAGE),
            region(program.buffers.output as usize, OUTPUT),
        ];
        let regions: Vec<_> = regions.into_iter().flatten().collect();
        match below(5) {
            0 => Self::Descriptor {
                pass: below(program.entries.len()),
                byte: below(4 * fields::WORDS),
                bit: below(8) as u32,
            },
            1 => Self::Reset { cycle: below(cycles.max(1) as usize) as u64, pin: below(2) == 1 },
            // A program has words, so that there is a region.
            _ => {
                let (region, words) = regions[below(regions.len())];
                Self::Bus { region, word: below(words) }
            }
        }
    }

    fn words(self) -> String {
        match self {
            Self::Bus { region, word } => {
                let region = ["program", "image", "output"][region];
                format!("SLVERR on word {word} of the {region}")
            }
            Self::Descriptor { pass, byte, bit } => {
                format!("bit {bit} of byte {byte} of the descriptor of pass {pass} flipped")
            }
            Self::Reset { cycle, pin } => {
                format!(
                    "reset by the {} after {cycle} cycles",
                    if pin { "pin" } else { "register" }
                )
            }
        }
    }

    /// The errors that may end the frame, and the pass where it is known.
    fn expected(self) -> (&'static [Kind], Option<usize>) {
        match self {
            Self::Bus { region: OUTPUT, .. } => (&[ERROR_WRITE], None),
            Self::Bus { .. } => (&[ERROR_READ], None),
            Self::Descriptor { pass, .. } => {
                (&[ERROR_DESCRIPTOR, ERROR_CHECKSUM, ERROR_OWNER], Some(pass))
            }
            Self::Reset { .. } => (&[], None),
        }
    }
}

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
    let mut outcome = FaultOutcome {
        injected: injection.words(),
        found: String::new(),
        defined: before.is_exact(),
        untouched: None,
        recovered: false,
    };
    match injection {
        Injection::Reset { cycle, pin } => {
            device.start(compiled.program.stream.len() / fields::RING_WORD)?;
            (0..cycle).for_each(|_| device.step());
            match pin {
                true => device.reset(),
                false => device.soft_reset()?,
            }
            outcome.found = "the accelerator is idle".to_owned();
        }
        Injection::Bus { region, word } => {
            let base = device.memory.regions[region].base / WORD as u64;
            device.memory.faults = vec![base + word as u64];
            broken(compiled, device, injection, &mut outcome)?;
            device.memory.faults.clear();
        }
        Injection::Descriptor { pass, byte, bit } => {
            let at = compiled.program.entries[pass].offset + byte;
            device.memory.regions[PROGRAM].bytes[at] ^= 1 << bit;
            broken(compiled, device, injection, &mut outcome)?;
            device.memory.regions[PROGRAM].bytes[at] ^= 1 << bit;
        }
    }
    outcome.recovered = verifier.run(device, values)?.is_exact();
    Ok(outcome)
}

/// A frame that has to end by an error.
fn broken(
    compiled: &Compiled,
    device: &mut Device,
    injection: Injection,
    outcome: &mut FaultOutcome,
) -> Result<()> {
    for word in 0..device.simulation.words() {
        device.simulation.set_word(word, MARK);
    }
    let words = compiled.program.stream.len() / fields::RING_WORD;
    match device.frame(words, |_, _| Ok(()))? {
        End::Done => {
            outcome.found = "the frame ended without an error".to_owned();
            outcome.defined = false;
        }
        End::Fault(fault) => {
            let (kinds, pass) = injection.expected();
            outcome.found = fault.describe(&compiled.program);
            outcome.defined &= kinds.iter().any(|kind| kind.code == u32::from(fault.code))
                && pass.is_none_or(|pass| pass == usize::from(fault.pass));
            outcome.untouched = Some(untouched(compiled, device, fault.pass));
        }
    }
    Ok(())
}

/// Whether the mark is in every block that no pass up to `pass` may write.
fn untouched(compiled: &Compiled, device: &Device, pass: u16) -> bool {
    let owners = compiled.plan.placed.owners.iter().take(usize::from(pass) + 1);
    let writers = || Client::ALL.iter().filter(|client| client.writes());
    let writable = owners.fold(0u128, |mask, owners| {
        writers().fold(mask, |mask, &client| mask | owners.mask(client))
    });
    (0..device.simulation.words()).all(|word| {
        writable >> (word / compiled.design.block_words) & 1 != 0
            || device.simulation.word(word) == MARK
    })
}
