//! What is broken: drawn from a seed.

use crate::base::random::Random;
use crate::campaign::record::FaultKind;
use crate::compile::Compiled;
use crate::compile::border::status::{
    ERROR_ACCESS, ERROR_CHECKSUM, ERROR_DESCRIPTOR, ERROR_OWNER, ERROR_READ, ERROR_WRITE,
    Fault as Code,
};
use crate::compile::capabilities::WORD;
use crate::compile::program::{fields, format::tensors};
use crate::compile::schedule::Client;

/// Regions of the simulated DDR, in the order of [`crate::verify::cosim::Device::new`].
pub const PROGRAM: usize = 0;
const IMAGE: usize = 1;
const OUTPUT: usize = 2;

/// Cycles for which a memory is silent at most: less than a simulation waits for the end of a pass.
const LONGEST_SILENCE: u64 = 100_000;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// A word of a region answers SLVERR.
    Bus { region: usize, word: usize },
    /// A flipped bit in the descriptor of a pass.
    Descriptor { pass: usize, byte: usize, bit: u32 },
    /// A pass whose owner table lacks a block that it touches, with a checksum that fits.
    Foreign { pass: usize, client: Client, block: u32 },
    /// A flipped bit in the weights and parameters of a pass.
    Weights { pass: usize, byte: usize, bit: u32 },
    /// A flipped bit in a tensor in the shared memory, after so many cycles.
    Memory { cycle: u64, word: usize, bit: u32 },
    /// A reset after so many cycles, by the register or by the pin.
    Reset { cycle: u64, pin: bool },
    /// The memory answers nothing for some cycles.
    Stall { cycle: u64, cycles: u64 },
    /// The memory answers nothing any more until the accelerator is reset.
    Silence { cycle: u64 },
}

impl Injection {
    /// The fault of a seed, every kind as often as the others; `cycles` are those of a frame.
    pub fn draw(seed: u64, compiled: &Compiled, cycles: u64) -> Self {
        let mut random = Random::new(seed, 0);
        // Every other seed has a memory that stalls.
        let kind = FaultKind::ALL[(seed / 2 % FaultKind::ALL.len() as u64) as usize];
        let cycle = random.below(cycles.max(1));
        let bit = random.below(8) as u32;
        let mut below = |count: usize| random.below(count as u64) as usize;
        match kind {
            FaultKind::Bus => Self::bus(compiled, below),
            FaultKind::Descriptor => Self::Descriptor {
                pass: below(compiled.program.entries.len()),
                byte: below(4 * fields::WORDS),
                bit,
            },
            FaultKind::Foreign => Self::foreign(compiled, below),
            FaultKind::Weights => Self::weights(compiled, bit, below),
            FaultKind::Memory => Self::memory(compiled, cycle, below),
            FaultKind::Reset => Self::Reset { cycle, pin: below(2) == 1 },
            FaultKind::Stall => Self::Stall { cycle, cycles: 1 + random.below(LONGEST_SILENCE) },
            FaultKind::Silence => Self::Silence { cycle },
        }
    }

    fn bus(compiled: &Compiled, mut below: impl FnMut(usize) -> usize) -> Self {
        let program = &compiled.program;
        let region = |bytes: usize, region| (bytes >= WORD).then_some((region, bytes / WORD));
        let regions = [
            region(program.stream.len(), PROGRAM),
            region(program.buffers.image as usize, IMAGE),
            region(program.buffers.output as usize, OUTPUT),
        ];
        // A program has words, so that there is a region.
        let regions: Vec<_> = regions.into_iter().flatten().collect();
        let (region, words) = regions[below(regions.len())];
        Self::Bus { region, word: below(words) }
    }

    /// Passes with a block that a client has; transfers go on beside later passes, which have to grant it too, and are left
    /// alone.
    fn foreign(compiled: &Compiled, mut below: impl FnMut(usize) -> usize) -> Self {
        let moves = [Client::ReadDma, Client::WriteDma];
        let clients: Vec<_> = Client::ALL.into_iter().filter(|own| !moves.contains(own)).collect();
        let owners = compiled.plan.placed.owners.iter().enumerate();
        let granted: Vec<(usize, Client, u32)> = owners
            .flat_map(|(pass, owners)| {
                clients.iter().filter_map(move |&client| {
                    let mask = owners.mask(client);
                    (mask != 0).then(|| (pass, client, mask.trailing_zeros()))
                })
            })
            .collect();
        // A network that the accelerator computes stores or reads something.
        let (pass, client, block) = granted[below(granted.len())];
        Self::Foreign { pass, client, block }
    }

