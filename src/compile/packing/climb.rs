//! Hill climbing over placement orders.

use std::time::Instant;

use super::greedy::{Fit, height, place};
use super::instance::Instance;
use crate::base::random::Random;

/// Gaps that a climb may look at in all; a measure of work that does not depend on the clock.
const WORK: usize = 8_000_000;
/// Of the random numbers: a result is the same on every machine.
const SEED: u64 = 1;
/// Most orders tried.
const MAX_TRIES: usize = 4_000;

/// Moves a buffer that reaches the top to an earlier place in the order, or swaps two, and keeps
/// what is not worse, until `goal` units are reached, the tries are used up or `deadline` passes.
///
/// The random numbers have a fixed seed: the result depends on the instance and `sequence` alone,
/// unless the deadline ends it.
pub fn climb(
    instance: &Instance,
    mut sequence: Vec<usize>,
    goal: u64,
    deadline: Instant,
) -> Vec<u64> {
    let mut best = place(instance, &sequence, Fit::First, deadline);
    let mut best_height = height(instance, &best);
    let visits: usize =
        (0..instance.count()).map(|buffer| instance.neighbors(buffer).count() + 1).sum();
    let tries = (WORK / visits.max(1)).min(MAX_TRIES);
    let mut random = Random::new(SEED, 0);
    for _ in 0..tries {
        if best_height <= goal || instance.count() < 2 || Instant::now() > deadline {
            break;
        }
        let mut next = sequence.clone();
        if random.one_in(4) {
            next.swap(pick(&mut random, instance.count()), pick(&mut random, instance.count()));
        } else {
            let top: Vec<usize> = (0..next.len())
                .filter(|&at| best[next[at]] + instance.size[next[at]] == best_height)
                .collect();
            let from = top[pick(&mut random, top.len())];
            let buffer = next.remove(from);
            next.insert(pick(&mut random, from + 1), buffer);
        }
        let offsets = place(instance, &next, Fit::First, deadline);
        let new_height = height(instance, &offsets);
        if new_height <= best_height {
            (best, best_height, sequence) = (offsets, new_height, next);
        }
    }
    best
}

/// 0 to `count` - 1.
fn pick(random: &mut Random, count: usize) -> usize {
    random.below(count as u64) as usize
}
