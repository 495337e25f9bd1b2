//! Cycles of a program, predicted from its descriptors.
//!
//! Follows every batch through array, lanes and plane engine, and every tile through the weight ring,
//! with the rates of the hardware and a few fixed latencies; it knows no data and no single cycle.
//! `docs/benchmarks.md` compares it with the RTL.

use super::design::Design;
use super::fields as f;
use super::format::decode::{Kind, Pass, decode};
use crate::base::error::Result;
use crate::compile::capabilities::{WORD, image_pitch};

/// Memory behind the AXI port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Cycles from a read's address to its first data.
    pub read_latency: u64,
    /// Cycles of a beat of 16 bytes.
    pub beat: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { read_latency: 60, beat: 1 }
    }
}

/// Why the dense array, or the plane engine in a plane pass, does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Weights or descriptors have not come from DDR, or a weight tile is not loaded.
    Stream,
    /// Both accumulator halves wait for the output lanes.
    Lanes,
    /// The image has not come, or its patches are not made.
    Image,
    /// The output lanes wait for the plane engine.
    Engine,
    /// Two pixels of a group lie in one bank.
    Bank,
    /// A transfer that must be over.
    Transfer,
    /// Start and end of the pass.
    Fill,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 7] = [
        Self::Stream,
        Self::Lanes,
        Self::Image,
        Self::Engine,
        Self::Bank,
        Self::Transfer,
        Self::Fill,
    ];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Lanes => "lanes",
            Self::Image => "image",
            Self::Engine => "plane engine",
            Self::Bank => "banks",
            Self::Transfer => "transfer",
            Self::Fill => "fill",
        }
    }
}

/// What a pass is predicted to take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PassCost {
    /// From the end of the pass before to its own.
    pub cycles: u64,
    /// Of them with a group in the array (plane pass: a slot in the engine).
    pub busy: u64,
    /// Of them without, by cause, in the order of [`Cause::ALL`].
    pub stalls: [u64; 7],
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

/// Cycles from the end of a pass to the first group at the array: control, walk, memory, crossbar.
const START: u64 = 16;
/// From the last group to readable accumulators.
const ARRAY: u64 = 14;
/// From the read of a group's accumulators to the group of the next batch that takes its place.
const HAND_BACK: u64 = 5;
/// From the accumulators through lanes and write-back to the end of the pass.
const FINISH: u64 = 20;
/// From the last pixel at the accumulators, or at fetch in a plane pass, to the end of the plane engine
/// behind, a flushed row not counted: at stride 1 and 2.
const ENGINE_FINISH: [u64; 2] = [41, 23];
/// Of that the way through the lanes, which a plane pass does without.
const ENGINE_LANES: u64 = 25;
/// A transfer or processor step is launched.
const LAUNCH: u64 = 3;
/// A transfer besides its words.
const JOB: u64 = 60;
/// From the start of a frame to the first request of the stream.
const FRAME: u64 = 22;
/// From the end of the last transfer to the end of the frame.
const FRAME_END: u64 = 5;
/// Pixels that may wait between lanes and plane engine, in words of LP pixels.
const QUEUE: u64 = 32;
/// Cycles between the loads of two weight tiles beyond their ring words.
const SHADOW: u64 = 1;

/// The passes of a program in order, and its end.
///
/// # Errors
/// Those of [`decode`].
pub fn predict(stream: &[u8], design: &Design, timing: Timing) -> Result<Vec<PassCost>> {
    let mut model = Model {
        design,
        timing,
        now: 0,
        word: 0,
        total: (stream.len() / f::RING_WORD) as u64,
        arrival: FRAME + timing.read_latency,
        released: Vec::new(),
        job: (0, 0),
    };
    Ok(decode(stream)?.iter().map(|pass| model.pass(pass)).collect())
}

