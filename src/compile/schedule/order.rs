//! The order of the passes: a beam search over the passes whose inputs are there, for the smallest
//! peak of live bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use super::access::touched;
use super::{Buffer, Pass, Schedule, Work};

/// States that are followed at the same time, at most; fewer for long schedules.
const BEAM: usize = 96;
/// States times passes, so that long schedules take seconds.
const EFFORT: usize = 40_000;

/// Passes that stay together: one with the transfers of its results.
pub(super) struct Step {
    pub(super) passes: Vec<usize>,
    /// Steps that must come first.
    pub(super) after: Vec<usize>,
    /// Tensors that it writes first.
    writes: Vec<usize>,
    /// All tensors that it touches.
    touches: Vec<usize>,
}

/// Puts the passes of a schedule in the order with the smallest peak that the search finds; stored
/// tensor i counts `bytes[i]`. The order that is given stays where none is better. The result
/// depends on the schedule alone.
pub fn order(schedule: &mut Schedule, bytes: &[u64]) {
    let steps = steps(schedule);
    let given: Vec<usize> = (0..steps.len()).collect();
    let found = search(&steps, bytes);
    if peak(&steps, &found, bytes) >= peak(&steps, &given, bytes) {
        return;
    }
    let passes = std::mem::take(&mut schedule.passes);
    let mut passes: Vec<Option<Pass>> = passes.into_iter().map(Some).collect();
    let order = found.iter().flat_map(|&step| &steps[step].passes);
    schedule.passes = order.filter_map(|&pass| passes[pass].take()).collect();
    merge_processor(schedule);
}

/// Work of the processor without a pass between is one pass.
fn merge_processor(schedule: &mut Schedule) {
    schedule.passes.dedup_by(|next, last| match (&mut last.work, &mut next.work) {
        (Work::Processor { layers }, Work::Processor { layers: more }) => {
            layers.append(more);
            true
        }
        _ => false,
    });
}

pub(super) fn steps(schedule: &Schedule) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut writer: BTreeMap<usize, usize> = BTreeMap::new();
    let mut exchanges: Vec<usize> = Vec::new();
    let mut processor: Option<usize> = None;
    let mut sent: Vec<((Buffer, u64), usize)> = Vec::new();
    for (index, pass) in schedule.passes.iter().enumerate() {
        let touches = touched(&pass.work);
        let leaves = matches!(&pass.work, Work::Transfer(transfer) if !transfer.to_memory);
        let own = if leaves { touches.first().and_then(|(_, id)| writer.get(&id.0)) } else { None };
        let own = own.copied().unwrap_or_else(|| {
            steps.push(Step { passes: vec![], after: vec![], writes: vec![], touches: vec![] });
            steps.len() - 1
        });
        let mut after: Vec<usize> = Vec::new();
        for (client, id) in &touches {
            if !client.writes() {
                after.extend(writer.get(&id.0));
            } else {
                // Those that write phases of one tensor keep their order, so that the last one is the last.
                match writer.insert(id.0, own) {
                    None => steps[own].writes.push(id.0),
                    before => after.extend(before),
                }
            }
        }
        match &pass.work {
            Work::Processor { .. } => {
                // What the processor reads has left, and its own steps keep their order.
                after.append(&mut exchanges);
                after.extend(processor.replace(own));
            }
            Work::Transfer(transfer) if transfer.buffer == Buffer::Scratch => {
                let home = (transfer.buffer, transfer.offset);
                if transfer.to_memory {
                    // The processor's result, or what was sent there before.
                    after.extend(processor);
                    let same = sent.iter().filter(|(place, _)| *place == home);
                    after.extend(same.map(|(_, step)| *step));
                } else {
                    exchanges.push(own);
                    sent.push((home, own));
                }
            }
            _ => {}
        }
        let step = &mut steps[own];
        step.passes.push(index);
        step.after.extend(after.into_iter().filter(|&other| other != own));
        step.touches.extend(touches.iter().map(|(_, id)| id.0));
    }
    for step in &mut steps {
        step.after.sort_unstable();
        step.after.dedup();
        step.touches.sort_unstable();
        step.touches.dedup();
    }
    steps
}

