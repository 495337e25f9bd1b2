//! The dense array with its accumulators, and the output lanes behind them.

use super::engine::Engine;
use super::{Cause, Design, LOAD, Pass, PassCost, f};

/// From the last group to readable accumulators.
const ARRAY: u64 = 14;
/// From the read of a group's accumulators to the group of the next batch that takes its place.
const HAND_BACK: u64 = 5;

/// Groups of pixels that the array runs a weight tile over, and what they wait for.
pub(super) struct Batch {
    pub(super) groups: u64,
    /// Extra cycles because pixels of its groups lie in one bank.
    pub(super) conflicts: u64,
    /// When the tile's last words are in the ring.
    pub(super) arrived: u64,
    /// When the stem unit has made its patches.
    pub(super) patches: u64,
}

/// The dense array with the two halves of its accumulators and the lanes behind them, batch by batch:
///
/// ```text
///          begin       free                          end
/// array  --|= step 0 ==|= step 1 =|= ... |= last step =|= step 0 of the next batch, other half
///          |           |                 |
///          |           |                 starts when the tile's last words are in the ring
///          |           the drain of this half ended at least HAND_BACK ago
///          the tile's first words and the patches are there, and the drain of this half has begun
///
///                                              ARRAY   begin           end
/// lanes  ===== drain of the batch before ====|--------|= drain of it ==|
///                                                      one group in `drain` cycles, or as the plane
///                                                      engine takes its pixels
/// ```
/// A step takes a cycle a group, and at least the load of the next step's weights.
pub(super) struct Array {
    pub(super) engine: Engine,
    steps: u64,
    /// Cycles of the load of a step's weights.
    load: u64,
    /// Cycles of the lanes for a group of `pixels`.
    drain: u64,
    pixels: u64,
    /// End of the last step so far.
    pub(super) now: u64,
    /// End of the last drain so far.
    pub(super) lanes: u64,
    /// The half of the next batch, then the other.
    halves: [Half; 2],
}

/// The last drain of an accumulator half.
#[derive(Clone, Copy)]
struct Half {
    begin: u64,
    end: u64,
    /// What holds it up.
    cause: Cause,
}

impl Array {
    pub(super) fn new(design: &Design, pass: &Pass<'_>, now: u64) -> Self {
        let d = pass.descriptor;
        Self {
            engine: Engine::new(design, pass),
            steps: d.get(f::STEPS) as u64,
            load: f::STEP_RING_WORDS as u64 + u64::from(d.flag(f::PADDED)) + LOAD,
            drain: match d.get(f::OUT_STEP) {
                0 => (design.pixels / design.lane_pixels()) as u64,
                // Pixels apart from each other are stored word by word.
                _ => design.pixels as u64 * if d.flag(f::WIDE) { 2 } else { 1 },
            },
            pixels: design.pixels as u64,
            now,
            lanes: 0,
            halves: [Half { begin: 0, end: 0, cause: Cause::Lanes }; 2],
        }
    }

    pub(super) fn run(&mut self, batch: &Batch, cost: &mut PassCost) {
        let half = self.halves[0];
        let loaded = batch.arrived.saturating_sub(2 * self.steps * self.load) + self.load;
        let mut begin = self.now;
        for (time, cause) in
            [(loaded, Cause::Weights), (batch.patches, Cause::Image), (half.begin, half.cause)]
        {
            cost.wait(cause, time.saturating_sub(begin));
            begin = begin.max(time);
        }
        // The first step follows the drain of the half, group by group.
        let step = batch.groups.max(self.load);
        let free = (begin + step).max(half.end + HAND_BACK);
        cost.wait(half.cause, free - begin - step);
        cost.wait(Cause::Weights, self.steps * (step - batch.groups));
        cost.wait(Cause::Bank, batch.conflicts);
        cost.busy += self.steps * batch.groups;
        let end = free + (self.steps - 1) * step + batch.conflicts;
        // The last step needs the last words of the tile.
        let last = batch.arrived + batch.groups;
        cost.wait(Cause::Weights, last.saturating_sub(end));
        self.now = end.max(last);
        self.drain(batch.groups);
    }

    /// The lanes empty the half of a batch that has ended.
    fn drain(&mut self, groups: u64) {
        let begin = self.lanes.max(self.now + ARRAY);
        let own = begin + groups * self.drain;
        let taken = self.engine.take(begin, groups * self.pixels);
        self.lanes = own.max(taken);
        let cause = if taken > own { Cause::Plane } else { Cause::Lanes };
        self.halves = [self.halves[1], Half { begin, end: self.lanes, cause }];
    }
}