    fn weights(compiled: &Compiled, bit: u32, mut below: impl FnMut(usize) -> usize) -> Self {
        let entries = &compiled.program.entries;
        let head = fields::DESCRIPTOR_WORDS * fields::RING_WORD;
        let bytes = |pass: usize| entries[pass + 1].offset - entries[pass].offset - head;
        let passes: Vec<usize> = (0..entries.len() - 1).filter(|&pass| bytes(pass) > 0).collect();
        // Some pass computes.
        let pass = passes[below(passes.len())];
        Self::Weights { pass, byte: head + below(bytes(pass)), bit }
    }

    fn memory(compiled: &Compiled, cycle: u64, mut below: impl FnMut(usize) -> usize) -> Self {
        let all = compiled.schedule().stored.iter().zip(compiled.bases());
        let places = all.map(|(stored, &base)| (base, tensors::words(stored, &compiled.design)));
        let places: Vec<_> = places.filter(|(_, words)| *words > 0).collect();
        let (base, words) = places[below(places.len())];
        Self::Memory { cycle, word: base + below(words), bit: below(8 * WORD) as u32 }
    }

    /// What kind it is.
    pub fn kind(self) -> FaultKind {
        match self {
            Self::Bus { .. } => FaultKind::Bus,
            Self::Descriptor { .. } => FaultKind::Descriptor,
            Self::Foreign { .. } => FaultKind::Foreign,
            Self::Weights { .. } => FaultKind::Weights,
            Self::Memory { .. } => FaultKind::Memory,
            Self::Reset { .. } => FaultKind::Reset,
            Self::Stall { .. } => FaultKind::Stall,
            Self::Silence { .. } => FaultKind::Silence,
        }
    }

    /// What was broken, and where.
    pub fn words(self) -> String {
        match self {
            Self::Bus { region, word } => {
                let region = ["program", "image", "output"][region];
                format!("SLVERR on word {word} of the {region}")
            }
            Self::Descriptor { pass, byte, bit } => {
                format!("bit {bit} of byte {byte} of the descriptor of pass {pass} flipped")
            }
            Self::Foreign { pass, client, block } => {
                format!("pass {pass} does not grant block {block} to {client:?}")
            }
            Self::Weights { pass, byte, bit } => {
                format!(
                    "bit {bit} of byte {byte} of the weights and parameters of pass {pass} flipped"
                )
            }
            Self::Memory { cycle, word, bit } => {
                format!(
                    "bit {bit} of word {word} of the shared memory flipped after {cycle} cycles"
                )
            }
            Self::Reset { cycle, pin } => {
                let way = if pin { "pin" } else { "register" };
                format!("reset by the {way} after {cycle} cycles")
            }
            Self::Stall { cycle, cycles } => {
                format!("memory silent for {cycles} cycles after {cycle} cycles")
            }
            Self::Silence { cycle } => format!("memory silent for good after {cycle} cycles"),
        }
    }

    /// The errors that may end the frame, and the pass where it is known; none where no error may.
    pub fn errors(self) -> (&'static [Code], Option<usize>) {
        match self {
            Self::Bus { region: OUTPUT, .. } => (&[ERROR_WRITE], None),
            Self::Bus { .. } => (&[ERROR_READ], None),
            Self::Descriptor { pass, .. } => {
                (&[ERROR_DESCRIPTOR, ERROR_CHECKSUM, ERROR_OWNER], Some(pass))
            }
            Self::Foreign { pass, .. } => (&[ERROR_ACCESS], Some(pass)),
            _ => (&[], None),
        }
    }
}

/// Takes a block away from a client in a descriptor, and puts its checksum right.
pub fn take_block(descriptor: &mut [u8], client: Client, block: u32) {
    let mask = 4 * (fields::READ_STREAM.word + 4 * client as usize);
    descriptor[mask + block as usize / 8] &= !(1 << (block % 8));
    let (words, sum) = descriptor[..4 * fields::WORDS].split_at_mut(4 * (fields::WORDS - 1));
    let words = words.as_chunks::<4>().0.iter();
    let total = words.fold(0u32, |sum, word| sum.wrapping_add(u32::from_le_bytes(*word)));
    sum.copy_from_slice(&(!total).to_le_bytes());
}