struct Model<'a> {
    design: &'a Design,
    timing: Timing,
    /// End of the pass before.
    now: u64,
    /// Ring words that have been asked for, and when the last of them arrives.
    word: u64,
    arrival: u64,
    /// Ring words of the stream.
    total: u64,
    /// Ends of tile records in the stream, and when the ring lets go of them.
    released: Vec<(u64, u64)>,
    /// From when until when transfers are under way.
    job: (u64, u64),
}

impl Model<'_> {
    fn pass(&mut self, pass: &Pass<'_>) -> PassCost {
        let start = self.now;
        let descriptor = self.fetch(f::DESCRIPTOR_WORDS as u64);
        self.release(f::DESCRIPTOR_WORDS as u64, descriptor.max(start));
        let mut ready = descriptor.max(start);
        let mut cost = PassCost::default();
        cost.wait(Cause::Stream, ready - start);
        let waits = matches!(pass.kind, Kind::Processor | Kind::End);
        if waits || pass.descriptor.flag(f::WAIT_DMA) {
            cost.wait(Cause::Transfer, self.job.1.saturating_sub(ready));
            ready = ready.max(self.job.1);
        }
        self.now = match pass.kind {
            Kind::Dense => self.dense(pass, ready, &mut cost),
            Kind::Plane => self.plane(pass, ready, &mut cost),
            Kind::Dma => {
                let words = pass.descriptor.get(f::DMA_WORDS) as u64;
                if self.job.1 < ready {
                    self.job = (ready, ready);
                }
                self.job.1 += JOB + words * self.timing.beat;
                cost.wait(Cause::Fill, LAUNCH);
                ready + LAUNCH
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
        let earliest = room.map_or(0, |&(_, cycle)| cycle + self.timing.read_latency);
        self.arrival = (self.arrival + 2 * words * self.timing.beat).max(earliest);
        self.arrival
    }

    /// The ring lets go of everything read so far. As much of the stream follows, on the same bus as
    /// the transfers.
    fn release(&mut self, words: u64, cycle: u64) {
        self.released.push((self.word, cycle));
        let follows = self.word + self.design.ring_words as u64 <= self.total;
        if follows && (self.job.0..self.job.1).contains(&cycle) {
            self.job.1 += 2 * words * self.timing.beat;
        }
    }

    fn dense(&mut self, pass: &Pass<'_>, ready: u64, cost: &mut PassCost) -> u64 {
        let d = pass.descriptor;
        let get = |field| d.get(field) as u64;
        let (batches, own, extra) = (get(f::BATCHES), get(f::BATCH_GROUPS), get(f::BATCH_EXTRA));
        let steps = get(f::STEPS);
        let load = f::STEP_RING_WORDS as u64 + u64::from(d.flag(f::PADDED)) + SHADOW;
        let drain = (self.design.pixels / self.design.lane_pixels()) as u64;
        let mut image = Patches::new(self, pass, ready);
        let mut engine = Engine::new(self.design, pass);
        let mut array = ready + START;
        cost.wait(Cause::Fill, START);
        // Per accumulator half: when its drain begins and ends, and what holds it up.
        let mut halves = [(0, 0, Cause::Lanes); 2];
        let mut lanes = 0;
        let mut half = 0;
        let conflicts = conflicts(pass, self.design);
        let all_groups = get(f::GROUPS);
        for _ in 0..get(f::TILES) {
            let arrived = self.fetch(get(f::TILE_WORDS));
            let first = arrived.saturating_sub(2 * self.timing.beat * steps * load) + load;
            let mut seen = 0;
            for batch in 0..batches {
                let groups = own + u64::from(batch < extra);
                let conflicts =
                    conflicts * (seen + groups) / all_groups - conflicts * seen / all_groups;
                seen += groups;
                let mut begin = array;
                let (drains, drained, holds) = halves[half];
                for (time, cause) in
                    [(first, Cause::Stream), (image.batch(groups), Cause::Image), (drains, holds)]
                {
                    cost.wait(cause, time.saturating_sub(begin));
                    begin = begin.max(time);
                }
                // The first step follows the drain of the half, group by group.
                let step = groups.max(load);
                let free = (begin + step).max(drained + HAND_BACK);
                cost.wait(holds, free - begin - step);
                cost.wait(Cause::Stream, steps * (step - groups));
                cost.wait(Cause::Bank, conflicts);
                cost.busy += steps * groups;
                let mut end = free + (steps - 1) * step + conflicts;
                // The last step needs the last words of the tile.
                let last = arrived + groups;
                cost.wait(Cause::Stream, last.saturating_sub(end));
                end = end.max(last);
                array = end;
                let from = lanes.max(end + ARRAY);
                let pixels = groups * self.design.pixels as u64;
                let taken = engine.take(from, pixels);
                lanes = (from + groups * drain).max(taken);
                let cause =
                    if taken > from + groups * drain { Cause::Engine } else { Cause::Lanes };
                halves[half] = (from, lanes, cause);
                half ^= 1;
            }
            self.release(get(f::TILE_WORDS), array);
        }
        let end = (lanes + FINISH).max(engine.end());
        cost.wait(Cause::Fill, end - array);
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
        for _ in 0..tiles {
            let arrived = self.fetch(d.get(f::TILE_WORDS) as u64);
            cost.wait(Cause::Stream, arrived.saturating_sub(from));
            from = engine.take(from.max(arrived), pixels);
            self.release(d.get(f::TILE_WORDS) as u64, from);
        }
        let end = engine.end();
        cost.busy = engine.slots;
        cost.wait(Cause::Fill, (end - begin).saturating_sub(cost.busy));
        end
    }
}

/// Extra cycles of a tile because lanes of a group meet in a bank at different rows.
fn conflicts(pass: &Pass<'_>, design: &Design) -> u64 {
    let d = pass.descriptor;
    if d.flag(f::FROM_STEM) {
        return 0;
    }
    let planes = |upsampled: bool| -> usize {
        let segments = d.segments().into_iter().filter(|segment| segment.upsampled == upsampled);
        segments.map(|segment| segment.planes).sum()
    };
    let taps = d.get(f::TAPS_X) * d.get(f::TAPS_Y);
    let mut extra = 0;
    for (upsampled, planes) in [(false, planes(false)), (true, planes(true))] {
        // Neighbors in a row lie in different banks.
        let plain =
            d.get(f::STRIDE) == 1 && !upsampled && d.get(f::IN_WIDTH) == d.get(f::OUT_WIDTH);
        if planes == 0 || plain {
            continue;
        }
        let of_plane: usize = (0..taps)
            .map(|tap| {
                let groups = (0..d.get(f::GROUPS))
                    .map(|group| cycles(pass, design, (group, tap), upsampled) - 1);
                groups.sum::<usize>()
            })
            .sum();
        extra += planes * of_plane;
    }
    extra as u64
}

/// Cycles in which the banks give the pixels of a group.
fn cycles(
    pass: &Pass<'_>,
    design: &Design,
    (group, tap): (usize, usize),
    upsampled: bool,
) -> usize {
    let d = pass.descriptor;
    let (height, width) = (d.get(f::IN_HEIGHT), d.get(f::IN_WIDTH));
    let out_width = d.get(f::OUT_WIDTH);
    let reach = |output: usize, tap: usize, pad: usize, extent: usize| {
        let position = output * d.get(f::STRIDE) + tap * d.get(f::DILATION);
        position.checked_sub(pad).filter(|&position| position < extent)
    };
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); design.pixels];
    for lane in 0..design.pixels {
        let pixel = group * design.pixels + lane;
        let (tap_y, tap_x) = (tap / d.get(f::TAPS_X), tap % d.get(f::TAPS_X));
        let y = reach(pixel / out_width, tap_y, d.get(f::PAD_TOP), height);
        let x = reach(pixel % out_width, tap_x, d.get(f::PAD_LEFT), width);
        let (Some(y), Some(x)) = (y, x) else { continue };
        let source = if upsampled { y / 2 * (width / 2) + x / 2 } else { y * width + x };
        let bank = &mut rows[source % design.pixels];
        if !bank.contains(&(source / design.pixels)) {
            bank.push(source / design.pixels);
        }
    }
    rows.iter().map(Vec::len).max().unwrap_or(0).max(1)
}