/// A partial order.
#[derive(Clone)]
struct State {
    order: Vec<usize>,
    /// By step: steps that must come first and have not.
    missing: Vec<u32>,
    /// By tensor: steps that touch it and have not come.
    uses: Vec<u32>,
    ready: Vec<usize>,
    live: u64,
    peak: u64,
    /// Of the set of steps that have come.
    hash: u64,
}

/// What a state becomes by a step.
struct Move {
    state: usize,
    step: usize,
    peak: u64,
    live: u64,
    hash: u64,
}

fn search(steps: &[Step], bytes: &[u64]) -> Vec<usize> {
    let mut followers = vec![Vec::new(); steps.len()];
    let mut uses = vec![0u32; bytes.len()];
    for (index, step) in steps.iter().enumerate() {
        step.after.iter().for_each(|&before| followers[before].push(index));
        step.touches.iter().for_each(|&tensor| uses[tensor] += 1);
    }
    let missing: Vec<u32> = steps.iter().map(|step| step.after.len() as u32).collect();
    let ready = (0..steps.len()).filter(|&step| missing[step] == 0).collect();
    let start = State { order: Vec::new(), missing, uses, ready, live: 0, peak: 0, hash: 0 };
    let width = (EFFORT / steps.len().max(1)).clamp(2, BEAM);
    let mut beam = vec![start];
    for _ in 0..steps.len() {
        let mut moves: Vec<Move> = Vec::new();
        for (state, from) in beam.iter().enumerate() {
            moves.extend(from.ready.iter().map(|&step| from.step(state, step, steps, bytes)));
        }
        moves.sort_unstable_by_key(|next| (next.peak, next.live, next.state, next.step));
        let mut seen = HashSet::new();
        moves.retain(|next| seen.insert(next.hash));
        moves.truncate(width);
        beam = moves.iter().map(|next| beam[next.state].after(next, steps, &followers)).collect();
    }
    beam.into_iter()
        .min_by_key(|state| (state.peak, Reverse(state.order.len())))
        .map(|state| state.order)
        .unwrap_or_default()
}

impl State {
    fn step(&self, state: usize, step: usize, steps: &[Step], bytes: &[u64]) -> Move {
        let own = &steps[step];
        let during = self.live + own.writes.iter().map(|&tensor| bytes[tensor]).sum::<u64>();
        let dead = own.touches.iter().filter(|&&tensor| self.uses[tensor] == 1);
        let live = during - dead.map(|&tensor| bytes[tensor]).sum::<u64>();
        // The set of steps, whatever their order: a sum of scrambled numbers.
        let scrambled = (step as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = self
            .hash
            .wrapping_add((scrambled ^ (scrambled >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9));
        Move { state, step, peak: self.peak.max(during), live, hash }
    }

    fn after(&self, next: &Move, steps: &[Step], followers: &[Vec<usize>]) -> Self {
        let mut state = self.clone();
        state.order.push(next.step);
        (state.live, state.peak, state.hash) = (next.live, next.peak, next.hash);
        state.ready.retain(|&step| step != next.step);
        for &follower in &followers[next.step] {
            state.missing[follower] -= 1;
            if state.missing[follower] == 0 {
                state.ready.push(follower);
            }
        }
        for &tensor in &steps[next.step].touches {
            state.uses[tensor] -= 1;
        }
        state
    }
}

/// Largest sum of live bytes when the steps come in `order`.
fn peak(steps: &[Step], order: &[usize], bytes: &[u64]) -> u64 {
    let mut last = vec![0; bytes.len()];
    for (time, &step) in order.iter().enumerate() {
        steps[step].touches.iter().for_each(|&tensor| last[tensor] = time);
    }
    let (mut live, mut peak) = (0, 0);
    for (time, &step) in order.iter().enumerate() {
        live += steps[step].writes.iter().map(|&tensor| bytes[tensor]).sum::<u64>();
        peak = peak.max(live);
        let dead = steps[step].touches.iter().filter(|&&tensor| last[tensor] == time);
        live -= dead.map(|&tensor| bytes[tensor]).sum::<u64>();
    }
    peak
}
