//! Cycles of a program, predicted from its descriptors.
//!
//! Follows every batch through array, lanes and plane engine, and every tile through the weight ring,
//! with the rates of the hardware and a few fixed latencies; it knows no data and no single cycle.
//! `docs/benchmarks.md` compares it with the RTL.

mod array;
mod banks;
mod bus;
mod engine;
mod stem;

use super::design::Design;
use super::fields as f;
use super::format::decode::{Kind, Pass, decode};
use crate::base::error::Result;
use crate::compile::border::status::Cause;
use crate::compile::capabilities::{WORD, image_pitch};
use array::{Array, Batch};
use banks::conflicts;
use bus::{Bus, Transfer};
use engine::Engine;
use stem::Patches;

/// What a pass is predicted to take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassCost {
    /// From the end of the pass before to its own.
    pub cycles: u64,
    /// Of them with a group in the array (plane pass: a slot in the engine).
    pub busy: u64,
    /// Of them without, by cause, in the order of [`Cause::ALL`].
    pub stalls: [u64; Cause::ALL.len()],
}

impl PassCost {
    /// The cause of most idle cycles, where there are any.
    pub fn cause(&self) -> Option<Cause> {
        let most = Cause::ALL.into_iter().max_by_key(|&cause| self.stalls[cause as usize])?;
        (self.stalls[most as usize] > 0).then_some(most)
    }

    fn wait(&mut self, cause: Cause, cycles: u64) {
        self.stalls[cause as usize] += cycles;
    }
}

/// Cycles from a read of DDR to its first data, where nothing else is said.
pub const READ_LATENCY: u64 = 60;

/// Cycles from the end of a pass to the first group at the array: control, walk, memory, crossbar.
const START: u64 = 16;
/// From the accumulators through lanes and write-back to the end of the pass.
const FINISH: u64 = 20;
/// A transfer or processor step is launched.
const LAUNCH: u64 = 3;
/// Cycles that the loader takes besides ring words, for a weight tile and for the parameters of a plane.
const LOAD: u64 = 1;
const PLANE_LOAD: u64 = 2;
/// From the start of a pass until the descriptor of the next one is read.
const DESCRIBE: u64 = 22;
/// From the start of a frame to the first request of the stream.
const FRAME: u64 = 22;
/// From the end of the last transfer to the end of the frame.
const FRAME_END: u64 = 5;
/// The passes of a program in order, and its end. `read_latency` is the cycles from a read of DDR to its first
/// data; a beat of 16 bytes takes one cycle.
///
/// # Errors
/// Those of [`decode`].
pub fn predict(stream: &[u8], design: &Design, read_latency: u64) -> Result<Vec<PassCost>> {
    let total = (stream.len() / f::RING_WORD) as u64;
    let mut model = Model {
        design,
        read_latency,
        now: 0,
        word: 0,
        total,
        arrival: FRAME + read_latency,
        released: Vec::new(),
        bus: Bus::new(FRAME + 2 * total.min(design.ring_words as u64)),
        described: 0,
    };
    Ok(decode(stream)?.iter().map(|pass| model.pass(pass)).collect())
}

struct Model<'a> {
    design: &'a Design,
    read_latency: u64,
    /// End of the pass before.
    now: u64,
    /// Ring words that have been asked for, and when the last of them arrives.
    word: u64,
    arrival: u64,
    /// Ring words of the stream.
    total: u64,
    /// Ends of tile records in the stream, and when the ring lets go of them.
    released: Vec<(u64, u64)>,
    bus: Bus,
    /// When the descriptor of the next pass may be looked at.
    described: u64,
}