/// The stem unit: patches of a batch are ready at a time.
struct Patches {
    stem: bool,
    /// Cycles of a group.
    group: u64,
    next: u64,
}

impl Patches {
    fn new(model: &mut Model<'_>, pass: &Pass<'_>, ready: u64) -> Self {
        let d = pass.descriptor;
        let none = Self { stem: false, group: 0, next: 0 };
        let (true, Some(stem)) = (d.flag(f::FROM_STEM), model.design.stem) else { return none };
        let beats =
            (image_pitch(d.get(f::IN_WIDTH), stem.channels) / WORD) as u64 * model.timing.beat;
        let rows = (stem.kernel - d.get(f::PAD_TOP).min(stem.kernel - 1)) as u64;
        let group = (d.get(f::STEPS) as u64).max(
            beats * stem.stride as u64 * model.design.pixels as u64
                / d.get(f::OUT_WIDTH).max(1) as u64,
        );
        Self { stem: true, group, next: ready + model.timing.read_latency + rows * beats }
    }

    /// When the patches of the next batch are complete.
    fn batch(&mut self, groups: u64) -> u64 {
        if !self.stem {
            return 0;
        }
        self.next += groups * self.group;
        self.next
    }
}

/// The plane engine behind the lanes, by slots of DP columns.
struct Engine {
    filters: u64,
    /// Pixels of a row and slots that they take.
    width: u64,
    slots_of_row: u64,
    /// Cycles of a slot, times 2.
    rate: u64,
    lp: u64,
    /// Pixels so far.
    pixels: u64,
    time: u64,
    /// Slots so far.
    slots: u64,
    /// From the last slot to the end of the pass.
    finish: u64,
}

