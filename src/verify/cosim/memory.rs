//! The DDR behind the accelerator: regions of bytes behind one AXI4 slave of 128 bits, with latency, a
//! bandwidth of one beat a cycle that reads and writes share, and seeded stalls.

use std::collections::VecDeque;
use std::ops::Range;

use super::library::{Inputs, Outputs};
use crate::base::random::Random;
use crate::compile::capabilities::WORD;
use crate::compile::program::predict::READ_LATENCY;
#[cfg(unix)]
use crate::device::map::Map;

/// A beat carries a word.
const BEAT: usize = WORD;
const OKAY: u32 = 0;
const SLVERR: u32 = 2;
const DECERR: u32 = 3;

/// How the memory behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from a read request to its first beat.
    pub latency: u64,
    /// Seed of random stalls on every channel; none without.
    pub stalls: Option<u64>,
}

impl Default for Timing {
    fn default() -> Self {
        Self { latency: READ_LATENCY, stalls: None }
    }
}

/// A region of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Address of its first byte, a multiple of 4,096.
    pub base: u64,
    /// Contents; accesses behind its end answer DECERR.
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
struct Burst {
    address: u64,
    beats: u32,
    due: u64,
}

/// The memory and what is under way on its channels.
#[derive(Debug)]
pub struct Memory {
    /// Its regions.
    pub regions: Vec<Region>,
    /// The 16-byte words that answer SLVERR, for tests of faults.
    pub faults: Vec<u64>,
    /// Whether every word answers so.
    pub broken: bool,
    /// Memory that a driver in another process shares: its first address, and what is there.
    #[cfg(unix)]
    pub shared: Option<(u64, Map)>,
    /// Beats read and written so far.
    pub beats: [u64; 2],
    timing: Timing,
    random: Random,
    silent: Range<u64>,
    now: u64,
    reads: VecDeque<Burst>,
    writes: VecDeque<Burst>,
    answers: VecDeque<(u32, u64)>,
    write_answer: u32,
    turn: bool,
}

/// Bursts that each channel takes in.
const QUEUE: usize = 64;
/// Cycles from the last beat of a write to its answer.
const WRITE_LATENCY: u64 = 20;

impl Memory {
    /// A memory of these regions.
    pub fn new(regions: Vec<Region>, timing: Timing) -> Self {
        Self {
            regions,
            faults: Vec::new(),
            broken: false,
            #[cfg(unix)]
            shared: None,
            beats: [0; 2],
            timing,
            random: Random::new(timing.stalls.unwrap_or(0), 0),
            silent: 0..0,
            now: 0,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            answers: VecDeque::new(),
            write_answer: OKAY,
            turn: false,
        }
    }

    /// Forgets what is under way, as an interconnect in the same reset does.
    pub fn reset(&mut self) {
        self.reads.clear();
        self.writes.clear();
        self.answers.clear();
        self.write_answer = OKAY;
    }

    /// Begins the stalls of frame `frame` anew, so that a frame can be repeated alone.
    pub fn restart(&mut self, frame: u64) {
        self.random = Random::new(self.timing.stalls.unwrap_or(0), frame);
        self.turn = false;
    }

    /// Answers nothing for `cycles` cycles, from `after` cycles on; what is on the bus stays there.
    pub fn silence(&mut self, after: u64, cycles: u64) {
        let start = self.now + after;
        self.silent = start..start.saturating_add(cycles);
    }

    /// One time in four, when stalls are asked for.
    fn stalls(&mut self) -> bool {
        let random = self.timing.stalls.is_some() && self.random.one_in(4);
        random || self.silent.contains(&self.now)
    }

    fn find(&mut self, address: u64) -> Option<&mut [u8]> {
        let region = self.regions.iter_mut().find(|region| {
            address >= region.base && address - region.base < region.bytes.len() as u64
        })?;
        let start = (address - region.base) as usize;
        region.bytes.get_mut(start..start + BEAT)
    }

    /// The word at an address, where there is memory.
    fn load(&mut self, address: u64) -> Option<[u8; BEAT]> {
        #[cfg(unix)]
        if let Some((map, offset)) = self.find_shared(address) {
            let mut word = [0; BEAT];
            map.read(offset, &mut word);
            return Some(word);
        }
        self.find(address)?.try_into().ok()
    }

    /// Replaces the word at an address; false where there is no memory.
    fn store(&mut self, address: u64, word: [u8; BEAT]) -> bool {
        #[cfg(unix)]
        if let Some((map, offset)) = self.find_shared(address) {
            map.write(offset, &word);
            return true;
        }
        self.find(address).map(|bytes| bytes.copy_from_slice(&word)).is_some()
    }

