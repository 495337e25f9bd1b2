//! The plane engine.

use super::{Design, Kind, Pass, f};
use crate::compile::program::format::decode::Descriptor;

/// From the last pixel at the accumulators, or at fetch in a plane pass, to the end of the plane engine
/// behind, a flushed row not counted: at stride 1 and 2.
const ENGINE_FINISH: [u64; 2] = [41, 23];
/// Of that the way through the lanes, which a plane pass does without.
const ENGINE_LANES: u64 = 25;
/// Pixels that may wait between lanes and plane engine, in words of LP pixels.
const QUEUE: u64 = 32;
/// Unit of cycles that are an average.
const SCALE: u64 = 1 << 12;

/// The plane engine behind the lanes, by slots of DP columns.
pub(super) struct Engine {
    filters: u64,
    /// Pixels of a row and slots that they take.
    width: u64,
    slots_of_row: u64,
    /// Cycles of a slot on average, times [`SCALE`].
    rate: u64,
    lp: u64,
    /// Pixels so far.
    pixels: u64,
    time: u64,
    /// Slots so far.
    pub(super) slots: u64,
    /// Rows behind the last one until its windows are complete.
    reach: u64,
    /// From the last slot to the end of the pass.
    finish: u64,
}

impl Engine {
    pub(super) fn new(design: &Design, pass: &Pass<'_>) -> Self {
        let d = pass.descriptor;
        let filters = d.get(f::CHAIN) as u64;
        let width = d.get(f::OUT_WIDTH) as u64;
        let own = width.div_ceil(design.plane_pixels() as u64).max(1);
        let reach = d.get(f::PLANE_REACH) as u64;
        // A slot with a result takes a cycle for each filter, each part of the 16 channels and each part of the window.
        let turns = filters * (16 / design.plane_channels as u64) * reach * reach;
        let (rows, columns) = (d.get(f::PLANE_HEIGHT) as u64, d.get(f::PLANE_WIDTH) as u64);
        let height = d.get(f::OUT_HEIGHT).max(1) as u64;
        // Pixels come from the lanes or from fetch, and results leave, by as many as fit a beat.
        let beat = design.plane_beat() as u64;
        let lp = match pass.kind {
            Kind::Plane => design.lane_pixels().max(design.plane_pixels()) as u64,
            _ => design.lane_pixels() as u64,
        };
        let comes = SCALE.max(SCALE * width / (lp * own));
        let leaves = SCALE * filters * columns / (beat * own);
        let results = SCALE * slots_with_results(d, design.plane_pixels() as u64) / own;
        let busy = (SCALE + results * turns.saturating_sub(1)).max(comes).max(leaves);
        let with_results = rows.min(height);
        let rate = (busy * with_results + comes * (height - with_results)) / height;
        Self {
            filters,
            width,
            slots_of_row: own,
            rate,
            lp,
            pixels: 0,
            time: 0,
            slots: 0,
            reach,
            finish: ENGINE_FINISH[usize::from(d.get(f::PLANE_STRIDE_XY) == 2)]
                .saturating_sub(if pass.kind == Kind::Plane { ENGINE_LANES } else { 0 }),
        }
    }

    /// Takes pixels from `from` on; when the lanes may have sent them all.
    pub(super) fn take(&mut self, from: u64, pixels: u64) -> u64 {
        if self.filters == 0 {
            return 0;
        }
        self.pixels += pixels;
        let slots = self.pixels * self.slots_of_row / self.width;
        let new = slots - self.slots;
        self.slots = slots;
        self.time = self.time.max(from) + new * self.rate / SCALE;
        let queued = QUEUE * self.lp * self.slots_of_row / self.width;
        self.time.saturating_sub(queued * self.rate / SCALE)
    }

    /// The end of the pass: flushed rows, then the way out.
    pub(super) fn end(&self) -> u64 {
        if self.filters == 0 {
            return 0;
        }
        self.time + self.reach * self.slots_of_row * self.rate / SCALE + self.finish
    }
}

/// Slots of a row whose windows have a result: columns without padding at their side have none.
fn slots_with_results(d: Descriptor<'_>, pixels: u64) -> u64 {
    let get = |field| d.get(field) as u64;
    let (columns, stride) = (get(f::PLANE_WIDTH), get(f::PLANE_STRIDE_XY));
    let first = get(f::PLANE_REACH).saturating_sub(get(f::PLANE_PAD_LEFT));
    // From the slot of the first window to that of the last one.
    match stride {
        2 if pixels < 4 => columns,
        stride => (first + stride * columns.saturating_sub(1)) / pixels - first / pixels + 1,
    }
}