impl Engine {
    fn new(design: &Design, pass: &Pass<'_>) -> Self {
        let d = pass.descriptor;
        let filters = d.get(f::CHAIN) as u64;
        let width = d.get(f::OUT_WIDTH) as u64;
        let own = width.div_ceil(design.plane_pixels() as u64);
        // With two filters every slot with a result takes two cycles; at stride 2 half the rows have one.
        let results = if d.get(f::PLANE_STRIDE_XY) == 2 { 1 } else { 2 };
        Self {
            filters,
            width,
            slots_of_row: own,
            rate: 2 + if filters == 2 { results } else { 0 },
            lp: design.lane_pixels() as u64,
            pixels: 0,
            time: 0,
            slots: 0,
            finish: ENGINE_FINISH[usize::from(d.get(f::PLANE_STRIDE_XY) == 2)]
                .saturating_sub(if pass.kind == Kind::Plane { ENGINE_LANES } else { 0 }),
        }
    }

    /// Takes pixels from `from` on; when the lanes may have sent them all.
    fn take(&mut self, from: u64, pixels: u64) -> u64 {
        if self.filters == 0 {
            return 0;
        }
        self.pixels += pixels;
        let slots = self.pixels * self.slots_of_row / self.width;
        let new = slots - self.slots;
        self.slots = slots;
        self.time = self.time.max(from) + new * self.rate / 2;
        let queued = QUEUE * self.lp * self.slots_of_row / self.width;
        self.time.saturating_sub(queued * self.rate / 2)
    }

    /// The end of the pass: a flushed row, then the way out.
    fn end(&self) -> u64 {
        if self.filters == 0 {
            return 0;
        }
        self.time + self.slots_of_row * self.rate / 2 + self.finish
    }
}