    #[cfg(unix)]
    fn find_shared(&self, address: u64) -> Option<(&Map, usize)> {
        let (base, map) = self.shared.as_ref()?;
        let offset = usize::try_from(address.checked_sub(*base)?).ok()?;
        (offset + BEAT <= map.len()).then_some((map, offset))
    }

    fn response(&self, address: u64, exists: bool) -> u32 {
        let fails = self.broken || self.faults.contains(&(address / BEAT as u64));
        match (exists, fails) {
            (false, _) => DECERR,
            (true, true) => SLVERR,
            (true, false) => OKAY,
        }
    }

    /// Puts the memory's signals for this cycle into `inputs`.
    pub fn drive(&mut self, inputs: &mut Inputs) {
        inputs.arready = u32::from(self.reads.len() < QUEUE && !self.stalls());
        inputs.awready = u32::from(self.writes.len() < QUEUE && !self.stalls());
        // A valid beat stays until it is taken; reads and writes take turns when both want the bus.
        let holds = inputs.rvalid != 0;
        let due = self.reads.front().is_some_and(|burst| burst.due <= self.now);
        let reads = holds || (due && (self.writes.is_empty() || self.turn) && !self.stalls());
        inputs.wready = u32::from(!reads && !self.writes.is_empty() && !self.stalls());
        inputs.rvalid = u32::from(reads);
        if let (true, Some(burst)) = (reads, self.reads.front()) {
            let (address, last) = (burst.address, burst.beats == 1);
            let found = self.load(address).map(|bytes| {
                let mut words = [0; 4];
                for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *word = u32::from_le_bytes(*chunk);
                }
                words
            });
            inputs.rresp = self.response(address, found.is_some());
            inputs.rdata = found.unwrap_or_default();
            inputs.rlast = u32::from(last);
        }
        // A valid answer stays until it is taken.
        let told = inputs.bvalid != 0 || !self.silent.contains(&self.now);
        let answer = self.answers.front().filter(|(_, due)| told && *due <= self.now);
        inputs.bvalid = u32::from(answer.is_some());
        inputs.bresp = answer.map_or(OKAY, |(response, _)| *response);
    }

    /// Takes the handshakes of this cycle; clears `rvalid` and `bvalid` of what was taken.
    pub fn sample(&mut self, inputs: &mut Inputs, outputs: &Outputs) {
        if inputs.rvalid != 0 && outputs.rready != 0 {
            inputs.rvalid = 0;
            self.beats[0] += 1;
            if let Some(burst) = self.reads.front_mut() {
                burst.address += BEAT as u64;
                burst.beats -= 1;
                if burst.beats == 0 {
                    self.reads.pop_front();
                }
            }
        }
        if inputs.wready != 0 && outputs.wvalid != 0 {
            self.write(outputs);
        }
        self.turn = !self.turn;
        if inputs.bvalid != 0 && outputs.bready != 0 {
            inputs.bvalid = 0;
            self.answers.pop_front();
        }
        let due = self.now + self.timing.latency;
        if inputs.arready != 0 && outputs.arvalid != 0 {
            let burst = Burst { address: outputs.araddr, beats: outputs.arlen + 1, due };
            self.reads.push_back(burst);
        }
        if inputs.awready != 0 && outputs.awvalid != 0 {
            let burst = Burst { address: outputs.awaddr, beats: outputs.awlen + 1, due };
            self.writes.push_back(burst);
        }
        self.now += 1;
    }

    fn write(&mut self, outputs: &Outputs) {
        self.beats[1] += 1;
        let Some(burst) = self.writes.front_mut() else { return };
        let address = burst.address;
        burst.address += BEAT as u64;
        burst.beats -= 1;
        let ends = burst.beats == 0;
        // Bytes without a strobe stay: the accelerator strobes whole words but for those.
        let exists = self.load(address).is_some_and(|mut word| {
            for (index, byte) in word.iter_mut().enumerate() {
                if outputs.wstrb >> index & 1 != 0 {
                    *byte = outputs.wdata[index / 4].to_le_bytes()[index % 4];
                }
            }
            self.store(address, word)
        });
        self.write_answer = self.write_answer.max(self.response(address, exists));
        if ends {
            self.writes.pop_front();
            self.answers.push_back((self.write_answer, self.now + WRITE_LATENCY));
            self.write_answer = OKAY;
        }
    }
}
