//! Plans in strips that wait less for transfers: other numbers of strips, and other orders, judged by what the whole frame
//! then takes.
//!
//! Strips are chosen and passes are ordered by room and work alone. Here what comes of that is placed, and changes are kept
//! that make the frame shorter: a load moves ahead, what depends on no transfer moves in front of what waits for one.

use super::addresses::{NET, place_within};
use super::strips::{Cut, Group};
use super::units::{Unit, reorder, units};
use super::walk::Walk;
use super::{Placed, Schedule, Work, estimate, parity, queue};
use crate::compile::boards::Target;
use crate::compile::packing::Limit;
use crate::model::qgraph::QGraph;

/// Passes that are placed anew in all, at most.
const EFFORT: usize = 16_000;
/// How far a unit moves, in units.
const DISTANCES: [usize; 7] = [1, 2, 3, 5, 8, 13, 21];
/// Cycles of waiting that are looked at.
const WORTH: u64 = 100;
/// Percent of the memory that orders are looked for with: fragmentation may take the rest.
const ROOMS: [u64; 3] = [100, 97, 94];
/// Orders of the best plan that are looked for besides.
const ORDERS: u64 = 2;
/// The search for a packing; a change for which it is not enough is left out.
const SEARCH: Limit = Limit { time: NET, nodes: 5_000 };

/// A plan in strips.
pub struct Found {
    pub schedule: Schedule,
    pub placed: Placed,
    pub groups: Vec<Group>,
}

/// The best of a plan and of those near it.
pub fn improve(graph: &QGraph, target: &Target, cut: Cut<'_>, found: Found) -> Found {
    let left = EFFORT / found.schedule.passes.len().max(1);
    let cycles = queue::frame(graph, &found.schedule, target.pixels).cycles;
    let mut search = Search { graph, target, left, cycles, best: found };
    search.strips(cut);
    for seed in 1..=ORDERS {
        let (schedule, groups) = (search.best.schedule.clone(), search.best.groups.clone());
        search.walk(&schedule, &groups, seed);
    }
    while search.order() {}
    search.best
}

struct Search<'a> {
    graph: &'a QGraph,
    target: &'a Target,
    /// Changes that may still be tried.
    left: usize,
    cycles: u64,
    best: Found,
}

impl Search<'_> {
    /// Whether a plan is better than the best one, which it then is.
    fn try_out(&mut self, mut schedule: Schedule, groups: Vec<Group>) -> bool {
        self.left = self.left.saturating_sub(1);
        let Ok(placed) = place_within(self.graph, &mut schedule, self.target, SEARCH) else {
            return false;
        };
        let cycles = queue::frame(self.graph, &schedule, self.target.pixels).cycles;
        let better = cycles < self.cycles;
        if better {
            self.cycles = cycles;
            self.best = Found { schedule, placed, groups };
        }
        better
    }

    /// Whether an order of the units that waits less by the walk is better than the best plan.
    fn walk(&mut self, schedule: &Schedule, groups: &[Group], seed: u64) -> bool {
        let computes =
            schedule.passes.iter().filter(|pass| !matches!(pass.work, Work::Transfer(_)));
        let work = computes
            .map(|pass| estimate::cycles(self.graph, schedule, &pass.work, self.target.pixels));
        if work.sum::<u64>() >= self.cycles {
            return false;
        }
        let units = units(schedule, groups);
        let walk = Walk::new(self.graph, schedule, &units, self.target);
        let mut better = false;
        let mut last = Vec::new();
        for percent in ROOMS {
            let order = walk.order(self.target.memory_bytes * percent / 100, seed);
            if order != last && self.left > 0 {
                let (schedule, groups) = reorder(schedule, groups, &units, &order);
                better |= self.try_out(schedule, groups);
            }
            last = order;
        }
        better
    }

    /// More strips for one group after the other.
    fn strips(&mut self, mut cut: Cut<'_>) {
        let (schedule, groups) = (self.best.schedule.clone(), self.best.groups.clone());
        self.walk(&schedule, &groups, 0);
        for (group, count) in cut.more_strips() {
            let Some(before) = cut.recut(group, count).filter(|_| self.left > 0) else { continue };
            let better = cut.emit().is_ok_and(|(mut schedule, groups)| {
                parity::mark(self.graph, &mut schedule, self.target.pixels as usize);
                let walked = self.walk(&schedule, &groups, 0);
                self.try_out(schedule, groups) || walked
            });
            if !better {
                cut.recut(group, before);
            }
        }
    }

    /// Whether a move of one unit makes the frame shorter.
    fn order(&mut self) -> bool {
        let units = units(&self.best.schedule, &self.best.groups);
        let waits = queue::frame(self.graph, &self.best.schedule, self.target.pixels).waits;
        for (unit, to) in moves(&units, &waits) {
            if self.left == 0 {
                return false;
            }
            let mut order: Vec<usize> = (0..units.len()).collect();
            order.remove(unit);
            order.insert(to, unit);
            let Found { schedule, groups, .. } = &self.best;
            let (schedule, groups) = reorder(schedule, groups, &units, &order);
            if self.try_out(schedule, groups) {
                return true;
            }
        }
        false
    }
}

/// Units and the places that they may move to, those first that are near what waits longest.
fn moves(units: &[Unit], waits: &[u64]) -> Vec<(usize, usize)> {
    let waiting = |unit: &Unit| unit.passes.iter().map(|&pass| waits[pass]).sum::<u64>();
    let mut longest: Vec<(u64, usize)> =
        units.iter().enumerate().map(|(index, unit)| (waiting(unit), index)).collect();
    longest.retain(|&(cycles, _)| cycles >= WORTH);
    longest.sort_unstable_by_key(|&(cycles, index)| (std::cmp::Reverse(cycles), index));
    let mut moves = Vec::new();
    for (_, waits) in longest {
        let loads = units[waits].after.iter().filter(|&&unit| units[unit].loads);
        for &load in loads {
            let places = DISTANCES.iter().filter_map(|&far| load.checked_sub(far));
            moves.extend(places.map(|to| (load, to)));
        }
        let end = units.len();
        let later = DISTANCES.iter().map(|&far| waits + far).filter(|&to| to < end);
        moves.extend(later.map(|to| (waits, to)));
        let others = waits + 1..end.min(waits + 1 + DISTANCES[DISTANCES.len() - 1]);
        moves.extend(others.map(|unit| (unit, waits)));
    }
    moves.retain(|&(unit, to)| may_move(units, unit, to));
    moves
}

/// Whether a unit may come to the place of another, which makes room for it.
fn may_move(units: &[Unit], unit: usize, to: usize) -> bool {
    match to < unit {
        true => units[unit].after.iter().all(|&before| before < to),
        false => units[unit + 1..=to].iter().all(|other| !other.after.contains(&unit)),
    }
}
