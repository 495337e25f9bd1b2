//! The queue of transfers beside the passes: when each is over by the estimate, and what the frame takes with what passes
//! wait for.

use super::{CHANNELS, Schedule, Work, estimate, sizes};
use crate::model::qgraph::QGraph;

/// Beats of the bus that a transfer takes besides its words.
const LAUNCH: u64 = 60;

/// By pass that is a transfer: the first pass that starts when it and all that was added to the queue
/// meanwhile are over. Time is counted in beats of the bus that the instruction stream leaves free.
pub fn ends(graph: &QGraph, schedule: &Schedule, pixels: u64) -> Vec<usize> {
    let cycles: Vec<u64> = schedule
        .passes
        .iter()
        .map(|pass| match pass.work {
            Work::Transfer(_) => estimate::cycles(graph, schedule, &pass.work, pixels) + LAUNCH,
            _ => {
                let cycles = estimate::cycles(graph, schedule, &pass.work, pixels);
                cycles.saturating_sub(sizes::stream_bytes(graph, &pass.work) / sizes::WORD)
            }
        })
        .collect();
    let is_transfer = |index: usize| matches!(schedule.passes[index].work, Work::Transfer(_));
    let mut starts = Vec::with_capacity(cycles.len());
    let mut now = 0;
    for (index, &cycles) in cycles.iter().enumerate() {
        starts.push(now);
        now += if is_transfer(index) { 0 } else { cycles };
    }
    let mut free = 0;
    let mut over: Vec<u64> = (0..cycles.len())
        .map(|index| {
            if is_transfer(index) {
                free = starts[index].max(free) + cycles[index];
            }
            free
        })
        .collect();
    // A pass that waits waits for all transfers, those that were added meanwhile included.
    for index in (0..over.len()).rev() {
        let later = (index + 1..over.len()).take_while(|&later| starts[later] < over[index]);
        if let Some(last) = later.filter(|&later| is_transfer(later)).last() {
            over[index] = over[index].max(over[last]);
        }
    }
    (0..cycles.len())
        .map(|index| match is_transfer(index) {
            true => starts.partition_point(|&start| start < over[index]),
            false => index,
        })
        .collect()
}

fn is_transfer(work: &Work) -> bool {
    matches!(work, Work::Transfer(_))
}

/// Beats of the bus that the instruction stream leaves free while a pass runs, or that a transfer takes.
pub fn beats(graph: &QGraph, schedule: &Schedule, work: &Work, pixels: u64) -> u64 {
    let cycles = estimate::cycles(graph, schedule, work, pixels);
    match work {
        // Rows of planes are a job for each plane.
        Work::Transfer(own) if own.rows.is_some() => {
            let planes = schedule.stored[own.stored.0].slots.len() / CHANNELS;
            cycles + planes as u64 * LAUNCH
        }
        Work::Transfer(_) => cycles + LAUNCH,
        _ => cycles.saturating_sub(sizes::stream_bytes(graph, work) / sizes::WORD),
    }
}

/// What passes wait for transfers.
pub struct Frame {
    /// Cycles of all passes and of what they wait, by the estimate.
    pub cycles: u64,
    /// By pass, the cycles that it waits.
    pub waits: Vec<u64>,
}

/// The frame of a schedule whose passes know what they wait for. Transfers have the beats that the instruction stream leaves.
pub fn frame(graph: &QGraph, schedule: &Schedule, pixels: u64) -> Frame {
    let (mut cycles, mut queued) = (0, 0);
    let mut waits = Vec::with_capacity(schedule.passes.len());
    for pass in &schedule.passes {
        let held = if pass.waits { std::mem::take(&mut queued) } else { 0 };
        waits.push(held);
        cycles += held;
        let own = beats(graph, schedule, &pass.work, pixels);
        if is_transfer(&pass.work) {
            queued += own;
        } else {
            cycles += estimate::cycles(graph, schedule, &pass.work, pixels);
            queued = queued.saturating_sub(own);
        }
    }
    Frame { cycles: cycles + queued, waits }
}