impl Model<'_> {
    fn pass(&mut self, pass: &Pass<'_>) -> PassCost {
        let start = self.now;
        let descriptor = self.fetch(f::DESCRIPTOR_WORDS as u64);
        self.release(f::DESCRIPTOR_WORDS as u64, descriptor.max(start));
        let mut ready = descriptor.max(start);
        let mut cost = PassCost::default();
        cost.wait(Cause::Weights, ready - start);
        cost.wait(Cause::Fill, self.described.saturating_sub(ready));
        ready = ready.max(self.described);
        let waits = matches!(pass.kind, Kind::Processor | Kind::End);
        if waits || pass.descriptor.flag(f::WAIT_DMA) {
            cost.wait(Cause::Transfer, self.bus.done().saturating_sub(ready));
            ready = ready.max(self.bus.done());
        }
        // The processor takes longer than the next descriptor.
        self.described = if pass.kind == Kind::Processor { 0 } else { ready + DESCRIBE };
        self.now = match pass.kind {
            Kind::Dense => self.dense(pass, ready, &mut cost),
            Kind::Plane => self.plane(pass, ready, &mut cost),
            Kind::Dma => {
                let transfer = Transfer {
                    words: pass.descriptor.get(f::DMA_WORDS) as u64,
                    planes: pass.descriptor.get(f::DMA_PLANES) as u64 + 1,
                    to_memory: pass.descriptor.flag(f::TO_MEMORY),
                };
                let launch = self.bus.transfer(ready, &transfer) + LAUNCH;
                cost.wait(Cause::Fill, launch - ready);
                launch
            }
            Kind::Processor => ready + LAUNCH,
            Kind::End => ready + FRAME_END,
        };
        cost.cycles = self.now - start;
        cost
    }

    /// When the next `words` of the stream are in the ring.
    fn fetch(&mut self, words: u64) -> u64 {
        self.word += words;
        let ring = self.design.ring_words as u64;
        let must_go = self.word.saturating_sub(ring);
        // Tiles are released in order: the first one that ends behind `must_go` is enough.
        let freed = self.released.partition_point(|&(end, _)| end < must_go);
        let room = self.released.get(freed).filter(|_| must_go > 0);
        let earliest = room.map_or(0, |&(_, cycle)| cycle + self.read_latency);
        self.arrival = (self.arrival + 2 * words).max(earliest);
        self.arrival
    }

    /// The ring lets go of everything read so far. As much of the stream follows, on the same bus as
    /// the transfers.
    fn release(&mut self, words: u64, cycle: u64) {
        self.released.push((self.word, cycle));
        if self.word + self.design.ring_words as u64 <= self.total {
            self.bus.stream(cycle, 2 * words);
        }
    }

    fn dense(&mut self, pass: &Pass<'_>, ready: u64, cost: &mut PassCost) -> u64 {
        let d = pass.descriptor;
        let get = |field| d.get(field) as u64;
        let conflicts = conflicts(pass, self.design);
        let mut image = Patches::new(self, pass, ready);
        let mut array = Array::new(self.design, pass, ready + START);
        cost.wait(Cause::Fill, START);
        let mut loaded = ready;
        for _ in 0..get(f::TILES) {
            loaded += get(f::TILE_WORDS) + LOAD * get(f::STEPS);
            let arrived = self.fetch(get(f::TILE_WORDS)).max(loaded);
            let mut seen = 0;
            for batch in 0..get(f::BATCHES) {
                let groups = get(f::BATCH_GROUPS) + u64::from(batch < get(f::BATCH_EXTRA));
                let share = |groups: u64| conflicts * groups / get(f::GROUPS);
                let conflicts = share(seen + groups) - share(seen);
                seen += groups;
                array
                    .run(&Batch { groups, conflicts, arrived, patches: image.batch(groups) }, cost);
            }
            self.release(get(f::TILE_WORDS), array.now);
        }
        let end = (array.lanes + FINISH).max(array.engine.end());
        cost.wait(Cause::Fill, end - array.now);
        end
    }

    fn plane(&mut self, pass: &Pass<'_>, ready: u64, cost: &mut PassCost) -> u64 {
        let d = pass.descriptor;
        let tiles = d.get(f::TILES) as u64;
        let mut engine = Engine::new(self.design, pass);
        let pixels = (d.get(f::OUT_HEIGHT) * d.get(f::OUT_WIDTH)) as u64;
        cost.wait(Cause::Fill, START);
        let begin = ready + START;
        let mut from = begin;
        let mut loaded = ready;
        let words = d.get(f::TILE_WORDS) as u64;
        for _ in 0..tiles {
            loaded = self.fetch(words).max(loaded + words + PLANE_LOAD);
            cost.wait(Cause::Weights, loaded.saturating_sub(from));
            from = engine.take(from.max(loaded), pixels);
            self.release(words, from);
        }
        let end = engine.end();
        cost.busy = engine.slots;
        cost.wait(Cause::Fill, (end - begin).saturating_sub(cost.busy));
        end
    }
}
