//! Independent check of packings.
//!
//! Nothing here is shared with the planners: time is walked step event by step event, and every
//! byte range or block has one holder at a time. The rules, each with its own message:
//!
//! 1. the packing holds exactly the problem's buffers, each placed once;
//! 2. offsets are aligned, blocks are as many as the size needs and no block twice;
//! 3. no two buffers that are alive in one step share a byte or a block;
//! 4. height, lower bound and the claim of optimality are what the placements say;
//! 5. the capacity is respected.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::problem::Problem;
use super::solution::{Layout, Packing};
use crate::base::error::{Error, Result, codes};

/// Checks rules 1 to 5.
///
/// # Errors
/// [`codes::PLAN_INVALID`] naming the buffers and the rule that is broken.
pub fn packing(problem: &Problem, packing: &Packing) -> Result<()> {
    check_buffers(problem, packing)?;
    let spans = spans(problem, packing)?;
    check_disjoint(packing, &spans)?;
    check_figures(problem, packing, &spans)
}

/// A half-open interval of bytes or of block numbers.
type Span = (u64, u64);

fn check_buffers(problem: &Problem, packing: &Packing) -> Result<()> {
    let mut expected: HashMap<&str, _> =
        problem.buffers().iter().map(|buffer| (buffer.id.as_str(), buffer)).collect();
    for buffer in &packing.buffers {
        match expected.remove(buffer.id.as_str()) {
            None => {
                return Err(broken(format!(
                    "\"{}\" is placed twice or is not a buffer of the problem",
                    buffer.id
                )));
            }
            Some(original) if original != buffer => {
                return Err(broken(format!(
                    "\"{}\" has another lifespan or size than in the problem",
                    buffer.id
                )));
            }
            Some(_) => {}
        }
    }
    match expected.keys().min() {
        Some(missing) => Err(broken(format!("\"{missing}\" is not placed"))),
        None => Ok(()),
    }
}

/// What every buffer holds: one byte range, or one interval for each block.
fn spans(problem: &Problem, packing: &Packing) -> Result<Vec<Vec<Span>>> {
    let count = packing.buffers.len();
    match &packing.layout {
        Layout::Contiguous { alignment, offsets } => {
            if offsets.len() != count {
                return Err(broken(format!("{} offsets for {count} buffers", offsets.len())));
            }
            if *alignment != problem.alignment() {
                return Err(broken(format!(
                    "the plan is aligned to {alignment} B, the problem to {} B",
                    problem.alignment()
                )));
            }
            let span = |(buffer, &offset): (&super::Buffer, &u64)| {
                if !offset.is_multiple_of(*alignment) {
                    return Err(broken(format!(
                        "\"{}\" at {offset} is not aligned to {alignment} B",
                        buffer.id
                    )));
                }
                let padding = (alignment - buffer.size % alignment) % alignment;
                match offset.checked_add(buffer.size + padding) {
                    Some(end) => Ok(vec![(offset, end)]),
                    None => {
                        Err(broken(format!("\"{}\" at {offset} ends beyond 64 bits", buffer.id)))
                    }
                }
            };
            packing.buffers.iter().zip(offsets).map(span).collect()
        }
        Layout::Blocks { block_size, blocks } => {
            if blocks.len() != count || *block_size == 0 {
                return Err(broken(format!(
                    "{} lists of {block_size}-byte blocks for {count} buffers",
                    blocks.len()
                )));
            }
            let span = |(buffer, list): (&super::Buffer, &Vec<u32>)| {
                let distinct: BTreeSet<u32> = list.iter().copied().collect();
                let bytes = (list.len() as u64).saturating_mul(*block_size);
                let fits = bytes >= buffer.size && bytes - buffer.size < *block_size;
                if distinct.len() != list.len() || !fits {
                    return Err(broken(format!(
                        "\"{}\" of {} B has {} blocks, {} of them distinct",
                        buffer.id,
                        buffer.size,
                        list.len(),
                        distinct.len()
                    )));
                }
                Ok(list.iter().map(|&block| (u64::from(block), u64::from(block) + 1)).collect())
            };
            packing.buffers.iter().zip(blocks).map(span).collect()
        }
    }
}

/// Walks through time; ends come before starts, and the intervals held at any time are disjoint.
fn check_disjoint(packing: &Packing, spans: &[Vec<Span>]) -> Result<()> {
    let mut events: Vec<(u64, u8, usize)> = Vec::new();
    for (index, buffer) in packing.buffers.iter().enumerate() {
        events.push((buffer.lifespan.lower, 1, index));
        events.push((buffer.lifespan.upper, 0, index));
    }
    events.sort_unstable();
    // Start of an interval to its end and holder.
    let mut held: BTreeMap<u64, (u64, usize)> = BTreeMap::new();
    for (step, starts, index) in events {
        for &(low, high) in &spans[index] {
            if starts == 0 {
                held.remove(&low);
                continue;
            }
            let before = held.range(..high).next_back();
            if let Some((_, &(_, other))) = before.filter(|&(_, &(end, _))| end > low) {
                return Err(broken(format!(
                    "\"{}\" and \"{}\" share memory in step {step}",
                    packing.buffers[other].id, packing.buffers[index].id
                )));
            }
            held.insert(low, (high, index));
        }
    }
    Ok(())
}

fn check_figures(problem: &Problem, packing: &Packing, spans: &[Vec<Span>]) -> Result<()> {
    let unit = match packing.layout {
        Layout::Contiguous { .. } => 1,
        Layout::Blocks { block_size, .. } => block_size,
    };
    let top = spans.iter().flatten().map(|&(_, high)| high).max().unwrap_or(0);
    let height = top.saturating_mul(unit);
    if height != packing.height {
        return Err(broken(format!("the height is {height} B, not {} B", packing.height)));
    }
    if let Some(capacity) = problem.capacity().filter(|&capacity| height > capacity) {
        return Err(broken(format!(
            "the height of {height} B exceeds the capacity of {capacity} B"
        )));
    }
    let held = |index: usize| -> u64 { spans[index].iter().map(|&(low, high)| high - low).sum() };
    let mut changes: BTreeMap<u64, i128> = BTreeMap::new();
    for (index, buffer) in packing.buffers.iter().enumerate() {
        *changes.entry(buffer.lifespan.lower).or_default() += i128::from(held(index) * unit);
        *changes.entry(buffer.lifespan.upper).or_default() -= i128::from(held(index) * unit);
    }
    let mut live = 0;
    let peak = changes.values().fold(0, |peak: i128, change| {
        live += change;
        peak.max(live)
    });
    if peak != i128::from(packing.lower_bound) {
        return Err(broken(format!("the lower bound is {peak} B, not {} B", packing.lower_bound)));
    }
    if height == packing.lower_bound && !packing.proven_optimal {
        return Err(broken("the height equals the lower bound but is not called optimal"));
    }
    Ok(())
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(&codes::PLAN_INVALID, message)
}
