//! An order of units in which few wait for a transfer, before addresses are known.
//!
//! The passes are walked through as the hardware does them: a tensor that leaves takes its room until some pass has waited for
//! its transfer, and what reads a tensor that comes waits. Where nothing moves meanwhile, a wait costs nothing. Units move to
//! other places, at random but the same ones every time, as long as that costs no more.

use super::access::touched;
use super::units::Unit;
use super::{Schedule, Work, queue, sizes};
use crate::base::random::Random;
use crate::compile::boards::Target;
use crate::model::qgraph::QGraph;

/// Moves that are tried, at most; fewer for long schedules.
const MOVES: usize = 3_000;
/// Moves times passes.
const EFFORT: usize = 450_000;
/// Beats that a byte counts for which there is no room.
const EXCESS: u64 = 1_000;

/// A pass as the walk sees it.
struct Seen {
    /// Tensors that it touches, each once.
    touches: Vec<usize>,
    /// Beats of the bus that pass meanwhile, or that the transfer takes.
    beats: u64,
    /// A transfer: whether it is a load.
    transfer: Option<bool>,
}

/// What a walk needs to know of the passes.
pub(super) struct Walk<'a> {
    units: &'a [Unit],
    passes: Vec<Seen>,
    /// By tensor, bytes of whole blocks.
    bytes: Vec<u64>,
    /// By tensor: passes that touch it.
    uses: Vec<u32>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        graph: &QGraph,
        schedule: &Schedule,
        units: &'a [Unit],
        target: &Target,
    ) -> Self {
        let bytes = sizes::tensor_bytes(schedule, target.pixels);
        let bytes = bytes.iter().map(|own| own.next_multiple_of(target.block_bytes)).collect();
        let seen = |work: &Work| {
            let mut touches: Vec<usize> = touched(work).iter().map(|(_, id)| id.0).collect();
            touches.sort_unstable();
            touches.dedup();
            let transfer = match work {
                Work::Transfer(own) => Some(own.to_memory),
                _ => None,
            };
            Seen { touches, beats: queue::beats(graph, schedule, work, target.pixels), transfer }
        };
        let passes: Vec<Seen> = schedule.passes.iter().map(|pass| seen(&pass.work)).collect();
        let mut uses = vec![0; schedule.stored.len()];
        passes.iter().flat_map(|seen| &seen.touches).for_each(|&id| uses[id] += 1);
        Self { units, passes, bytes, uses }
    }

    /// The units in an order that costs less, for so many bytes of room.
    pub(super) fn order(&self, room: u64, seed: u64) -> Vec<usize> {
        let count = self.units.len();
        let mut order: Vec<usize> = (0..count).collect();
        let mut least = self.cost(&order, room, u64::MAX);
        let mut random = Random::new(seed, 0);
        for _ in 0..MOVES.min(EFFORT / self.passes.len().max(1)) {
            if least == 0 {
                break;
            }
            let from = random.below(count as u64) as usize;
            let (lower, upper) = self.span(&order, from);
            let to = lower + random.below((upper - lower + 1) as u64) as usize;
            if to == from {
                continue;
            }
            let unit = order.remove(from);
            order.insert(to, unit);
            let cost = self.cost(&order, room, least);
            if cost <= least {
                least = cost;
            } else {
                order.remove(to);
                order.insert(from, unit);
            }
        }
        order
    }

    /// The first and the last place that the unit at a place may move to.
    fn span(&self, order: &[usize], place: usize) -> (usize, usize) {
        let unit = order[place];
        let after = &self.units[unit].after;
        let lower = order[..place].iter().rposition(|other| after.contains(other));
        let later = order[place + 1..].iter();
        let upper = later.clone().position(|&other| self.units[other].after.contains(&unit));
        (lower.map_or(0, |last| last + 1), upper.map_or(order.len() - 1, |next| place + next))
    }

    /// Beats that an order waits, and what its tensors lack of the room; any number above `most` where it is more than that.
    fn cost(&self, order: &[usize], room: u64, most: u64) -> u64 {
        let mut uses = self.uses.clone();
        let mut comes: Vec<usize> = Vec::new();
        let (mut now, mut over, mut waited) = (0u64, 0u64, 0);
        let (mut live, mut leaving, mut lacks) = (0u64, 0, 0);
        for &pass in order.iter().flat_map(|&unit| &self.units[unit].passes) {
            let seen = &self.passes[pass];
            let is_new = |id: &&usize| self.uses[**id] == uses[**id];
            live += seen.touches.iter().filter(is_new).map(|&id| self.bytes[id]).sum::<u64>();
            let late = seen.transfer.is_none() && seen.touches.iter().any(|id| comes.contains(id));
            if late || live + leaving > room {
                waited += over.saturating_sub(now);
                now = now.max(over);
                leaving = 0;
                comes.clear();
                lacks += live.saturating_sub(room);
                if waited + lacks * EXCESS > most {
                    break;
                }
            }
            seen.touches.iter().for_each(|&id| uses[id] -= 1);
            let dead = seen.touches.iter().filter(|&&id| uses[id] == 0);
            let dead: u64 = dead.map(|&id| self.bytes[id]).sum();
            live -= dead;
            match seen.transfer {
                Some(load) => {
                    over = over.max(now) + seen.beats;
                    if load {
                        comes.extend(&seen.touches);
                    }
                    leaving += dead;
                }
                None => now += seen.beats,
            }
        }
        waited + over.saturating_sub(now) + lacks * EXCESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(passes: &[usize], after: &[usize]) -> Unit {
        Unit::new(passes.to_vec(), after.to_vec())
    }

    fn seen(touches: &[usize], beats: u64, transfer: Option<bool>) -> Seen {
        Seen { touches: touches.to_vec(), beats, transfer }
    }

    /// Two results that leave, each larger than half of the room, and long work without transfers.
    #[test]
    fn what_does_not_wait_goes_between_two_results_that_leave() {
        let units = [unit(&[0, 1], &[]), unit(&[2, 3], &[]), unit(&[4], &[])];
        let passes = vec![
            seen(&[0], 10, None),
            seen(&[0], 100, Some(false)),
            seen(&[1], 10, None),
            seen(&[1], 100, Some(false)),
            seen(&[2], 90, None),
        ];
        let walk = Walk { units: &units, passes, bytes: vec![6, 6, 1], uses: vec![2, 2, 1] };
        // The second result waits 100 beats, and the frame for the last 100 less the 90 of the work behind.
        assert_eq!(walk.cost(&[0, 1, 2], 10, u64::MAX), 110);
        assert_eq!(walk.cost(&[0, 2, 1], 10, u64::MAX), 110);
        assert_eq!(walk.cost(&[0, 1, 2], 13, u64::MAX), 100);
        assert_eq!(walk.cost(&walk.order(10, 0), 10, u64::MAX), 110);
        // What lacks room costs more than any wait.
        assert!(walk.cost(&[0, 1, 2], 5, u64::MAX) > EXCESS);
    }

    /// A tensor that comes is asked for before work that does not need it.
    #[test]
    fn a_load_goes_ahead_of_work_that_does_not_need_it() {
        let mut load = unit(&[1], &[]);
        load.loads = true;
        let units = [unit(&[0], &[]), load, unit(&[2], &[1])];
        let passes =
            vec![seen(&[0], 90, None), seen(&[1], 80, Some(true)), seen(&[1, 2], 50, None)];
        let walk = Walk { units: &units, passes, bytes: vec![1; 3], uses: vec![1, 2, 1] };
        assert_eq!(walk.cost(&[0, 1, 2], 10, u64::MAX), 80);
        assert_eq!(walk.order(10, 0), [1, 0, 2]);
        assert_eq!(walk.cost(&[1, 0, 2], 10, u64::MAX), 0);
    }
}
